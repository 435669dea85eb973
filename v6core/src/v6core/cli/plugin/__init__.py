"""A plugin's project, made from the template beside this file.

The template is one for copier too, which renders it to the same files: ``copier.yml`` in the root of v6's repository
asks for the name. Here no copier is needed, and no network: of its language the template uses ``{{ NAME }}`` alone.

* ``project``    a name, and the words that are made of it
* ``address``    where the template lives, for ``copier update``
* ``rendering``  the template with those words in it
"""

from v6core.cli.plugin.address import address_of
from v6core.cli.plugin.project import Project
from v6core.cli.plugin.rendering import rendered, write_project

__all__ = ["Project", "address_of", "rendered", "write_project"]

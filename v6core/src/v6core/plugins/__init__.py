"""Plugins: find what is installed, import only what the configuration names, and refuse what is not sound.

* ``installed`` -- what the installed distributions announce, read from their metadata; nothing is imported
* ``contract`` -- which plugins this v6core can run
* ``attaching`` -- a plugin's hooks, checked against ours before any is called
* ``places``, ``wishes`` -- where in its files a plugin failed, and what it asked of v6core in vain
* ``brokers`` -- from the word in the configuration to a BrokerSpec
* ``making`` -- from a BrokerSpec to its broker
* ``methods`` -- whether a broker's methods are what is awaited of them
* ``extensions`` -- checks and observers, called one by one so that each answer carries whose it is
"""

from v6core.plugins.brokers import identity, import_file, load_broker, settings_models
from v6core.plugins.extensions import Checks, Extensions, Observers, load_extensions
from v6core.plugins.installed import BROKERS, COMMANDS, EXTENSIONS, Installed, installed, load_command
from v6core.plugins.making import broker_of

__all__ = [
    "BROKERS",
    "COMMANDS",
    "EXTENSIONS",
    "Checks",
    "Extensions",
    "Installed",
    "Observers",
    "broker_of",
    "identity",
    "import_file",
    "installed",
    "load_broker",
    "load_command",
    "load_extensions",
    "settings_models",
]

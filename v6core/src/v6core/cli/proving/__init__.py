"""A run of the conformance suite on the command line; imported by ``v6 conform`` alone, for it needs an extra.

* ``course``    the run: from a driver that can be used to results, also where it is interrupted
* ``progress``  how far it is, on a terminal
* ``silence``   nothing on standard output but the answer
* ``words``     what came of it, as text for people and as a document
"""

from v6core.cli.proving.course import Course
from v6core.cli.proving.silence import quiet

__all__ = ["Course", "quiet"]

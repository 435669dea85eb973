"""The command line ``v6``; only what a command needs is imported, and only when it is called.

* ``program``    the command ``v6`` itself: its subcommands by name, its errors, its exit status
* ``catalogue``  which subcommands there are, each with its module and its line of help
* ``invocation`` what was asked for on the command line, and how it is answered: text, or one JSON document
* ``failures``   an exception as a sentence, a code, a hint, whether anything was sent, and an exit status
* ``arguments``  the types of arguments: contracts, amounts, days, words
* ``running``    an engine on the event loop that its broker calls for
* ``records``    the journal, read while an engine may be writing it
* ``doubts``     what is in doubt, since when, why, and what can be done
* ``operator``   who gives a command
* ``trading``    halting and resuming without a broker
* ``telling``    orders, results and plain tables in words
* ``waiting``    the end of an order, waited for before a command answers
* ``wrapping``   lines that fit the terminal
* ``commands``   a module for each subcommand
* ``plugin``     the project of a plugin, from a template
* ``proving``    a run of the conformance suite, and what is told of it
* ``demo``       the story that ``v6 demo`` runs
"""

from __future__ import annotations

from v6core.cli.program import main

__all__ = ["main"]

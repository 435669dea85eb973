"""``v6 halt``: nothing goes out but cancels and what only reduces."""

from __future__ import annotations

import click

from v6core.cli.failures import CommandFailed
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.trading import halt, halt_without


@subcommand("halt")
@click.argument("reason", nargs=-1, required=True)
def command(invocation: Invocation, reason: tuple[str, ...]) -> None:
    """Let nothing out but cancels and what only reduces, until v6 resume; REASON is kept.

    No broker is asked. Beside a running engine, and where the journal does not take it, the halt file is written, which
    an engine obeys at once. Where the configuration cannot be used, both are written as far as it still tells where
    they are.
    """
    why = " ".join(reason)
    try:
        configuration = invocation.configuration()
    except Exception as broken:  # noqa: BLE001 -- whatever is wrong with it, a file can be written without it
        told, failure = halt_without(invocation.places(), why, broken)
        invocation.tell(told.document, told.lines)
        raise CommandFailed(failure) from None
    told = halt(configuration, why)
    invocation.tell(told.document, told.lines)

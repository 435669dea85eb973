"""``v6 halt``: nothing goes out but cancels and what only reduces."""

from __future__ import annotations

import click

from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.trading import halt


@subcommand("halt")
@click.argument("reason", nargs=-1, required=True)
def command(invocation: Invocation, reason: tuple[str, ...]) -> None:
    """Let nothing out but cancels and what only reduces, until v6 resume; REASON is kept.

    No broker is asked. Beside a running engine the halt file is written, which that engine obeys at once.
    """
    state = halt(invocation.configuration(), " ".join(reason))
    invocation.tell(state.document, state.lines)

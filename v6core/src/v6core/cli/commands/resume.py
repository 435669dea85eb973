"""``v6 resume``: orders go out again."""

from __future__ import annotations

import click

from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.trading import resume


@subcommand("resume")
@click.argument("reason", nargs=-1, required=True)
def command(invocation: Invocation, reason: tuple[str, ...]) -> None:
    """Let orders out again; the halt file is removed, and REASON is kept."""
    state = resume(invocation.configuration(), " ".join(reason))
    invocation.tell(state.document, state.lines)

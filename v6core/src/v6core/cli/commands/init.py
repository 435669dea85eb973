"""``v6 init``: a first configuration file."""

from __future__ import annotations

from pathlib import Path

import click

from v6core.cli.failures import USAGE, CommandFailed, Failure
from v6core.cli.invocation import Invocation, subcommand
from v6core.config.loading import FILE_NAME
from v6core.plugins import installed

_PAPER = """\
broker = "dry"                 # which of [brokers.NAME]; V6_BROKER and --broker choose another

[brokers.dry]
plugin = "paper"               # simulated: no real money moves
cash = 100_000
fills = "realistic"            # from quotes; "immediate" fills at once, without any
quotes = "synthetic"           # a seeded trading day; "replay:FILE" for recorded quotes
"""
_OTHER = """\
broker = "{name}"                 # which of [brokers.NAME]; V6_BROKER and --broker choose another

[brokers.{name}]
plugin = "{name}"                 # v6 config schema tells what else it takes

[brokers.dry]
plugin = "paper"               # simulated: no real money moves
"""
_REST = """
[risk]                         # checked before anything is sent; 0 or "off" switches one off
max_order_quantity = 500       # shares
max_contracts = 50             # option and future contracts
max_order_value = 50_000       # account currency
halt_file = ".v6/HALT"         # while this file is there, only what reduces is sent; "off" for none

[journal]
path = ".v6/journal.db"
"""


@subcommand("init")
@click.option("--plugin", default="paper", show_default=True, metavar="NAME", help="The plugin of the first broker.")
def command(invocation: Invocation, plugin: str) -> None:
    """Write a v6.toml in this folder, or the file that --config names; an existing one is never overwritten."""
    if not plugin.isidentifier():
        raise click.UsageError(f"a plugin's name is letters and digits, as v6 brokers lists it, not {plugin!r}")
    known = [entry.name for entry in installed()]
    if plugin not in known:
        raise CommandFailed(
            Failure(
                error=f"no plugin provides {plugin!r}: the file could not be used",
                code="PLUGIN",
                status=USAGE,
                hint=f"installed: {', '.join(dict.fromkeys(known)) or 'none'}",
            )
        )
    path = Path(invocation.config or FILE_NAME)
    text = (_PAPER if plugin == "paper" else _OTHER.format(name=plugin)) + _REST
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CommandFailed(
            Failure(
                error=f"{path} exists and is not overwritten",
                code="EXISTS",
                status=USAGE,
                hint="edit it, or name another file with --config",
            )
        ) from None
    except OSError as error:
        raise CommandFailed(
            Failure(error=f"{path} cannot be written: {error.strerror}", code="SYSTEM", hint="use another folder")
        ) from None
    invocation.tell(
        {"path": str(path.absolute()), "plugin": plugin}, [f"{path} is written; v6 config show tells what it says"]
    )

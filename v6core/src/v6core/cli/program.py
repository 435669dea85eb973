"""The command ``v6``: subcommands by name, each imported when it is called, and one way in which all of them end."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, NoReturn

import click

from v6core import __version__
from v6core.cli.catalogue import COMMANDS, Listed
from v6core.cli.failures import DONE, Failure, PipeClosed, failure_of, is_a_fault
from v6core.cli.invocation import Invocation, shared_options
from v6core.cli.wrapping import wrapped
from v6core.redaction import redacted

_PLUGIN_COMMANDS = "v6.commands"
# What a shell reports of a program that a closed pipe ended: 128 and the number of SIGPIPE.
_BROKEN_PIPE = 141


class Program(click.Group):
    """A group whose members are known by their lines of help alone until one is called."""

    def __init__(self, listed: Mapping[str, Listed], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._listed = listed

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return the names of our subcommands, then those of plugins."""
        return [*self._listed, *sorted(_plugin_commands().keys() - self._listed.keys())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- likewise
        """Import a subcommand; None where there is none of that name."""
        if cmd_name in self._listed:
            module = importlib.import_module(f"v6core.cli.commands.{self._listed[cmd_name].module}")
            found: click.Command = module.command
            return found
        return _load(cmd_name) if cmd_name in _plugin_commands() else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- likewise
        """List what there is, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.help) for name, listed in self._listed.items()])
        others = {name: text for name, text in _plugin_commands().items() if name not in self._listed}
        if others:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(sorted(others.items()))

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]  # it always exits
        """Run a command line and exit with its status; whatever goes wrong is told in one sentence."""
        given = list(sys.argv[1:] if args is None else args) or ["--help"]
        invocation = Invocation(as_json="--json" in given)
        try:
            status = _run(self, given, prog_name, invocation, extra)
            sys.stdout.flush()
        except (BrokenPipeError, PipeClosed):
            _close_quietly()
            status = _BROKEN_PIPE
        sys.exit(status)


def _run(
    program: Program, args: list[str], prog_name: str | None, invocation: Invocation, extra: Mapping[str, Any]
) -> int:
    try:
        options = {**extra, "standalone_mode": False, "obj": invocation}
        run: Any = super(Program, program).main
        ended: object = run(args=args, prog_name=prog_name or "v6", **options)
    except (BrokenPipeError, PipeClosed):
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 -- the last one who can say what happened
        if is_a_fault(error) and os.environ.get("V6_DEBUG") == "1":
            click.echo(redacted(traceback.format_exc()), err=True)
        failure = failure_of(error, invocation.sent, invocation.order_id)
        _tell(failure, as_json=invocation.as_json)
        return failure.status
    return ended if isinstance(ended, int) else DONE


def _tell(failure: Failure, *, as_json: bool) -> None:
    if as_json:
        import json  # noqa: PLC0415 -- v6 --help needs none

        click.echo(json.dumps(failure.document, ensure_ascii=False), err=True)
        return
    for line in wrapped(failure.error, "v6: "):
        click.echo(line, err=True)
    if failure.sent == "unknown":
        click.echo(f"    it is not known whether anything was sent; {failure.witness} tells what is open", err=True)
    if failure.hint:
        for line in wrapped(failure.hint, "    hint: "):
            click.echo(line, err=True)


def _close_quietly() -> None:
    """Leave nothing to be flushed into a pipe that nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _plugin_commands() -> dict[str, str]:
    """Return the subcommands that installed plugins announce, each with whose it is; nothing is imported."""
    return {
        entry.name: f"from {entry.dist.name if entry.dist is not None else entry.value}"
        for entry in metadata.entry_points(group=_PLUGIN_COMMANDS)
    }


def _load(name: str) -> click.Command:
    from v6core.errors import PluginError  # noqa: PLC0415 -- v6 --help needs no plugin
    from v6core.plugins import load_command  # noqa: PLC0415 -- likewise

    found = load_command(name)
    if not isinstance(found, click.Command):
        raise PluginError(f"{name!r} in {_PLUGIN_COMMANDS} is {type(found).__name__}, not a click command")
    return found


@click.group(cls=Program, listed=COMMANDS, name="v6", no_args_is_help=False)
@click.version_option(__version__, prog_name="v6", message="%(prog)s %(version)s")
@shared_options
def program() -> None:
    """Write the order logic once, swap the broker by one line of configuration."""


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run ``v6``; exit status 0 done, 1 failed, 2 wrong usage or configuration, 3 denied, 4 in doubt."""
    program.main(args)

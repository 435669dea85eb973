"""What was asked for on the command line, and how it is answered: text for people, or one JSON document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from v6core.cli.failures import PipeClosed
from v6core.errors import Sent

if TYPE_CHECKING:
    from uuid import UUID

    from v6core.config import Configuration, Places

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Invocation:
    """One call of ``v6``: the options that all subcommands share.

    ``sent`` is what a sudden end would mean: "unknown" from the moment in which an order may be on its way, and
    ``order_id`` is that order.
    """

    config: str | None = None
    broker: str | None = None
    as_json: bool = False
    sent: Sent = False
    order_id: UUID | None = None

    def configuration(self) -> Configuration:
        """Return the configuration that the options, the environment and the file make."""
        from v6core.config import load  # noqa: PLC0415 -- v6 --help needs no configuration

        return load(self.config, broker=self.broker)

    def places(self) -> Places:
        """Return where the halt file and the journal are, as far as a configuration that cannot be used still tells."""
        from v6core.config import readable_places  # noqa: PLC0415 -- likewise

        return readable_places(self.config, broker=self.broker)

    def tell(self, document: object, lines: Iterable[str]) -> None:
        """Print the answer: the document with ``--json``, else the lines."""
        if self.as_json:
            self._print(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            self.tell_people(lines)

    def tell_people(self, lines: Iterable[str]) -> None:
        """Print lines as they come, where nobody asked for a document."""
        if not self.as_json:
            for line in lines:
                self._print(line)

    @staticmethod
    def _print(text: str) -> None:
        try:
            click.echo(text)
        except BrokenPipeError:
            raise PipeClosed from None


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    invocation = ctx.ensure_object(Invocation)
    if value is not None and value is not False:
        setattr(invocation, str(param.name), value)


def shared_options(command: F) -> F:
    """Give a command the options that stand before and after every subcommand alike."""
    kept: dict[str, Any] = {"expose_value": False, "callback": _keep}
    options = (
        click.option("--config", metavar="FILE", help="The configuration, instead of ./v6.toml or V6_CONFIG.", **kept),
        click.option("--broker", metavar="NAME", help="Which of [brokers.NAME], instead of the file's choice.", **kept),
        click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.", **kept),
    )
    for option in reversed(options):
        command = option(command)
    return command


def subcommand(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a subcommand with the shared options; it is given the invocation first."""

    def make(function: Callable[..., Any]) -> click.Command:
        return click.command(name, cls=_Command, **attributes)(shared_options(click.pass_obj(function)))

    return make


class _Command(click.Command):
    """A command that knows a negative number in an argument's place from an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = " ".join(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name[1:2].isdigit() or error.option_name[1:2] == ".":
                raise click.UsageError(f"a number below zero cannot stand here: {given}", ctx=ctx) from None
            raise

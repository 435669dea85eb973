"""``v6 gateway``: a TWS without a TWS, until it is interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from v6_ib_plugin.gateway.house import ACCOUNT
from v6_ib_plugin.gateway.manners import Manner, Manners
from v6core.cli.arguments import WordType
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import terminated_as_interrupted, warnings_in_one_line

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@subcommand("gateway")
@click.option("--port", type=click.IntRange(0, 65_535), default=7497, show_default=True, help="0 finds a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; an address of this machine.")
@click.option("--quotes", metavar="FILE", type=_FILE, help="Recorded quotes, in place of the synthetic day.")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), help="Market seconds in a second.")
@click.option("--account", default=ACCOUNT, show_default=True, help="The account's name, like a paper account's.")
@click.option("--read-only", is_flag=True, help="Refuse orders, as a TWS whose API is read-only.")
@click.option(
    "--manner", "manners", type=WordType(Manner), multiple=True, help="What TWS does in some settings; may be repeated."
)
@click.option("--faults", metavar="FILE", type=_FILE, help="What is to go wrong; read again whenever it changes.")
def command(
    invocation: Invocation,
    *,
    port: int,
    host: str,
    quotes: Path | None,
    speed: float | None,
    account: str,
    read_only: bool,
    manners: tuple[Manner, ...],
    faults: Path | None,
) -> None:
    """Let programs that were written for TWS or IB Gateway trade on a simulated broker.

    It speaks TWS's protocol, on this machine alone, in front of the broker that --broker names, or of a paper broker
    that fills from quotes and keeps nothing. It runs until Ctrl-C.
    """
    from v6_ib_plugin.gateway.configured import PAPER, behind_a_gateway  # noqa: PLC0415 -- v6 gateway --help needs no broker

    settings: dict[str, Any] = {}
    if quotes is not None:
        settings["quotes"] = f"replay:{quotes.absolute()}"
    if speed is not None:
        settings["speed"] = speed
    invocation.broker = invocation.broker or PAPER
    configuration = behind_a_gateway(invocation.configuration(), settings)
    options = {
        "host": host,
        "port": port,
        "account": account,
        "read_only": read_only,
        "manners": Manners.of(*manners),
        "control_file": faults,
    }
    with (
        warnings_in_one_line(as_json=invocation.as_json),
        terminated_as_interrupted(),
        suppress(KeyboardInterrupt),
    ):
        asyncio.run(_serve(invocation, configuration, options))


async def _serve(invocation: Invocation, configuration: Any, options: dict[str, Any]) -> None:
    from v6_ib_plugin.gateway.configured import open_gateway  # noqa: PLC0415 -- likewise

    async with open_gateway(configuration, **options) as gateway:
        document = {
            "host": gateway.host,
            "port": gateway.port,
            "account": gateway.account,
            "broker": configuration.broker,
            "plugin": configuration.chosen.plugin,
            "read_only": options["read_only"],
            "server_version": 178,
        }
        invocation.tell(document, _lines(document))
        await asyncio.Event().wait()


def _lines(document: dict[str, Any]) -> Iterator[str]:
    where = f"{document['host']}:{document['port']}"
    behind = f"broker {document['broker']}, account {document['account']}"
    yield f"listening on {where} ({behind}): connect as to TWS, host {document['host']}, port {document['port']}"

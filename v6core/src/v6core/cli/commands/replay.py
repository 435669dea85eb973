"""``v6 replay``: a file of recorded quotes, checked, listed and run through on the paper broker's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from v6core.broker import BrokerSpec
from v6core.cli.arguments import MOMENT
from v6core.cli.failures import USAGE, CommandFailed, Failure
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.quote_listing import QuoteListing, listing_of, why_no_file
from v6core.cli.running import run
from v6core.cli.telling import table
from v6core.config import BrokerSection, settings_for
from v6core.contracts import Contract, parse_contract
from v6core.engine import OrderExecutionEngine
from v6core.money import plain
from v6core.plugins import load_broker
from v6core.quotes import Quote

_PLUGIN = "paper"


@subcommand("replay")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--symbol", metavar="CONTRACT", help="Print the quotes of a stock, or of an option by its OCC symbol.")
@click.option("--from", "since", type=MOMENT, help="Only quotes from this time on, like 2015-12-24T15:00:00Z.")
@click.option("--to", "until", type=MOMENT, help="Only quotes up to this time.")
@click.option("--speed", default="max", show_default=True, help="Market seconds in a second, or max.")
def command(
    invocation: Invocation,
    *,
    file: Path,
    symbol: str | None,
    since: datetime | None,
    until: datetime | None,
    speed: str,
) -> None:
    """Check FILE, a file of recorded quotes, and tell what is in it; with --symbol, run through those quotes.

    The file is read as quotes = "replay:FILE" reads it, on the paper broker's clock; no order is placed and nothing
    is kept. What is wrong with it is told with its line.
    """
    if not file.is_file():
        raise CommandFailed(Failure(error=why_no_file(file, "file"), code="NO_FILE", status=USAGE))
    if symbol is None and (since is not None or until is not None):
        raise click.UsageError("--from and --to need --symbol")
    contract = None if symbol is None else parse_contract(symbol)
    tape = _Tape(contract, since, until)
    spec, settings = _broker(file, speed)
    engine = OrderExecutionEngine.from_spec(spec, settings, name="replay")

    async def play(engine: OrderExecutionEngine) -> list[Quote]:
        listing = tape.listing = listing_of(file)
        invocation.tell_people(_lines(file, listing))
        shown: list[Quote] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(_seconds(tape.end - engine.now(), settings)):
                async for quote in tape.quotes(engine):
                    shown.append(quote)
                    invocation.tell_people([_line(quote)])
        return shown

    quotes = run(engine, play, spec.event_loop(settings), as_json=invocation.as_json)
    if contract is not None and not quotes:
        raise CommandFailed(Failure(error=f"{file} has no quote of {contract.key} in that time", code="NO_QUOTE"))
    document = {**_document(file, tape.listing), "quotes": [quote.model_dump(mode="json") for quote in quotes]}
    invocation.tell(document, ())


def _broker(file: Path, speed: str) -> tuple[BrokerSpec[Any], BaseModel]:
    spec: BrokerSpec[Any] = load_broker(_PLUGIN)
    settings: dict[str, Any] = {
        "fills": "realistic",
        "quotes": f"replay:{file.absolute()}",
        "state": "off",
        "speed": speed,
    }
    return spec, settings_for(BrokerSection(name="replay", plugin=_PLUGIN, settings=settings), spec.settings)


class _Tape:
    """The quotes of one contract between two times."""

    def __init__(self, contract: Contract | None, since: datetime | None, until: datetime | None) -> None:
        self._contract = contract
        self._since = since
        self._until = until
        self.listing = QuoteListing()

    @property
    def end(self) -> datetime:
        """The time of the last quote that can come: nothing would end the stream of a file that is over."""
        return self.listing.end if self._until is None else min(self.listing.end, self._until)

    async def quotes(self, engine: OrderExecutionEngine) -> AsyncIterator[Quote]:
        """Yield the quotes."""
        if self._contract is None:
            return
        async for quote in engine.quotes([self._contract]):
            if quote.time > self.end:
                return
            if self._since is None or quote.time >= self._since:
                yield quote


def _seconds(span: timedelta, settings: Any) -> float:
    """Return how long a span of market time takes, and a second for what lies on its end."""
    speed = 1.0 if settings.speed == "max" else float(settings.speed)
    return max(span.total_seconds() / speed, 0.0) + 1


def _document(file: Path, listing: QuoteListing) -> dict[str, Any]:
    symbols = {symbol: one.document for symbol, one in sorted(listing.symbols.items())}
    return {
        "file": str(file),
        "rows": listing.rows,
        "first": listing.first,
        "last": listing.last,
        "symbols": symbols,
    }


def _lines(file: Path, listing: QuoteListing) -> Iterator[str]:
    yield f"{file}: {listing.rows} rows, {listing.first} to {listing.last}"
    rows = [
        (symbol, one.stock_rows, one.option_rows, sum(map(len, one.options.values())), len(one.options))
        for symbol, one in sorted(listing.symbols.items())
    ]
    headers = ("SYMBOL", "STOCK ROWS", "OPTION ROWS", "OPTIONS", "EXPIRATIONS")
    yield from table(headers, rows, "STOCK ROWS|OPTION ROWS|OPTIONS|EXPIRATIONS")
    for symbol, one in sorted(listing.symbols.items()):
        if one.options:
            days = ", ".join(f"{day} ({len(terms)})" for day, terms in sorted(one.options.items()))
            yield f"{symbol} options: {days}"


def _line(quote: Quote) -> str:
    sides = [("-" if price is None else plain(price)) for price in (quote.bid, quote.ask)]
    sizes = [("-" if size is None else plain(size)) for size in (quote.bid_size, quote.ask_size)]
    return f"{quote.time:%Y-%m-%dT%H:%M:%SZ} {quote.contract.key} {sides[0]} x {sizes[0]}  {sides[1]} x {sizes[1]}"

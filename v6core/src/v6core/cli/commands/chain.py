"""``v6 chain``: the options listed on a symbol."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import click

from v6core.cli.arguments import DAY
from v6core.cli.failures import CommandFailed, Failure
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import run_engine
from v6core.cli.telling import table
from v6core.cli.wrapping import wrapped
from v6core.contracts import OptionRight, parse_contract
from v6core.engine import OrderExecutionEngine
from v6core.errors import BrokerError
from v6core.money import plain
from v6core.quotes import OptionChain, Quote
from v6core.sessions import trading_day

_MOST_NAMED = 4
# Of the hundred contracts that a user of Interactive Brokers may have quoted at the same time.
_AT_A_TIME = 32
Strips = dict[tuple[Decimal, OptionRight], Quote | None]


@subcommand("chain")
@click.argument("symbol")
@click.option("--expiration", type=DAY, help="The strikes of one expiration.")
@click.option("--quotes", "with_quotes", is_flag=True, help="With --expiration: the quotes at its strikes, too.")
def command(invocation: Invocation, symbol: str, expiration: date | None, *, with_quotes: bool) -> None:
    """Show the options listed on SYMBOL: its expirations, or the strikes of one."""
    if with_quotes and expiration is None:
        raise click.UsageError("--quotes needs --expiration")
    underlying = parse_contract(symbol)

    async def ask(engine: OrderExecutionEngine) -> tuple[OptionChain, date, Strips]:
        chain = await engine.option_chain(underlying)
        quotes = await quotes_at(engine, chain, expiration) if with_quotes and expiration is not None else {}
        return chain, trading_day(engine.now()), quotes

    chain, today, quotes = run_engine(invocation, ask)
    if expiration is None:
        invocation.tell(chain.model_dump(mode="json"), _expirations(chain, today))
        return
    row = chain.at(expiration)
    if row is None:
        raise _not_listed(chain, expiration)
    document = {"symbol": chain.symbol, **row.model_dump(mode="json")}
    if with_quotes:
        document["quotes"] = [quote.model_dump(mode="json") for quote in quotes.values() if quote is not None]
        invocation.tell(document, _strips(row.strikes, quotes))
        return
    strikes = " ".join(plain(strike) for strike in row.strikes)
    invocation.tell(document, [f"{chain.symbol} {row.expiration}: {len(row.strikes)} strikes", *wrapped(strikes)])


def _not_listed(chain: OptionChain, expiration: date) -> CommandFailed:
    listed = [row.expiration for row in chain.expirations]
    nearest = sorted(sorted(listed, key=lambda day: abs(day - expiration))[:_MOST_NAMED])
    return CommandFailed(
        Failure(
            error=f"no options on {chain.symbol} expire on {expiration}",
            code="NOT_LISTED",
            hint=f"the nearest are {', '.join(map(str, nearest))}; v6 chain {chain.symbol} lists them all",
        )
    )


async def quotes_at(engine: OrderExecutionEngine, chain: OptionChain, expiration: date) -> Strips:
    """Return the quotes at the strikes of one expiration, several asked for at a time."""
    row = chain.at(expiration)
    places = [(strike, right) for strike in (row.strikes if row is not None else ()) for right in OptionRight]
    room = asyncio.Semaphore(_AT_A_TIME)

    async def ask(strike: Decimal, right: OptionRight) -> Quote | None:
        option = chain.option(expiration, strike, right)
        async with room:
            try:
                return None if option is None else await engine.quote(option)
            except BrokerError:
                return None

    found = await asyncio.gather(*(ask(*place) for place in places))
    return dict(zip(places, found, strict=True))


def _expirations(chain: OptionChain, today: date) -> Iterator[str]:
    rows = [
        (row.expiration, (row.expiration - today).days, len(row.strikes), row.strikes[0], row.strikes[-1])
        for row in chain.expirations
    ]
    headers = ("EXPIRATION", "DAYS", "STRIKES", "FROM", "TO")
    yield from table(headers, rows, "DAYS|STRIKES|FROM|TO")


def _strips(strikes: Iterable[Decimal], quotes: Strips) -> Iterator[str]:
    rows = [
        (*_sides(quotes.get((strike, OptionRight.CALL))), strike, *_sides(quotes.get((strike, OptionRight.PUT))))
        for strike in strikes
    ]
    headers = ("CALL BID", "CALL ASK", "STRIKE", "PUT BID", "PUT ASK")
    yield from table(headers, rows, "|".join(headers))


def _sides(quote: Quote | None) -> tuple[Any, Any]:
    return (None, None) if quote is None else (quote.bid, quote.ask)

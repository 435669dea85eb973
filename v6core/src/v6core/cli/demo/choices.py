"""Strikes and expirations for the condor and its roll, from what is listed and quoted at the moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import product

from v6core.cli.demo.market import quote_or_none, two_sided
from v6core.contracts import Contract, OptionRight
from v6core.engine import OrderExecutionEngine
from v6core.quotes import ChainExpiration, OptionChain
from v6core.sessions import trading_day
from v6core.strategies import Strategy, iron_condor

# How far the short strikes lie from the price, and the long ones from those, as fractions of the price.
_DISTANCES = ("0.02", "0.015", "0.03", "0.01", "0.04")
_WIDTHS = ("0.01", "0.015", "0.02", "0.005")
# A week or two leave something to roll; what expires within days is taken only where nothing else is listed.
_WANTED_DAYS = 7
_MOST_EXPIRATIONS = 4


@dataclass(frozen=True, slots=True)
class Condor:
    """An iron condor that can be opened at once, at ``credit`` per unit."""

    strategy: Strategy
    credit: Decimal


def expirations_to_open(chain: OptionChain, today: date) -> tuple[ChainExpiration, ...]:
    """Return the expirations that have a later one to roll to: a week away or more first, today's own last."""
    rows = chain.since(today).expirations[:-1]
    return _far_ones_first(rows, today, _WANTED_DAYS)


def expirations_to_roll_to(chain: OptionChain, last: date) -> tuple[ChainExpiration, ...]:
    """Return the expirations after the last one held, those a week later first, a holiday's Thursday among them."""
    rows = [row for row in chain.expirations if row.expiration > last]
    return _far_ones_first(rows, last, _WANTED_DAYS - 1)


def _far_ones_first(rows: Iterable[ChainExpiration], since: date, days: int) -> tuple[ChainExpiration, ...]:
    return tuple(
        sorted(rows, key=lambda row: ((row.expiration - since).days < days, row.expiration == since, row.expiration))
    )


async def choose_condor(
    engine: OrderExecutionEngine, chain: OptionChain, price: Decimal, strategy_id: str
) -> Condor | None:
    """Return the first condor around a price whose legs are all quoted on both sides, and that brings a credit."""
    today = trading_day(engine.now())
    for row in expirations_to_open(chain, today)[:_MOST_EXPIRATIONS]:
        for strikes in _shapes(row, price):
            strategy = iron_condor(
                chain.symbol,
                row.expiration,
                *strikes,
                strategy_id=strategy_id,
                trading_class=row.trading_class,
                multiplier=row.multiplier,
            )
            credit = await _credit(engine, strategy)
            if credit is not None and credit > 0:
                return Condor(strategy, credit)
    return None


def _shapes(row: ChainExpiration, price: Decimal) -> Iterator[tuple[Decimal, Decimal, Decimal, Decimal]]:
    """Yield long put, short put, short call and long call, the usual distances first."""
    seen: set[tuple[Decimal, ...]] = set()
    for distance, width in product(map(Decimal, _DISTANCES), map(Decimal, _WIDTHS)):
        targets = (1 - distance - width, 1 - distance, 1 + distance, 1 + distance + width)
        strikes = tuple(min(row.strikes, key=lambda strike: abs(strike - price * part)) for part in targets)
        long_put, short_put, short_call, long_call = strikes
        if long_put < short_put < short_call < long_call and strikes not in seen:
            seen.add(strikes)
            yield long_put, short_put, short_call, long_call


async def _credit(engine: OrderExecutionEngine, strategy: Strategy) -> Decimal | None:
    """Return what a unit brings at the far side, or None where a leg is not quoted on both sides."""
    credit = Decimal(0)
    for contract, quantity in strategy.signed_legs:
        quote = await quote_or_none(engine, contract)
        if quote is None or not two_sided(quote):
            return None
        price = quote.ask if quantity > 0 else quote.bid
        assert price is not None
        credit -= price * quantity
    return credit


def side_that_is_tested(strategy: Strategy, price: Decimal) -> OptionRight:
    """Return the right whose short strike is nearer to the price."""
    shorts = [leg for leg in strategy.legs if leg.signed_quantity < 0 and leg.strike is not None]
    nearest = min(shorts, key=lambda leg: abs((leg.strike or price) - price))
    return nearest.right or OptionRight.PUT


async def choose_roll(
    engine: OrderExecutionEngine, chain: OptionChain, strategy: Strategy, side: OptionRight
) -> date | None:
    """Return the next expiration at which the side's strikes are listed and quoted on both sides, or None."""
    legs = [leg for leg in strategy.legs if leg.right is side]
    for row in expirations_to_roll_to(chain, strategy.expirations[-1]):
        options = [chain.option(row.expiration, leg.strike, side) for leg in legs if leg.strike is not None]
        if await _all_quoted(engine, options):
            return row.expiration
    return None


async def _all_quoted(engine: OrderExecutionEngine, options: Sequence[Contract | None]) -> bool:
    for contract in options:
        if contract is None or not two_sided(await quote_or_none(engine, contract)):
            return False
    return True

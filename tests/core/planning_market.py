"""A small market for the tests of planning: listed options, quotes, brokers that take so many legs, and strategies."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from v6core.capabilities import Capabilities, OrderSupport
from v6core.contracts import Contract, Option, OptionRight, Stock
from v6core.orders import OrderType, TimeInForce
from v6core.quotes import ChainExpiration, OptionChain, Quote
from v6core.strategies import Strategy, iron_condor

D = Decimal
TODAY = date(2026, 12, 1)
NEAR, MIDDLE, FAR, LATE = date(2026, 12, 18), date(2026, 12, 24), date(2027, 1, 15), date(2027, 2, 19)
NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
STRIKES = tuple(D(strike) for strike in range(550, 655, 5))
CHAIN = OptionChain(
    symbol="SPY",
    expirations=tuple(ChainExpiration(expiration=day, strikes=STRIKES) for day in (NEAR, MIDDLE, FAR, LATE)),
)


def put(strike: int, expiration: date = NEAR) -> Option:
    return Option("SPY", expiration, strike, "PUT")


def call(strike: int, expiration: date = NEAR) -> Option:
    return Option("SPY", expiration, strike, "CALL")


SPY = Stock("SPY")


def condor(quantity: int = 1) -> Strategy:
    return iron_condor("SPY", NEAR, 570, 580, 620, 630, quantity, strategy_id="ic")


def held(strategy: Strategy, lots: int | None = None) -> tuple[tuple[Contract, Decimal], ...]:
    """Return what a strategy holds, or so many units of it."""
    units = strategy.quantity if lots is None else lots
    return tuple((contract, D(quantity) * units / strategy.quantity) for contract, quantity in strategy.signed_legs)


def broker(max_combo_legs: int = 4, *, combo_types: frozenset[OrderType] | None = None) -> Capabilities:
    kinds = frozenset({"STOCK", "OPTION"})
    types, tifs = frozenset({OrderType.LIMIT, OrderType.MARKET}), frozenset(TimeInForce)
    rows = [OrderSupport(kinds=kinds, order_types=types, tifs=tifs)]
    if max_combo_legs:
        rows.append(OrderSupport(kinds=frozenset({"COMBO"}), order_types=combo_types or types, tifs=tifs))
    return Capabilities(simulated=True, orders=tuple(rows), max_combo_legs=max_combo_legs)


def quotes(*rows: tuple[Contract, str | None, str | None]) -> dict[str, Quote]:
    """Return quotes from contracts with bid and ask."""
    return {
        contract.key: Quote(
            contract=contract, time=NOW, bid=None if bid is None else D(bid), ask=None if ask is None else D(ask)
        )
        for contract, bid, ask in rows
    }


def all_quoted(bid: str = "1.00", ask: str = "1.10") -> dict[str, Quote]:
    """Return the same quote for every listed option and the stock."""
    options: list[Contract] = [
        Option("SPY", row.expiration, strike, right)
        for row in CHAIN.expirations
        for strike in row.strikes
        for right in OptionRight
    ]
    return quotes(*((contract, bid, ask) for contract in [SPY, *options]))


def signed(changes: Iterable[tuple[Contract, Decimal]]) -> dict[str, Decimal]:
    """Return changes by contract key, to compare without regard to their order."""
    return {contract.key: quantity for contract, quantity in changes}

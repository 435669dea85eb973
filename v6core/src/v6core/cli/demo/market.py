"""Quotes that can be traded on, waited for in market time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from v6core.clock import SimulatedLoop
from v6core.contracts import Contract
from v6core.engine import OrderExecutionEngine
from v6core.errors import BrokerError, OrderDenied, Unavailable
from v6core.planning import far_side
from v6core.quotes import Quote

# In minutes: how long a quote is waited for, and for how long it must be a good one.
_PATIENCE, _CHOOSY = 60, 15
_TIGHT = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the story takes, in seconds at the market: for a bracket's exits, between two steps, for a fill."""

    exits: float
    pause: float
    fill: float

    @classmethod
    def of_loop(cls) -> Pace:
        """Return a day's pace where time can jump, else one that a person can wait for."""
        if isinstance(asyncio.get_running_loop(), SimulatedLoop):
            return cls(exits=5400, pause=1800, fill=120)
        return cls(exits=300, pause=1, fill=10)


async def quote_or_none(engine: OrderExecutionEngine, contract: Contract) -> Quote | None:
    """Return the present quote, or None where there is none."""
    try:
        return await engine.quote(contract)
    except (BrokerError, OrderDenied):
        return None


def two_sided(quote: Quote | None) -> bool:
    """Tell whether somebody bids and somebody offers, the bid below the offer."""
    return quote is not None and quote.bid is not None and quote.ask is not None and 0 < quote.bid < quote.ask


async def first_quote(engine: OrderExecutionEngine, contract: Contract) -> Quote:
    """Return the first quote with two sides near each other, or after a quarter of an hour one with two sides.

    Unavailable where an hour passes without any. What the broker says of a contract that it does not list is passed
    on at once.
    """
    await engine.contract_details(contract)
    for minute in range(_PATIENCE):
        quote = await quote_or_none(engine, contract)
        if quote is not None and two_sided(quote) and (_is_tight(quote) or minute >= _CHOOSY):
            return quote
        await asyncio.sleep(60)
    raise Unavailable(f"nobody bid and offered {contract.key} for {_PATIENCE} minutes", hint="choose another symbol")


def _is_tight(quote: Quote) -> bool:
    assert quote.bid is not None
    assert quote.ask is not None
    return quote.ask - quote.bid <= _TIGHT * quote.ask


async def net_price(engine: OrderExecutionEngine, legs: Iterable[tuple[Contract, int]]) -> Decimal | None:
    """Return the net per unit at which legs can be had at once, or None where a side is missing."""
    legs = tuple(legs)
    quotes = {contract.key: await quote_or_none(engine, contract) for contract, _ in legs}
    known = {key: quote for key, quote in quotes.items() if quote is not None}
    return far_side(((contract, Decimal(ratio)) for contract, ratio in legs), known)

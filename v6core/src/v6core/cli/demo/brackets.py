"""The bracket of the first step: its prices from the quote, its times in force from what the broker takes."""

from __future__ import annotations

from decimal import Decimal

from v6core.capabilities import Capabilities
from v6core.contracts import Contract, ContractDetails
from v6core.identifiers import IdSource
from v6core.money import round_to_tick
from v6core.orders import BracketOrder, Order, TimeInForce
from v6core.quotes import Quote

# Near enough to be reached within the hour on most days, far enough to be no part of the spread.
_EXIT_DISTANCE = Decimal("0.0015")
# Of the entry and of its exits, the usual pair first; some brokers take only brackets of one time in force.
_TIMES_IN_FORCE = (
    (TimeInForce.DAY, TimeInForce.GTC),
    (TimeInForce.DAY, TimeInForce.DAY),
    (TimeInForce.GTC, TimeInForce.GTC),
)


def bracket_around(
    quote: Quote, details: ContractDetails, quantity: int, ids: IdSource, strategy_id: str
) -> BracketOrder:
    """Return a bracket that enters at the offer of a quote with two sides, its exits at equal distances from it."""
    assert quote.bid is not None
    assert quote.ask is not None
    wide = max(quote.ask * _EXIT_DISTANCE, (quote.ask - quote.bid) * 3 / 2)
    distance = round_to_tick(wide, details.tick_at(quote.ask), up=True)
    return BracketOrder(
        Order.limit("BUY", quantity, quote.ask, order_id=ids.order_id(), strategy_id=strategy_id),
        Order.limit("SELL", quantity, quote.ask + distance, order_id=ids.order_id()),
        Order.stop("SELL", quantity, quote.bid - distance, order_id=ids.order_id()),
    )


def as_taken(bracket: BracketOrder, contract: Contract, capabilities: Capabilities) -> BracketOrder:
    """Return a bracket with times in force that the broker takes as one unit; where it takes none, as it was."""
    for entry, exits in _TIMES_IN_FORCE:
        timed = _timed(bracket, entry, exits)
        if _is_taken(timed, contract, capabilities):
            return timed
    return bracket


def _timed(bracket: BracketOrder, entry: TimeInForce, exits: TimeInForce) -> BracketOrder:
    parts = (bracket.take_profit, bracket.stop_loss)
    take_profit, stop_loss = (None if part is None else part.replace(tif=exits) for part in parts)
    return BracketOrder(bracket.parent_order.replace(tif=entry), take_profit, stop_loss)


def _is_taken(bracket: BracketOrder, contract: Contract, capabilities: Capabilities) -> bool:
    entry, *exits = (order.replace(contract=contract) for order in (bracket.parent_order, *bracket.exits))
    return capabilities.takes_bracket(entry, exits) and not any(map(capabilities.why_not, (entry, *exits)))

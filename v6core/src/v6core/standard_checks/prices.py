"""What an order would trade at: the reference that its price is compared with, the far side, and the collar."""

from __future__ import annotations

from decimal import Decimal

from v6core.contracts import Combo, Contract
from v6core.identifiers import plainly
from v6core.orders import Order, OrderType
from v6core.risk import CheckContext, Denial

_OLDEST_QUOTE = 60.0
_LEAST_OPTION_BAND = Decimal("0.10")
_OPTIONS = frozenset({"OPTION", "FUTURE_OPTION"})
_AT_THE_MARKET = frozenset({OrderType.MARKET, OrderType.MARKET_TO_LIMIT})


def price_collar(order: Order, context: CheckContext) -> Denial | None:
    """Deny a price too far on the losing side of the reference, and a market order into too wide a quote."""
    contract = order.contract
    is_option = contract is not None and _is_option(contract)
    collar = context.limits.option_price_collar if is_option else context.limits.price_collar
    name = "option_price_collar" if is_option else "price_collar"
    if collar is None or contract is None or not (order.limit_price is not None or order.order_type in _AT_THE_MARKET):
        return None
    market = _reference(context)
    reference = order.stop_price if order.stop_price is not None else market
    if reference is None:
        return no_reference(order, context, name)
    price = order.limit_price if order.limit_price is not None else far_side(order, context)
    if price is None:
        return no_reference(order, context, name)
    band = abs(reference) * collar
    band = max(band, _LEAST_OPTION_BAND * _options_a_unit(contract)) if is_option else band
    through = order.action.sign * (price - reference)
    if through <= band:
        return None
    side = "above" if order.action.sign > 0 else "below"
    return Denial(
        "PRICE_COLLAR", f"{price:f} is {through:f} {side} {reference:f}; at most {band:f} ([risk] {name} {collar:f})"
    )


def far_side(order: Order, context: CheckContext) -> Decimal | None:
    """Return the price at which the order would trade: the ask to buy, the bid to sell, else what is nearest to it."""
    quote = context.quote
    if quote is None or quote.age(context.now) > _OLDEST_QUOTE:
        return None
    sides = (quote.ask, quote.last, quote.bid) if order.action.sign > 0 else (quote.bid, quote.last, quote.ask)
    return next((price for price in sides if price is not None), None)


def no_reference(order: Order, context: CheckContext, limit: str) -> Denial | None:
    """Return the denial for want of a price to check by, which says what failed; a simulated broker needs none."""
    if context.capabilities.simulated:
        return None
    key = order.contract.key if order.contract is not None else "the contract"
    why, way_out = _want(key, context)
    return Denial("NO_REFERENCE", why, hint=f'{way_out}; [risk] {limit} = "off" sends it unchecked')


def _want(key: str, context: CheckContext) -> tuple[str, str]:
    """Return why there is no price to check by, and what can be done: first about the question that failed."""
    quote, failure, what = context.quote, context.quote_failure, f"no quote of {key} to check the price by"
    if failure is not None:
        mended = plainly(failure.hint) if failure.hint else f"v6 quote {key} asks for it again"
        return f"{what}: {plainly(str(failure))}", f"the quote of {key} failed: {mended}"
    if quote is None and not context.capabilities.quotes:
        return f"{what}: the broker declares none", "take a broker that gives quotes"
    if quote is None:
        return what, f"v6 quote {key} asks for one"
    age = quote.age(context.now)
    if age > _OLDEST_QUOTE:
        what = f"no quote of the last minute of {key} to check the price by"
        return f"{what}: the last is {age:.0f} s old", "wait for the market to open, or for a younger quote"
    sides = ", ".join(f"{name} {_shown(getattr(quote, name))}" for name in ("bid", "ask", "last"))
    return f"{what} with a price on both sides or a last one: {sides}", "wait until the market makes a price"


def _shown(price: Decimal | None) -> str:
    return "none" if price is None else f"{price:f}"


def _reference(context: CheckContext) -> Decimal | None:
    quote = context.quote
    if quote is None or quote.age(context.now) > _OLDEST_QUOTE:
        return None
    return quote.mid if quote.mid is not None else quote.last


def _options_a_unit(contract: Contract) -> int:
    """Return how many options a unit is made of: a net price may be off by as much as all its legs' prices may be."""
    return sum(leg.ratio for leg in contract.legs) if isinstance(contract, Combo) else 1


def _is_option(contract: Contract) -> bool:
    if isinstance(contract, Combo):
        return all(leg.contract.kind in _OPTIONS for leg in contract.legs)
    return contract.kind in _OPTIONS

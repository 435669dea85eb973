"""What is traded, and when: lists of symbols, and the hours of the regular session."""

from __future__ import annotations

from collections.abc import Iterator

from v6core import sessions
from v6core.contracts import Combo, Contract
from v6core.orders import Order
from v6core.risk import CheckContext, Denial


def allowed_symbols(order: Order, context: CheckContext) -> Denial | None:
    """Deny symbols that the deny list has, or that a non-empty allow list has not; each leg counts."""
    if not (context.limits.allow or context.limits.deny):
        return None
    allow = {symbol.strip().upper() for symbol in context.limits.allow}
    deny = {symbol.strip().upper() for symbol in context.limits.deny}
    for contract in _singles(order):
        names = {contract.symbol, contract.key}
        if names & deny:
            return Denial("SYMBOL_DENIED", f"{contract.symbol} is on the deny list of [risk]")
        if allow and not names & allow:
            return Denial("SYMBOL_NOT_ALLOWED", f"{contract.symbol} is not on the allow list of [risk]")
    return None


def regular_hours(order: Order, context: CheckContext) -> Denial | None:
    """Deny orders outside the regular session of US stocks, and those that could fill outside it."""
    if not context.limits.regular_hours_only:
        return None
    if order.outside_rth:
        return Denial("OUTSIDE_REGULAR_HOURS", "the order has outside_rth, and [risk] regular_hours_only is on")
    try:
        is_open = sessions.is_open(context.now)
    except ValueError as error:
        return Denial("OUTSIDE_REGULAR_HOURS", str(error))
    moment = f"{context.now:%Y-%m-%d %H:%M:%S} UTC"
    return None if is_open else Denial("OUTSIDE_REGULAR_HOURS", f"{moment} is outside the regular session")


def _singles(order: Order) -> Iterator[Contract]:
    if isinstance(order.contract, Combo):
        yield from (leg.contract for leg in order.contract.legs)
    if order.contract is not None:
        yield order.contract

"""How large one order may be: in shares, in contracts, in money."""

from __future__ import annotations

from decimal import Decimal

from v6core.contracts import Combo, Contract
from v6core.money import ZERO
from v6core.orders import Order
from v6core.risk import CheckContext, Denial
from v6core.standard_checks.denials import above
from v6core.standard_checks.exposure import is_exit
from v6core.standard_checks.prices import far_side, no_reference
from v6core.strategies import max_loss_of

_CENTS = Decimal("0.01")
_DERIVATIVES = frozenset({"OPTION", "FUTURE", "FUTURE_OPTION"})


def order_quantity(order: Order, context: CheckContext) -> Denial | None:
    """Deny more shares than ``max_order_quantity``."""
    return above("MAX_ORDER_QUANTITY", _most_of(order, {"STOCK"}), context.limits.max_order_quantity, "shares")


def contracts(order: Order, context: CheckContext) -> Denial | None:
    """Deny more options or futures than ``max_contracts``."""
    return above("MAX_CONTRACTS", _most_of(order, _DERIVATIVES), context.limits.max_contracts, "contracts")


def order_value(order: Order, context: CheckContext) -> Denial | None:
    """Deny an order worth more than ``max_order_value`` in the account's currency."""
    limit, contract = context.limits.max_order_value, order.contract
    if limit is None or contract is None or is_exit(order, context):
        return None
    price = _price_of(order, contract, context)
    if price is None:
        return no_reference(order, context, "max_order_value")
    rate = _rate(contract, price, context)
    if rate is None:
        return None if context.capabilities.simulated else _no_rate(contract, context)
    worth = (_value(order, contract, price) * rate).quantize(_CENTS)
    currency = context.account.currency if context.account is not None else contract.currency
    return above("MAX_ORDER_VALUE", worth, limit.quantize(_CENTS), currency)


def _most_of(order: Order, kinds: frozenset[str] | set[str]) -> Decimal:
    contract = order.contract
    if isinstance(contract, Combo):
        return order.quantity * max((leg.ratio for leg in contract.legs if leg.contract.kind in kinds), default=0)
    return order.quantity if contract is not None and contract.kind in kinds else ZERO


def _price_of(order: Order, contract: Contract, context: CheckContext) -> Decimal | None:
    """Return the price that counts: to buy at a limit, the limit; else the highest of what is known."""
    own = order.limit_price if order.limit_price is not None else order.stop_price
    if own is not None and (contract.kind == "COMBO" or (order.limit_price is not None and order.action.sign > 0)):
        return own
    known = [price for price in (own, far_side(order, context)) if price is not None]
    return max(known, default=None)


def _value(order: Order, contract: Contract, price: Decimal) -> Decimal:
    if isinstance(contract, Combo):
        sign = order.action.sign
        loss = max_loss_of([(contract, sign)], sign * price, order.quantity)
        if loss is not None:
            return max(loss, ZERO)
    return abs(price) * contract.multiplier * order.quantity


def _rate(contract: Contract, price: Decimal, context: CheckContext) -> Decimal | None:
    """Return what one unit of the contract's currency is in the account's; None where nobody knows."""
    if context.account is None or contract.currency == context.account.currency:
        return Decimal(1)
    if contract.kind == "FOREX" and contract.symbol == context.account.currency and price > 0:
        return 1 / price
    return context.rates.get(contract.currency)


def _no_rate(contract: Contract, context: CheckContext) -> Denial:
    home = context.account.currency if context.account is not None else contract.currency
    return Denial(
        "NO_RATE",
        f"no rate from {contract.currency} to {home}, so the value of the order is not known; "
        '[risk] max_order_value = "off" sends it unchecked',
    )

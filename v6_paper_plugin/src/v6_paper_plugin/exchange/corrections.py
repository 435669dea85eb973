"""What changes an account and is no fill: a position that is adjusted, an execution that takes the place of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from v6_paper_plugin.exchange.listener import Adjustment, Listener
from v6_paper_plugin.exchange.orders import ExchangeOrder, Execution
from v6core.contracts import Combo, Contract
from v6core.money import ZERO
from v6core.orders import OrderStatus
from v6core.reports import AdjustmentReason

if TYPE_CHECKING:
    from v6_paper_plugin.exchange.exchange import Exchange


class Corrections:
    """Makes them at one exchange, and tells its listener."""

    def __init__(self, exchange: Exchange, listener: Listener) -> None:
        self._exchange = exchange
        self._listener = listener

    def adjust(self, contract: Contract, quantity: Decimal, price: Decimal, reason: AdjustmentReason) -> Adjustment:
        """Change a position by a signed quantity, for cash at a price."""
        exchange = self._exchange
        exchange.ledger.adjust(contract, quantity, price)
        number = len(exchange.adjustments) + 1
        adjustment = Adjustment(f"A{number:06d}", contract, quantity, price, reason, exchange.now)
        exchange.adjustments.append(adjustment)
        self._listener.on_adjustment(adjustment)
        return adjustment

    def correct(self, execution_id: str, price: Decimal | None, quantity: Decimal | None) -> Execution:
        """Put another execution in the place of one that counts; a quantity of zero takes it back.

        The books take the first one back and do the second; its time and its commission are those of the first. An
        order that is open fills again what was taken back; one that was filled has ended without it. LookupError where
        no execution that counts has the id, ValueError for more than the order, and for other quantities of a combo.
        """
        exchange = self._exchange
        wrong = {one.execution_id: one for one in executions_that_count(exchange.executions)}[execution_id]
        order = exchange.orders.get(wrong.ref)
        assert order is not None
        right = _corrected(wrong, price, quantity)
        _check(order, wrong, right)
        exchange.ledger.trade(wrong.contract, -wrong.signed_quantity, wrong.price, ZERO)
        if right.quantity:
            exchange.ledger.trade(right.contract, right.signed_quantity, right.price, ZERO)
        exchange.executions.append(right)
        self._listener.on_correction(order, right, exchange.now)
        if right.quantity != wrong.quantity:
            self._refill(order, right.quantity - wrong.quantity)
        return right

    def _refill(self, order: ExchangeOrder, more: Decimal) -> None:
        """Change how much of an order has filled, and tell how it stands by that."""
        order.filled += more
        if order.is_open:
            order.status = OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.SUBMITTED
            order.workable -= more
            if order.at_market:
                self._exchange.venue.resize(order, order.workable)
        elif order.filled == order.quantity:
            order.status, order.reason = OrderStatus.FILLED, None
        elif order.status is OrderStatus.FILLED:
            order.status, order.reason = OrderStatus.CANCELLED, "an execution of it was corrected"
        self._listener.on_order(order, self._exchange.now)


def executions_that_count(executions: Sequence[Execution]) -> list[Execution]:
    """Return executions without those that others replace or take back."""
    replaced = {execution.replaces for execution in executions if execution.replaces is not None}
    return [one for one in executions if one.execution_id not in replaced and one.quantity]


def _corrected(wrong: Execution, price: Decimal | None, quantity: Decimal | None) -> Execution:
    """Return an execution in the place of another, with the same stem and the next revision in its id."""
    stem, _, revision = wrong.execution_id.partition(".")
    return replace(
        wrong,
        execution_id=f"{stem}.{int(revision or 0) + 1:02d}",
        price=wrong.price if price is None else price,
        quantity=wrong.quantity if quantity is None else quantity,
        replaces=wrong.execution_id,
    )


def _check(order: ExchangeOrder, wrong: Execution, right: Execution) -> None:
    """Raise ValueError for a correction that the order does not allow."""
    filled = order.filled + right.quantity - wrong.quantity
    if right.quantity != wrong.quantity and isinstance(order.contract, Combo):
        raise ValueError(f"{wrong.execution_id} is of a combo: its quantity cannot be corrected leg by leg")
    if right.quantity < 0 or filled > order.quantity:
        raise ValueError(f"{wrong.execution_id} cannot be of {right.quantity:f}: {filled:f} would have filled")

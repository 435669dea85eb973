"""What a broker says again of an order's terms does not undo what it said since."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from v6core.contracts import Stock
from v6core.events import OrderIntended, ReportReceived
from v6core.lifecycle import OrderState, apply
from v6core.orders import Anomaly, Order
from v6core.reports import OrderReport, OrderTerms, ReportedStatus

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
REF = "v6-testing2-aaaaaaaaaaaaaaaaaaaaaaaaaa"


def _shown(state: OrderState | None, order: Order, quantity: int) -> OrderState:
    terms = OrderTerms(quantity=Decimal(quantity))
    report = OrderReport(time=NOW, order_ref=REF, status=ReportedStatus.SUBMITTED, terms=terms)
    return apply(state, ReportReceived(time=NOW, order_id=order.order_id, report=report))


@pytest.mark.parametrize(
    ("group", "quantity", "anomalies"), [("g", Decimal(6), ()), (None, Decimal(10), (Anomaly.TERMS_CHANGED,))]
)
def test_of_one_moment_a_larger_quantity_of_a_group_is_the_older_one(
    group: str | None, quantity: Decimal, anomalies: tuple[Anomaly, ...]
) -> None:
    order = Order.limit("BUY", 10, 100, contract=Stock("GOOG"), order_ref=REF, oca_group=group)
    state = apply(None, OrderIntended(time=NOW, order_id=order.order_id, order=order))
    for seen in (10, 6, 10):
        state = _shown(state, order, seen)
    assert (state.order.quantity, state.order.anomalies) == (quantity, anomalies)

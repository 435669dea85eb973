"""When an order's time is over, by what this run sent, or by what it saw at work of an earlier one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from v6_ib_plugin.terms import IbOrder
from v6_ib_plugin.trading.known import KnownOrder, Terms
from v6_ib_plugin.trading.lifetimes import has_run_out
from v6core.contracts import Contract, Stock
from v6core.orders import Order, OrderType, TimeInForce
from v6core.reports import OrderReport, OrderTerms, ReportedStatus

MORNING = datetime(2026, 12, 1, 15, tzinfo=UTC)
CLOSE = datetime(2026, 12, 1, 21, tzinfo=UTC)
US, ELSEWHERE = Stock("ACME"), Stock("SAP", currency="EUR")


def sent(contract: Contract = US, at: datetime = MORNING, *, outside_rth: bool = False) -> KnownOrder:
    order = Order.limit("BUY", 1, 90, contract=contract, created_at=at, outside_rth=outside_rth)
    return KnownOrder("a", sent=Terms(order, IbOrder()))


def seen(contract: Contract | None = US, at: datetime = MORNING, *, outside_rth: bool = False) -> KnownOrder:
    """Return an order of an earlier run, which this one saw at work."""
    shown = OrderTerms(contract=contract, tif=TimeInForce.DAY)
    told = OrderReport(time=at, order_ref="a", status=ReportedStatus.SUBMITTED, terms=shown)
    return KnownOrder("a", ib=IbOrder(outside_rth=outside_rth), shown=shown, told=told)


@pytest.mark.parametrize("known", [sent(), seen()])
def test_an_order_for_the_day_has_run_out_when_the_session_ends(known: KnownOrder) -> None:
    assert not has_run_out(known, CLOSE - timedelta(minutes=1))
    assert has_run_out(known, CLOSE)


@pytest.mark.parametrize(
    "known",
    [
        sent(outside_rth=True),
        seen(outside_rth=True),
        sent(ELSEWHERE),
        seen(ELSEWHERE),
        seen(None),
        sent(at=CLOSE),
        seen(at=CLOSE),
        KnownOrder("a"),
    ],
)
def test_nobody_guesses_that_an_order_has_run_out(known: KnownOrder) -> None:
    assert not has_run_out(known, CLOSE + timedelta(minutes=1))


def test_an_order_with_a_last_moment_has_run_out_then() -> None:
    known = KnownOrder("a", shown=OrderTerms(tif=TimeInForce.GTD, good_till=CLOSE))
    assert not has_run_out(known, CLOSE - timedelta(minutes=1))
    assert has_run_out(known, CLOSE)


OPENING = datetime(2026, 12, 2, 14, 30, tzinfo=UTC)


def at_the_open(contract: Contract = US) -> Order:
    terms = {"action": "BUY", "quantity": 1, "order_type": "MARKET_ON_OPEN", "tif": "OPG"}
    return Order.model_validate({**terms, "contract": contract, "created_at": CLOSE})


def seen_before_the_open() -> KnownOrder:
    shown = OrderTerms(contract=US, order_type=OrderType.LIMIT_ON_OPEN)
    told = OrderReport(time=CLOSE, order_ref="a", status=ReportedStatus.SUBMITTED, terms=shown)
    return KnownOrder("a", ib=IbOrder(), shown=shown, told=told)


@pytest.mark.parametrize("known", [KnownOrder("a", sent=Terms(at_the_open(), IbOrder())), seen_before_the_open()])
def test_an_order_at_the_open_has_run_out_when_the_next_session_opens(known: KnownOrder) -> None:
    assert not has_run_out(known, OPENING - timedelta(minutes=1))
    assert has_run_out(known, OPENING)


def test_nobody_guesses_when_a_session_opens_elsewhere() -> None:
    known = KnownOrder("a", sent=Terms(at_the_open(ELSEWHERE), IbOrder()))
    assert not has_run_out(known, OPENING)

"""What the desk makes of reports that a well-behaved broker seldom sends: corrections, late costs, busts, doubt."""

from __future__ import annotations

from typing import Any

from gateway.desk_laws import PlayedBroker, Working, family
from gateway.desk_wire import GOODS, d, limit, of
from v6_ib_plugin.gateway.wire import messages
from v6_ib_plugin.gateway.wire.requests import ReqExecutions
from v6_ib_plugin.terms import IbExecution
from v6core.contracts import OrderAction
from v6core.fills import Commission, Fill
from v6core.reports import CommissionReport, FillCorrectionReport, FillReport, ModifyRefusedReport, ReportedStatus


def working(broker: PlayedBroker) -> Working:
    """Return an order for ten that is at the broker."""
    broker.place(1, limit(1))
    broker.settle()
    return broker.open()[0]


def fill(broker: PlayedBroker, number: int, quantity: object, price: object, **terms: Any) -> Fill:
    return Fill(
        execution_id=f"Y{number}",
        contract=GOODS,
        action=OrderAction.BUY,
        quantity=d(quantity),
        price=d(price),
        time=broker.now,
        **terms,
    )


def said(broker: PlayedBroker) -> list[messages.Message]:
    return [tell.message for tell in broker.told]


def executions(broker: PlayedBroker) -> list[IbExecution]:
    return [told.execution for told in of(messages.ExecDetails, said(broker))]


def corrected(broker: PlayedBroker, new: Fill | None) -> list[IbExecution]:
    """Fill six at 100, replace that, and return the two executions told."""
    ref = working(broker).order.ref
    broker.report(FillReport(time=broker.now, order_ref=ref, fill=fill(broker, 1, 6, 100)))
    broker.report(FillCorrectionReport(time=broker.now, order_ref=ref, replaces="Y1", fill=new))
    broker.settle()
    return executions(broker)


def test_a_correction_is_the_next_revision_of_the_same_execution() -> None:
    broker = PlayedBroker()
    first, second = corrected(broker, fill(broker, 2, 5, 101))
    assert (first.exec_id[:-3], first.exec_id[-2:], second.exec_id[-2:]) == (second.exec_id[:-3], "01", "02")
    assert (second.shares, second.price, second.cum_qty, second.avg_price) == (d(5), d(101), d(5), d(101))


def test_a_correction_changes_what_has_filled() -> None:
    broker = PlayedBroker()
    corrected(broker, fill(broker, 2, 5, 101))
    last = of(messages.OrderStatus, said(broker))[-1].status
    assert (last.filled, last.remaining, last.avg_fill_price) == (d(5), d(5), d(101))


def test_a_correction_can_be_corrected() -> None:
    broker = PlayedBroker()
    corrected(broker, fill(broker, 2, 5, 101))
    ref = broker.open()[0].order.ref
    broker.report(FillCorrectionReport(time=broker.now, order_ref=ref, replaces="Y2", fill=fill(broker, 3, 4, 99)))
    assert [each.exec_id[-2:] for each in executions(broker)] == ["01", "02", "03"]


def test_an_execution_that_is_taken_back_is_a_revision_of_nothing() -> None:
    broker = PlayedBroker()
    _, bust = corrected(broker, None)
    assert (bust.exec_id[-2:], bust.shares, bust.cum_qty) == ("02", d(0), d(0))


def test_who_asks_gets_the_latest_revision_alone() -> None:
    broker = PlayedBroker()
    _, second = corrected(broker, fill(broker, 2, 5, 101))
    told = of(messages.ExecDetails, broker.book.executions(ReqExecutions(7)))
    assert [each.execution for each in told] == [second]


def test_a_correction_of_an_execution_that_nobody_knows_is_not_told() -> None:
    broker = PlayedBroker()
    ref = working(broker).order.ref
    broker.report(FillCorrectionReport(time=broker.now, order_ref=ref, replaces="Z", fill=fill(broker, 1, 1, 1)))
    assert executions(broker) == []


def test_a_cost_that_comes_late_is_told_late() -> None:
    broker = PlayedBroker()
    ref = working(broker).order.ref
    broker.report(FillReport(time=broker.now, order_ref=ref, fill=fill(broker, 1, 6, 100)))
    broker.settle()
    assert of(messages.CommissionReport, said(broker)) == []
    broker.report(CommissionReport(time=broker.now, commission=Commission(execution_id="Y1", amount=d(2))))
    broker.settle()
    assert [told.commission.commission for told in of(messages.CommissionReport, said(broker))] == [d(2)]


def test_a_cost_that_comes_before_its_execution_is_told_after_it() -> None:
    broker = PlayedBroker()
    ref = working(broker).order.ref
    broker.report(CommissionReport(time=broker.now, commission=Commission(execution_id="Y1", amount=d(2))))
    broker.report(FillReport(time=broker.now, order_ref=ref, fill=fill(broker, 1, 6, 100)))
    broker.settle()
    assert type(said(broker)[-1]) is messages.CommissionReport


def test_a_fill_before_any_word_of_the_order_is_told_after_the_order() -> None:
    broker = PlayedBroker()
    broker.place(1, limit(1))
    broker.told.clear()
    order = broker.open()[0].order
    order.told = None
    broker.report(FillReport(time=broker.now, order_ref=order.ref, fill=fill(broker, 1, 6, 100)))
    assert [type(each) for each in said(broker)] == [messages.OpenOrder, messages.OrderStatus, messages.ExecDetails]


def test_fills_alone_are_enough_to_fill_an_order() -> None:
    broker = PlayedBroker()
    ref = working(broker).order.ref
    broker.report(FillReport(time=broker.now, order_ref=ref, fill=fill(broker, 1, 10, 100)))
    broker.settle()
    assert of(messages.OrderStatus, said(broker))[-1].status.status == "Filled"


def test_a_claim_to_be_filled_waits_for_the_fills() -> None:
    broker = PlayedBroker()
    broker.stand(working(broker), ReportedStatus.FILLED)
    broker.settle()
    assert of(messages.OrderStatus, said(broker))[-1].status.status == "Submitted"


def test_a_late_fill_is_told_and_the_order_stays_ended() -> None:
    broker = PlayedBroker()
    at_broker = working(broker)
    broker.end(at_broker)
    broker.report(FillReport(time=broker.now, order_ref=at_broker.order.ref, fill=fill(broker, 1, 6, 100)))
    broker.settle()
    last = of(messages.OrderStatus, said(broker))[-1].status
    assert (last.status, last.filled) == ("Cancelled", d(6))


def test_a_change_that_the_broker_refuses_leaves_the_order_as_it_was() -> None:
    broker = PlayedBroker()
    at_broker = working(broker)
    at_broker.is_open = False  # so that it does not make the change
    broker.place(1, limit(1, 105))
    broker.report(ModifyRefusedReport(time=broker.now, order_ref=at_broker.order.ref, reason="no"))
    answer = of(messages.ErrMsg, said(broker))[-1].answer
    assert (answer.code, at_broker.order.order.lmt_price) == (201, d(100))


def test_a_status_word_that_nobody_knows_changes_nothing() -> None:
    broker = PlayedBroker()
    at_broker = working(broker)
    before = len(broker.told)
    broker.stand(at_broker, ReportedStatus.UNKNOWN)
    broker.settle()
    assert len(broker.told) == before


def test_a_group_that_the_broker_does_not_keep_is_kept_by_the_desk() -> None:
    broker = PlayedBroker()
    for order in (*family(1, 0, group="g"), *family(2, 0, group="g")):
        broker.place(1, order)
    first, second = broker.open()
    broker.fill(first, d(4))
    assert second.terms.quantity == 6
    broker.fill(first, d(6))
    assert not second.is_open

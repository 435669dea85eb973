"""What an inference, a second sending and an operator's word make of an order; the broker's word wins over each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from v6core.contracts import Combo, ComboLeg, Stock
from v6core.events import (
    CancelRequested,
    DoubtRaised,
    ExpiryInferred,
    ModifyRequested,
    OperatorDecided,
    OrderEvent,
    OrderIntended,
    OrderResent,
    ReportReceived,
    RequestUnsent,
    Subject,
    Verdict,
)
from v6core.fills import Fill
from v6core.lifecycle import OrderState, apply, fold
from v6core.orders import Anomaly, Order, OrderStatus
from v6core.reports import FillReport, ModifyRefusedReport, OrderReport, OrderTerms, ReportedStatus

D = Decimal
NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
GOOG = Stock("GOOG")
ORDER = Order.limit("BUY", 10, 100).replace(contract=GOOG)
ID = ORDER.order_id
SENT = OrderIntended(time=NOW, order_id=ID, order=ORDER)
DOUBT = DoubtRaised(time=NOW, order_id=ID, reason="no answer")
CANCEL = CancelRequested(time=NOW, order_id=ID)
CANCEL_DOUBT = DoubtRaised(time=NOW, order_id=ID, subject=Subject.CANCEL, reason="no answer either")


def says(status: str, **fields: Any) -> ReportReceived:
    report = OrderReport(time=NOW, broker_order_id="b-1", status=ReportedStatus(status), working=True, **fields)
    return ReportReceived(time=NOW, order_id=ID, report=report)


def fills(quantity: int, execution_id: str = "e-1", price: int = 100) -> ReportReceived:
    fill = Fill.model_validate(
        {
            "execution_id": execution_id,
            "contract": GOOG,
            "action": "BUY",
            "quantity": quantity,
            "price": price,
            "time": NOW,
        }
    )
    return ReportReceived(time=NOW, order_id=ID, report=FillReport(time=NOW, broker_order_id="b-1", fill=fill))


def decides(verdict: str, **told: Any) -> OperatorDecided:
    return OperatorDecided(
        time=NOW + timedelta(days=1),
        order_id=ID,
        verdict=Verdict(verdict),
        reason="seen on the broker's page",
        operator="ann",
        **told,
    )


def expires(**unexplained: int) -> ExpiryInferred:
    return ExpiryInferred(
        time=NOW, order_id=ID, evidence="its day is over", unexplained={k: D(q) for k, q in unexplained.items()}
    )


def after(*events: OrderEvent) -> OrderState:
    return fold([SENT, *events])


@pytest.mark.parametrize(
    ("verdict", "told", "status", "filled"),
    [
        ("ABSENT", {}, OrderStatus.LOST, 0),
        ("CANCELLED", {}, OrderStatus.CANCELLED, 0),
        ("EXPIRED", {}, OrderStatus.EXPIRED, 0),
        ("FILLED", {"quantity": 10, "price": 99}, OrderStatus.FILLED, 10),
        ("FILLED", {"quantity": 4, "price": 99}, OrderStatus.IN_DOUBT, 4),
    ],
)
def test_an_operator_settles_an_order_in_doubt(
    verdict: str, told: dict[str, Any], status: OrderStatus, filled: int
) -> None:
    decided = after(DOUBT, decides(verdict, **told))
    assert (decided.status, decided.totals.quantity) == (status, D(filled))
    assert Anomaly.DECIDED_BY_OPERATOR in decided.anomalies
    assert decided.reason == "ann: seen on the broker's page"


def test_what_did_not_change_settles_no_order_that_was_never_shown() -> None:
    state = after(DOUBT, CANCEL, CANCEL_DOUBT, decides("UNCHANGED"))
    assert (state.status, state.pending_cancel, state.reason) == (OrderStatus.IN_DOUBT, None, "no answer")


def test_what_did_not_change_works_as_the_broker_has_shown_it() -> None:
    state = after(says("SUBMITTED"), CANCEL, CANCEL_DOUBT, DOUBT, decides("UNCHANGED"))
    assert (state.status, state.pending_cancel) == (OrderStatus.SUBMITTED, None)


def test_what_became_of_the_rest_is_a_verdict_of_its_own() -> None:
    state = after(DOUBT, decides("FILLED", quantity=4, price=99), decides("CANCELLED"))
    assert (state.status, state.totals.quantity) == (OrderStatus.CANCELLED, D(4))


def test_a_verdict_on_what_is_not_in_doubt_changes_nothing() -> None:
    working = after(says("SUBMITTED"))
    assert apply(working, decides("CANCELLED")) == working


def test_the_brokers_fills_take_the_place_of_what_an_operator_told() -> None:
    told = after(DOUBT, decides("FILLED", quantity=10, price=99))
    known = apply(told, fills(10, price=101))
    assert (known.totals.quantity, known.totals.average, known.status) == (D(10), D(101), OrderStatus.FILLED)


def test_nobody_can_tell_the_fill_of_a_combo() -> None:
    combo = Combo("GOOG", (ComboLeg(GOOG, "BUY", 1), ComboLeg(Stock("MSFT"), "SELL", 1)))
    order = Order.limit("BUY", 1, 1).replace(contract=combo)
    sent = OrderIntended(time=NOW, order_id=order.order_id, order=order)
    doubt = DOUBT.model_copy(update={"order_id": order.order_id})
    verdict = decides("FILLED", quantity=1, price=1).model_copy(update={"order_id": order.order_id})
    with pytest.raises(ValueError, match="one per leg"):
        fold([sent, doubt, verdict])


@pytest.mark.parametrize("presumed", [expires(), decides("CANCELLED"), decides("EXPIRED")])
def test_what_the_broker_shows_working_was_presumed_over_in_vain(presumed: OrderEvent) -> None:
    back = after(says("SUBMITTED"), DOUBT, presumed, says("SUBMITTED"))
    assert back.status is OrderStatus.SUBMITTED
    assert Anomaly.RESURRECTED in back.anomalies
    assert not back.presumed


@pytest.mark.parametrize("ending", ["CANCELLED", "EXPIRED"])
def test_the_brokers_ending_takes_the_place_of_the_presumed_one(ending: str) -> None:
    ended = after(says("SUBMITTED"), DOUBT, decides("CANCELLED"), says(ending))
    assert (ended.status, ended.presumed) == (OrderStatus(ending), False)
    assert Anomaly.DECIDED_BY_OPERATOR not in ended.anomalies
    assert apply(ended, says("SUBMITTED")).status is OrderStatus(ending)


def test_an_expiry_with_an_unexplained_position_leaves_the_fills_unproven() -> None:
    state = after(says("SUBMITTED"), expires(GOOG=4))
    assert state.status is OrderStatus.EXPIRED
    assert Anomaly.FILLS_UNPROVEN in state.anomalies
    assert state.is_doubtful


def test_fills_that_explain_the_position_prove_them() -> None:
    state = after(says("SUBMITTED"), ExpiryInferred(time=NOW, order_id=ID, evidence="?", unexplained={GOOG.key: D(4)}))
    part = apply(state, fills(3))
    assert Anomaly.FILLS_UNPROVEN in part.anomalies
    assert Anomaly.FILLS_UNPROVEN not in apply(part, fills(1, "e-2")).anomalies


def test_an_operators_word_ends_the_doubt_about_fills() -> None:
    state = after(says("SUBMITTED"), expires(GOOG=4), decides("UNCHANGED"))
    assert (state.status, state.is_doubtful) == (OrderStatus.EXPIRED, False)


def test_what_is_sent_again_waits_for_its_answer_anew() -> None:
    assert after(DOUBT, OrderResent(time=NOW, order_id=ID)).status is OrderStatus.PENDING_SUBMIT


@pytest.mark.parametrize("known", [says("SUBMITTED"), says("CANCELLED"), fills(4)])
def test_only_what_is_in_doubt_is_sent_again(known: OrderEvent) -> None:
    state = after(known)
    assert apply(state, OrderResent(time=NOW, order_id=ID)) == state


def second(status: str) -> ReportReceived:
    report = OrderReport(time=NOW, broker_order_id="b-2", order_ref=None, status=ReportedStatus(status), working=True)
    return ReportReceived(time=NOW, order_id=ID, report=report)


def test_an_order_that_became_two_ends_with_the_last_of_them() -> None:
    one = after(says("SUBMITTED"), second("SUBMITTED"), says("CANCELLED"))
    assert (one.status, one.incarnations) == (OrderStatus.SUBMITTED, ("b-2",))
    assert apply(one, second("CANCELLED")).status is OrderStatus.CANCELLED


def raises_to(quantity: int) -> ModifyRequested:
    return ModifyRequested(time=NOW, order_id=ID, changes={"quantity": str(quantity)})


REFUSED = ReportReceived(
    time=NOW, order_id=ID, report=ModifyRefusedReport(time=NOW, broker_order_id="b-1", reason="too late")
)
RAISING = (says("SUBMITTED"), raises_to(15), fills(10))


def test_fills_of_the_old_quantity_do_not_fill_an_order_that_is_being_raised() -> None:
    state = after(*RAISING)
    assert (state.status, state.anomalies) == (OrderStatus.PARTIALLY_FILLED, frozenset())


def test_more_than_the_old_quantity_says_that_it_was_raised() -> None:
    state = after(*RAISING, fills(2, "e-2"))
    assert (state.status, state.terms.quantity, state.pending_modify) == (OrderStatus.PARTIALLY_FILLED, D(15), None)


@pytest.mark.parametrize(
    "answer",
    [REFUSED, RequestUnsent(time=NOW, order_id=ID, subject=Subject.MODIFY, reason="?"), says("FILLED"), expires()],
)
def test_an_order_that_was_not_raised_after_all_is_filled(answer: OrderEvent) -> None:
    assert after(*RAISING, answer).status is OrderStatus.FILLED


@pytest.mark.parametrize("ending", ["CANCELLED", "EXPIRED"])
def test_a_second_broker_order_that_works_when_the_first_has_ended_brings_the_order_back(ending: str) -> None:
    state = after(says("SUBMITTED"), says(ending), second("SUBMITTED"))
    assert (state.status, state.incarnations) == (OrderStatus.SUBMITTED, ("b-2",))
    assert {Anomaly.RESURRECTED, Anomaly.TWO_BROKER_ORDERS} <= state.anomalies


def test_terms_that_were_told_before_a_change_do_not_undo_it() -> None:
    def shows(quantity: int, seconds: int) -> ReportReceived:
        terms = OrderTerms(quantity=D(quantity))
        report = OrderReport(
            time=NOW + timedelta(seconds=seconds),
            broker_order_id="b-1",
            status=ReportedStatus.SUBMITTED,
            terms=terms,
        )
        return ReportReceived(time=report.time, order_id=ID, report=report)

    state = after(shows(10, 1), raises_to(15), shows(15, 3), shows(10, 2))
    assert (state.terms.quantity, state.anomalies) == (D(15), frozenset())

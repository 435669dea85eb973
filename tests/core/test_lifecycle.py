"""What becomes of an order, fact by fact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

import pytest

from v6core.contracts import Combo, ComboLeg, Contract, Option, Stock
from v6core.events import (
    AbsenceProved,
    CancelRequested,
    DoubtRaised,
    ModifyRequested,
    OrderEvent,
    OrderIntended,
    OrderWasDenied,
    ReportReceived,
    RequestUnsent,
    Subject,
)
from v6core.fills import Commission, Fill
from v6core.lifecycle import OrderState, apply, fold
from v6core.orders import Anomaly, Order, OrderStatus, Pending, TimeInForce
from v6core.reports import (
    CancelRefusedReport,
    CommissionReport,
    FillCorrectionReport,
    FillReport,
    LinkReport,
    LinkState,
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    Report,
    ReportedStatus,
)

S, A = OrderStatus, Anomaly
NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
REF = "v6-testing2-aaaaaaaaaaaaaaaaaaaaaaaaaa"
GOOG = Stock("GOOG")
CALL = Option("GOOG", "2026-12-18", 750, "CALL")
PUT = Option("GOOG", "2026-12-18", 700, "PUT")
LIMIT = Order.limit("BUY", 10, "101.50", contract=GOOG, order_ref=REF)
BUY_SPREAD = Order.limit(
    "BUY", 2, "-1.00", order_ref=REF, contract=Combo("GOOG", [ComboLeg(CALL), ComboLeg(PUT, "SELL", 2)])
)
COVERED_CALL = Order.market(
    "BUY", 1, order_ref=REF, contract=Combo("GOOG", [ComboLeg(GOOG, "BUY", 100), ComboLeg(CALL, "SELL")])
)
ACCEPTED, HELD, CANCELLED = ReportedStatus.SUBMITTED, ReportedStatus.INACTIVE, ReportedStatus.CANCELLED


def sent(order: Order = LIMIT) -> OrderState:
    return apply(None, OrderIntended(time=NOW, order_id=order.order_id, order=order))


def after(state: OrderState, *happened: Report | type[OrderEvent], **fields: Any) -> OrderState:
    """Return the state after reports, or after events of these types with these fields."""
    for one in happened:
        given: dict[str, Any] = {"time": NOW, "order_id": state.terms.order_id}
        state = apply(state, one(**given, **fields) if isinstance(one, type) else ReportReceived(**given, report=one))
    return state


def says(status: ReportedStatus, **fields: Any) -> OrderReport:
    return OrderReport(time=NOW, order_ref=REF, status=status, **fields)


def fill(execution_id: str, quantity: int, price: str = "100", **fields: Any) -> FillReport:
    return FillReport(time=NOW, order_ref=REF, fill=execution(execution_id, quantity, price, **fields))


def execution(execution_id: str, quantity: int, price: str = "100", **fields: Any) -> Fill:
    given = {"contract": GOOG, "action": "BUY", "time": NOW, **fields}
    return Fill.model_validate({"execution_id": execution_id, "quantity": quantity, "price": price, **given})


def correction(replaces: str, by: Fill | None = None) -> FillCorrectionReport:
    return FillCorrectionReport(time=NOW, order_ref=REF, replaces=replaces, fill=by)


def charge(execution_id: str, amount: str) -> CommissionReport:
    return CommissionReport(time=NOW, commission=Commission(execution_id=execution_id, amount=Decimal(amount)))


def leg(execution_id: str, contract: Contract, action: str, quantity: int, price: str) -> FillReport:
    return fill(execution_id, quantity, price, contract=contract, action=action)


def facts(*values: object) -> tuple[object, ...]:
    """Several facts at once: a status, and what stands beside it."""
    return values


NO = RejectionReport(time=NOW, order_ref=REF, code="201", reason="no margin")
CANCEL_REFUSED = CancelRefusedReport(time=NOW, order_ref=REF, reason="too late")
MODIFY_REFUSED = ModifyRefusedReport(time=NOW, order_ref=REF, reason="price")


# The first event


def test_an_intent_makes_it_pending() -> None:
    order = sent().order
    assert facts(order.status, order.submitted_at, order.remaining_quantity) == (S.PENDING_SUBMIT, NOW, 10)


def test_a_denial_ends_it_with_its_reason() -> None:
    event = OrderWasDenied(time=NOW, order_id=LIMIT.order_id, order=LIMIT, code="MAX_CONTRACTS", reason="60 above 50")
    order = apply(None, event).order
    assert facts(order.status, order.reason, order.remaining_quantity) == (S.DENIED, "MAX_CONTRACTS: 60 above 50", 0)


def test_only_a_binding_event_comes_first() -> None:
    with pytest.raises(ValueError, match="must bind it, not be CANCEL_REQUESTED"):
        apply(None, CancelRequested(time=NOW, order_id=LIMIT.order_id))


def test_an_order_is_bound_once() -> None:
    with pytest.raises(ValueError, match="is bound already"):
        apply(sent(), OrderIntended(time=NOW, order_id=LIMIT.order_id, order=LIMIT))


def test_an_event_carries_the_order_that_it_is_about() -> None:
    with pytest.raises(ValueError, match="carries order"):
        OrderIntended(time=NOW, order_id=UUID(int=1), order=LIMIT)


def test_a_report_about_no_order_is_refused() -> None:
    with pytest.raises(TypeError, match="LinkReport is about no order"):
        after(sent(), LinkReport(time=NOW, state=LinkState.UP))


def test_no_events_have_no_state() -> None:
    with pytest.raises(ValueError, match="without events"):
        fold([])


# Fills


def test_a_part_then_the_rest_fill_it_at_the_weighted_average() -> None:
    part = after(sent(), fill("a", 4, "100"))
    assert facts(part.order.status, part.order.remaining_quantity) == (S.PARTIALLY_FILLED, 6)
    order = after(part, fill("b", 6, "101")).order
    assert facts(order.status, order.avg_fill_price, order.filled_at) == (S.FILLED, Decimal("100.6"), NOW)


def test_it_was_filled_when_its_latest_fill_was_made() -> None:
    later = fill("a", 4, time=NOW + timedelta(seconds=9))
    assert after(sent(), later, fill("b", 6)).order.filled_at == NOW + timedelta(seconds=9)


def test_a_duplicate_changes_nothing() -> None:
    once = after(sent(), says(ACCEPTED), fill("a", 4))
    assert after(once, fill("a", 4), says(ACCEPTED)) == once


def test_more_than_ordered_counts_and_is_flagged() -> None:
    order = after(sent(), fill("a", 11)).order
    assert facts(order.status, order.filled_quantity, order.anomalies) == (S.FILLED, 11, (A.OVERFILL,))


def test_sums_depend_neither_on_the_order_nor_on_the_callers_decimal_context() -> None:
    fills = [fill("a", 3, "100.0123"), fill("b", 3, "0.0000000001"), fill("c", 3, "9999999999999")]
    exact = after(sent(), *fills)
    with localcontext(prec=3):
        assert after(sent(), *fills).totals == after(sent(), *fills[::-1]).totals == exact.totals


def test_a_correction_replaces() -> None:
    order = after(sent(), fill("a", 4, "100"), correction("a", execution("a.1", 5, "99"))).order
    assert facts(order.filled_quantity, order.avg_fill_price, order.anomalies) == (5, 99, ())


def test_a_correction_may_come_before_its_original() -> None:
    early = after(sent(), correction("a", execution("a.1", 5, "99")))
    assert (early.status, after(early, fill("a", 4)).totals) == (S.PARTIALLY_FILLED, early.totals)


def test_a_correction_may_come_after_its_own_execution() -> None:
    order = after(sent(), fill("a", 4), fill("a.1", 5), correction("a", execution("a.1", 5))).order
    assert order.filled_quantity == 5


def test_a_second_correction_of_the_same_execution_replaces_the_first() -> None:
    state = after(sent(), fill("a", 4), correction("a", execution("a.1", 5)), correction("a", execution("a.2", 6)))
    assert list(state.ledger.live) == ["a.2"]
    assert after(state, correction("a", execution("a.1", 5)), fill("a.1", 5)) == state


def test_a_bust_takes_back_what_a_correction_put_in_place() -> None:
    state = after(sent(), fill("a", 4), correction("a", execution("a.1", 5)), correction("a"))
    assert facts(state.status, state.totals.quantity) == (S.SUBMITTED, 0)
    assert after(state, correction("a", execution("a.1", 5))) == state


def test_a_correction_needs_an_id_of_its_own() -> None:
    with pytest.raises(ValueError, match="execution_id of its own"):
        correction("a", execution("a", 5))


def test_a_bust_of_the_only_fill_leaves_it_submitted() -> None:
    order = after(sent(), fill("a", 4), correction("a")).order
    assert facts(order.status, order.filled_quantity, order.avg_fill_price) == (S.SUBMITTED, 0, None)


def test_a_bust_before_its_fill_proves_that_the_broker_has_the_order() -> None:
    state = after(sent(), correction("a"), fill("a", 10))
    assert facts(state.status, state.totals.quantity) == (S.SUBMITTED, 0)


def test_a_bust_of_a_filled_order_puts_it_in_doubt() -> None:
    order = after(sent(), fill("a", 4), fill("b", 6), correction("b")).order
    assert facts(order.status, order.filled_quantity, order.anomalies) == (S.IN_DOUBT, 4, (A.FILL_BUSTED,))


def test_a_second_bust_does_not_settle_the_doubt_of_the_first() -> None:
    state = after(sent(), fill("a", 3), fill("b", 3), fill("c", 4), correction("c"), correction("b"))
    assert facts(state.status, state.totals.quantity) == (S.IN_DOUBT, 3)
    assert after(state, correction("a")).status is S.IN_DOUBT


def test_a_corrected_price_of_a_filled_order_leaves_it_filled() -> None:
    order = after(sent(), fill("a", 10), correction("a", execution("a.1", 10, "99"))).order
    assert facts(order.status, order.avg_fill_price, order.anomalies) == (S.FILLED, 99, ())


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (says(CANCELLED), S.CANCELLED),
        (says(ReportedStatus.EXPIRED), S.EXPIRED),
        (NO, S.REJECTED),
    ],
)
def test_a_late_fill_counts_the_end_stands_and_it_is_flagged(end: Report, status: OrderStatus) -> None:
    part = after(sent(), end, fill("a", 4))
    assert facts(part.order.status, part.order.filled_quantity, part.order.remaining_quantity) == (status, 4, 0)
    assert A.LATE_FILL in part.anomalies
    assert after(part, fill("b", 6)).status is S.FILLED


def test_a_rejection_keeps_fills_and_is_flagged_in_either_order() -> None:
    one, other = after(sent(), fill("a", 4), NO), after(sent(), NO, fill("a", 4))
    assert one.order.status is other.order.status is S.REJECTED
    assert one.order.filled_quantity == other.order.filled_quantity == 4
    assert one.anomalies == other.anomalies - {A.LATE_FILL} == {A.REJECTED_WITH_FILLS}


def test_a_rejection_says_why() -> None:
    assert after(sent(), NO).order.reason == "201: no margin"


def test_a_foreign_fill_is_flagged_and_not_counted() -> None:
    foreign: list[dict[str, Any]] = [{"contract": Stock("SPY")}, {"action": "SELL"}]
    for fields in foreign:
        order = after(sent(), fill("a", 4, **fields)).order
        assert facts(order.status, order.filled_quantity, order.anomalies) == (S.PENDING_SUBMIT, 0, (A.FOREIGN_FILL,))


def test_a_fill_in_another_account_is_foreign() -> None:
    state = after(sent(LIMIT.replace(account="DU1")), fill("a", 4, account="DU2"))
    assert facts(state.totals.quantity, state.anomalies) == (0, {A.FOREIGN_FILL})


def test_nothing_that_is_said_of_a_denied_order_counts() -> None:
    denied = apply(None, OrderWasDenied(time=NOW, order_id=LIMIT.order_id, order=LIMIT, code="X", reason="x"))
    order = after(denied, says(ACCEPTED, broker_order_id="7"), fill("a", 4)).order
    assert facts(order.status, order.filled_quantity, order.broker_order_id) == (S.DENIED, 0, None)
    assert order.anomalies == (A.UNSENT_REPORT,)


# Commissions


@pytest.mark.parametrize("early", [True, False])
def test_a_commission_counts_before_its_fill_as_after_it(early: bool) -> None:
    both: list[Report] = [charge("a", "1.25"), fill("a", 4)]
    order = after(sent(), *(both if early else both[::-1])).order
    assert order.commission == Decimal("1.25")


def test_a_commission_told_twice_counts_once_and_a_later_figure_replaces() -> None:
    state = after(sent(), fill("a", 4, commission="1"), charge("a", "1.25"), charge("a", "1.25"))
    assert state.order.commission == Decimal("1.25")
    assert after(state, charge("a", "1.10")).order.commission == Decimal("1.10")


def test_a_commission_that_a_repeated_fill_brings_is_kept() -> None:
    state = after(sent(), fill("a", 4), fill("a", 4, commission="0.7"))
    assert facts(state.order.commission, state.order.filled_quantity) == (Decimal("0.7"), 4)


def test_what_a_replaced_execution_cost_does_not_count() -> None:
    by = execution("a.1", 4, commission="2")
    assert after(sent(), fill("a", 4, commission="1"), correction("a", by)).order.commission == 2


def test_a_commission_changes_an_ended_order_without_a_flag() -> None:
    order = after(sent(), fill("a", 10), charge("a", "1")).order
    assert facts(order.status, order.commission, order.anomalies) == (S.FILLED, 1, ())


def test_fills_are_named_as_the_orders_and_carry_their_commission() -> None:
    (found,) = after(sent(), fill("a", 4), charge("a", "1")).fills
    assert facts(found.order_id, found.commission) == (LIMIT.order_id, 1)


# Combos


def test_a_combo_fills_when_all_its_legs_have_at_the_net_per_unit() -> None:
    half = after(sent(BUY_SPREAD), leg("c", CALL, "BUY", 2, "5.00"))
    assert facts(half.order.status, half.order.filled_quantity) == (S.SUBMITTED, 0)
    one = after(half, leg("p1", PUT, "SELL", 2, "3.00"))
    assert facts(one.order.status, one.order.filled_quantity) == (S.PARTIALLY_FILLED, 1)
    whole = after(one, leg("p2", PUT, "SELL", 2, "3.50")).order
    assert facts(whole.status, whole.filled_quantity, whole.avg_fill_price) == (S.FILLED, 2, Decimal("-1.50"))


def test_a_sold_combo_takes_the_other_side_of_each_leg() -> None:
    order = BUY_SPREAD.replace(action="SELL", quantity=1)
    done = after(sent(order), leg("c", CALL, "SELL", 1, "5"), leg("p", PUT, "BUY", 2, "3")).order
    assert facts(done.status, done.avg_fill_price) == (S.FILLED, -1)
    assert after(sent(order), leg("c", CALL, "BUY", 1, "5")).anomalies == {A.FOREIGN_FILL}


def test_shares_beside_options_are_priced_per_share() -> None:
    order = after(sent(COVERED_CALL), leg("s", GOOG, "BUY", 100, "750"), leg("c", CALL, "SELL", 1, "12.5")).order
    assert facts(order.status, order.filled_quantity, order.avg_fill_price) == (S.FILLED, 1, Decimal("737.5"))


def test_a_leg_alone_proves_that_the_broker_has_the_order() -> None:
    lost = after(sent(COVERED_CALL), AbsenceProved, evidence="two snapshots")
    found = after(lost, leg("c", CALL, "SELL", 1, "12.5")).order
    assert facts(found.status, found.working, found.anomalies) == (S.SUBMITTED, True, (A.RESURRECTED,))


def test_a_combo_rejected_with_a_leg_filled_is_flagged() -> None:
    state = after(sent(COVERED_CALL), leg("c", CALL, "SELL", 1, "12.5"), NO)
    assert facts(state.status, state.anomalies) == (S.REJECTED, {A.REJECTED_WITH_FILLS})


def test_a_leg_beyond_the_ratio_is_an_overfill() -> None:
    state = after(sent(COVERED_CALL), leg("c", CALL, "SELL", 2, "12.5"))
    assert facts(state.status, state.anomalies) == (S.SUBMITTED, {A.OVERFILL})


# What the broker says


def test_a_claim_of_filled_awaits_the_fills() -> None:
    claimed = after(sent(), says(ReportedStatus.FILLED, filled_quantity=Decimal(10)))
    assert facts(claimed.status, claimed.awaits_fills) == (S.SUBMITTED, True)
    done = after(claimed, fill("a", 10))
    assert facts(done.status, done.awaits_fills) == (S.FILLED, False)


def test_a_claim_of_filled_at_the_former_terms_settles_what_a_busted_fill_made_of_a_change() -> None:
    asked = after(after(sent(), says(ACCEPTED)), ModifyRequested, changes={"quantity": "11"})
    taken_back = after(asked, fill("a", 1), fill("b", 10), correction("a"))
    assert facts(taken_back.status, taken_back.terms.quantity) == (S.IN_DOUBT, 11)
    told = says(ReportedStatus.FILLED, filled_quantity=Decimal(10), terms=OrderTerms(quantity=Decimal(10)))
    done = after(taken_back, told)
    assert facts(done.status, done.terms.quantity, done.totals.quantity) == (S.FILLED, 10, 10)


def test_working_is_what_the_broker_says_or_a_fill_proves() -> None:
    held = after(sent(), says(ACCEPTED))
    assert not held.order.working
    assert after(held, says(ACCEPTED, working=True)).order.working
    assert after(held, fill("a", 4)).order.working
    assert not after(held, says(ACCEPTED, working=True), says(HELD)).order.working
    assert not after(held, says(ACCEPTED, working=True), says(CANCELLED)).order.working


def test_a_held_order_is_revived_by_a_status_and_not_by_a_fill() -> None:
    held = after(sent(), says(ACCEPTED), says(HELD), fill("a", 4))
    assert facts(held.status, held.totals.quantity) == (S.INACTIVE, 4)
    assert after(held, says(ACCEPTED)).status is S.PARTIALLY_FILLED


def test_an_unknown_word_changes_nothing_and_is_flagged() -> None:
    before = after(sent(), says(ACCEPTED, working=True))
    strange = says(ReportedStatus.UNKNOWN, word="Perplexed", terms=OrderTerms(quantity=Decimal(4)), reason="?")
    assert after(before, strange) == before._replace(anomalies=frozenset({A.UNKNOWN_STATUS}))
    assert after(before, says(CANCELLED), strange).anomalies == {A.UNKNOWN_STATUS}


def test_a_stale_status_does_not_regress() -> None:
    assert after(sent(), fill("a", 4), says(ACCEPTED)).status is S.PARTIALLY_FILLED
    assert after(sent(), says(CANCELLED), says(ACCEPTED, working=True)).status is S.CANCELLED


def test_terms_that_were_not_asked_for_are_adopted_and_flagged() -> None:
    order = after(sent(), says(ACCEPTED, terms=OrderTerms(limit_price=Decimal("101.45")))).order
    assert facts(order.limit_price, order.anomalies) == (Decimal("101.45"), (A.TERMS_CHANGED,))


@pytest.mark.parametrize("group", [{"oca_group": "exits"}, {"parent_order_id": UUID(int=7)}])
def test_what_a_group_takes_off_the_quantity_is_adopted_without_a_flag(group: dict[str, Any]) -> None:
    member = LIMIT.replace(**group)
    order = after(sent(member), says(ACCEPTED, terms=OrderTerms(quantity=Decimal(6)))).order
    assert facts(order.quantity, order.remaining_quantity, order.anomalies) == (6, 6, ())


@pytest.mark.parametrize(
    "terms", [OrderTerms(quantity=Decimal(12)), OrderTerms(quantity=Decimal(6), limit_price=Decimal(100))]
)
def test_a_group_excuses_nothing_but_a_smaller_quantity(terms: OrderTerms) -> None:
    order = after(sent(LIMIT.replace(oca_group="exits")), says(ACCEPTED, terms=terms)).order
    assert facts(order.quantity, order.anomalies) == (terms.quantity, (A.TERMS_CHANGED,))


def test_a_smaller_quantity_of_an_order_by_itself_is_flagged() -> None:
    order = after(sent(), says(ACCEPTED, terms=OrderTerms(quantity=Decimal(6)))).order
    assert facts(order.quantity, order.anomalies) == (6, (A.TERMS_CHANGED,))


def test_the_limit_that_a_market_to_limit_order_has_become_is_neither_adopted_nor_flagged() -> None:
    terms = {"action": "BUY", "quantity": 10, "order_type": "MARKET_TO_LIMIT"}
    turning = Order.model_validate({**terms, "contract": GOOG, "order_ref": REF})
    shown = OrderTerms(order_type=turning.order_type, limit_price=Decimal(100), tif=turning.tif)
    order = after(sent(turning), fill("a", 4), says(ACCEPTED, terms=shown)).order
    assert facts(order.status, order.limit_price, order.anomalies) == (S.PARTIALLY_FILLED, None, ())


def test_terms_that_no_order_can_have_are_flagged_and_not_adopted() -> None:
    order = after(sent(), says(ACCEPTED, terms=OrderTerms(stop_price=Decimal(90)))).order
    assert facts(order.status, order.stop_price, order.anomalies) == (S.SUBMITTED, None, (A.TERMS_CHANGED,))


def test_an_order_that_was_cancelled_is_not_shrunk_to_filled() -> None:
    state = after(sent(), fill("a", 4), says(CANCELLED, terms=OrderTerms(quantity=Decimal(4))))
    assert facts(state.status, state.terms.quantity) == (S.CANCELLED, 10)


# Broker ids


def test_two_broker_orders_under_one_reference_are_flagged_and_the_fills_of_both_count() -> None:
    state = after(sent(), says(ACCEPTED, broker_order_id="7"), says(ACCEPTED, broker_order_id="8"))
    both = after(state, fill("a", 4), fill("b", 5))
    assert facts(both.anomalies, both.totals.quantity) == ({A.TWO_BROKER_ORDERS}, 9)


def test_a_broker_may_replace_an_order_by_one_of_another_id() -> None:
    state = after(sent(), says(ACCEPTED, broker_order_id="7"), says(ACCEPTED, broker_order_id="8", replaces="7"))
    assert facts(state.order.broker_order_id, state.anomalies) == ("8", frozenset())


def test_how_a_replaced_broker_order_ended_is_not_how_the_order_stands() -> None:
    replaced = after(sent(), says(ACCEPTED, broker_order_id="8", replaces="7"))
    state = after(replaced, says(CANCELLED, broker_order_id="7"))
    assert facts(state.status, state.anomalies, state.order.broker_order_id) == (S.SUBMITTED, frozenset(), "8")


def test_a_fill_of_the_replacement_may_come_before_the_word_of_it() -> None:
    asked = after(after(sent(), says(ACCEPTED, broker_order_id="7")), ModifyRequested, changes={"limit_price": "102"})
    state = after(asked, fill("a", 4).model_copy(update={"broker_order_id": "8"}))
    assert facts(state.anomalies, state.totals.quantity) == (frozenset(), 4)


@pytest.mark.parametrize(
    ("word", "is_second"),
    [
        (says(ACCEPTED, broker_order_id="8", replaces="7"), False),
        (says(CANCELLED, broker_order_id="7"), False),
        (says(ACCEPTED, broker_order_id="8"), True),
        (says(ACCEPTED, broker_order_id="7"), True),
    ],
    ids=["it replaces the first", "the first has ended", "it replaces none", "the first still works"],
)
def test_the_brokers_word_tells_a_replacement_that_filled_from_a_second_order(
    word: OrderReport, is_second: bool
) -> None:
    asked = after(after(sent(), says(ACCEPTED, broker_order_id="7")), ModifyRequested, changes={"limit_price": "102"})
    filled = after(asked, fill("a", 4).model_copy(update={"broker_order_id": "8"}))
    assert (A.TWO_BROKER_ORDERS in after(filled, word).anomalies) is is_second


# Cancels and modifies


def test_a_refused_cancel_restores() -> None:
    before = after(sent(), says(ACCEPTED))
    asked = after(before, CancelRequested)
    assert facts(asked.order.status, asked.order.pending_cancel) == (S.SUBMITTED, Pending.SENT)
    assert after(asked, CANCEL_REFUSED) == before


def test_the_end_clears_what_is_under_way() -> None:
    asked = after(after(sent(), CancelRequested), ModifyRequested, changes={"quantity": "12"})
    order = after(asked, says(CANCELLED)).order
    assert facts(order.status, order.pending_cancel, order.pending_modify) == (S.CANCELLED, None, None)


def test_a_request_about_an_ended_order_leaves_no_mark() -> None:
    ended = after(sent(), says(CANCELLED))
    assert after(ended, CancelRequested) == ended
    assert after(ended, ModifyRequested, changes={"quantity": "12"}) == ended


def test_a_modify_is_confirmed_by_the_terms_that_the_broker_shows() -> None:
    asked = after(after(sent(), says(ACCEPTED)), ModifyRequested, changes={"limit_price": "102", "quantity": "12"})
    assert facts(asked.order.limit_price, asked.order.pending_modify) == (Decimal("101.50"), Pending.SENT)
    stale = after(asked, says(ACCEPTED, terms=OrderTerms(limit_price=Decimal("101.5"), quantity=Decimal(10))))
    assert stale.order.pending_modify is Pending.SENT
    order = after(stale, says(ACCEPTED, terms=OrderTerms(limit_price=Decimal(102), quantity=Decimal(12)))).order
    assert facts(order.limit_price, order.quantity, order.pending_modify, order.anomalies) == (102, 12, None, ())


def test_a_modify_may_take_a_term_away() -> None:
    until = LIMIT.replace(tif="GTD", good_till=NOW + timedelta(days=1))
    asked = after(sent(until), ModifyRequested, changes={"tif": "DAY", "good_till": None})
    order = after(asked, says(ACCEPTED, terms=OrderTerms(tif=TimeInForce.DAY))).order
    assert facts(order.tif, order.good_till, order.pending_modify, order.anomalies) == ("DAY", None, None, ())


def test_an_amount_that_trails_may_become_a_percentage() -> None:
    trail = Order.trailing_stop("SELL", 10, "1.50", contract=GOOG, order_ref=REF)
    asked = after(sent(trail), ModifyRequested, changes={"trail_amount": None, "trail_percent": "2"})
    order = after(asked, says(ACCEPTED, terms=OrderTerms(trail_percent=Decimal(2)))).order
    assert facts(order.trail_amount, order.trail_percent, order.anomalies) == (None, 2, ())


def test_a_refused_modify_leaves_the_terms() -> None:
    before = after(sent(), says(ACCEPTED))
    refused = after(after(before, ModifyRequested, changes={"quantity": "12"}), MODIFY_REFUSED)
    assert refused == before._replace(unchanged="the broker refused: price")


@pytest.mark.parametrize("subject", [Subject.CANCEL, Subject.MODIFY])
def test_an_unsent_request_leaves_no_mark(subject: Subject) -> None:
    asked = after(after(sent(), CancelRequested), ModifyRequested, changes={"quantity": "12"})
    order = after(asked, RequestUnsent, subject=subject, reason="no link").order
    assert facts(order.pending_cancel is None, order.pending_modify is None) == (
        subject is Subject.CANCEL,
        subject is Subject.MODIFY,
    )


def test_an_unanswered_request_is_in_doubt_and_the_order_is_not() -> None:
    asked = after(after(sent(), says(ACCEPTED), CancelRequested), ModifyRequested, changes={"quantity": "12"})
    doubted = after(asked, DoubtRaised, subject=Subject.CANCEL, reason="no answer")
    order = after(doubted, DoubtRaised, subject=Subject.MODIFY, reason="no answer").order
    assert facts(order.status, order.pending_cancel, order.pending_modify) == (S.SUBMITTED, "IN_DOUBT", "IN_DOUBT")


def test_a_modify_down_to_what_is_filled_completes_it() -> None:
    asked = after(after(sent(), fill("a", 5)), ModifyRequested, changes={"quantity": "5"})
    order = after(asked, says(ReportedStatus.PARTIALLY_FILLED, terms=OrderTerms(quantity=Decimal(5)))).order
    assert facts(order.status, order.quantity, order.anomalies) == (S.FILLED, 5, ())


def test_an_impossible_change_fails_when_it_is_asked_for() -> None:
    with pytest.raises(ValueError, match="takes no stop_price"):
        after(sent(), ModifyRequested, changes={"stop_price": "5"})
    with pytest.raises(ValueError, match="symbol cannot be modified"):
        ModifyRequested(time=NOW, order_id=LIMIT.order_id, changes={"symbol": "SPY"})
    with pytest.raises(ValueError, match="quantity must be positive"):
        ModifyRequested(time=NOW, order_id=LIMIT.order_id, changes={"quantity": -1})


# Doubt and absence


def test_doubt_is_left_by_evidence() -> None:
    doubted = after(sent(), DoubtRaised, reason="no answer in 5 s")
    assert facts(doubted.order.status, doubted.order.reason) == (S.IN_DOUBT, "no answer in 5 s")
    assert after(doubted, says(ACCEPTED)).status is S.SUBMITTED
    assert after(doubted, fill("a", 10)).status is S.FILLED


def test_a_proof_of_absence_makes_it_lost() -> None:
    order = after(after(sent(), DoubtRaised, reason="?"), AbsenceProved, evidence="two snapshots").order
    assert facts(order.status, order.reason, order.remaining_quantity) == (S.LOST, "two snapshots", 0)


@pytest.mark.parametrize("shown", [says(ACCEPTED, broker_order_id="7"), fill("a", 4), correction("a")])
def test_what_was_shown_once_cannot_be_proved_absent(shown: Report) -> None:
    doubted = after(after(sent(), shown), DoubtRaised, reason="link lost")
    assert after(doubted, AbsenceProved, evidence="two snapshots") == doubted


def test_evidence_of_a_lost_order_is_taken_in_whole() -> None:
    lost = after(sent(), AbsenceProved, evidence="two snapshots")
    found = after(lost, says(ACCEPTED, working=True, reason="here it is"))
    assert facts(found.order.status, found.order.working, found.order.reason) == (S.SUBMITTED, True, "here it is")
    assert found.anomalies == {A.RESURRECTED}
    assert after(found, says(ACCEPTED, working=True, reason="here it is")) == found

"""The laws of the order state machine, as functions of the machine: the real one and broken ones run through them.

Numbers in docstrings are those of the reliability requirements (I1 and on). Each law takes ``apply`` and what was
drawn, and fails by an AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from v6core.contracts import Combo
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
    event_from_json,
    event_to_json,
)
from v6core.fills import Fill
from v6core.lifecycle import OrderState
from v6core.orders import Anomaly, Order, OrderStatus
from v6core.reports import (
    CancelRefusedReport,
    CommissionReport,
    FillCorrectionReport,
    FillReport,
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    ReportedStatus,
)
from v6core.testing.strategies import START, History, histories, interleavings, reported

Machine = Callable[[OrderState | None, OrderEvent], OrderState]
Events = Sequence[OrderEvent]
S = OrderStatus
TRADES = FillReport | FillCorrectionReport
ENDED = {S.FILLED, S.CANCELLED, S.EXPIRED, S.REJECTED}

# Written down a second time, by hand, from the requirements: what a status may become, whatever happens.
ENDS = {S.FILLED, S.CANCELLED, S.EXPIRED, S.REJECTED}
HELD = {S.SUBMITTED, S.PARTIALLY_FILLED, S.INACTIVE}
ALLOWED = {
    S.CREATED: {S.PENDING_SUBMIT, S.DENIED},
    S.DENIED: set[OrderStatus](),
    S.PENDING_SUBMIT: HELD | ENDS | {S.IN_DOUBT, S.LOST},
    S.IN_DOUBT: HELD | ENDS | {S.LOST},
    S.SUBMITTED: HELD | ENDS | {S.IN_DOUBT},
    S.PARTIALLY_FILLED: HELD | ENDS | {S.IN_DOUBT},
    S.INACTIVE: HELD | ENDS | {S.IN_DOUBT},
    S.LOST: HELD | ENDS | {S.IN_DOUBT},
    S.FILLED: {S.IN_DOUBT},
    S.CANCELLED: {S.FILLED},
    S.EXPIRED: {S.FILLED},
    S.REJECTED: {S.FILLED},
}


@st.composite
def arrivals(
    draw: st.DrawFn, order: st.SearchStrategy[Order] | None = None, *, corrected: bool = True
) -> tuple[OrderEvent, ...]:
    """One history in one order of arrival."""
    return draw(interleavings(draw(histories(order, corrected=corrected))))


@st.composite
def two_arrivals(
    draw: st.DrawFn, order: st.SearchStrategy[Order] | None = None, *, corrected: bool
) -> tuple[tuple[OrderEvent, ...], tuple[OrderEvent, ...]]:
    """One history arriving twice; the two streams interleave in another way, and the trades come shuffled."""
    history = draw(histories(order, corrected=corrected))
    shuffled = replace(history, trades=tuple(draw(st.permutations(history.trades))))
    return draw(interleavings(history)), draw(interleavings(shuffled))


def run(apply: Machine, events: Iterable[OrderEvent], state: OrderState | None = None) -> list[OrderState]:
    """Return the state after each event."""
    states: list[OrderState] = []
    for event in events:
        state = apply(state, event)
        states.append(state)
    return states


def last(apply: Machine, events: Iterable[OrderEvent], state: OrderState | None = None) -> OrderState:
    return run(apply, events, state)[-1]


def seen(state: OrderState) -> str:
    """What users see of an order, byte for byte."""
    return state.order.model_dump_json()


def report_of(event: OrderEvent) -> object:
    return event.report if isinstance(event, ReportReceived) else None


def live_fills(events: Events) -> dict[str, Fill]:
    """The fills that count, reckoned without the ledger: all that were told, less all that were replaced."""
    told: dict[str, Fill] = {}
    replaced: set[str] = set()
    for event in events:
        report = report_of(event)
        if isinstance(report, FillCorrectionReport):
            replaced.add(report.replaces)
        if isinstance(report, TRADES) and report.fill is not None:
            told.setdefault(report.fill.execution_id, report.fill)
    return {execution: fill for execution, fill in told.items() if execution not in replaced}


def reckoned(order: Order, fills: Iterable[Fill]) -> tuple[Fraction, Fraction | None]:
    """Filled quantity and average of fills, in fractions, so that nothing is rounded."""
    assert order.contract is not None
    contract = order.contract
    fills = list(fills)
    if not isinstance(contract, Combo):
        return _weighted(fills)
    legs = [(leg, *_weighted([fill for fill in fills if fill.contract == leg.contract])) for leg in contract.legs]
    units = min(quantity // leg.ratio for leg, quantity, _ in legs)
    if not units:
        return Fraction(0), None
    net = sum(leg.signed_ratio * Fraction(leg.contract.multiplier) * (mean or 0) for leg, _, mean in legs)
    return Fraction(units), net / Fraction(contract.multiplier)


def _weighted(fills: list[Fill]) -> tuple[Fraction, Fraction | None]:
    quantity = sum((Fraction(fill.quantity) for fill in fills), Fraction(0))
    value = sum((Fraction(fill.quantity) * Fraction(fill.price) for fill in fills), Fraction(0))
    return quantity, value / quantity if quantity else None


def near(number: Decimal | None, exact: Fraction | None) -> bool:
    if number is None or exact is None:
        return number is None and exact is None
    return abs(Fraction(number) - exact) < Fraction(1, 10**18)


def quantities_add_up(apply: Machine, events: Events) -> None:
    """I1 to I4, I6, I9, I10: what is filled is the sum of the live fills; with what is left it is the quantity."""
    for count, state in enumerate(run(apply, events), 1):
        order = state.order
        filled, _ = reckoned(order, live_fills(events[:count]).values())
        assert order.filled_quantity == filled >= 0
        assert order.filled_quantity <= order.quantity or Anomaly.OVERFILL in order.anomalies
        assert order.remaining_quantity == (0 if order.status.is_terminal else order.quantity - order.filled_quantity)
        assert (order.status is S.FILLED) == (order.filled_quantity >= order.quantity)
        assert (order.avg_fill_price is None) == (order.filled_quantity == 0)


def what_users_see_is_valid(apply: Machine, events: Events) -> None:
    """An order's view is put together without being validated, and is what validating it would give."""
    for state in run(apply, events):
        again = Order.model_validate({name: getattr(state.order, name) for name in state.order.model_fields_set})
        assert again.model_dump_json(exclude_none=True) == state.order.model_dump_json(exclude_none=True)


def the_average_is_weighted(apply: Machine, events: Events) -> None:
    """I8: the average is that of the live fills weighted by quantity, and lies between their prices."""
    order = last(apply, events).order
    live = list(live_fills(events).values())
    assert near(order.avg_fill_price, reckoned(order, live)[1])
    if order.avg_fill_price is not None and not isinstance(order.contract, Combo):
        assert min(fill.price for fill in live) <= order.avg_fill_price <= max(fill.price for fill in live)


def what_is_filled_falls_by_corrections_alone(apply: Machine, events: Events) -> None:
    """I5."""
    states = run(apply, events)
    for (before, after), event in zip(pairwise(states), events[1:], strict=True):
        if after.totals.quantity < before.totals.quantity:
            assert isinstance(report_of(event), FillCorrectionReport)


def commissions_count_once(apply: Machine, events: Events) -> None:
    """I47: each live execution costs what was told of it last, or else what it came with."""
    live = live_fills(events)
    told = {fill.execution_id: fill.commission or Decimal(0) for fill in live.values()}
    for event in events:
        report = report_of(event)
        if isinstance(report, CommissionReport) and report.commission.execution_id in live:
            told[report.commission.execution_id] = report.commission.amount
    assert last(apply, events).order.commission == sum(told.values())


def statuses_move_as_written(apply: Machine, events: Events) -> None:
    """I12, I15: no move but those of the requirements, and never back from what the broker has shown."""
    for before, after in pairwise(run(apply, events)):
        assert after.status is before.status or after.status in ALLOWED[before.status]
        if before.status in HELD and not before.ledger.live:
            assert after.status is not S.PENDING_SUBMIT


def ends_absorb_words(apply: Machine, events: Events) -> None:
    """I13: once ended, an order is changed by fills and corrections alone, and is flagged when they come."""
    states = run(apply, events)
    for (before, after), event in zip(pairwise(states), events[1:], strict=True):
        if before.status in ENDED and after.status is not before.status:
            assert isinstance(report_of(event), TRADES)
            assert after.anomalies & {Anomaly.LATE_FILL, Anomaly.FILL_BUSTED}
        if before.status in ENDED and not isinstance(report_of(event), TRADES):
            assert after.order.filled_quantity == before.order.filled_quantity


def rejected_with_fills_is_flagged(apply: Machine, events: Events) -> None:
    """I18: fills are kept, and nobody takes such an order for one that did nothing."""
    for state in run(apply, events):
        if state.status is S.REJECTED and state.ledger.live:
            assert Anomaly.REJECTED_WITH_FILLS in state.anomalies


def repeating_changes_nothing(apply: Machine, events: Events) -> None:
    """I22: every event twice is as once; and what was traded may be told again at any later time."""
    state: OrderState | None = None
    for event in events:
        once = apply(state, event)
        if not isinstance(event, OrderIntended):
            assert apply(once, event) == once
        state = once
    assert state is not None
    trades = [event for event in events if isinstance(report_of(event), TRADES)]
    assert last(apply, [*trades, *reversed(trades)], state) == state if trades else True


def fills_commute(apply: Machine, intent: OrderEvent, fills: Events, shuffled: Events) -> None:
    """I23: the order in which fills come leaves no mark."""
    one, other = last(apply, [intent, *fills]), last(apply, [intent, *shuffled])
    assert seen(one) == seen(other)
    assert sorted(one.fills, key=lambda fill: fill.execution_id) == sorted(
        other.fills, key=lambda fill: fill.execution_id
    )


def streams_commute(apply: Machine, one: Events, other: Events) -> None:
    """I24: standing and trades may interleave as they like. That a fill came late is the one thing that may differ."""
    late = {Anomaly.LATE_FILL}

    def settled(events: Events) -> Order:
        order = last(apply, events).order
        return order.replace(anomalies=tuple(set(order.anomalies) - late), reason=None)

    assert settled(one).model_dump_json() == settled(other).model_dump_json()


def trades_settle_the_fills(apply: Machine, one: Events, other: Events) -> None:
    """I24, with corrections: whatever the order of arrival, the same fills count at the same average and cost."""
    first, second = last(apply, one), last(apply, other)
    assert first.totals == second.totals
    assert first.ledger.live.keys() == second.ledger.live.keys()
    assert first.ledger.commission == second.ledger.commission


def replay_gives_the_same(apply: Machine, events: Events, cut: int) -> None:
    """I25, I26, I27: through JSON and back, whole or from any point on, byte for byte."""
    live = last(apply, events)
    texts = [event_to_json(event) for event in events]
    read = [_read(text) for text in texts]
    assert read == list(events)
    assert [event_to_json(event) for event in read] == texts
    replayed = last(apply, read)
    assert replayed == live
    assert seen(replayed) == seen(live)
    assert last(apply, read[cut:], last(apply, read[:cut])) == live


def _read(text: str) -> OrderEvent:
    event = event_from_json(text)
    assert isinstance(event, OrderEvent)
    return event


def denied_orders_stay_as_they_are(apply: Machine, history: History) -> None:
    """I14: nothing was sent, so nothing that is said of it counts."""
    order = history.order
    denied = apply(None, OrderWasDenied(time=START, order_id=order.order_id, order=order, code="LIMIT", reason="big"))
    for state in run(apply, [*history.standing, *history.trades], denied):
        assert state.status is S.DENIED
        assert (state.totals, state.ledger, state.broker_order_ids) == (
            denied.totals,
            denied.ledger,
            denied.broker_order_ids,
        )


def refused_requests_leave_no_mark(apply: Machine, events: Events, answer: str) -> None:
    """I16: a cancel or modify that is refused, unsent or unanswered leaves status, terms and fills as they were."""
    before = last(apply, events)
    order_id, ref = before.terms.order_id, before.terms.order_ref
    change = ModifyRequested(time=START, order_id=order_id, changes={"quantity": before.terms.quantity + 1})
    asked = last(apply, [CancelRequested(time=START, order_id=order_id), change], before)
    answers: dict[str, list[OrderEvent]] = {
        "refused": [
            reported(before.terms, CancelRefusedReport(time=START, order_ref=ref, reason="too late")),
            reported(before.terms, ModifyRefusedReport(time=START, order_ref=ref, reason="too late")),
        ],
        "unsent": [
            RequestUnsent(time=START, order_id=order_id, subject=Subject.CANCEL, reason="no link"),
            RequestUnsent(time=START, order_id=order_id, subject=Subject.MODIFY, reason="no link"),
        ],
        "unanswered": [
            DoubtRaised(time=START, order_id=order_id, subject=Subject.CANCEL, reason="no answer"),
            DoubtRaised(time=START, order_id=order_id, subject=Subject.MODIFY, reason="no answer"),
        ],
    }
    after = last(apply, answers[answer], asked)
    assert (after.status, after.terms, after.totals) == (before.status, before.terms, before.totals)
    if answer != "unanswered":
        assert seen(after) == seen(before)


def ends_clear_overlays(apply: Machine, events: Events) -> None:
    """An order that has ended has nothing under way."""
    intent, *rest = events
    order_id = intent.order_id
    asked: list[OrderEvent] = [intent, CancelRequested(time=START, order_id=order_id)]
    asked.append(ModifyRequested(time=START, order_id=order_id, changes={"quantity": "1000"}))
    for state in run(apply, [*asked, *rest]):
        if state.status.is_terminal:
            assert state.pending_cancel is None
            assert state.pending_modify is None


def only_confirmed_changes_count(apply: Machine, events: Events, confirmed: int) -> None:
    """I11: the quantity in force is the last confirmed one, never below what is filled without a flag."""
    before = last(apply, events)
    terms = before.terms
    asked = apply(before, ModifyRequested(time=START, order_id=terms.order_id, changes={"quantity": confirmed}))
    assert asked.terms == terms
    answer = OrderReport(
        time=START,
        order_ref=terms.order_ref,
        status=ReportedStatus.SUBMITTED,
        terms=OrderTerms(quantity=Decimal(confirmed)),
    )
    order = apply(asked, reported(terms, answer)).order
    assert order.quantity == (terms.quantity if before.status in ENDED else confirmed)
    assert order.filled_quantity <= order.quantity or Anomaly.OVERFILL in order.anomalies
    assert (order.status is S.FILLED) == (order.filled_quantity >= order.quantity)


def doubt_is_left_by_evidence_alone(apply: Machine, events: Events) -> None:
    """I17: doubt, and requests about the order, prove nothing; a report or a proof does."""
    before = last(apply, events)
    order_id = before.terms.order_id
    doubted = apply(before, DoubtRaised(time=START, order_id=order_id, reason="link lost"))
    assert doubted.status is (before.status if before.status.is_terminal else S.IN_DOUBT)
    cancel = CancelRequested(time=START, order_id=order_id)
    assert apply(doubted, cancel).status is doubted.status
    absent = apply(doubted, AbsenceProved(time=START, order_id=order_id, evidence="two snapshots"))
    shown = bool(before.broker_order_ids or before.ledger.live or before.ledger.replaced)
    assert absent.status is (doubted.status if shown or doubted.status.is_terminal else S.LOST)


def what_was_lost_comes_back(apply: Machine, history: History) -> None:
    """I13's exception: any evidence after the proof of absence wins, and is flagged."""
    order_id = history.order.order_id
    lost = last(apply, [history.intent, AbsenceProved(time=START, order_id=order_id, evidence="two snapshots")])
    assert lost.status is S.LOST
    for event in (*history.standing, *history.trades):
        if isinstance(report_of(event), CommissionReport):
            continue
        found = apply(lost, event)
        assert found.status is not S.LOST
        assert Anomaly.RESURRECTED in found.anomalies


def strange_words_change_nothing(apply: Machine, events: Events) -> None:
    """I31: a word that nobody knows leaves a flag and nothing else, whatever comes with it."""
    before = last(apply, events)
    strange = OrderReport(
        time=START,
        order_ref=before.terms.order_ref,
        status=ReportedStatus.UNKNOWN,
        word="Perplexed",
        working=not before.reported_working,
        reason="who knows",
        terms=OrderTerms(quantity=Decimal(999_999)),
    )
    after = apply(before, reported(before.terms, strange))
    assert after.anomalies == before.anomalies | {Anomaly.UNKNOWN_STATUS}
    assert after._replace(anomalies=before.anomalies) == before


OF_ONE_ARRIVAL: tuple[Callable[[Machine, Events], None], ...] = (
    quantities_add_up,
    what_users_see_is_valid,
    the_average_is_weighted,
    what_is_filled_falls_by_corrections_alone,
    commissions_count_once,
    statuses_move_as_written,
    ends_absorb_words,
    rejected_with_fills_is_flagged,
    repeating_changes_nothing,
    ends_clear_overlays,
    doubt_is_left_by_evidence_alone,
    strange_words_change_nothing,
)

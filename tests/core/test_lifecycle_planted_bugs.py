"""Broken state machines and ledgers, each caught by a law: the proof that the laws would notice."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import order_laws as laws
from v6core import lifecycle
from v6core.contracts import Combo, Stock
from v6core.events import ModifyRequested, OrderEvent, ReportReceived
from v6core.fills import Fill
from v6core.lifecycle import TRANSITIONS, EvidenceKind, FillLedger, FillTotals, OrderState, Transition, apply, hearing
from v6core.lifecycle.ledger import total
from v6core.orders import Order, OrderStatus, OrderType
from v6core.reports import CancelRefusedReport, FillReport, ReportedStatus
from v6core.testing import order_strategies as plausible

S, E = OrderStatus, EvidenceKind


@dataclass(frozen=True)
class Sample:
    """A history, one order in which it arrives, and a calm history, which has no corrections."""

    history: plausible.History
    one: laws.Events
    calm: plausible.History

    @property
    def trades_first(self) -> laws.Events:
        return (self.history.intent, *self.history.trades, *self.history.standing)


Plant = Callable[[pytest.MonkeyPatch], laws.Machine]
Check = Callable[[laws.Machine, Sample], None]


@st.composite
def samples_of(draw: st.DrawFn, order: st.SearchStrategy[Order]) -> Sample:
    history = draw(plausible.histories(order))
    return Sample(history, draw(plausible.interleavings(history)), draw(plausible.histories(order, corrected=False)))


@functools.cache
def samples() -> tuple[Sample, ...]:
    """The same samples for every bug, drawn once: one kind of order is enough to show most of them."""
    plain = plausible.orders(st.just(Stock("GOOG")), st.just(OrderType.MARKET))
    combos = plausible.orders(plausible.combos(), st.just(OrderType.MARKET))
    drawn: list[Sample] = []

    @settings(
        deadline=None,
        max_examples=900,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.one_of(samples_of(plain), samples_of(combos)))
    def collect(sample: Sample) -> None:
        drawn.append(sample)

    collect()
    return tuple(drawn)


def is_caught(machine: laws.Machine, check: Check) -> bool:
    try:
        for sample in samples():
            check(machine, sample)
    except (AssertionError, ValueError):  # a view that is no valid order is refused by its own validation
        return True
    return False


def on_arrivals(law: Callable[[laws.Machine, laws.Events], None]) -> Check:
    def check(machine: laws.Machine, sample: Sample) -> None:
        law(machine, sample.one)
        law(machine, sample.trades_first)

    return check


def on_histories(law: Callable[[laws.Machine, plausible.History], None]) -> Check:
    return lambda machine, sample: law(machine, sample.history)


def interleaved(machine: laws.Machine, sample: Sample) -> None:
    calm = sample.calm
    laws.streams_commute(machine, calm.one_after_the_other, (calm.intent, *calm.trades, *calm.standing))


def settled(machine: laws.Machine, sample: Sample) -> None:
    shuffled = [sample.history.intent, *sample.history.standing, *reversed(sample.history.trades)]
    laws.trades_settle_the_fills(machine, sample.one, shuffled)


def confirmed_changes(machine: laws.Machine, sample: Sample) -> None:
    laws.only_confirmed_changes_count(machine, sample.one, 7)


def refused_requests(machine: laws.Machine, sample: Sample) -> None:
    laws.refused_requests_leave_no_mark(machine, sample.one, "refused")


def commuting_fills(machine: laws.Machine, sample: Sample) -> None:
    fills = [event for event in sample.calm.trades if isinstance(laws.report_of(event), FillReport)]
    laws.fills_commute(machine, sample.calm.intent, fills, fills[::-1])


def table_with(rows: dict[tuple[OrderStatus, EvidenceKind], OrderStatus]) -> Plant:
    """Plant other rows into the table, without their flags."""
    broken = MappingProxyType({**TRANSITIONS, **{cell: Transition(status) for cell, status in rows.items()}})
    return lambda _: lambda state, event: apply(state, event, broken)


def patched(target: object, name: str, value: object) -> Plant:
    def plant(monkeypatch: pytest.MonkeyPatch) -> laws.Machine:
        monkeypatch.setattr(target, name, value)
        return apply

    return plant


def afterwards(change: Callable[[OrderState, OrderEvent], OrderState]) -> Plant:
    """Plant something that is done to the state after each event."""
    return lambda _: lambda state, event: change(apply(state, event), event)


def correction_adds(ledger: FillLedger, _replaces: str, fill: Fill | None) -> FillLedger:
    return ledger if fill is None else ledger.add(fill)


def correction_needs_its_original(ledger: FillLedger, replaces: str, fill: Fill | None) -> FillLedger:
    return CORRECT(ledger, replaces, fill) if replaces in ledger.live else ledger


def duplicate_counts(ledger: FillLedger, fill: Fill) -> FillLedger:
    known = fill.execution_id in ledger.live
    return ADD(ledger, fill.replace(execution_id=f"{fill.execution_id}*{len(ledger.live)}") if known else fill)


def commission_twice(ledger: FillLedger) -> Decimal:
    told = sum((one.amount for one in ledger.commissions.values()), Decimal(0))
    return told + sum((fill.commission or Decimal(0) for fill in ledger.live.values()), Decimal(0))


def unweighted(order: Order, ledger: FillLedger) -> FillTotals:
    totals = total(order, ledger)
    if totals.average is None or isinstance(order.contract, Combo):
        return totals
    mean = sum((fill.price for fill in ledger.live.values()), Decimal(0)) / len(ledger.live)
    return FillTotals(totals.quantity, mean, totals.most)


def last_price(order: Order, ledger: FillLedger) -> FillTotals:
    totals = total(order, ledger)
    if totals.average is None:
        return totals
    return FillTotals(totals.quantity, list(ledger.live.values())[-1].price, totals.most)


def legs_count(_order: Order, ledger: FillLedger) -> FillTotals:
    quantity = sum((one.quantity for one in ledger.sums.values()), Decimal(0))
    value = sum((one.value for one in ledger.sums.values()), Decimal(0))
    return FillTotals(quantity, value / quantity if quantity else None, quantity)


def claim_fills(status: ReportedStatus, state: OrderState) -> EvidenceKind:
    return E.FILL_WHOLE if status is ReportedStatus.FILLED else EVIDENCE_OF(status, state)


def strange_is_submitted(status: ReportedStatus, state: OrderState) -> EvidenceKind:
    return E.ACCEPTED if status is ReportedStatus.UNKNOWN else EVIDENCE_OF(status, state)


def overlays_survive(state: OrderState, evidence: EvidenceKind, table: Any) -> OrderState:
    row = table[state.status, evidence]
    return state._replace(status=row.status, anomalies=state.anomalies | row.anomalies)


def drop_fills_of_rejected(state: OrderState, _event: OrderEvent) -> OrderState:
    return state._replace(ledger=FillLedger(), totals=FillTotals()) if state.status is S.REJECTED else state


def adopt_unconfirmed(state: OrderState, event: OrderEvent) -> OrderState:
    return state._replace(terms=state.terms.replace(**event.changes)) if isinstance(event, ModifyRequested) else state


def refusal_revives(state: OrderState, event: OrderEvent) -> OrderState:
    refused = isinstance(event, ReportReceived) and isinstance(event.report, CancelRefusedReport)
    return state._replace(status=S.SUBMITTED) if refused else state


def denied_takes_fills(_monkeypatch: pytest.MonkeyPatch) -> laws.Machine:
    def machine(state: OrderState | None, event: OrderEvent) -> OrderState:
        if state is None or state.status is not S.DENIED or not isinstance(event, ReportReceived):
            return apply(state, event)
        return HEAR(event.report, state)[0]

    return machine


ADD, CORRECT = FillLedger.add, FillLedger.correct
EVIDENCE_OF: Callable[[ReportedStatus, OrderState], EvidenceKind] = vars(hearing)["_evidence_of"]
HEAR: Callable[..., tuple[OrderState, EvidenceKind | None]] = hearing.hear
FILLING = (E.FILL_LEG, E.FILL_PART, E.FILL_WHOLE)

quantities = on_arrivals(laws.quantities_add_up)
moves = on_arrivals(laws.statuses_move_as_written)
absorbs = on_arrivals(laws.ends_absorb_words)
remaining_after_the_end = property(lambda order: max(order.quantity - order.filled_quantity, Decimal(0)))

BUGS: dict[str, tuple[Plant, Check]] = {
    "a correction adds": (patched(FillLedger, "correct", correction_adds), quantities),
    "a correction needs its original": (
        patched(FillLedger, "correct", correction_needs_its_original),
        settled,
    ),
    "a duplicate counts twice": (patched(FillLedger, "add", duplicate_counts), quantities),
    "a stale SUBMITTED revives CANCELLED": (table_with({(S.CANCELLED, E.ACCEPTED): S.SUBMITTED}), moves),
    "a stale CANCELLED ends FILLED": (table_with({(S.FILLED, E.CANCELLED): S.CANCELLED}), absorbs),
    "FILLED on the broker's claim alone": (patched(hearing, "_evidence_of", claim_fills), quantities),
    "an ended order keeps its leaves": (patched(Order, "remaining_quantity", remaining_after_the_end), quantities),
    "overlays survive the end": (patched(lifecycle, "_move", overlays_survive), on_arrivals(laws.ends_clear_overlays)),
    "rejected drops its fills": (afterwards(drop_fills_of_rejected), quantities),
    "rejected with fills goes unflagged": (
        table_with({(status, E.REJECTED_PART): S.REJECTED for status in (S.PENDING_SUBMIT, *laws.HELD)}),
        on_arrivals(laws.rejected_with_fills_is_flagged),
    ),
    "LOST ignores late fills": (
        table_with({(S.LOST, kind): S.LOST for kind in FILLING}),
        on_histories(laws.what_was_lost_comes_back),
    ),
    "a late fill revives CANCELLED": (table_with({(S.CANCELLED, E.FILL_PART): S.PARTIALLY_FILLED}), moves),
    "a whole late fill leaves CANCELLED": (table_with({(S.CANCELLED, E.FILL_WHOLE): S.CANCELLED}), quantities),
    "a bust leaves FILLED": (
        table_with({(S.FILLED, kind): S.FILLED for kind in (E.FILL_CUT, E.FILL_NONE)}),
        quantities,
    ),
    "a fill revives INACTIVE": (
        table_with({(S.INACTIVE, E.FILL_PART): S.PARTIALLY_FILLED}),
        interleaved,
    ),
    "SUBMITTED regresses to PENDING_SUBMIT": (table_with({(S.SUBMITTED, E.ACCEPTED): S.PENDING_SUBMIT}), moves),
    "the average is unweighted": (
        patched(hearing, "total", unweighted),
        on_arrivals(laws.the_average_is_weighted),
    ),
    "the average is the last price": (patched(hearing, "total", last_price), commuting_fills),
    "a commission counts twice": (
        patched(FillLedger, "commission", property(commission_twice)),
        on_arrivals(laws.commissions_count_once),
    ),
    "a combo counts the quantities of its legs": (patched(hearing, "total", legs_count), quantities),
    "a change counts before it is confirmed": (afterwards(adopt_unconfirmed), confirmed_changes),
    "a refused cancel revives": (afterwards(refusal_revives), refused_requests),
    "a strange word means SUBMITTED": (
        patched(hearing, "_evidence_of", strange_is_submitted),
        on_arrivals(laws.strange_words_change_nothing),
    ),
    "absent although it was shown": (
        patched(OrderState, "is_shown", property(lambda _: False)),
        on_arrivals(laws.doubt_is_left_by_evidence_alone),
    ),
    "a denied order takes fills": (denied_takes_fills, on_histories(laws.denied_orders_stay_as_they_are)),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_caught(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, check = BUGS[bug]
    assert is_caught(plant(monkeypatch), check)


@pytest.mark.parametrize("check", {id(check): check for _, check in BUGS.values()}.values())
def test_the_real_machine_is_not_caught(check: Check) -> None:
    assert not is_caught(apply, check)

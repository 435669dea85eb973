"""Designs that are wrong on purpose, each planted into the engine: the simulated worlds must find every one of them.

    python tests/faults/design_bugs.py                 all of them, at most 200 worlds each
    python tests/faults/design_bugs.py naive_resend    one of them

What is printed is the first seed that finds each, and what it says. The exit status is 1 if one is not found.
"""

# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false
# A design is planted where the code is, behind its doors.

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it: helpers are found by their folder

from faults.struck_worlds import struck
from v6core.capabilities import SubmitIdentity
from v6core.engine import doubts, looking, sending
from v6core.engine.dispatch import Dispatch
from v6core.engine.doubts import Doubts
from v6core.engine.inbox import Inbox
from v6core.engine.looking import Looking, Taken
from v6core.engine.record import Record
from v6core.engine.recovery import Recovery
from v6core.engine.scribe import Scribe
from v6core.engine.sending import Orders, Sending
from v6core.errors import NotSent
from v6core.events import AbsenceProved, DoubtRaised, OrderEvent, ReportReceived, Subject
from v6core.fills import Fill
from v6core.lifecycle import TRANSITIONS, EvidenceKind, FillLedger, OrderState, Transition, apply, hearing
from v6core.orders import OrderStatus
from v6core.reconciliation import Reconciliation
from v6core.reports import (
    CancelRefusedReport,
    Evidence,
    FillReport,
    LinkReport,
    LinkState,
    Report,
    ReportedStatus,
)
from v6core.testing.world import Fault, Plan, WorldResult, draw_plan, run_world

MOST_WORLDS = 200
Bug = Callable[[], contextlib.AbstractContextManager[object]]
Planter = Callable[[], Generator[None]]
Worlds = Callable[[int], Plan]
_S, _E = OrderStatus, EvidenceKind
BUGS: dict[str, tuple[Bug, Worlds]] = {}


def bug(plant: Planter) -> Planter:
    """Enter a design into the list, to be looked for in worlds of all kinds."""
    return among(draw_plan)(plant)


def among(worlds: Worlds) -> Callable[[Planter], Planter]:
    """Enter a design into the list, to be looked for in worlds of one kind, because it shows seldom in others."""

    def enter(plant: Planter) -> Planter:
        BUGS[plant.__name__] = contextlib.contextmanager(plant), worlds
        return plant

    return enter


def overnight(seed: int) -> Plan:
    """Return a plan in which the engine dies in the midst of a message, and comes back the next morning."""
    return struck(seed, (Fault.CRASH_AT_SEND, Fault.DAY_CHANGE), 4, loses_ack=0.5)


def queueing(seed: int) -> Plan:
    """Return a plan in which links are cut, and the broker works off what it had got by then much later."""
    return struck(seed, (Fault.CUT, Fault.CUT_WITHIN), 3, late=0.6)


def jumbled(seed: int) -> Plan:
    """Return a plan in which reports overtake one another and fills overtake cancels."""
    return struck(seed, (), delays=0.7, fills_on_cancel=0.8)


# Sending.


@bug
def send_before_the_intent() -> Generator[None]:
    """Send, and make the intent durable afterwards."""
    sound = Dispatch._intend

    async def intend(self: Dispatch, orders: Orders, *rest: Any) -> None:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(5):
                await self._broker.place(orders)
        await sound(self, orders, *rest)

    async def sent_already(self: Sending, orders: Orders) -> None: ...

    with patch.object(Dispatch, "_intend", intend), patch.object(Sending, "send", sent_already):
        yield


@bug
def write_without_waiting() -> Generator[None]:
    """Send as soon as the intent is handed to the journal, durable or not."""

    def later(self: Scribe, events: Any) -> Any:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((events, done))
        if not self._scheduled:
            self._scheduled = True
            loop.call_later(0.5, self._flush)
        return done

    async def sent(self: Dispatch, orders: Orders, purpose: Any, along: Any) -> None:
        writing = asyncio.ensure_future(self._intend(orders, purpose, along))
        try:
            with contextlib.suppress(Exception):
                await self._broker.place(orders)
            await writing
        finally:
            self._gate.release(orders)
            self._placed(orders)

    with patch.object(Scribe, "_enqueue", later), patch.object(Dispatch, "_intend_and_send", sent):
        yield


@bug
def naive_resend() -> Generator[None]:
    """Send again what nobody answered, to whatever broker."""

    def always(state: Any, *_: Any, **__: Any) -> bool:
        return state.status is OrderStatus.IN_DOUBT

    with patch.object(sending, "may_resend", always), patch.object(sending, "_SENT_AGAIN", frozenset(SubmitIdentity)):
        yield


@bug
def resend_at_once_after_a_time_out() -> Generator[None]:
    """Send again until somebody answers."""
    sound = Sending.answered

    async def answered(self: Sending, ids: tuple[UUID, ...]) -> None:
        states = self._record.states

        def settled() -> bool:
            return all(states[i].status is not OrderStatus.PENDING_SUBMIT for i in ids)

        if not await self._scribe.until(settled, *ids, timeout=2):
            await self._hand_over(tuple(states[i].terms for i in ids))
        await sound(self, ids)

    with patch.object(Sending, "answered", answered):
        yield


@bug
def a_failed_send_was_not_sent() -> Generator[None]:
    """Take any exception of a send as proof that no byte left."""

    async def hand_over(self: Sending, orders: Orders) -> None:
        try:
            async with asyncio.timeout(self._deadlines.ack_deadline):
                await self._broker.place(orders)
        except Exception as error:
            raise NotSent(str(error)) from error

    with patch.object(Sending, "_hand_over", hand_over):
        yield


@bug
def a_time_out_is_a_rejection() -> Generator[None]:
    """Call an order lost that nobody answered in time."""

    async def doubt(self: Sending, ids: tuple[UUID, ...], reason: str) -> None:
        now = self._broker.now()
        pending = [i for i in ids if self._record.states[i].status is OrderStatus.PENDING_SUBMIT]
        await self._scribe.write(*(AbsenceProved(time=now, order_id=i, evidence=reason) for i in pending))

    with patch.object(Sending, "_doubt", doubt):
        yield


# Absence.


@bug
def trust_not_found() -> Generator[None]:
    """Call an order lost that the broker does not find when it is asked."""

    async def act(self: Doubts, order_id: UUID, evidence: Evidence) -> None:
        if evidence.is_empty and self._record.states[order_id].status is OrderStatus.IN_DOUBT:
            proof = AbsenceProved(time=self._broker.now(), order_id=order_id, evidence="not found")
            await self._scribe.write(proof)

    with patch.object(Doubts, "_act", act):
        yield


def _proof_by(shown: Callable[[Any, Any], bool]) -> Any:
    def absent(asked: Any, looks: Any, patience: Any, capabilities: Any) -> str | None:
        return "gone" if looks and not shown(asked, looks[-1]) else None

    return absent


@bug
def trust_one_look() -> Generator[None]:
    """Call an order lost that one complete look does not show (no A1, A2, A3)."""
    with patch.object(looking, "absent", _proof_by(lambda asked, look: asked.order_ref in look.shown)):
        yield


@among(queueing)
def no_grace() -> Generator[None]:
    """Take silence as proof before the broker can have worked off its queue (no A3)."""
    with patch("v6core.reconciliation.absence._told", lambda run, patience, what: what if len(run) >= 2 else None):
        yield


@bug
def the_same_connection_will_do() -> Generator[None]:
    """Take silence as proof through the connection that the order was sent through (no A1)."""

    def always(self: Doubts, order_id: UUID) -> bool:
        return True

    def first(self: Record, order_id: UUID, subject: Subject = Subject.ORDER) -> int:
        return -1

    with patch.object(Record, "sent_through", first), patch.object(Doubts, "_can_be_proved", always), _too_soon():
        yield


@among(overnight)
def any_window_will_do() -> Generator[None]:
    """Take silence as proof in lists that begin after the order was sent (no A4)."""
    with patch("v6core.reconciliation.Look.covers", lambda self, moment: True):
        yield


@bug
def proof_across_a_cut() -> Generator[None]:
    """Let a link that was cut while the lists came prove all the same that an order is absent."""

    async def take(self: Looking) -> Taken:
        taken = await sound(self)
        for state in taken.doubtful:
            known = self._record.states[state.terms.order_id]
            if known.status is OrderStatus.IN_DOUBT and not known.is_shown:
                shown = {row.order_ref for row in (*taken.snapshot.open_orders, *taken.snapshot.completed_orders)}
                if known.terms.order_ref not in shown:
                    now = self._broker.now()
                    await self._scribe.write(
                        AbsenceProved(time=now, order_id=known.terms.order_id, evidence="not in the lists")
                    )
        return taken

    sound = Looking.take
    with patch.object(Looking, "take", take):
        yield


# Coming back.


@bug
def forget_to_reconcile() -> Generator[None]:
    """Be ready as soon as the link is back, without asking what happened meanwhile."""
    sound = Recovery._on_link

    def on_link(self: Recovery, report: LinkReport) -> None:
        if report.state is LinkState.UP and self._started:
            self.link = report.state
            self._record.connection += 1
            self._ready.set()
        else:
            sound(self, report)

    with patch.object(Recovery, "_on_link", on_link):
        yield


@bug
def drop_fills_learnt_late() -> Generator[None]:
    """Take from a snapshot how orders stand, and not what filled."""
    sound = Looking._events_of

    def events_of(self: Looking, evidence: Iterable[Report]) -> Any:
        return sound(self, [report for report in evidence if not isinstance(report, FillReport)])

    def reports_in(evidence: Evidence, **_: object) -> tuple[Report, ...]:
        return (*evidence.rejections, *evidence.orders)

    with patch.object(Looking, "_events_of", events_of), patch.object(doubts, "reports_in", reports_in):
        yield


@bug
def let_a_snapshot_pass_unread() -> Generator[None]:
    """Ask for the broker's lists, and make nothing of them."""
    with (
        patch.object(looking, "reconcile", lambda *_, **__: Reconciliation()),
        patch.object(doubts, "reports_in", lambda _, **__: ()),
    ):
        yield


@bug
def forget_what_was_on_its_way() -> Generator[None]:
    """Doubt nothing after a restart or a lost link."""

    def none(self: Recovery, reason: str) -> tuple[DoubtRaised, ...]:
        return ()

    with patch.object(Recovery, "_doubts_of_unanswered", none):
        yield


@bug
def what_was_on_its_way_was_lost() -> Generator[None]:
    """After a restart, call lost whatever had no answer yet."""

    def lost(self: Recovery, reason: str) -> Any:
        now, states = self._broker.now(), tuple(self._record.open.values())
        pending = [state.terms.order_id for state in states if state.status is OrderStatus.PENDING_SUBMIT]
        return tuple(AbsenceProved(time=now, order_id=i, evidence=reason) for i in pending)

    with patch.object(Recovery, "_doubts_of_unanswered", lost):
        yield


@bug
def never_ask() -> Generator[None]:
    """Leave a doubt to whatever the broker says by itself."""

    async def nothing(self: Doubts) -> None: ...

    with patch.object(Doubts, "run", nothing):
        yield


# What the broker says.


def _apply_with(change: dict[tuple[OrderStatus, EvidenceKind], Transition]) -> Any:
    def changed(state: OrderState | None, event: OrderEvent) -> OrderState:
        return apply(state, event, {**TRANSITIONS, **change})

    return patch("v6core.engine.record.apply", changed)


@bug
def a_stale_word_revives() -> Generator[None]:
    """Believe the last status that comes, also after the order's end."""
    ended = (_S.CANCELLED, _S.EXPIRED, _S.FILLED)
    with _apply_with({(status, _E.ACCEPTED): Transition(_S.SUBMITTED) for status in ended}):
        yield


@among(jumbled)
def a_late_fill_is_dropped() -> Generator[None]:
    """Count no fill that comes after the order's end."""
    sound = hearing.hear.dispatch(FillReport)

    def hear(report: FillReport, state: Any) -> Any:
        return (state, None) if state.status.is_terminal else sound(report, state)

    hearing.hear.register(FillReport, hear)
    try:
        yield
    finally:
        hearing.hear.register(FillReport, sound)


@bug
def a_lost_order_stays_lost() -> Generator[None]:
    """Hear nothing of an order that was called lost; and call lost too soon, so that there is something to hear."""
    kinds = set(_E) - {_E.INTENT, _E.DENIAL}
    with _apply_with({(_S.LOST, kind): Transition(_S.LOST) for kind in kinds}), _too_soon():
        yield


@contextlib.contextmanager
def _too_soon() -> Generator[None]:
    with patch("v6core.reconciliation.absence._told", lambda run, patience, what: what if run else None):
        yield


@bug
def add_a_correction() -> Generator[None]:
    """Count a corrected execution beside the one that it replaces."""

    def correct(self: FillLedger, _replaces: str, fill: Fill | None) -> FillLedger:
        return self if fill is None else self.add(fill)

    with patch.object(FillLedger, "correct", correct):
        yield


@bug
def count_a_repeated_execution_again() -> Generator[None]:
    """Count whatever execution comes, known or not."""
    sound = FillLedger.add

    def add(self: FillLedger, fill: Fill) -> FillLedger:
        while fill.execution_id in self.live:
            fill = fill.replace(execution_id=f"{fill.execution_id}+")
        return sound(self, fill)

    with patch.object(FillLedger, "add", add):
        yield


@bug
def a_claim_to_be_filled_ends_the_order() -> Generator[None]:
    """End an order at the word FILLED, without its fills."""
    sound = hearing._evidence_of

    def evidence_of(status: ReportedStatus, state: Any) -> EvidenceKind:
        return _E.CANCELLED if status is ReportedStatus.FILLED else sound(status, state)

    with patch.object(hearing, "_evidence_of", evidence_of):
        yield


@bug
def a_refused_cancel_ends_the_order() -> Generator[None]:
    """Take 'cannot be cancelled' for cancelled."""
    sound = hearing.hear.dispatch(CancelRefusedReport)

    def hear(report: CancelRefusedReport, state: Any) -> Any:
        return sound(report, state)[0], _E.CANCELLED

    hearing.hear.register(CancelRefusedReport, hear)
    try:
        yield
    finally:
        hearing.hear.register(CancelRefusedReport, sound)


@bug
def an_unanswered_modify_took_effect() -> Generator[None]:
    """Adopt the terms of a modify as soon as it is sent."""
    sound = Record.work_out

    def work_out(self: Record, events: Any, *rest: Any) -> Any:
        changes = sound(self, events, *rest)
        return [
            change
            if change.state is None or not change.state.pending_modify or change.state.status.is_terminal
            else type(change)(
                change.event, change.state._replace(terms=change.state.terms.replace(**change.state.requested))
            )
            for change in changes
        ]

    with patch.object(Record, "work_out", work_out):
        yield


@bug
def broker_ids_before_references() -> Generator[None]:
    """Tell whose report it is by the broker's id, also where it carries our reference."""
    sound = Record.named_by

    def named(self: Record, report: Report) -> UUID | None:
        broker_id = getattr(report, "broker_order_id", None)
        known = self._by_broker_id.get(broker_id) if broker_id is not None else None
        return known if known is not None else sound(self, report)

    keep = Record.know_as

    def know_as(self: Record, broker_order_id: str | None, order_id: UUID) -> None:
        if broker_order_id is None or broker_order_id not in self._by_broker_id:
            keep(self, broker_order_id, order_id)

    with patch.object(Record, "named_by", named), patch.object(Record, "know_as", know_as):
        yield


@bug
def leave_what_is_unknown_to_its_reference() -> Generator[None]:
    """Take an order of ours that the journal does not know for somebody else's, and trade on."""
    with patch.object(Record, "is_ahead_of_journal", lambda self, report: False), _lose_intents():
        yield


@contextlib.contextmanager
def _lose_intents() -> Generator[None]:
    """Let a restart begin with a journal that misses its last rows."""
    sound = Record.replay

    def replay(self: Record, events: Any, *rest: Any) -> None:
        sound(self, list(events)[:-3], *rest)

    with patch.object(Record, "replay", replay):
        yield


@bug
def replay_without_doubts() -> Generator[None]:
    """Let a restart forget what was in doubt."""
    sound = Record.replay

    def replay(self: Record, events: Any, *rest: Any) -> None:
        sound(self, (event for event in events if not isinstance(event, DoubtRaised)), *rest)

    with patch.object(Record, "replay", replay):
        yield


@bug
def drop_a_report_in_ten() -> Generator[None]:
    """Lose a report now and then between the plugin and the journal."""
    sound = Inbox.events_of
    counted = iter(range(10**9))

    def events_of(self: Inbox, report: Report, record: Record) -> Any:
        events = sound(self, report, record)
        fill = any(isinstance(e, ReportReceived) and isinstance(e.report, FillReport) for e in events)
        return () if fill and next(counted) % 10 == 9 else events

    with patch.object(Inbox, "events_of", events_of), patch.object(Looking, "_events_of", lambda self, evidence: []):
        yield


def found_by(name: str, most: int = MOST_WORLDS) -> WorldResult | None:
    """Return the first world that finds a planted design, or None."""
    plant, worlds = BUGS[name]
    for seed in range(most):
        try:
            result = run_world(seed, plan=worlds(seed), engine_patch=plant)
        except Exception as error:  # noqa: BLE001 -- a world that breaks down has found it, too
            told = (f"the world broke down: {type(error).__name__}: {error}",)
            return WorldResult(seed, "", 0, Counter(), Counter(), told, 0.0)
        if result.violations:
            return result
    return None


def main() -> int:
    """Search for each of them and print by what it was found."""
    parser = argparse.ArgumentParser(description="plant wrong designs into the engine")
    parser.add_argument("names", nargs="*", help="which; all of them by default")
    parser.add_argument("--worlds", type=int, default=MOST_WORLDS, help="how many worlds may be searched for each")
    arguments = parser.parse_args()
    began, missed = time.monotonic(), 0
    names = arguments.names or list(BUGS)
    for name in names:
        result = found_by(name, arguments.worlds)
        missed += result is None
        told = "NOT FOUND" if result is None else f"seed {result.seed:3}: {result.violations[0][:110]}"
        print(f"{name:42} {told}", flush=True)
    print(f"planted {len(names)}, found {len(names) - missed}, in {time.monotonic() - began:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())

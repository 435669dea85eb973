"""Whole worlds: sound on every seed that is tried, the same each time, and able to tell when the engine is not sound.

The thorough profile is ``python tests/faults/simulated_runs.py --seeds 100000``.
"""

# pyright: reportPrivateUsage=false
# A bug is planted where the code is, behind its doors.

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any
from uuid import UUID

import pytest

from faults.struck_worlds import struck
from v6core.capabilities import SubmitIdentity
from v6core.engine.dispatch import Dispatch
from v6core.engine.record import Record
from v6core.engine.recovery import Recovery
from v6core.engine.sending import Sending
from v6core.events import AbsenceProved, OrderEvent
from v6core.fills import Fill
from v6core.lifecycle import FillLedger, OrderState
from v6core.orders import Order, OrderStatus
from v6core.reconciliation import Asked, Look, Reconciliation, reconcile
from v6core.reports import FillReport, LinkReport, LinkState, Report, Snapshot
from v6core.testing.world import Fault, draw_plan, run_world

Plant = Callable[[pytest.MonkeyPatch], None]
QUICK = 60
SEARCH = 200


def test_no_promise_is_broken_in_any_of_these_worlds() -> None:
    broken = {seed: found for seed in range(QUICK) if (found := run_world(seed).violations)}
    assert not broken, f"tell it all with: python tests/faults/simulated_runs.py --seed {min(broken)} --story"


def test_a_world_is_the_same_each_time() -> None:
    first, second = run_world(3), run_world(3)
    assert first == second
    assert first.trace_hash != run_world(4).trace_hash


def test_worlds_know_every_fault() -> None:
    drawn = {mishap.fault for seed in range(200) for mishap in draw_plan(seed).mishaps}
    assert drawn == set(Fault)


# Rows of the fault matrix, each as some worlds in which that fault alone strikes, at whatever moments.


def kept(*faults: Fault, seeds: int = 6, **behaviour: float) -> Counter[str]:
    """Run worlds with these faults alone; assert that every promise is kept, and return how the orders ended."""
    ended: Counter[str] = Counter()
    for seed in range(1000, 1000 + seeds):
        result = run_world(seed, plan=struck(seed, faults, 2, **behaviour))
        assert not result.violations, f"seed {seed}"
        ended += result.statuses
    return ended


def test_F01_F03_F05_a_crash_at_any_write_of_the_journal_doubles_and_loses_nothing() -> None:
    assert kept(Fault.CRASH_AT_JOURNAL, seeds=10)["LOST"]


def test_F04_F06_a_crash_in_the_midst_of_a_message_doubles_and_loses_nothing() -> None:
    assert kept(Fault.CRASH_AT_SEND, seeds=10)["SUBMITTED"]


def test_F04_a_link_cut_at_any_byte_doubles_and_loses_nothing() -> None:
    kept(Fault.CUT, Fault.CUT_WITHIN, seeds=8, late=0.2)


def test_F07_an_order_that_vanishes_is_lost_and_never_sent_again() -> None:
    assert kept(Fault.CUT, drops_placement=0.5)["LOST"]


def test_F08_F13_cancels_and_modifies_that_vanish_are_settled() -> None:
    kept(Fault.CUT, Fault.CRASH, drops_request=0.5)


def test_F09_F11_fills_that_overtake_cancels_and_acknowledgements_count_once() -> None:
    kept(Fault.CUT, fills_on_cancel=0.7, fills_first=0.7)


def test_F15_a_modify_that_makes_two_orders_is_told_and_both_count() -> None:
    kept(splits_modify=1, seeds=8)


def test_F24_F43_what_fills_behind_a_half_open_link_is_found() -> None:
    kept(Fault.HALF_OPEN, Fault.DEGRADE, Fault.MUTE)


def test_F25_F26_F27_lost_doubled_and_overtaken_reports_change_nothing() -> None:
    kept(Fault.CUT, loses_ack=0.5, repeats=0.5, delays=0.5)


def test_F28_corrections_replace_also_when_they_were_not_heard() -> None:
    kept(Fault.CUT, Fault.CRASH, corrects=0.6)


def test_F29_orders_for_the_day_end_with_it_while_the_engine_is_down_or_up() -> None:
    assert kept(Fault.DAY_CHANGE, Fault.CRASH)["EXPIRED"]


def test_F30_a_wall_clock_that_is_set_decides_nothing() -> None:
    kept(Fault.CLOCK_STEP, Fault.CUT, late=0.2)


def test_F31_ids_that_the_broker_gives_again_are_not_mixed_up() -> None:
    kept(Fault.BROKER_RESTART)


def test_F41_what_is_no_message_loses_nothing() -> None:
    kept(garbles=0.1, overlong=0.05)


# Design bugs, planted: each must be told by some world among the first of them.


def send_before_the_intent_is_durable(patch: pytest.MonkeyPatch) -> None:
    sound = Dispatch._intend

    async def intend(self: Dispatch, orders: tuple[Order, ...], *rest: Any) -> None:
        await self._broker.place(orders)
        await sound(self, orders, *rest)

    async def sent_already(self: Sending, orders: tuple[Order, ...]) -> None: ...

    patch.setattr(Dispatch, "_intend", intend)
    patch.setattr(Sending, "send", sent_already)


def resend_what_is_not_found(patch: pytest.MonkeyPatch) -> None:
    def may_resend(state: OrderState, *_args: Any, **_limits: Any) -> bool:
        return state.status is OrderStatus.IN_DOUBT

    patch.setattr("v6core.engine.sending.may_resend", may_resend)
    patch.setattr("v6core.engine.sending._SENT_AGAIN", frozenset(SubmitIdentity))


def trust_that_one_snapshot_does_not_show_it(patch: pytest.MonkeyPatch) -> None:
    def absent(asked: Asked, looks: Sequence[Look], *_rest: Any) -> str | None:
        return None if asked.order_ref in looks[-1].shown else "the broker does not show it"

    patch.setattr("v6core.engine.looking.absent", absent)


def trust_an_exception_as_not_sent(patch: pytest.MonkeyPatch) -> None:
    async def hand_over(self: Sending, orders: tuple[Order, ...]) -> None:
        try:
            async with asyncio.timeout(5):
                await self._broker.place(orders)
        except Exception as error:  # noqa: BLE001 -- the bug
            now = self._broker.now()
            absent = (AbsenceProved(time=now, order_id=o.order_id, evidence=str(error)) for o in orders)
            await self._scribe.write(*absent)

    patch.setattr(Sending, "_hand_over", hand_over)


def take_silence_for_absence(patch: pytest.MonkeyPatch) -> None:
    async def doubt(self: Sending, ids: tuple[UUID, ...], reason: str) -> None:
        now = self._broker.now()
        unanswered = (i for i in ids if self._record.states[i].status is OrderStatus.PENDING_SUBMIT)
        await self._scribe.write(*(AbsenceProved(time=now, order_id=i, evidence=reason) for i in unanswered))

    patch.setattr(Sending, "_doubt", doubt)


def drop_the_fills_of_a_snapshot(patch: pytest.MonkeyPatch) -> None:
    def forgetful(states: Iterable[OrderState], snapshot: Snapshot, *rest: Any) -> Reconciliation:
        found = reconcile(states, snapshot, *rest)
        kept = tuple(report for report in found.evidence if not isinstance(report, FillReport))
        return dataclasses.replace(found, evidence=kept)

    patch.setattr("v6core.engine.looking.reconcile", forgetful)


def forget_to_reconcile_after_a_reconnect(patch: pytest.MonkeyPatch) -> None:
    sound = Recovery._on_link

    def on_link(self: Recovery, report: LinkReport) -> None:
        if report.state is LinkState.UP and self._started:
            self.link = LinkState.UP
            self._ready.set()
        else:
            sound(self, report)

    patch.setattr(Recovery, "_on_link", on_link)


def go_by_the_brokers_ids_before_the_reference(patch: pytest.MonkeyPatch) -> None:
    sound = Record.named_by

    def named_by(self: Record, report: Report) -> UUID | None:
        broker_id: str | None = getattr(report, "broker_order_id", None)
        known = None if broker_id is None else self._by_broker_id.get(broker_id)
        return known or sound(self, report)

    patch.setattr(Record, "named_by", named_by)


def add_a_correction_to_what_it_replaces(patch: pytest.MonkeyPatch) -> None:
    def correct(self: FillLedger, replaced: str, fill: Fill | None) -> FillLedger:  # noqa: ARG001 -- the bug
        return self if fill is None else self.add(fill)

    patch.setattr(FillLedger, "correct", correct)


def doubt_nothing_after_a_crash(patch: pytest.MonkeyPatch) -> None:
    def none(_self: Recovery, _reason: str) -> tuple[OrderEvent, ...]:
        return ()

    patch.setattr(Recovery, "_doubts_of_unanswered", none)


BUGS: tuple[Plant, ...] = (
    send_before_the_intent_is_durable,
    resend_what_is_not_found,
    trust_that_one_snapshot_does_not_show_it,
    trust_an_exception_as_not_sent,
    take_silence_for_absence,
    drop_the_fills_of_a_snapshot,
    forget_to_reconcile_after_a_reconnect,
    go_by_the_brokers_ids_before_the_reference,
    add_a_correction_to_what_it_replaces,
    doubt_nothing_after_a_crash,
)


def first_told(plant: Plant) -> tuple[int, str] | None:
    """Return the first seed whose world tells that a bug is planted, and what it tells."""

    @contextlib.contextmanager
    def planted() -> Generator[None]:
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            yield

    for seed in range(SEARCH):
        violations = run_world(seed, engine_patch=planted).violations
        if violations:
            return seed, violations[0]
    return None


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_told(plant: Plant) -> None:
    assert first_told(plant) is not None

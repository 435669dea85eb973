"""Bugs of the kind that cost money, planted into the engine: the machine must catch each."""

# pyright: reportPrivateUsage=false
# A bug is planted where the code is, behind its doors.

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from core.engine_machine import EngineMachine
from v6core.engine.dispatch import Dispatch
from v6core.engine.doubts import Doubts
from v6core.engine.gate import Gate, Refusal, _denied
from v6core.engine.holdings import Holdings
from v6core.engine.record import Record
from v6core.engine.recovery import Recovery
from v6core.engine.scribe import Scribe
from v6core.engine.sending import Sending
from v6core.engine.surroundings import Surroundings
from v6core.events import AbsenceProved, DoubtRaised, Event, OrderWasDenied
from v6core.fills import Fill
from v6core.lifecycle import FillLedger, apply
from v6core.orders import Order, OrderStatus
from v6core.reconciliation import Reconciliation
from v6core.reports import Evidence
from v6core.risk import Denial

Plant = Callable[[pytest.MonkeyPatch], None]
SEARCH = settings(
    max_examples=4_000,
    stateful_step_count=20,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=[Phase.generate],
    report_multiple_bugs=False,
    print_blob=False,
)


def send_before_the_journal(patch: pytest.MonkeyPatch) -> None:
    sound = Dispatch._intend

    async def intend(self: Dispatch, orders: tuple[Order, ...], *rest: Any) -> None:
        async with asyncio.timeout(5):
            await self._broker.place(orders)
        await sound(self, orders, *rest)

    async def sent_already(self: Sending, orders: tuple[Order, ...]) -> None: ...

    patch.setattr(Dispatch, "_intend", intend)
    patch.setattr(Sending, "send", sent_already)


def resend_after_a_timeout(patch: pytest.MonkeyPatch) -> None:
    async def answered(self: Sending, ids: tuple[UUID, ...]) -> None:
        def settled() -> bool:
            return all(self._record.states[i].status is not OrderStatus.PENDING_SUBMIT for i in ids)

        for _ in range(3):  # a stopping engine waits for what it sends
            if await self._scribe.until(settled, *ids, timeout=5):
                return
            await self.send(tuple(self._record.states[i].order for i in ids))

    patch.setattr(Sending, "answered", answered)


def trust_an_exception_as_not_sent(patch: pytest.MonkeyPatch) -> None:
    async def send(self: Sending, orders: tuple[Order, ...]) -> None:
        try:
            async with asyncio.timeout(5):
                await self._broker.place(orders)
        except Exception as error:  # noqa: BLE001
            now = self._broker.now()
            absent = (AbsenceProved(time=now, order_id=o.order_id, evidence=str(error)) for o in orders)
            await self._scribe.write(*absent)

    patch.setattr(Sending, "send", send)


def count_a_duplicate_twice(patch: pytest.MonkeyPatch) -> None:
    sound = FillLedger.add

    def add(self: FillLedger, fill: Fill) -> FillLedger:
        while fill.execution_id in self.live:
            fill = fill.replace(execution_id=f"{fill.execution_id}+")
        return sound(self, fill)

    patch.setattr(FillLedger, "add", add)


def keep_a_denial_out_of_the_journal(patch: pytest.MonkeyPatch) -> None:
    async def deny(self: Gate, orders: tuple[Order, ...], refusal: Refusal, *, dry: bool = False) -> None:
        denial: Denial = refusal.denial
        event = OrderWasDenied(
            time=self._broker.now(),
            order_id=orders[0].order_id,
            order=orders[0],
            code=denial.code,
            reason=denial.message,
        )
        raise _denied(refusal, apply(None, event).order)

    patch.setattr(Gate, "deny", deny)


def reserve_nothing(patch: pytest.MonkeyPatch) -> None:
    def reserve(self: Surroundings, order: Order) -> None: ...

    patch.setattr(Surroundings, "reserve", reserve)


def forget_what_was_on_its_way(patch: pytest.MonkeyPatch) -> None:
    def none(self: Recovery, reason: str) -> tuple[DoubtRaised, ...]:
        return ()

    patch.setattr(Recovery, "_doubts_of_unanswered", none)


def tell_before_it_is_durable(patch: pytest.MonkeyPatch) -> None:
    sound = Scribe._append

    def append(self: Scribe, changes: Any) -> Any:
        for change in changes:
            for notify in self._notify[1:]:
                notify(change)
        return sound(self, changes)

    patch.setattr(Scribe, "_append", append)


def change_before_it_is_durable(patch: pytest.MonkeyPatch) -> None:
    async def write(self: Scribe, *events: Event) -> None:
        for change in self._record.work_out(events, {}):
            self._record.absorb(change)
        self._tell([])

    patch.setattr(Scribe, "write", write)


def let_a_snapshot_pass_unread(patch: pytest.MonkeyPatch) -> None:
    def nothing_new(*_: object, **__: object) -> Reconciliation:
        return Reconciliation()

    def no_reports(_: Evidence, **__: object) -> tuple[()]:
        return ()

    patch.setattr("v6core.engine.looking.reconcile", nothing_new)
    patch.setattr("v6core.engine.doubts.reports_in", no_reports)


def never_ask_about_a_doubt(patch: pytest.MonkeyPatch) -> None:
    async def nothing(self: Doubts) -> None: ...

    patch.setattr(Doubts, "run", nothing)
    let_a_snapshot_pass_unread(patch)


def mistake_who_owns_an_execution(patch: pytest.MonkeyPatch) -> None:
    sound = Record.named_by

    def named(self: Record, report: Any) -> UUID | None:
        found = sound(self, report)
        return next(iter(self.states)) if found is not None and getattr(report, "fill", None) else found

    patch.setattr(Record, "named_by", named)


def take_positions_for_those_of_this_moment(patch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> tuple[()]:
        return ()

    patch.setattr(Holdings, "_unlisted", nothing)
    patch.setattr(Holdings, "_listed_before_they_changed", nothing)


PLANTS: tuple[Plant, ...] = (
    send_before_the_journal,
    resend_after_a_timeout,
    trust_an_exception_as_not_sent,
    count_a_duplicate_twice,
    keep_a_denial_out_of_the_journal,
    reserve_nothing,
    forget_what_was_on_its_way,
    tell_before_it_is_durable,
    change_before_it_is_durable,
    let_a_snapshot_pass_unread,
    never_ask_about_a_doubt,
    mistake_who_owns_an_execution,
    take_positions_for_those_of_this_moment,
)


LUCK: dict[Plant, int] = {forget_what_was_on_its_way: 6}
"""Where the search for what shows seldom begins; from elsewhere it takes minutes."""


class Sought(EngineMachine):
    """The machine, to be given a seed."""


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_caught(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    machine, search = (
        (seed(LUCK[plant])(Sought), settings(SEARCH, derandomize=False)) if plant in LUCK else (EngineMachine, SEARCH)
    )
    with pytest.raises((AssertionError, ValueError)):  # a journal that cannot be replayed is refused with ValueError
        run_state_machine_as_test(machine, settings=search)

"""Cases that no plugin can break alone: the engine in front of it is broken, and they find that."""

# pyright: reportPrivateUsage=false
# A fault is planted where the code is, behind its doors.

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from v6_paper_plugin.conformance import PaperDriver
from v6core import standard_checks
from v6core.engine import surroundings
from v6core.engine.record import Record
from v6core.engine.surroundings import Surroundings
from v6core.errors import JournalCorrupt
from v6core.events import OrderEvent, TradingStateChanged
from v6core.journal import SqliteJournal
from v6core.lifecycle import FillLedger
from v6core.orders import Order, OrderStatus
from v6core.plugins.extensions import Observers
from v6core.reports import FillReport, OrderReport, ReportedStatus
from v6core.testing.conformance import CASES, Outcome, run_case

Plant = Callable[[pytest.MonkeyPatch], None]


def take_nothing_of_what_has_ended(patch: pytest.MonkeyPatch) -> None:
    sound = Record.work_out

    def work_out(self: Record, events: Any, *rest: Any) -> Any:
        return sound(self, [event for event in events if not _is_late(self, event)], *rest)

    patch.setattr(Record, "work_out", work_out)


def _is_late(record: Record, event: Any) -> bool:
    state = record.states.get(event.order_id) if isinstance(event, OrderEvent) else None
    fill = isinstance(getattr(event, "report", None), FillReport)
    return fill and state is not None and state.status is OrderStatus.CANCELLED


def count_what_is_said_twice(patch: pytest.MonkeyPatch) -> None:
    sound = FillLedger.add

    def add(self: FillLedger, fill: Any) -> FillLedger:
        while fill.execution_id in self.live:
            fill = fill.replace(execution_id=f"{fill.execution_id}+")
        return sound(self, fill)

    patch.setattr(FillLedger, "add", add)


def overhear_a_strange_word(patch: pytest.MonkeyPatch) -> None:
    sound = Record.work_out

    def work_out(self: Record, events: Any, *rest: Any) -> Any:
        kept = [event for event in events if not _is_strange(event)]
        return sound(self, kept, *rest)

    patch.setattr(Record, "work_out", work_out)


def _is_strange(event: Any) -> bool:
    report = getattr(event, "report", None)
    return isinstance(report, OrderReport) and report.status is ReportedStatus.UNKNOWN


def stop_at_the_first_listener_that_fails(patch: pytest.MonkeyPatch) -> None:
    def notify(self: Observers, event: Any, order: Any) -> tuple[()]:
        with contextlib.suppress(RuntimeError):
            for observer in self._observers:
                observer.hook(event=event, order=order)
        return ()

    patch.setattr(Observers, "notify", notify)


def let_any_quantity_out(patch: pytest.MonkeyPatch) -> None:
    sound = standard_checks.LIMITS
    patch.setattr(standard_checks, "LIMITS", tuple(c for c in sound if c is not standard_checks.order_quantity))


def forget_a_halt_at_the_start(patch: pytest.MonkeyPatch) -> None:
    sound = Record.replay

    def replay(self: Record, events: Any, *rest: Any) -> None:
        sound(self, (event for event in events if not isinstance(event, TradingStateChanged)), *rest)

    patch.setattr(Record, "replay", replay)


def take_all_for_reducing(patch: pytest.MonkeyPatch) -> None:
    def only_reduces(*_: object) -> bool:
        return True

    patch.setattr(surroundings, "only_reduces", only_reduces)


def reserve_nothing(patch: pytest.MonkeyPatch) -> None:
    def reserve(self: Surroundings, order: Order) -> None: ...

    patch.setattr(Surroundings, "reserve", reserve)


def refuse_a_torn_journal(patch: pytest.MonkeyPatch) -> None:
    sound = SqliteJournal.open

    def open_whole(path: Path, **given: Any) -> SqliteJournal:
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size % 8:
            raise JournalCorrupt("the log is torn")
        return sound(path, **given)

    patch.setattr(SqliteJournal, "open", open_whole)


@pytest.mark.parametrize(
    ("case_id", "plant"),
    [
        ("SM-08", take_nothing_of_what_has_ended),
        ("SM-09", count_what_is_said_twice),
        ("SM-10", overhear_a_strange_word),
        ("SM-13", stop_at_the_first_listener_that_fails),
        ("REC-07", refuse_a_torn_journal),
        ("RSK-01", let_any_quantity_out),
        ("RSK-02", forget_a_halt_at_the_start),
        ("RSK-03", take_all_for_reducing),
        ("RSK-04", reserve_nothing),
    ],
)
def test_a_planted_fault_is_found(case_id: str, plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    result = run_case(CASES[case_id], PaperDriver())
    assert (result.outcome, result.about) == (Outcome.FAILED, case_id), f"{result}\n{result.detail}"

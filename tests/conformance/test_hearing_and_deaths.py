from __future__ import annotations

from datetime import UTC, datetime

import pytest

from v6core.errors import JournalError
from v6core.journal import Entry, MemoryJournal
from v6core.reports import LinkReport, LinkState, OrderReport, Report, ReportedStatus
from v6core.testing.conformance.deaths import Death, MortalJournal
from v6core.testing.conformance.hearing import Hearing, last_first_and_twice

NOON = datetime(2026, 12, 1, 17, tzinfo=UTC)
LINK = LinkReport(time=NOON, state=LinkState.UP)
FIRST, SECOND = (OrderReport(time=NOON, order_ref=ref, status=ReportedStatus.SUBMITTED) for ref in ("one", "two"))


def heard() -> tuple[list[Report], Hearing]:
    reports: list[Report] = []
    return reports, Hearing(reports.append)


def test_what_is_not_held_back_is_passed_on() -> None:
    reports, hearing = heard()
    hearing.hold(lambda report: isinstance(report, OrderReport))
    for report in (FIRST, LINK):
        hearing.report(report)
    assert reports == [LINK]


def test_what_was_held_back_is_said_as_it_is_arranged() -> None:
    reports, hearing = heard()
    hearing.hold()
    for report in (FIRST, SECOND):
        hearing.report(report)
    hearing.release(last_first_and_twice)
    assert reports == [SECOND, SECOND, FIRST, FIRST]


def test_nothing_is_held_back_after_a_release() -> None:
    reports, hearing = heard()
    hearing.hold()
    hearing.release()
    hearing.report(FIRST)
    assert reports == [FIRST]


def entry() -> Entry:
    return Entry(kind="TOLD", time=NOON, payload="{}")


@pytest.mark.parametrize(("durable", "rows"), [(False, 1), (True, 2)])
def test_an_engine_dies_before_or_after_a_commit(durable: bool, rows: int) -> None:
    kept = MemoryJournal()
    journal = MortalJournal(kept)
    journal.append([entry()])
    journal.die(Death(1, durable))
    with pytest.raises(JournalError, match="killed"):
        journal.append([entry()])
    assert journal.is_dead
    assert journal.failed
    assert len(list(journal.rows())) == rows


def test_what_is_dead_writes_nothing_more() -> None:
    journal = MortalJournal(MemoryJournal())
    journal.die(Death(1, durable=True))
    for _ in range(2):
        with pytest.raises(JournalError):
            journal.append([entry()])
    assert journal.last_seq == 1


def test_commits_before_the_moment_are_made() -> None:
    journal = MortalJournal(MemoryJournal())
    journal.die(Death(2, durable=False))
    journal.append([entry()])
    assert not journal.is_dead

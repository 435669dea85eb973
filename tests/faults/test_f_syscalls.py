"""A real process, killed or failed at exactly one system call while it places an order; quick profile.

``syscall_faults.py`` is the thorough one: every call of every verb, killed, EIO and ENOSPC.
"""

from __future__ import annotations

import asyncio

import pytest

from faults.syscall_faults import Action, Laboratory, Point, Trial, why_not
from v6core.orders import OrderStatus

# Placing writes the intent into the log and syncs it, sends, and does the same for the answer.
BEFORE_THE_INTENT = Point("place", "pwrite64", 1, Action.KILL)
NO_SPACE_FOR_IT = Point("place", "pwrite64", 1, Action.ENOSPC)
ITS_SYNC_FAILS = Point("place", "fdatasync", 1, Action.EIO)
BEFORE_THE_SEND = Point("place", "sendto", 1, Action.KILL)
THE_SEND_FAILS = Point("place", "sendto", 1, Action.EIO)
BEFORE_THE_ANSWER = Point("place", "fdatasync", 2, Action.KILL)
POINTS = (BEFORE_THE_INTENT, NO_SPACE_FOR_IT, ITS_SYNC_FAILS, BEFORE_THE_SEND, THE_SEND_FAILS, BEFORE_THE_ANSWER)

_missing = why_not()
pytestmark = pytest.mark.skipif(_missing is not None, reason=str(_missing))


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> dict[Point, Trial]:
    async def run() -> dict[Point, Trial]:
        async with Laboratory(tmp_path_factory.mktemp("syscalls")) as laboratory:
            return {point: await laboratory.trial(point) for point in POINTS}

    return asyncio.run(run())


def came_of(trial: Trial) -> tuple[str, int, tuple[OrderStatus, ...]]:
    assert trial.struck
    assert trial.mismatches == []
    return trial.said, trial.arrivals, trial.statuses


def test_F01_killed_before_the_intent_nothing_was_sent_and_nothing_is_remembered(trials: dict[Point, Trial]) -> None:
    assert came_of(trials[BEFORE_THE_INTENT]) == ("nothing", 0, ())


@pytest.mark.parametrize("point", [NO_SPACE_FOR_IT, ITS_SYNC_FAILS])
def test_F02_an_intent_that_cannot_be_written_is_denied_and_not_sent(trials: dict[Point, Trial], point: Point) -> None:
    said, arrivals, statuses = came_of(trials[point])
    assert (said, arrivals) == ("JOURNAL_FAILED", 0)
    assert statuses in {(), (OrderStatus.LOST,)}  # its rows may be there after all, and are proved absent


def test_F03_killed_between_intent_and_send_it_is_proved_lost_and_never_sent(trials: dict[Point, Trial]) -> None:
    assert came_of(trials[BEFORE_THE_SEND]) == ("nothing", 0, (OrderStatus.LOST,))


def test_F04_killed_before_the_answer_is_durable_it_is_adopted_by_its_reference(trials: dict[Point, Trial]) -> None:
    assert came_of(trials[BEFORE_THE_ANSWER]) == ("nothing", 1, (OrderStatus.SUBMITTED,))


def test_F06_a_send_that_fails_leaves_the_order_in_doubt_until_it_is_proved_lost(trials: dict[Point, Trial]) -> None:
    assert came_of(trials[THE_SEND_FAILS]) == ("IN_DOUBT", 0, (OrderStatus.LOST,))

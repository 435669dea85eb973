"""The link to a TWS is cut, or the program killed, at single messages of each verb: the quick profile.

``tws_points.py`` is the thorough one: every message of every verb, cut and killed before it, in its midst and after it.
Each point is named as its option ``--point`` takes it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from faults.tws_points import Trial
from v6core.orders import OrderStatus

SCRIPT = Path(__file__).with_name("tws_points.py")
LONGEST = 180

# A message is lost with the link or with the program, or arrives and its answer does not.
CUT_BEFORE_THE_ORDER = "place:PlaceOrder:1:CUT_BEFORE"
CUT_WITHIN_THE_ORDER = "place:PlaceOrder:1:CUT_HALF"
CUT_AFTER_THE_ORDER = "place:PlaceOrder:1:CUT_AFTER"
KILLED_BEFORE_THE_ORDER = "place:PlaceOrder:1:KILL_BEFORE"
KILLED_AFTER_THE_ORDER = "place:PlaceOrder:1:KILL_AFTER"
FILLED_WHILE_CUT_OFF = "fill:PlaceOrder:1:CUT_LATE"
FILLED_WHILE_DEAD = "fill:PlaceOrder:1:KILL_AFTER"
CUT_WITHIN_THE_EXECUTION = "fill:ExecDetails:1:CUT_HALF"
MODIFY_LOST = "modify:PlaceOrder:1:CUT_BEFORE"
MODIFY_UNANSWERED = "modify:PlaceOrder:1:CUT_AFTER"
KILLED_BEFORE_THE_CANCEL = "cancel:CancelOrder:1:KILL_BEFORE"
CANCEL_UNANSWERED = "cancel:CancelOrder:1:CUT_AFTER"
KILLED_AFTER_THE_ENTRY = "bracket:PlaceOrder:1:KILL_AFTER"
CUT_BETWEEN_THE_EXITS = "bracket:PlaceOrder:3:CUT_BEFORE"
KILLED_AFTER_THE_LAST_EXIT = "filled-bracket:PlaceOrder:3:KILL_AFTER"
KILLED_AFTER_THE_CLOSE = "close:PlaceOrder:1:KILL_AFTER"
KILLED_AFTER_THE_ROLL = "roll:PlaceOrder:1:KILL_AFTER"
KILLED_BETWEEN_THE_STEPS = "split-roll:PlaceOrder:2:KILL_BEFORE"
SOUND = (
    *(CUT_BEFORE_THE_ORDER, CUT_WITHIN_THE_ORDER, CUT_AFTER_THE_ORDER),
    *(KILLED_BEFORE_THE_ORDER, KILLED_AFTER_THE_ORDER),
    *(FILLED_WHILE_CUT_OFF, FILLED_WHILE_DEAD, CUT_WITHIN_THE_EXECUTION),
    *(MODIFY_LOST, MODIFY_UNANSWERED, KILLED_BEFORE_THE_CANCEL, CANCEL_UNANSWERED),
    *(KILLED_AFTER_THE_ENTRY, CUT_BETWEEN_THE_EXITS, KILLED_AFTER_THE_LAST_EXIT),
    *(KILLED_AFTER_THE_CLOSE, KILLED_AFTER_THE_ROLL, KILLED_BETWEEN_THE_STEPS),
)
SENT_AGAIN = f"{CUT_AFTER_THE_ORDER}:sends_again"
TAKEN_FOR_GONE = "fill:PlaceOrder:1:CUT_AFTER:not_open_is_gone"
Trials = dict[str, Trial]


@pytest.fixture(scope="module")
def trials() -> Trials:
    """All of them side by side, since they mostly wait."""
    points = [f"--point={point}" for point in (*SOUND, SENT_AGAIN, TAKEN_FOR_GONE)]
    command = [sys.executable, str(SCRIPT), "--json", "--lanes", "4", *points]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    assert done.stdout, done.stderr
    return {row["point"]: Trial.model_validate(row) for row in json.loads(done.stdout)}


def came_of(trials: Trials, point: str) -> tuple[str, dict[str, int]]:
    """Return what the caller was told and how the orders stand, of a point at which nothing is wrong."""
    came = trials[point]
    assert came.message is not None
    assert came.bad == []
    return came.said, came.statuses


def one(status: OrderStatus) -> dict[str, int]:
    return {status: 1}


@pytest.mark.parametrize("point", SOUND)
def test_wherever_the_wire_breaks_nothing_is_doubled_orphaned_lost_or_wrong(trials: Trials, point: str) -> None:
    came_of(trials, point)


def test_F03_killed_between_intent_and_send_to_a_tws_it_is_proved_lost(trials: Trials) -> None:
    assert came_of(trials, KILLED_BEFORE_THE_ORDER) == ("nothing", one(OrderStatus.LOST))


def test_F04_killed_when_a_tws_has_the_order_it_is_adopted_by_its_reference(trials: Trials) -> None:
    assert came_of(trials, KILLED_AFTER_THE_ORDER) == ("nothing", one(OrderStatus.SUBMITTED))


@pytest.mark.parametrize("point", [CUT_BEFORE_THE_ORDER, CUT_WITHIN_THE_ORDER])
def test_F04_an_order_that_the_link_to_a_tws_took_along_is_proved_lost(trials: Trials, point: str) -> None:
    assert came_of(trials, point) == ("IN_DOUBT", one(OrderStatus.LOST))


def test_F04_an_order_whose_answer_the_link_to_a_tws_took_along_is_found_again(trials: Trials) -> None:
    _, statuses = came_of(trials, CUT_AFTER_THE_ORDER)
    assert statuses == one(OrderStatus.SUBMITTED)


def test_F08_killed_before_a_tws_has_the_cancel_it_is_asked_for_again(trials: Trials) -> None:
    assert came_of(trials, KILLED_BEFORE_THE_CANCEL) == ("nothing", one(OrderStatus.CANCELLED))


@pytest.mark.parametrize("point", [MODIFY_LOST, MODIFY_UNANSWERED])
def test_F13_what_a_tws_shows_settles_a_modify_that_it_did_not_answer(trials: Trials, point: str) -> None:
    _, statuses = came_of(trials, point)
    assert statuses == one(OrderStatus.SUBMITTED)


def test_F16_killed_between_the_legs_of_a_bracket_nothing_of_it_is_left_at_a_tws(trials: Trials) -> None:
    _, statuses = came_of(trials, KILLED_AFTER_THE_ENTRY)
    assert not {OrderStatus.SUBMITTED, OrderStatus.IN_DOUBT} & statuses.keys()


def test_F16_killed_behind_the_last_leg_the_entry_fills_and_its_exits_work(trials: Trials) -> None:
    assert came_of(trials, KILLED_AFTER_THE_LAST_EXIT)[1] == {OrderStatus.FILLED: 1, OrderStatus.SUBMITTED: 2}


def test_F20_killed_behind_a_close_what_was_held_is_closed_once(trials: Trials) -> None:
    assert came_of(trials, KILLED_AFTER_THE_CLOSE) == ("nothing", {OrderStatus.FILLED: 2})


def test_F21_killed_behind_a_roll_by_one_order_it_is_rolled_once(trials: Trials) -> None:
    assert came_of(trials, KILLED_AFTER_THE_ROLL) == ("nothing", {OrderStatus.FILLED: 2})


def test_F22_killed_before_the_second_step_of_a_roll_it_goes_on_there(trials: Trials) -> None:
    _, statuses = came_of(trials, KILLED_BETWEEN_THE_STEPS)
    assert statuses[OrderStatus.FILLED] == 2 + (OrderStatus.LOST not in statuses)


@pytest.mark.parametrize("point", [FILLED_WHILE_CUT_OFF, FILLED_WHILE_DEAD, CUT_WITHIN_THE_EXECUTION])
def test_F24_what_filled_while_nobody_listened_to_a_tws_counts_once(trials: Trials, point: str) -> None:
    assert came_of(trials, point)[1] == one(OrderStatus.FILLED)


def test_a_plugin_that_sends_again_after_a_reconnect_is_caught(trials: Trials) -> None:
    assert any(line.startswith("duplicates: ") for line in trials[SENT_AGAIN].bad)


def test_a_plugin_that_takes_what_is_not_open_for_gone_is_caught(trials: Trials) -> None:
    assert any("LATE_FILL" in line for line in trials[TAKEN_FOR_GONE].bad)


def test_every_figure_is_told(trials: Trials) -> None:
    assert len(trials) == len(SOUND) + 2

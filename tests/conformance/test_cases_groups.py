"""The other side of the gates of groups, combos and rolls; and faults of the engine that their cases find."""

# pyright: reportPrivateUsage=false
# A fault is planted where the code is, behind its doors.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance import saboteurs_combos, saboteurs_groups, saboteurs_histories
from conformance.meddlers import Undeclared
from conformance.saboteur import SABOTEURS, SabotagedDriver
from v6_paper_plugin.conformance import PaperDriver
from v6core.capabilities import Capabilities
from v6core.planning import rolling, targets
from v6core.testing.conformance import CASES, Case, Outcome, run_case

del saboteurs_combos, saboteurs_groups, saboteurs_histories  # their import has registered what is in them

Plant = Callable[[pytest.MonkeyPatch], None]
GATED = [case for case in CASES.values() if case.family in {"GRP", "CMB", "STR", "ROL"}]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in GATED])
def test_what_is_not_declared_is_refused_by_type(case: Case) -> None:
    result = run_case(case, SabotagedDriver(Undeclared))
    assert (result.outcome, result.about) == (Outcome.REFUSED, f"{case.id}/refuse"), result


def send_any_number_of_legs(patch: pytest.MonkeyPatch) -> None:
    def why_not(*_: object) -> None:
        return None

    patch.setattr(Capabilities, "why_not", why_not)


def roll_to_anywhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(targets, "_NEAR", 10**6)


def roll_again_what_is_rolled(patch: pytest.MonkeyPatch) -> None:
    def terms(_: object) -> object:
        return object()

    patch.setattr(targets, "_terms", terms)


def split_without_a_word(patch: pytest.MonkeyPatch) -> None:
    sound: Any = rolling._parts

    def parts(*given: Any, **_: Any) -> Any:
        return sound(*given, sequential=True)

    patch.setattr(rolling, "_parts", parts)


PLANTS: tuple[tuple[Plant, str], ...] = (
    (send_any_number_of_legs, "CMB-07"),
    (roll_again_what_is_rolled, "ROL-03"),
    (roll_to_anywhere, "ROL-04"),
    (split_without_a_word, "ROL-05"),
)


@pytest.mark.parametrize(("plant", "case_id"), PLANTS, ids=[row[1] for row in PLANTS])
def test_a_fault_of_the_engine_is_found(plant: Plant, case_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    result = run_case(CASES[case_id], PaperDriver())
    assert (result.outcome, result.about) == (Outcome.FAILED, case_id), result


def test_every_case_here_has_somebody_who_breaks_it() -> None:
    broken = {one.breaks for one in SABOTEURS.values()} | {case_id for _, case_id in PLANTS}
    families = {"GRP", "CMB", "STR", "ROL", "OPT", "HYP"}
    assert {case.id for case in CASES.values() if case.family in families} <= broken

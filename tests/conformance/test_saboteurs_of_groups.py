"""Each of these brokers has one fault, and the suite finds it by the right id."""

from __future__ import annotations

import pytest

from conformance import saboteurs_combos, saboteurs_groups, saboteurs_histories
from conformance.saboteur import SABOTEURS, Saboteur
from v6core.testing.conformance import Outcome

MODULES = {module.__name__ for module in (saboteurs_groups, saboteurs_combos, saboteurs_histories)}
MINE = [one for one in SABOTEURS.values() if one.module in MODULES]


@pytest.mark.parametrize("planted", [pytest.param(one, id=one.name) for one in MINE])
def test_the_case_about_a_fault_finds_it(planted: Saboteur, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_EXAMPLES", "60")
    monkeypatch.setattr("v6core.testing.conformance.histories.searching.SHORTENING", 0.5)
    result = planted.run()
    assert (result.outcome, result.about) == (Outcome.FAILED, planted.breaks), f"{result}\n{result.detail}"

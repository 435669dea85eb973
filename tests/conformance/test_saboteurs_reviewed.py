"""What a tired author gets half right is found by the case that is about it."""

from __future__ import annotations

import pytest

from conformance import saboteurs_reviewed
from conformance.saboteur import SABOTEURS, Saboteur
from v6core.testing.conformance import Outcome

MINE = [one for one in SABOTEURS.values() if one.module == saboteurs_reviewed.__name__]


@pytest.mark.parametrize("planted", [pytest.param(one, id=one.name) for one in MINE])
def test_the_case_about_a_half_truth_finds_it(planted: Saboteur) -> None:
    result = planted.run()
    assert (result.outcome, result.about) == (Outcome.FAILED, planted.breaks), f"{result}\n{result.detail}"

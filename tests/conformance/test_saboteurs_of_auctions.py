"""The cases of auctions and of market-to-limit orders each find the broker that breaks what they are about."""

from __future__ import annotations

import pytest

from conformance import saboteurs_auctions
from conformance.saboteur import SABOTEURS, Saboteur
from v6core.testing.conformance import CASES, Outcome

OURS = [one for one in SABOTEURS.values() if one.module == saboteurs_auctions.__name__]


@pytest.mark.parametrize("saboteur", [pytest.param(one, id=one.name) for one in OURS])
def test_the_case_fails_by_its_id(saboteur: Saboteur) -> None:
    result = saboteur.run()
    assert (result.outcome, result.about) == (Outcome.FAILED, saboteur.breaks), result


def test_every_case_has_somebody_who_breaks_it() -> None:
    assert {case.id for case in CASES.values() if case.family in {"MTL", "AUC"}} == {one.breaks for one in OURS}

"""The cases of orders, changes, cancels and dry runs each find the broker that breaks what they are about."""

from __future__ import annotations

import pytest

from conformance import saboteurs_orders, saboteurs_requests, saboteurs_reviewed
from conformance.saboteur import SABOTEURS, Saboteur
from v6core.testing.conformance import CASES, Outcome

del saboteurs_reviewed  # its import has registered what is in it
MODULES = {saboteurs_orders.__name__, saboteurs_requests.__name__}
OURS = [one for one in SABOTEURS.values() if one.module in MODULES]
GROUPS = {"MKT", "LMT", "STP", "MOD", "CXL", "PAP"}


@pytest.mark.parametrize("saboteur", [pytest.param(one, id=one.name) for one in OURS])
def test_the_case_fails_by_its_id(saboteur: Saboteur) -> None:
    result = saboteur.run()
    assert (result.outcome, result.about) == (Outcome.FAILED, saboteur.breaks), result


def test_every_case_has_somebody_who_breaks_it() -> None:
    assert {case.id for case in CASES.values() if case.family in GROUPS} <= {one.breaks for one in SABOTEURS.values()}

from __future__ import annotations

import pytest

from conformance.saboteur import SABOTEURS, Saboteur
from conformance.saboteurs_a import MODULES
from v6core.testing.conformance import Outcome

_NAMES = {module.__name__ for module in MODULES}
_MINE = [saboteur for saboteur in SABOTEURS.values() if saboteur.module in _NAMES]


@pytest.mark.parametrize("saboteur", [pytest.param(one, id=one.name) for one in _MINE])
def test_a_saboteur_fails_by_the_id_of_what_it_breaks(saboteur: Saboteur) -> None:
    result = saboteur.run()
    assert (result.outcome, result.about) == (Outcome.FAILED, saboteur.breaks), f"{result}\n{result.detail}"

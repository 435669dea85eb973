"""Each wrong design that is planted into the engine is found by a simulated world, and the right one by none."""

from __future__ import annotations

import pytest

from faults.design_bugs import BUGS, Worlds, found_by
from v6core.testing.world import run_world


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_design_is_found(name: str) -> None:
    assert found_by(name) is not None


@pytest.mark.parametrize(
    "worlds", dict.fromkeys(worlds for _, worlds in BUGS.values()), ids=lambda worlds: worlds.__name__
)
def test_the_right_design_is_found_by_none_of_the_first_worlds(worlds: Worlds) -> None:
    assert not [seed for seed in range(30) if run_world(seed, plan=worlds(seed)).violations]


def test_there_are_enough_of_them() -> None:
    assert len(BUGS) >= 25

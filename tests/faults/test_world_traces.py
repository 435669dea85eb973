"""The same seed gives the same world on every interpreter, because each compares with hashes that one of them wrote.

A change of the engine, the broker's protocol or the worlds may change what happens in a world. Where it is meant, and
``simulated_runs.py`` finds nothing wrong, write the hashes anew: ``uv run python tests/faults/world_traces.py``. Where
one Python differs from another, ``world_traces.py --seed N`` under each tells two stories to compare.
"""

from __future__ import annotations

import pytest

from faults.world_traces import SEEDS, kept, story, trace


@pytest.mark.parametrize("seed", SEEDS)
def test_P15_a_world_is_the_same_on_every_python(seed: int) -> None:
    assert trace(seed) == kept()[seed], f"meant? see {__file__}; else: world_traces.py --seed {seed}"


def test_P15_a_story_tells_of_the_broker_and_of_the_journal() -> None:
    told = story(SEEDS[0])
    assert any(" PLACE " in line for line in told)
    assert any(" filled " in line and " at None" not in line for line in told)

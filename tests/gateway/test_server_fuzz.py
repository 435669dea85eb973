"""A small share of what ``fuzz_wire.py --server`` does by the thousand."""

from __future__ import annotations

import pytest

from gateway.fuzz_wire import live


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spoilt_bytes_end_their_own_connection_or_are_answered_and_others_are_served(seed: int) -> None:
    tally = live(cases=80, seed=seed, each=2)
    assert tally.crashes == []
    assert {"answered", "closed with a line", "let go"} == set(tally.outcomes)

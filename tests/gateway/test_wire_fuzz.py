"""A small share of what ``fuzz_wire.py`` does by the million."""

from __future__ import annotations

import pytest

from gateway.fuzz_wire import Case, fuzz, largest_frames, targets


@pytest.fixture(name="cases", scope="module")
def _cases() -> dict[str, Case]:
    return targets(each=3)


@pytest.mark.parametrize("name", ["requests", "messages", "streams", "random bytes", "greetings"])
def test_spoilt_bytes_are_read_or_refused(cases: dict[str, Case], name: str) -> None:
    tally = fuzz(cases[name], cases=3000, seed=7)
    assert tally.crashes == []
    assert len(tally.outcomes) > 1


def test_the_largest_frames_cost_no_more_than_some_times_their_size() -> None:
    assert largest_frames() < 128 * 2**20

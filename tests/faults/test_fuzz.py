"""Spoilt inputs end as documented: the quick profile of ``fuzz.py``, and what its searches have found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from faults.fuzz import fuzz
from faults.fuzz_mutations import Mutator
from faults.fuzz_targets import EVENTS, NOW, TARGETS, Target
from v6core.contracts import Stock, parse_contract
from v6core.errors import JournalCorrupt
from v6core.events import event_from_json, event_to_json
from v6core.identifiers import SeededIds
from v6core.journal import Entry, MemoryJournal
from v6core.journal.chain import genesis, read_row


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_spoilt_input_is_taken_or_refused_and_nothing_else(target: Target) -> None:
    tally = fuzz(target, 60 * target.share, seed=7)
    assert tally.crashes == []
    assert tally.outcomes["taken"] > 0
    assert tally.outcomes["refused"] > 0


def test_equal_seeds_spoil_alike() -> None:
    first, second = Mutator(3), Mutator(3)
    tree = json.loads(event_to_json(EVENTS[0]))
    assert [first.json(tree) for _ in range(50)] == [second.json(tree) for _ in range(50)]


def test_a_crash_is_a_find(tmp_path: Path) -> None:
    refuses_nothing = Target("contract texts", 1, (), TARGETS[-1].prepare)
    assert fuzz(refuses_nothing, 200, seed=1).crashes


def test_a_row_whose_number_is_no_whole_number_is_damaged() -> None:
    journal = MemoryJournal(ids=SeededIds(1))
    (row,) = journal.append([Entry("ALARM", NOW, "{}")])
    texts = (row.kind, row.time.isoformat(timespec="microseconds"), row.payload, row.chain)
    kind, time, payload, chain = (text.encode() for text in texts)
    stored: Any = (1.5, kind, time, None, payload, chain)
    with pytest.raises(JournalCorrupt):
        read_row(stored, genesis(journal.engine_id))
    assert read_row((1, kind, time, None, payload, chain), genesis(journal.engine_id)) == row


def test_a_moment_that_has_no_year_in_utc_is_refused() -> None:
    text = event_to_json(EVENTS[-1]).replace("2026-12-01T15:00:00Z", "9999-12-31T23:59:59-14:00")
    with pytest.raises(ValueError, match="is not a moment that can be told in UTC"):
        event_from_json(text)


def test_a_pair_with_a_space_in_it_is_read_or_refused_in_words() -> None:
    assert parse_contract("EUR/ USD").key == "EUR/USD"
    with pytest.raises(ValueError, match="currency must be a code"):
        parse_contract("EUR/ S")


@pytest.mark.parametrize("symbol", ["00700", "12345A", "GOOG"])
def test_a_share_is_found_again_by_its_text(symbol: str) -> None:
    assert parse_contract(str(Stock(symbol))) == Stock(symbol)

"""Laws of the journal: memory and disk agree, a replay can be cut anywhere, grouping changes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from v6core.identifiers import SeededIds
from v6core.journal import Entry, Journal, MemoryJournal, SqliteJournal, canonical_json, open_for_reading, verify

json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
entry_strategy = st.builds(
    Entry,
    kind=st.sampled_from(["ORDER_EVENT", "HALT", "NOTE"]),
    time=st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 -- timezones adds it
    payload=json_values.map(canonical_json),
    order_id=st.none() | st.uuids(),
)
groups = st.lists(st.lists(entry_strategy, max_size=4), max_size=5)
law = settings(deadline=None, max_examples=25)


def written(journal: Journal, work: Sequence[Sequence[Entry]]) -> Journal:
    for group in work:
        journal.append(group)
    return journal


@law
@given(groups)
def test_memory_and_disk_give_equal_rows(work: list[list[Entry]]) -> None:
    memory = written(MemoryJournal(ids=SeededIds(1)), work)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with SqliteJournal.open(path, ids=SeededIds(1)) as disk:
            written(disk, work)
            assert disk.engine_id == memory.engine_id
            assert list(disk.rows()) == list(memory.rows())
        with open_for_reading(path) as reader:
            assert list(reader.rows()) == list(memory.rows())
            assert verify(reader).rows == memory.last_seq


@law
@given(groups)
def test_how_entries_are_grouped_leaves_no_mark(work: list[list[Entry]]) -> None:
    one_by_one = [[entry] for group in work for entry in group]
    rows = list(written(MemoryJournal(ids=SeededIds(1)), work).rows())
    assert rows == list(written(MemoryJournal(ids=SeededIds(1)), one_by_one).rows())
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))


@law
@given(groups, st.data())
def test_a_prefix_and_the_rest_are_all(work: list[list[Entry]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder, SqliteJournal.open(f"{folder}/j.db", ids=SeededIds(1)) as journal:
        written(journal, work)
        every = list(journal.rows())
        cut = data.draw(st.integers(0, len(every)))
        prefix = MemoryJournal(ids=SeededIds(1))
        prefix.append([Entry(row.kind, row.time, row.payload, row.order_id) for row in every[:cut]])
        assert [*prefix.rows(), *journal.rows(cut)] == every


@law
@given(st.lists(entry_strategy, min_size=1, max_size=8), st.data())
def test_a_change_anywhere_changes_every_later_link(entries: list[Entry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(entries) - 1))
    old = entries[at]
    changed = [*entries[:at], Entry(old.kind, old.time, f"[{old.payload}]", old.order_id), *entries[at + 1 :]]
    before, after = (written(MemoryJournal(ids=SeededIds(1)), [work]).rows() for work in (entries, changed))
    assert [a.chain == b.chain for a, b in zip(before, after, strict=True)] == [n < at for n in range(len(entries))]

"""The journal under attack, quick profile; ``journal_faults.py`` is the thorough one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from faults import journal_damage, vfs_faults
from faults.faulty_disk import Fault, FaultMode
from faults.journal_damage import Found, cut, flipped
from faults.vfs_faults import Outcome

_EVERY = {
    FaultMode.IO_ERROR: 7,
    FaultMode.NO_SPACE: 11,
    FaultMode.TORN: 7,
    FaultMode.LOST: 7,
    FaultMode.FORGETS: 4,
}
_MAKING = range(1, 26)
"""The points of a disk at which a new journal is made."""


@pytest.fixture(scope="module")
def last_point(tmp_path_factory: pytest.TempPathFactory) -> int:
    return vfs_faults.points(tmp_path_factory.mktemp("disk") / "counted")


def ends(mode: FaultMode, last: int, folder: Path) -> Counter[Outcome]:
    trials = (vfs_faults.suffer(Fault(mode, point), folder / "disk") for point in range(1, last + 1, _EVERY[mode]))
    return Counter(trials)


@pytest.mark.parametrize("mode", [FaultMode.IO_ERROR, FaultMode.NO_SPACE])
def test_F02_a_commit_that_failed_is_there_whole_or_not_at_all(
    mode: FaultMode, last_point: int, tmp_path: Path
) -> None:
    found = ends(mode, last_point, tmp_path)
    assert set(found) == {Outcome.NOTHING, Outcome.ACKNOWLEDGED, Outcome.AND_THE_OPEN_ONE}


def test_F02_a_journal_that_could_not_be_made_whole_is_made_anew(tmp_path: Path) -> None:
    trials = (vfs_faults.suffer(Fault(FaultMode.IO_ERROR, point), tmp_path / "disk") for point in _MAKING)
    assert set(trials) <= {Outcome.NOTHING, Outcome.ACKNOWLEDGED}  # the last of them is after its file has its name


def test_F02_what_a_failed_sync_forgot_is_written_again_at_the_next_start(last_point: int, tmp_path: Path) -> None:
    found = ends(FaultMode.FORGETS, last_point, tmp_path)
    assert set(found) == {Outcome.ACKNOWLEDGED}


@pytest.mark.parametrize("mode", [FaultMode.TORN, FaultMode.LOST])
def test_F34_a_torn_or_lost_write_leaves_a_prefix_and_all_that_was_acknowledged(
    mode: FaultMode, last_point: int, tmp_path: Path
) -> None:
    found = ends(mode, last_point, tmp_path)
    assert set(found) == {Outcome.NOTHING, Outcome.ACKNOWLEDGED, Outcome.AND_THE_OPEN_ONE}


def test_F34_a_journal_cut_anywhere_is_whole_or_refused(tmp_path: Path) -> None:
    counts = journal_damage.count(tmp_path, 100, cut, seed=7)
    assert not sum(times for (_, found), times in counts.items() if found in journal_damage.BAD)
    assert set(counts) >= {
        ("journal.db", Found.REFUSED),
        ("journal.db-wal", Found.PROVED),
        ("journal.db.head", Found.WHOLE),
    }


def test_F35_files_of_different_moments_are_whole_or_refused(tmp_path: Path) -> None:
    found = Counter(
        journal_damage.look_at(one, tmp_path / "trial") for one in journal_damage.jumbled(tmp_path / "made")
    )
    assert set(found) == {Found.PROVED, Found.REFUSED, Found.WHOLE}


def test_F35_F36_a_flipped_bit_touches_no_row_or_is_refused(tmp_path: Path) -> None:
    counts = journal_damage.count(tmp_path, 120, flipped, seed=7)
    assert not sum(times for (_, found), times in counts.items() if found in journal_damage.BAD)
    assert set(counts) >= {
        ("journal.db", Found.REFUSED),
        ("journal.db", Found.WHOLE),
        ("journal.db-wal", Found.PROVED),
        ("journal.db.head", Found.WHOLE),
    }

"""The same program on the same seed leaves the same journal, byte for byte: in any process, on any Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from end_to_end import paper_program

TESTS = Path(__file__).parent.parent
ROOT = TESTS.parent
SOURCES = [ROOT / "v6core" / "src", ROOT / "v6_paper_plugin" / "src", TESTS]
OTHERS = [path for path in os.environ.get("V6_PYTHONS", "").split(os.pathsep) if path]


def _journal_of(python: str, folder: Path, hash_seed: str) -> str:
    """Run the short program in a process of its own and return its journal, line by line."""
    folder.mkdir(mode=0o700)
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(map(str, SOURCES))}
    done = subprocess.run(
        [python, paper_program.__file__, folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _journal_of(sys.executable, tmp_path_factory.mktemp("one") / "v6", "1")


def test_the_program_does_what_it_is_for(journal: str) -> None:
    kinds = [line.split(" ")[1] for line in journal.splitlines()]
    assert kinds.count("INTENDED") == 14
    assert kinds.count("STRATEGY") == 3
    assert journal.count('"purpose":"ROLL"') == 1
    assert {"DENIED", "MODIFY_REQUESTED", "CANCEL_REQUESTED", "TRADING_STATE"} <= set(kinds)


def test_another_hash_seed_gives_the_same_bytes(journal: str, tmp_path: Path) -> None:
    assert _journal_of(sys.executable, tmp_path / "v6", "2") == journal


@pytest.mark.skipif(not OTHERS, reason="V6_PYTHONS names no other interpreters (path:path)")
@pytest.mark.parametrize("python", OTHERS)
def test_another_python_gives_the_same_bytes(python: str, journal: str, tmp_path: Path) -> None:
    if not Path(python).is_file():
        pytest.skip(f"there is no {python}")
    found = subprocess.run(
        [python, "-c", "import pydantic, pluggy, click"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip(f"{python} has not what v6 needs: {found.stderr.strip().splitlines()[-1]}")
    assert _journal_of(python, tmp_path / "v6", "3") == journal

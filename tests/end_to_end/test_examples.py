"""The programs in examples/programs run as they are, on a seeded day, in a folder of their own."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "programs"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(PROGRAMS / "v6.toml", tmp_path)
    for name in tuple(os.environ):
        if name.startswith("V6_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    runpy.run_path(str(PROGRAMS / name), run_name="__main__")
    return capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_a_bracket_ends_flat_with_one_exit_filled_and_the_other_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told("bracket.py", capsys).splitlines()
    assert lines[0].startswith("BRACKET_PLACED")
    assert sorted(re.findall(r"FILLED|CANCELLED", " ".join(lines))) == ["CANCELLED", "FILLED", "FILLED"]
    assert lines[-1].startswith("held: [] ")


@pytest.mark.usefixtures("folder")
def test_an_iron_condor_is_opened_rolled_and_closed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told("iron_condor.py", capsys).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["OPENED", "ROLLED", "CLOSED"]
    assert "held: 0" in lines[3]


@pytest.mark.usefixtures("folder")
def test_streamed_quotes_set_off_an_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert re.fullmatch(r"a dip at .+ to [\d.]+\nFILLED 10 at [\d.]+\n", told("buy_the_dip.py", capsys))


def test_started_again_after_a_crash_the_order_is_found_and_not_placed_twice(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crashed = subprocess.run(
        [sys.executable, PROGRAMS / "start_again.py"],
        cwd=folder,
        env={**os.environ, "CRASH": "1", "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert crashed.returncode == 1, crashed.stderr
    order_id, status = crashed.stdout.splitlines()[-1].split()
    assert status == "SUBMITTED"
    for _ in range(2):
        first, *_, last = told("start_again.py", capsys).splitlines()
        assert first == "the journal knows 1 orders of goog-of-the-week"
        assert last.startswith(f"{order_id} FILLED 10 at ")


def test_every_program_is_run_here() -> None:
    """A program that nobody runs is a program that does not."""
    source = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{program.name}"' in source for program in PROGRAMS.glob("*.py"))

"""The guide, followed alone: a project as it is made, with what the page says written into it, conforms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from door.guide import GUIDE, follow, steps
from door.made_project import Made, make, tool

STEPS = steps()
FIRST_PASSED = {
    "3. Connect, and look": "CON-13",
    "4. Place": "MKT-01",
    "5. Cancel, and find": "CXL-01",
    "6. Declare more": "MOD-01",
}
"""Sections of the guide, each with a case that passes once it is done, and not before."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A project whose author has followed the guide to its end."""
    made = make("sandpit", tmp_path_factory.mktemp("finished"))
    follow(made.folder, STEPS)
    done = made.python("scripts/write_readme.py")
    assert done.returncode == 0, done.stderr
    ruff = tool("ruff")
    if ruff is not None:
        for what in (["check", "--fix", "--no-cache"], ["format", "--no-cache"]):
            done = made.run(ruff, *what)
            assert done.returncode == 0, done.stdout
    return made


def test_the_plugin_passes_all_of_its_tests(finished: Made) -> None:
    done = finished.pytest()
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 80, done.stdout


@pytest.mark.skipif(tool("mypy") is None, reason="mypy is not installed")
def test_the_plugin_is_strictly_typed(finished: Made, mypy_cache: Path) -> None:
    mypy = tool("mypy")
    assert mypy is not None
    done = finished.run(mypy, "--cache-dir", mypy_cache)
    assert done.returncode == 0, done.stdout


def _end_of(title: str) -> int:
    """Return the line at which a section of the guide ends."""
    page = GUIDE.read_text(encoding="utf-8")
    return page.count("\n", 0, page.index("\n## ", page.index(f"## {title}") + 1))


def test_its_cases_pass_one_after_the_other(tmp_path: Path) -> None:
    made, followed = make("sandpit", tmp_path), 0
    for number, title in enumerate(FIRST_PASSED, 1):
        upto = sum(block.line <= _end_of(title) for block in STEPS)
        follow(made.folder, STEPS[followed:upto])
        followed = upto
        results = made.conform(*FIRST_PASSED.values())
        passed = {case for case, row in results.items() if row["outcome"] == "PASSED"}
        assert passed == set(list(FIRST_PASSED.values())[:number]), f"after {title}"

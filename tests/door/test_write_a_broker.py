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


ODD_LINES = ["null", "[", '{"trade": null}', '{"order": {}}', '{"correction": {"trade": {}}}']
PROGRAM = """
import asyncio, logging, pathlib, sys
from v6_sandpit_plugin.broker import SandpitBroker
from v6_sandpit_plugin.settings import SandpitSettings
from v6_sandpit_plugin.testing.venue import Venue
from v6core.broker import BrokerContext
from v6core.clock import SystemClock

async def main():
    venue, heard = Venue(), asyncio.Queue()
    settings = SandpitSettings(port=await venue.start(), reconnect_delay=0.01)
    context = BrokerContext(
        name="sandpit", clock=SystemClock(), report=heard.put_nowait,
        folder=pathlib.Path(), logger=logging.getLogger("sandpit"), open_broker=None,
    )
    async with asyncio.timeout(10), SandpitBroker(settings, context) as broker:
        venue.mumble(sys.argv[1])
        states = [(await heard.get()).state.value for _ in range(3)]
        print(*states, (await broker.snapshot()).account.account)
    await venue.stop()

asyncio.run(main())
"""


@pytest.mark.parametrize("line", ODD_LINES)
def test_a_line_that_its_code_cannot_take_in_costs_the_plugin_a_connection_and_no_more(
    finished: Made, line: str
) -> None:
    done = finished.python("-c", PROGRAM, line)
    assert done.stdout == "UP DOWN UP SIM-1\n", done.stderr
    assert "could not be taken in; the connection is made anew" in done.stderr


def _end_of(title: str) -> int:
    """Return the line at which a section of the guide ends."""
    page = GUIDE.read_text(encoding="utf-8")
    return page.count("\n", 0, page.index("\n## ", page.index(f"## {title}") + 1))


def test_the_first_run_says_what_the_page_says(tmp_path: Path) -> None:
    (row,) = make("sandpit", tmp_path).conform("LMT-01").values()
    page = GUIDE.read_text(encoding="utf-8")
    assert f"{row['reason']}\nat: …/" in page
    assert row["at"].partition("src/")[2] in page


def test_its_cases_pass_one_after_the_other(tmp_path: Path) -> None:
    made, followed = make("sandpit", tmp_path), 0
    for number, title in enumerate(FIRST_PASSED, 1):
        upto = sum(block.line <= _end_of(title) for block in STEPS)
        follow(made.folder, STEPS[followed:upto])
        followed = upto
        results = made.conform(*FIRST_PASSED.values())
        passed = {case for case, row in results.items() if row["outcome"] == "PASSED"}
        assert passed == set(list(FIRST_PASSED.values())[:number]), f"after {title}"

"""A program that is killed at random instants, in small: ``kill_runs.py`` has the options for large."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from faults.kill_program import BUGS
from faults.kill_verdicts import Findings

THOROUGH = os.environ.get("V6_THOROUGH") == "1"
QUICK_BUGS = ("naive_resend",)
SCRIPT = Path(__file__).with_name("kill_runs.py")
LONGEST = 120
OPTIONS = {
    "sound": ("--kills", "10", "--lanes", "2", "--round", "5"),
    # A lane ends with its first finding.
    **{
        bug: ("--kills", "100", "--lanes", "1", "--round", "5", "--bug", bug)
        for bug in (BUGS if THOROUGH else QUICK_BUGS)
    },
}
Run = subprocess.Popen[str]
thorough = pytest.mark.skipif(not THOROUGH, reason="takes half a minute; V6_THOROUGH=1 runs it")


@pytest.fixture(scope="module")
def runs() -> Generator[dict[str, Run]]:
    """All of them side by side, since they mostly wait."""
    with ExitStack() as undo:
        runs: dict[str, Run] = {}
        for name, options in OPTIONS.items():
            command = [sys.executable, str(SCRIPT), "--json", *options]
            run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            undo.enter_context(run)
            undo.callback(run.terminate)
            runs[name] = run
        yield runs


def findings_of(run: Run) -> Findings:
    told, errors = run.communicate(timeout=LONGEST)
    assert told, errors
    return Findings.model_validate_json(told)


def test_killed_at_any_instant_nothing_is_doubled_orphaned_lost_or_wrong(runs: dict[str, Run]) -> None:
    findings = findings_of(runs["sound"])
    assert findings.bad == []
    assert findings.kills == 10
    assert findings.orders > findings.kills


def test_a_program_that_sends_again_what_it_does_not_find_is_caught(runs: dict[str, Run]) -> None:
    assert findings_of(runs["naive_resend"]).duplicates


@thorough
def test_a_program_that_sends_before_it_writes_is_caught(runs: dict[str, Run]) -> None:
    assert findings_of(runs["no_intent"]).orphans


@thorough
def test_a_program_that_takes_what_it_does_not_find_as_unsent_is_caught(runs: dict[str, Run]) -> None:
    assert findings_of(runs["trust_not_found"]).lost

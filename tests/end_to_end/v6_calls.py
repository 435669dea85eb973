"""Calling ``v6`` as a user does, in the test's own working folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from v6core.cli.program import program

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Called:
    """What came of one call."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error document on standard error."""
        found: dict[str, Any] = json.loads(self.err)
        return found


def v6(*args: str | Path) -> Called:
    """Run ``v6`` with these arguments."""
    result = CliRunner().invoke(program, [str(arg) for arg in args])
    return Called(result.exit_code, result.stdout, result.stderr)


def v6_json(*args: str | Path) -> Any:
    """Return the document of a call that succeeds."""
    called = v6(*args, "--json")
    assert (called.status, called.err) == (0, "")
    return called.document


def shared_quotes(name: str) -> Path:
    """Return a file of the shared quotes; skip where it is not there."""
    folder = Path(os.environ.get("V6_TEST_DATA", ROOT.parent / "shared" / "data"))
    path = folder / "market" / name
    if not path.is_file():
        pytest.skip(f"no {path}: set V6_TEST_DATA to the folder of shared data")
    return path


def one_sentence(called: Called) -> str:
    """Return what a failed call says; it must be one sentence, perhaps a hint, and never a traceback."""
    assert "Traceback" not in called.err
    assert called.out == ""
    first, *rest = called.err.splitlines()
    assert first.startswith("v6: ")
    assert all(line.startswith("    ") for line in rest)
    goes_on = takewhile(lambda line: not line.startswith("    hint: "), rest)
    return " ".join([first.removeprefix("v6: "), *map(str.strip, goes_on)])

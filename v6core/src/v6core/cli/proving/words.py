"""What came of a run: a table, then each failure in whole, and what was not run by its reason; or a document."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import v6core
from v6core.cli.telling import table
from v6core.cli.wrapping import wrapped
from v6core.testing.conformance import Conformance, Outcome, Result

_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>\S+)')
_OURS = str(Path(v6core.__file__).parent)
_PYTHON = sysconfig.get_path("stdlib")


def document(proved: Conformance, account: str | None = None) -> dict[str, Any]:
    """Return the results for a program; ``conforms`` is true where no case was left out and none failed."""
    return {
        "broker": proved.name,
        "account": account,
        "conforms": proved.is_proved and proved.is_whole,
        "badge": proved.badge,
        "cases": [
            {
                "id": result.case.id,
                "proves": result.case.proves,
                "why": result.case.why,
                "pitfall": result.case.pitfall,
                "outcome": result.outcome.value,
                "about": result.about,
                "reason": result.reason,
                "detail": result.detail,
                "script": result.script,
            }
            for result in proved.results
        ],
    }


def lines(proved: Conformance) -> Iterator[str]:
    """Yield the results for people, in lines that fit the terminal; what failed comes last, to be seen first."""
    rows = [
        (one.case.id, _outcome(one), one.reason or one.case.proves)
        for one in proved.results
        if one.outcome is not Outcome.NOT_DRIVEN
    ]
    if rows:
        yield from table(("CASE", "OUTCOME", "WHAT"), rows)
    for reason, results in _by_reason(proved, Outcome.NOT_DRIVEN).items():
        yield ""
        yield from wrapped(" ".join(one.case.id for one in results), f"not run, {reason} ({len(results)}): ")
    for reason, results in _by_reason(proved, Outcome.FAILED).items():
        yield ""
        yield from _failure(reason, results)
    yield ""
    yield proved.badge


def _outcome(result: Result) -> str:
    return result.outcome.lower().replace("_", " ")


def _by_reason(proved: Conformance, outcome: Outcome) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for one in proved.results:
        if one.outcome is outcome:
            found.setdefault(one.reason, []).append(one)
    return found


def _failure(reason: str, results: list[Result]) -> Iterator[str]:
    first = results[0]
    yield from wrapped(f"{', '.join(one.about or one.case.id for one in results)} failed: {reason}")
    place = _place(first.detail)
    if place is not None:
        yield from wrapped(place, "    at: ")
    if len(results) == 1:
        yield from wrapped(first.case.proves, "    proves: ")
        yield from wrapped(first.case.why, "    why: ")
        yield from wrapped(first.case.pitfall, "    what usually goes wrong: ")
    if first.script:
        yield "    keep these lines in a file, and v6 conform NAME --replay FILE plays them again:"
        yield first.script


def _place(detail: str) -> str | None:
    """Return where it happened in the plugin's own code; None where that was nowhere."""
    frames = [found for found in _FRAME.finditer(detail) if _is_theirs(found["file"])]
    return f"{frames[-1]['file']}:{frames[-1]['line']} in {frames[-1]['name']}" if frames else None


def _is_theirs(file: str) -> bool:
    if file.startswith("<"):
        return False
    return not file.startswith(_OURS) and ("site-packages" in file or not file.startswith(_PYTHON))

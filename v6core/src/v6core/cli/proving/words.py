"""What came of a run: a table, then each failure in whole, and what was not run by its reason; or a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from v6core.cli.telling import table
from v6core.cli.wrapping import wrapped
from v6core.testing.conformance import Conformance, Outcome, Result

_MOST_MISHAPS = 5
"""How many are told under one failure; ``--json`` and the page have all."""


def document(proved: Conformance) -> dict[str, Any]:
    """Return the results for a program; ``conforms`` is true where no case was left out and none failed."""
    under = proved.under
    return {
        "broker": proved.name,
        "account": under and under.account,
        "time": under and under.time.isoformat(),
        "plugin": under and under.plugin,
        "api": under and under.api,
        "v6core": under and under.v6core,
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
                "at": result.at,
                "mishaps": [{"what": mishap.what, "at": mishap.at} for mishap in result.mishaps],
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
    for mishap, ids in _unnoticed(proved).items():
        yield ""
        yield from wrapped(mishap, f"{', '.join(ids)} did not fail, and meanwhile: ")
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


def _unnoticed(proved: Conformance) -> dict[str, list[str]]:
    """Return what was raised while nothing failed: a case that it harms may be one that this driver cannot bring."""
    found: dict[str, list[str]] = {}
    for one in proved.results:
        for mishap in one.mishaps if one.outcome is not Outcome.FAILED else ():
            found.setdefault(str(mishap), []).append(one.case.id)
    return found


def _failure(reason: str, results: list[Result]) -> Iterator[str]:
    first = results[0]
    yield from wrapped(f"{', '.join(one.about or one.case.id for one in results)} failed: {reason}")
    places = {one.at for one in results}
    if len(places) == 1 and first.at:
        yield from wrapped(first.at, "    at: ")
    yield from _meanwhile(results)
    if len(results) == 1:
        yield from wrapped(first.case.proves, "    proves: ")
        yield from wrapped(first.case.why, "    why: ")
        yield from wrapped(first.case.pitfall, "    what usually goes wrong: ")
    if first.script:
        yield "    keep these lines in a file, and v6 conform NAME --replay FILE plays them again:"
        yield first.script


def _meanwhile(results: list[Result]) -> Iterator[str]:
    mishaps = list(dict.fromkeys(mishap for one in results for mishap in one.mishaps))
    for mishap in mishaps[:_MOST_MISHAPS]:
        yield from wrapped(str(mishap), "    meanwhile: ")
    if len(mishaps) > _MOST_MISHAPS:
        yield f"    meanwhile: {len(mishaps) - _MOST_MISHAPS} more, which --json tells"

"""Write docs/conformance.md: every case of the suite, and what came of it at each broker of this repository.

``uv run python scripts/write_conformance.py`` runs them all; the tests run them too, and compare with the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from v6core.testing.conformance import CASES, FAMILIES, Case, Conformance, Outcome, conformance, driver_named

PAGE = Path(__file__).resolve().parent.parent / "docs" / "conformance.md"
BROKERS = {
    "paper": "paper",
    "paper-immediate": "paper, immediate",
    "ib": "IB, over TCP",
    "alpaca": "Alpaca, over HTTP",
}
"""The drivers of this repository's brokers, and what each is called at the head of its column."""
MARKS = {
    Outcome.PASSED: "proved",
    Outcome.REFUSED: "refused",
    Outcome.NOT_DRIVEN: "–",
    Outcome.KNOWN: "known",
    Outcome.FAILED: "FAILED",
}
HEAD = """# What each broker was seen to do

One suite, run against every broker of this repository, each as its users have it: the paper broker in process; the
Interactive Brokers plugin through the unmodified ib_async over TCP, at the gateway; the Alpaca plugin through the
unmodified alpaca-py over HTTP and WebSocket, at a local server. The page is written by `scripts/write_conformance.py`
from the results, and the tests compare every cell of it with a run of their own.

* **proved**: the broker does what the case says.
* **refused**: the broker does not declare it, and v6 refuses it by type before anything is sent.
* **–**: this world cannot bring it about, so nothing is known. What a world cannot do, `v6 conform NAME` says.
* **known**: it fails, as the plugin's author says, and why stands below.

What only the real Interactive Brokers or the real Alpaca could show, none of this shows. See
[write a broker](write-a-broker.md) for how to run the suite against yours.
"""


def page_of(results: Mapping[str, Conformance]) -> str:
    """Return the page."""
    parts = [HEAD, "\n".join(_counts(results)), *_families(results)]
    known = "\n".join(_known(results.values()))
    if known:
        parts.append(f"## Known failures\n\n{known}")
    return "\n".join(f"{part}\n" for part in parts)


def _counts(results: Mapping[str, Conformance]) -> Iterator[str]:
    yield _line(["", *(BROKERS[name] for name in results)])
    yield _line(["---", *("---:" for _ in results)])
    for outcome in (Outcome.PASSED, Outcome.REFUSED, Outcome.NOT_DRIVEN, Outcome.KNOWN, Outcome.FAILED):
        counts = [one.count(outcome) for one in results.values()]
        if any(counts):
            yield _line([MARKS[outcome], *map(str, counts)])


def _families(results: Mapping[str, Conformance]) -> Iterator[str]:
    outcomes = {name: {one.case.id: one.outcome for one in all_.results} for name, all_ in results.items()}
    for family in dict.fromkeys(case.family for case in CASES.values()):
        rows = (case for case in CASES.values() if case.family == family)
        lines = (_line([case.id, case.proves, *(MARKS[outcomes[name][case.id]] for name in results)]) for case in rows)
        head = [
            _line(["case", "what it proves", *(BROKERS[name] for name in results)]),
            _line(["---"] * (2 + len(results))),
        ]
        yield "\n".join([f"## {FAMILIES[family]}", "", *head, *lines])


def _known(results: Iterable[Conformance]) -> Iterator[str]:
    for one in results:
        for result in one.results:
            if result.outcome is Outcome.KNOWN:
                yield f"* {BROKERS[one.name]}, {result.case.id}: {result.reason}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def cells_of(page: str) -> dict[tuple[str, str], str]:
    """Return what a page says, by driver and case."""
    cells: dict[tuple[str, str], str] = {}
    for line in page.splitlines():
        parts = [part.strip() for part in line.strip("|").split(" | ")]
        if len(parts) == 2 + len(BROKERS) and parts[0] in CASES:
            cells |= {(name, parts[0]): mark for name, mark in zip(BROKERS, parts[2:], strict=True)}
    return cells


def main() -> int:
    """Run all cases at all brokers, and write the page."""
    cases: list[Case] = list(CASES.values())
    results = {name: conformance(driver_named(name), cases) for name in BROKERS}
    PAGE.write_text(page_of(results), encoding="utf-8")
    for name, one in results.items():
        print(f"{name}: {one.badge}")
    return 0 if all(one.is_proved for one in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

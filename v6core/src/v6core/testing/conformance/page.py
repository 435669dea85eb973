"""Results as one page that opens anywhere: the badge, a matrix, and each case with what came of it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import groupby

from v6core.testing.conformance.case import FAMILIES
from v6core.testing.conformance.results import Conformance, Outcome, Result

_COLOURS = {
    Outcome.PASSED: "#1a7f37",
    Outcome.REFUSED: "#57606a",
    Outcome.NOT_DRIVEN: "#9a6700",
    Outcome.KNOWN: "#8250df",
    Outcome.FAILED: "#cf222e",
}
_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.REFUSED: "refused",
    Outcome.NOT_DRIVEN: "not run",
    Outcome.KNOWN: "known",
    Outcome.FAILED: "failed",
}
_MEANINGS = {
    Outcome.PASSED: "passed",
    Outcome.REFUSED: "refused: not declared, and refused by type before anything is sent",
    Outcome.NOT_DRIVEN: "not run: nothing is known",
    Outcome.KNOWN: "known: fails, as its author says",
    Outcome.FAILED: "failed",
}
_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 0 .75rem } h2 { font-size: 1.05rem; margin: 1.75rem 0 .4rem }
.matrix { display: flex; flex-wrap: wrap; gap: 4px; margin: 1rem 0 }
.matrix a { color: #fff; font: 12px ui-monospace, monospace; padding: 2px 6px; border-radius: 4px }
.matrix a { text-decoration: none }
.key span { display: inline-block; width: .8em; height: .8em; border-radius: 3px; margin: 0 .35em 0 1em }
.key { margin: .5rem 0 } .key span:first-child { margin-left: 0 }
details { border-top: 1px solid #8884; padding: .35rem 0 } summary { cursor: pointer }
code { font: 13px ui-monospace, monospace } summary code { font-weight: 600 }
dl { margin: .4rem 0 .6rem 1.2rem; display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem }
dt { color: #888 } dd { margin: 0; white-space: pre-line; overflow-wrap: anywhere }
pre { overflow-x: auto; font-size: 12px; margin: .3rem 0 }
.under { color: #888; font-size: .9em } .outcome { font-size: .85em; float: right }
"""
_CHARACTER = 6.3


def badge_of(conformance: Conformance) -> str:
    """Return the result as a small picture in SVG."""
    label, _, verdict = conformance.badge.partition(": ")
    left, right = (round(len(text) * _CHARACTER) + 14 for text in (label, verdict))
    colour = _COLOURS[_verdict(conformance)]
    texts = "".join(
        f'<text x="{x}" y="14" fill="#fff" font-family="Verdana,Geneva,sans-serif" font-size="11" '
        f'text-anchor="middle">{html.escape(text)}</text>'
        for x, text in ((left / 2, label), (left + right / 2, verdict))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{html.escape(conformance.badge)}">{_title(conformance)}'
        f'<rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>{texts}</svg>'
    )


def _title(conformance: Conformance) -> str:
    """Return what a browser shows of a badge that somebody points at."""
    return f"<title>{html.escape('; '.join(_circumstances(conformance)))}</title>" if conformance.under else ""


def _circumstances(conformance: Conformance) -> Iterator[str]:
    under = conformance.under
    if under is None:
        return
    yield f"{under.time:%Y-%m-%d %H:%M} UTC"
    yield under.plugin
    yield f"plugin contract {under.api}"
    yield f"v6core {under.v6core}"
    if under.account is not None:
        yield f"account {under.account}"
    if under.command:
        yield under.command


def _verdict(conformance: Conformance) -> Outcome:
    if conformance.is_silent and not conformance.is_whole:
        return Outcome.NOT_DRIVEN
    if not conformance.is_proved:
        return Outcome.FAILED
    return Outcome.PASSED if conformance.is_whole else Outcome.NOT_DRIVEN


def page_of(conformance: Conformance) -> str:
    """Return the results as a page of HTML that needs nothing else."""
    name = html.escape(conformance.name)
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}: conformance</title>',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>',
        f"<h1>{name} against v6's conformance suite</h1>{badge_of(conformance)}",
        f'<p class="under">{" · ".join(map(html.escape, _circumstances(conformance)))}</p>',
        f'<div class="matrix">{"".join(map(_square, conformance.results))}</div>{_key(conformance)}',
        *_groups(conformance),
    ]
    return "\n".join(parts) + "\n"


def _square(result: Result) -> str:
    case_id, colour = result.case.id, _COLOURS[result.outcome]
    title = html.escape(f"{result.case.proves} {_MEANINGS[result.outcome]}", quote=True)
    return f'<a href="#{case_id}" title="{title}" style="background:{colour}">{case_id}</a>'


def _key(conformance: Conformance) -> str:
    counted = ((outcome, conformance.count(outcome)) for outcome in Outcome)
    items = (
        f'<span style="background:{_COLOURS[outcome]}"></span>{count} {_MEANINGS[outcome]}'
        for outcome, count in counted
        if count
    )
    return f'<p class="key">{"".join(items)}</p>'


def _groups(conformance: Conformance) -> Iterator[str]:
    for family, results in groupby(conformance.results, key=lambda result: result.case.family):
        yield f"<h2>{html.escape(FAMILIES.get(family, family))}</h2>"
        yield from map(_row, results)


def _row(result: Result) -> str:
    case, colour = result.case, _COLOURS[result.outcome]
    told = {"outcome": f"{_MEANINGS[result.outcome]}{f': {result.reason}' if result.reason else ''}"}
    told |= {"at": result.at} if result.at else {}
    told |= {"meanwhile": "\n".join(map(str, result.mishaps))} if result.mishaps else {}
    told |= {"why": case.why, "what usually goes wrong": case.pitfall}
    told |= {"needs": ", ".join(need.name for need in case.needs)} if case.needs else {}
    items = "".join(f"<dt>{name}</dt><dd>{html.escape(text)}</dd>" for name, text in told.items())
    detail = f"<pre>{html.escape(result.detail)}</pre>" if result.detail else ""
    is_open = " open" if result.outcome is Outcome.FAILED else ""
    return (
        f'<details id="{case.id}"{is_open}><summary><code>{case.id}</code> {html.escape(case.proves)} '
        f'<span class="outcome" style="color:{colour}">{_WORDS[result.outcome]}</span></summary>'
        f"<dl>{items}</dl>{detail}</details>"
    )

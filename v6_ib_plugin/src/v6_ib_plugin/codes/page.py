"""The page of documentation on error codes, written from the table."""

from __future__ import annotations

from collections.abc import Iterator

from v6_ib_plugin.codes.explanations import EXPLAINED, explain
from v6_ib_plugin.codes.kinds import Context, Kind
from v6_ib_plugin.codes.table import CODES, Code

_HEAD = """\
# Error codes of Interactive Brokers

*Written by `scripts/write_ib_error_codes.py` from `v6_ib_plugin.codes`.*

A code answers a request: a new order, a change, a cancel, a question. The same code can mean different things: 110 ends
a new order, and leaves an order alone whose change it answers. What an order came to is never told by a code, but by
the status that TWS sends; a code that is not in the table changes nothing.

| what it says | what v6 does |
| --- | --- |
| REJECTS_NEW | the order is REJECTED, with the code and IB's text |
| REFUSES_MODIFY | the change is refused, the order works on as it was |
| REFUSES_CANCEL | the cancel is refused, and the order is looked up |
| CANCELLED | kept as the reason; the status that comes with it cancels the order |
| HOLDS | kept as a remark; the order is alive |
| CONNECTION | the state of the link, or a notice of it |
| SESSION | connecting fails, or the session ends, and the cause is named |
| DATA | the question has no answer |
| WARNING | logged |

Sources: **IBKR** is the table of error codes in IBKR's documentation of the TWS API; **observed** are logs that users
have published of what TWS did, where the table is silent or TWS does otherwise. The classes are v6's own.
"""


def render() -> str:
    """Return the page."""
    return "\n".join((_HEAD, *_explained(), "", *_all(), ""))


def _explained() -> Iterator[str]:
    yield "## The commonest, explained"
    yield ""
    yield "| code | IB's words | what it means |"
    yield "| --- | --- | --- |"
    for number in EXPLAINED:
        found = explain(number)
        if found is not None:
            yield f"| {number} | {found.words} | {found.meaning} |"


def _all() -> Iterator[str]:
    yield "## All of them"
    yield ""
    yield "| code | new order | change | cancel | question | source |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for code in CODES.values():
        yield f"| {code.number} | {' | '.join(_words(code))} | {code.source.lower()} |"


def _words(code: Code) -> Iterator[str]:
    for context in (Context.NEW, Context.MODIFY, Context.CANCEL, Context.QUESTION):
        kind = code.kind(context)
        yield "" if kind is Kind.WARNING else kind.value

"""Which of v6's orders a client order id of Alpaca's speaks for.

An order travels under its own reference. Alpaca makes the exits of a bracket itself and calls them as it likes, so the
entry carries the references of all of them, joined: whoever reads the account knows each exit again, after a crash and
on another machine, and no file of ours has to remember. An order that replaces another has the number of the
replacement behind it, for no client order id is taken twice.

>>> client_order_id(("v6-a", "v6-b", "v6-c"), replacement=2)
'v6-a+v6-b+v6-c~2'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from v6core.errors import NotSent

MOST = 128
"""How long a client order id may be."""
_FORM = re.compile(r"(?P<refs>[^+~]+(?:\+[^+~]+){0,2})(?:~(?P<number>[1-9][0-9]{0,3}))?")


@dataclass(frozen=True, slots=True)
class References:
    """The references in a client order id: an order's own first, then those of its exits."""

    refs: tuple[str, ...]
    replacement: int = 0

    @property
    def own(self) -> str:
        """The reference of the order itself."""
        return self.refs[0]

    @property
    def exits(self) -> tuple[str, ...]:
        """The references of the exits that came with it."""
        return self.refs[1:]


def client_order_id(refs: tuple[str, ...], replacement: int = 0) -> str:
    """Return the client order id for an order and its exits; NotSent where Alpaca would not take it."""
    text = "+".join(refs) + (f"~{replacement}" if replacement else "")
    if not text or len(text) > MOST or read_client_order_id(text) != References(refs, replacement):
        raise NotSent(f"{text!r} cannot be a client order id: Alpaca takes {MOST} characters, and + and ~ join others")
    return text


def read_client_order_id(text: str) -> References:
    """Return what a client order id says; that of somebody else's order stands for itself."""
    found = _FORM.fullmatch(text)
    if found is None:
        return References((text,))
    return References(tuple(found["refs"].split("+")), int(found["number"] or 0))

"""Sentences and lists broken into lines that fit the terminal, of 80 columns at least."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator

_WIDTH = 80


def columns() -> int:
    """Return how wide a line may be."""
    return max(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns)


def wrapped(text: str, before: str = "") -> Iterator[str]:
    """Yield a text in lines that fit, with ``before`` before the first; the others are indented, no word is broken."""
    for number, line in enumerate(text.splitlines()):
        yield from textwrap.wrap(
            line,
            columns(),
            initial_indent="    " if number else before,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )

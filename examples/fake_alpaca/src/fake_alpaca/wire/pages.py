"""Long answers come in pages; a token says where the next one begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from fake_alpaca.refusals import invalid

T = TypeVar("T")


def page_of(rows: Iterable[T], token: str | None, size: int) -> tuple[list[T], str | None]:
    """Return a page of rows and the token of the next one, None after the last; Refusal for a token that is none."""
    start = 0 if not token else _start(token)
    taken = list(islice(rows, start, start + size + 1))
    more = len(taken) > size
    return taken[:size], base64.urlsafe_b64encode(str(start + size).encode()).decode() if more else None


def _start(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError):
        raise invalid(f"invalid page_token: {token}") from None

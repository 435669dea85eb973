"""What every request is."""

from __future__ import annotations

from dataclasses import dataclass


class Request:
    """One message from a client to TWS."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Unknown(Request):
    """A message whose id has no layout here; ``fields`` are all of it, the id among them."""

    message_id: int
    fields: tuple[str, ...]

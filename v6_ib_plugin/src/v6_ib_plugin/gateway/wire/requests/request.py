"""What every request is."""

from __future__ import annotations

from dataclasses import dataclass


class Request:
    """One message from a client to TWS."""

    __slots__ = ()


_MOST_DIGITS = 10
# Scanners, fundamental data, implied volatilities and option prices on demand, display groups, histograms.
_ID_AT = {22: 1, 52: 2, 54: 2, 55: 2, 67: 2, 68: 2, 88: 1}


@dataclass(frozen=True, slots=True)
class Unknown(Request):
    """A message whose id has no layout here; ``fields`` are all of it, the id among them."""

    message_id: int
    fields: tuple[str, ...]

    @property
    def req_id(self) -> int | None:
        """Return the id that an answer names, without which a client may wait for ever; None where there is none."""
        place = _ID_AT.get(self.message_id)
        text = "" if place is None or place >= len(self.fields) else self.fields[place]
        return int(text) if text.isdecimal() and text.isascii() and len(text) <= _MOST_DIGITS else None

"""Messages of the market-data streams, as MessagePack or as JSON: what a client's Content-Type asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgpack  # type: ignore[import-untyped]  # it comes without types  # pyright: ignore[reportMissingTypeStubs]

from fake_alpaca.wire.quotes import option_quote, stock_quote
from v6core.contracts import Option
from v6core.quotes import Quote

PACKED = "application/msgpack"
Message = dict[str, Any]


def quote_message(symbol: str, quote: Quote) -> Message:
    """Return a quote of a share or an option as the streams tell it."""
    shown = option_quote(quote) if isinstance(quote.contract, Option) else stock_quote(quote)
    return {"T": "q", "S": symbol, **shown, "t": quote.time}


def pack(messages: Sequence[Message], *, packed: bool) -> bytes | str:
    """Return messages as one frame: binary where they are packed, else text."""
    if packed:
        return cast("bytes", msgpack.packb(messages, datetime=True))  # pyright: ignore[reportUnknownMemberType]
    return json.dumps(messages, default=_as_text)


def unpack(frame: bytes | str) -> Message:
    """Return what a client says, in either form; nothing where it cannot be read."""
    try:
        read: object = json.loads(frame) if isinstance(frame, str) else _unpacked(frame)
    except ValueError:
        return {}
    return {str(name): value for name, value in cast("Mapping[Any, Any]", read).items()} if _is_map(read) else {}


def _unpacked(frame: bytes) -> object:
    try:
        return json.loads(frame)
    except ValueError:
        return cast("object", msgpack.unpackb(frame))  # pyright: ignore[reportUnknownMemberType]


def _is_map(read: object) -> bool:
    return isinstance(read, dict)


def _as_text(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat().replace("+00:00", "Z")

"""Messages with other values in their fields, and such that stop too early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from decimal import Decimal
from typing import Any

from v6_ib_plugin.gateway.wire import messages


def rewritten(message: messages.Message, fields: Mapping[str, Any]) -> messages.Message:
    """Return a message with other values; a field that is a record takes a table of its own fields."""
    made: messages.Message = _replaced(message, fields)
    return made


def _replaced(record: Any, fields: Mapping[str, Any]) -> Any:
    return replace(record, **{name: _fitting(getattr(record, name), value) for name, value in fields.items()})


def _fitting(before: Any, value: Any) -> Any:
    if is_dataclass(before) and hasattr(value, "items"):
        return _replaced(before, value)
    if isinstance(value, float) or (isinstance(before, Decimal) and isinstance(value, int | str)):
        return Decimal(str(value))
    return value


def cut_short(payload: bytes, keep: int) -> bytes:
    """Return the first fields of a message."""
    return b"".join(field + b"\0" for field in payload.split(b"\0")[:keep])

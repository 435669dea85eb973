"""Fields to records and records to bytes, for both directions of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from v6_ib_plugin.gateway.wire.compiling import codec
from v6_ib_plugin.gateway.wire.errors import WireError
from v6_ib_plugin.gateway.wire.kinds import ID
from v6_ib_plugin.gateway.wire.layout import Layout
from v6_ib_plugin.gateway.wire.layouts import MESSAGES, REQUESTS
from v6_ib_plugin.gateway.wire.messages import Message
from v6_ib_plugin.gateway.wire.requests import Request, Unknown

_SHOWN = 60


class _Message:
    """One message, ready to be read and to be written."""

    def __init__(self, layout: Layout) -> None:
        self.message_id, self.name, self.make = layout.message_id, layout.name, layout.make
        self._codec = codec(layout)
        self._first = str(layout.message_id)

    def read(self, fields: Sequence[str]) -> Any:
        try:
            record, end = self._codec.read(fields, 1)
        except WireError as error:
            raise WireError(f"{self.name}: {error}") from error
        if end != len(fields):
            raise WireError(f"{self.name}: {len(fields) - end} fields too many, the first {fields[end][:_SHOWN]!r}")
        return record

    def write(self, record: Any) -> bytes:
        out = [self._first]
        try:
            self._codec.write(record, out)
        except WireError as error:
            raise WireError(f"{self.name}: {error}") from error
        try:
            payload = ("\0".join(out) + "\0").encode()
        except (TypeError, UnicodeError):
            payload = b""
        if payload.count(b"\0") != len(out):
            raise self._unsayable(record, out)
        return payload

    def _unsayable(self, record: Any, out: Sequence[object]) -> WireError:
        number, why = next((number, why) for number, why in enumerate(map(_why_not, out)) if why)
        return WireError(f"{self.name}: {self._codec.name(record, number - 1)} is {out[number]!r:.{_SHOWN}}: {why}")


def _why_not(text: object) -> str:
    """Return what is wrong with a text, where something is."""
    if not isinstance(text, str):
        return "no text"
    if "\0" in text:
        return "a NUL in it would begin a field of its own"
    return "" if _is_unicode(text) else "it cannot be written in UTF-8"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True


class _Direction:
    """All messages of one direction."""

    def __init__(self, layouts: Iterable[Layout]) -> None:
        all_messages = [_Message(layout) for layout in layouts]
        self._by_id = {message.message_id: message for message in all_messages}
        self._by_text = {str(message.message_id): message for message in all_messages}
        self._by_record = {message.make: message for message in all_messages}

    def find(self, fields: Sequence[str]) -> _Message | int:
        """Return the message that fields are, or its id where it is unknown."""
        if not fields:
            raise WireError("a message without a field")
        known = self._by_text.get(fields[0])
        if known is not None:
            return known
        try:
            message_id: int = ID.read(fields[0])
        except ValueError as error:
            raise WireError(f"message id is {fields[0][:_SHOWN]!r}: {error}") from error
        return self._by_id.get(message_id, message_id)

    def write(self, record: Any) -> bytes:
        """Return the payload of a record."""
        message = self._by_record.get(record.__class__)
        if message is None:
            raise WireError(f"{record.__class__.__name__} has no layout")
        return message.write(record)


_messages = _Direction(MESSAGES)
_requests = _Direction(REQUESTS)


def decode_request(fields: Sequence[str]) -> Request:
    """Return what a client asks; ``Unknown`` where its id has no layout. Raises WireError."""
    found = _requests.find(fields)
    if isinstance(found, int):
        return Unknown(found, tuple(fields))
    request: Request = found.read(fields)
    return request


def encode_request(request: Request) -> bytes:
    """Return the payload of a request, without its length. Raises WireError."""
    if isinstance(request, Unknown):
        return ("\0".join(request.fields) + "\0").encode()
    return _requests.write(request)


def decode_message(fields: Sequence[str]) -> Message:
    """Return what TWS tells. Raises WireError, also where the id has no layout."""
    found = _messages.find(fields)
    if isinstance(found, int):
        raise WireError(f"message {found} has no layout")
    message: Message = found.read(fields)
    return message


def encode_message(message: Message) -> bytes:
    """Return the payload of a message, without its length. Raises WireError."""
    return _messages.write(message)

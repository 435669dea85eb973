"""Bytes to frames and frames to bytes: the greeting, and the length before every message.

A frame is a length of four bytes, big-endian, and so many bytes of fields, each of which ends in a NUL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.errors import WireError

SERVER_VERSION = 178
LONGEST_FRAME = 0xFFFFFF
MOST_FIELDS = 1_000_000
"""A frame may be sixteen million empty fields; that many nobody has, and each costs memory."""

_MARK = b"API\0"
_LONGEST_GREETING = 4096
_GREETING = re.compile(r"v(\d{1,9})(?:\.\.(\d{1,9}))?(?: (.*))?", re.ASCII)
_SHOWN = 40


def framed(payload: bytes) -> bytes:
    """Return a payload with its length before it. Raises WireError where it is too long."""
    if not 0 < len(payload) <= LONGEST_FRAME:
        raise WireError(f"a frame of {len(payload)} bytes cannot be sent: it has 1 to {LONGEST_FRAME}")
    return len(payload).to_bytes(4) + payload


class FrameReader:
    """Takes bytes as they come and returns whole frames, each as its fields."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self.broken: WireError | None = None

    def feed(self, data: bytes) -> list[tuple[str, ...]]:
        """Return the frames that are whole with these bytes.

        Raises WireError where the next is none. Those before it in the same bytes are returned first; then ``broken``
        is set, and every further call raises.
        """
        if self.broken is not None:
            raise self.broken
        self._waiting += data
        frames: list[tuple[str, ...]] = []
        try:
            self._take(frames)
        except WireError as error:
            self.broken = error
            self._waiting.clear()
            if not frames:
                raise
        return frames

    def _take(self, frames: list[tuple[str, ...]]) -> None:
        at, waiting = 0, self._waiting
        try:
            while (end := _end(waiting, at)) is not None and end <= len(waiting):
                frames.append(_fields(bytes(waiting[at + 4 : end])))
                at = end
        finally:
            del waiting[:at]


def _end(waiting: bytearray, at: int) -> int | None:
    """Return where the frame that begins at a place ends, as soon as its length is there."""
    if len(waiting) < at + 4:
        return None
    length = int.from_bytes(waiting[at : at + 4])
    if not 0 < length <= LONGEST_FRAME:
        raise WireError(f"a frame of {length} bytes: it has 1 to {LONGEST_FRAME}")
    return at + 4 + length


def _fields(payload: bytes) -> tuple[str, ...]:
    if payload[-1]:
        raise WireError(f"a frame that does not end in a NUL: {payload[:_SHOWN]!r}")
    if payload.count(b"\0") > MOST_FIELDS:
        raise WireError(f"a frame of {payload.count(0)} fields: it has at most {MOST_FIELDS}")
    try:
        return tuple(payload[:-1].decode().split("\0"))
    except UnicodeDecodeError as error:
        raise WireError(f"a frame that is no UTF-8: {error.reason} at byte {error.start}") from error


@dataclass(frozen=True, slots=True)
class Greeting:
    """The versions that a client speaks, and its options."""

    lowest: int
    highest: int
    options: str = ""


class GreetingReader:
    """Takes the first bytes of a connection, until the greeting is whole; ``rest`` are those behind it."""

    def __init__(self) -> None:
        self._waiting = b""
        self.rest = b""

    def feed(self, data: bytes) -> Greeting | None:
        """Return the greeting as soon as it is whole. Raises WireError where it is none."""
        self._waiting += data
        waiting = self._waiting
        if waiting[:4] != _MARK[: len(waiting)]:
            raise WireError(f"no greeting of a TWS client: {waiting[:_SHOWN]!r}")
        if len(waiting) < 8:
            return None
        end = 8 + int.from_bytes(waiting[4:8])
        if end > 8 + _LONGEST_GREETING:
            raise WireError(f"a greeting of {end - 8} bytes: it has at most {_LONGEST_GREETING}")
        if len(waiting) < end:
            return None
        self._waiting, self.rest = b"", waiting[end:]
        return _greeting(waiting[8:end])


def _greeting(told: bytes) -> Greeting:
    match = _GREETING.fullmatch(told.decode("latin-1").rstrip("\0"))
    if match is None:
        raise WireError(f"a greeting without versions: {told[:_SHOWN]!r}")
    lowest, highest, options = match.groups(default="")
    return Greeting(int(lowest), int(highest or lowest), options)


def greeting(told: Greeting) -> bytes:
    """Return the bytes with which a client begins."""
    options = f" {told.options}" if told.options else ""
    return _MARK + framed(f"v{told.lowest}..{told.highest}{options}".encode())


def agreed_version(told: Greeting) -> int:
    """Return the version that is spoken. Raises WireError where the client does not speak ours."""
    if not told.lowest <= SERVER_VERSION <= told.highest:
        spoken = f"{told.lowest} to {told.highest}"
        raise WireError(f"the client speaks versions {spoken}, the gateway only {SERVER_VERSION}")
    return SERVER_VERSION


def greeting_answer(time: str) -> bytes:
    """Return the frame that ends the greeting; nothing may follow it until the client has sent START_API."""
    return framed(f"{SERVER_VERSION}\0{time}\0".encode())

"""Spoilt bytes by the million against the codec: greetings, frames, requests and messages.

    python tests/gateway/fuzz_wire.py --cases 1000000
    python tests/gateway/fuzz_wire.py --server --cases 20000

With ``--server`` the bytes go to a live gateway over TCP; see ``fuzz_server.py``.

A case ends in what the bytes say or in a WireError; anything else is a crash, and so is a case that takes too long.
What was read of spoilt bytes is written and read again, and must be the same. It prints how many cases each target
ended in which way, the slowest case, and the most memory that was in use.
"""

# ruff: noqa: T201 -- a script that prints

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hypothesis import HealthCheck, Phase, given, settings

from gateway.fuzz_server import Tally, fuzz_server
from gateway.wire_records import fields_of, records
from v6_ib_plugin.gateway.wire import (
    WireError,
    decode_message,
    decode_request,
    encode_message,
    encode_request,
)
from v6_ib_plugin.gateway.wire.frames import FrameReader, Greeting, GreetingReader, framed, greeting
from v6_ib_plugin.gateway.wire.layout import Layout
from v6_ib_plugin.gateway.wire.layouts import MESSAGES, REQUESTS

MOST_SECONDS_PER_CASE = 5.0
_WORDS = (
    *("", "0", "1", "-1", "2147483647", "9223372036854775807", "1.7976931348623157E308", "1.7976931348623157e+308"),
    *("Infinity", "Infinite", "NaN", "-Infinity", "1e999999999", "1e-999999999", "9" * 5000, "0x10", "1_0", " 1", "٣"),
    *("BAG", "PEG BEST", "PEG BENCH", "PEGMID", "IBKRATS", "None", "true", "\\", "\\u", "\\ud800", "é", "99999999"),
)
_BYTES = tuple(bytes([number]) for number in (0, 1, 9, 10, 32, 48, 92, 127, 128, 192, 255))

Case = Callable[[random.Random], str]


def seeds(layouts: Sequence[Layout], encode: Callable[[Any], bytes], each: int) -> list[tuple[str, ...]]:
    """Return the fields of valid messages, so many of each layout and always the same ones."""
    found: list[tuple[str, ...]] = []
    for layout in layouts:

        @settings(
            max_examples=each,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(record=records(layout))
        def draw(record: Any) -> None:
            found.append(fields_of(encode(record)))

        draw()
    return found


def spoilt_fields(chance: random.Random, valid: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the fields of a message with some of them wrong, missing or too many."""
    fields = list(chance.choice(valid))
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(fields)) if fields else 0
        match chance.randrange(6):
            case 0:
                fields[at : at + 1] = [chance.choice(_WORDS)]
            case 1:
                fields[at:at] = [chance.choice(_WORDS)]
            case 2:
                del fields[at : at + chance.choice((1, 1, 3))]
            case 3:
                fields = fields[:at]
            case 4:
                fields += chance.choice(valid)[: chance.randrange(10)]
            case _:
                fields[at : at + 1] = ["".join(chance.choices("019.-eE\\u x", k=chance.randrange(8)))]
    return fields


def spoilt_bytes(chance: random.Random, data: bytes) -> bytes:
    """Return bytes with some of them wrong, missing or too many; now and then as they were."""
    spoilt = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        at = chance.randrange(len(spoilt) + 1)
        match chance.randrange(4):
            case 0:
                spoilt[at : at + 1] = chance.choice(_BYTES)
            case 1:
                spoilt[at:at] = chance.choice(_BYTES)
            case 2:
                del spoilt[at : at + chance.randrange(1, 9)]
            case _:
                spoilt[at:at] = chance.randbytes(chance.randrange(1, 9))
    return bytes(spoilt)


def _fed(chance: random.Random, reader: FrameReader, data: bytes) -> list[tuple[str, ...]]:
    """Feed bytes in segments of any size."""
    frames: list[tuple[str, ...]] = []
    at = 0
    while at < len(data) and reader.broken is None:
        end = at + chance.choice((1, 3, 50, len(data)))
        frames += reader.feed(data[at:end])
        at = end
    return frames


def _read_twice(fields: Sequence[str], decode: Callable[[Sequence[str]], Any], encode: Callable[[Any], bytes]) -> str:
    try:
        record = decode(fields)
    except WireError as error:
        return _refused(str(error))
    try:
        payload = encode(record)
    except WireError:
        return "read, and cannot be written"
    assert decode(fields_of(payload)) == record, "it changed on its way"
    return "read"


def _refused(why: str) -> str:
    assert 0 < len(why) < 500, "an error that says nothing or too much"
    return "refused"


def spoilt_requests(valid: Sequence[tuple[str, ...]]) -> Case:
    """Requests with spoilt fields."""
    return lambda chance: _read_twice(spoilt_fields(chance, valid), decode_request, encode_request)


def spoilt_messages(valid: Sequence[tuple[str, ...]]) -> Case:
    """Messages with spoilt fields."""
    return lambda chance: _read_twice(spoilt_fields(chance, valid), decode_message, encode_message)


def spoilt_streams(valid: Sequence[tuple[str, ...]]) -> Case:
    """Some requests as bytes, spoilt and in segments."""

    def case(chance: random.Random) -> str:
        frames = chance.choices(valid, k=chance.randrange(1, 4))
        data = b"".join(framed("".join(f"{text}\0" for text in frame).encode()) for frame in frames)
        reader = FrameReader()
        try:
            told = [
                _read_twice(frame, decode_request, encode_request)
                for frame in _fed(chance, reader, spoilt_bytes(chance, data))
            ]
        except WireError:
            return "refused"
        return "broken behind whole frames" if reader.broken else "read" if "read" in told else "nothing read"

    return case


def random_bytes(chance: random.Random) -> str:
    """Nothing that was ever a frame."""
    reader = FrameReader()
    start = b"" if chance.randrange(2) else chance.randrange(1, 40).to_bytes(4)
    try:
        frames = _fed(chance, reader, start + chance.randbytes(chance.randrange(200)))
        for frame in frames:
            _read_twice(frame, decode_request, encode_request)
    except WireError:
        return "refused"
    return "a frame" if frames else "waiting"


def spoilt_greetings(chance: random.Random) -> str:
    """Greetings, spoilt and in segments."""
    told = Greeting(chance.randrange(300), chance.randrange(300), chance.choice(("", "+PACEAPI")))
    data = spoilt_bytes(chance, greeting(told))
    reader = GreetingReader()
    try:
        while data:
            cut = chance.choice((1, 3, len(data)))
            if reader.feed(data[:cut]) is not None:
                return "greeted"
            data = data[cut:]
    except WireError:
        return "refused"
    return "waiting"


def targets(each: int = 20) -> dict[str, Case]:
    """Return what is fuzzed, by name."""
    asked, told = seeds(REQUESTS, encode_request, each), seeds(MESSAGES, encode_message, each)
    return {
        "requests": spoilt_requests(asked),
        "messages": spoilt_messages(told),
        "streams": spoilt_streams(asked),
        "random bytes": random_bytes,
        "greetings": spoilt_greetings,
    }


def fuzz(case: Case, cases: int, seed: int) -> Tally:
    """Run so many cases of a target."""
    tally, chance = Tally(), random.Random(seed)  # noqa: S311 -- it shall come again
    for number in range(cases):
        began = time.perf_counter()
        try:
            tally.outcomes[case(chance)] += 1
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is the find
            tally.outcomes["crashed"] += 1
            tally.crashes.append(f"case {number}: {type(error).__name__}: {error}"[:1000])
        tally.slowest = max(tally.slowest, time.perf_counter() - began)
    return tally


def main() -> int:
    """Fuzz all targets and print what they came to."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--cases", type=int, default=1_000_000, help="how many cases in all")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--server", action="store_true", help="against a live gateway over TCP")
    given_options = options.parse_args()
    faulthandler.dump_traceback_later(3 * 3600, exit=True)
    if given_options.server:
        began = time.perf_counter()
        tally = live(given_options.cases, given_options.seed)
        return int(_told("live gateway", tally, time.perf_counter() - began))
    all_targets = targets()
    crashed = False
    for name, case in all_targets.items():
        began = time.perf_counter()
        tally = fuzz(case, given_options.cases // len(all_targets), given_options.seed)
        crashed |= _told(name, tally, time.perf_counter() - began)
    print(f"the most memory of the largest frames: {largest_frames() / 2**20:.0f} MiB")
    return int(crashed)


def live(cases: int, seed: int, each: int = 20) -> Tally:
    """Run so many cases against a live gateway."""
    return fuzz_server(cases, seed, seeds(REQUESTS, encode_request, each), spoilt_bytes, spoilt_fields)


def _told(name: str, tally: Tally, took: float) -> bool:
    """Print what the cases of a target came to, and return whether that is a find."""
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(tally.outcomes.items()))
    print(f"{name}: {tally.outcomes.total()} cases in {took:.0f} s: {told}; {tally.slowest * 1000:.0f} ms at most")
    for crash in tally.crashes[:5]:
        print(f"    {crash}")
    return bool(tally.crashes) or tally.slowest > MOST_SECONDS_PER_CASE


def largest_frames() -> int:
    """Return the bytes that are in use at most while the largest frames that a client can send are read."""
    hostile = [
        framed(b"\0" * 0xFFFFFF),
        framed(b"a" * 0xFFFFFE + b"\0"),
        framed(b"3\0" + b"\0" * 900_000),
        framed(b"4\0" * 2 + b"9" * 0xFFFFF0 + b"\0\0"),
        b"\0\xff\xff\xff" + b"a" * 0xFFFFFE,
    ]
    tracemalloc.start()
    for data in hostile:
        reader = FrameReader()
        try:
            for frame in reader.feed(data):
                _read_twice(frame, decode_request, encode_request)
        except WireError:
            continue
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


if __name__ == "__main__":
    sys.exit(main())

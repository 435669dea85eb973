"""Bytes and frames: lengths, segments, the greeting."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire_records import ANY_TEXT
from v6_ib_plugin.gateway.wire import WireError
from v6_ib_plugin.gateway.wire.frames import (
    LONGEST_FRAME,
    MOST_FIELDS,
    FrameReader,
    Greeting,
    GreetingReader,
    agreed_version,
    framed,
    greeting,
    greeting_answer,
)

_frames = st.lists(
    st.lists(ANY_TEXT.filter(lambda text: "\0" not in text), min_size=1, max_size=4).map(tuple), max_size=5
)
_cuts = st.lists(st.integers(1, 12), max_size=40)


def _bytes(frames: list[tuple[str, ...]]) -> bytes:
    return b"".join(framed("".join(f"{field}\0" for field in frame).encode()) for frame in frames)


def _segments(data: bytes, cuts: list[int]) -> list[bytes]:
    segments: list[bytes] = []
    for cut in cuts:
        segments.append(data[:cut])
        data = data[cut:]
    return [*segments, data]


@given(frames=_frames, cuts=_cuts)
@settings(deadline=None)
def test_frames_are_the_same_however_they_are_cut_into_segments(frames: list[tuple[str, ...]], cuts: list[int]) -> None:
    reader = FrameReader()
    assert [frame for segment in _segments(_bytes(frames), cuts) for frame in reader.feed(segment)] == frames


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x01\x00\x00\x00", "a frame of 16777216 bytes"),
        (b"\x00\x00\x00\x00", "a frame of 0 bytes"),
        (b"GET / HTTP/1.1\r\n\r\n", "a frame of 1195725856 bytes"),
        (b"\x00\x00\x00\x02ab", "does not end in a NUL"),
        (b"\x00\x00\x00\x02\xff\x00", "no UTF-8"),
    ],
)
def test_what_is_no_frame_is_refused_at_once(data: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        FrameReader().feed(data)


def test_whole_frames_before_garbage_are_still_told() -> None:
    reader = FrameReader()
    assert reader.feed(framed(b"49\x001\x00") + b"\xff\xff\xff\xff") == [("49", "1")]
    assert "4294967295 bytes" in str(reader.broken)
    with pytest.raises(WireError):
        reader.feed(b"")


def test_the_longest_frame_is_read_in_small_segments() -> None:
    data = framed(b"a" * (LONGEST_FRAME - 1) + b"\x00")
    reader = FrameReader()
    frames = [frame for at in range(0, len(data), 65536) for frame in reader.feed(data[at : at + 65536])]
    assert [len(field) for frame in frames for field in frame] == [LONGEST_FRAME - 1]


def test_a_frame_of_too_many_fields_is_refused() -> None:
    with pytest.raises(WireError, match=f"a frame of {MOST_FIELDS + 1} fields"):
        FrameReader().feed(framed(b"\x00" * (MOST_FIELDS + 1)))


@pytest.mark.parametrize("payload", [b"", b"x" * (LONGEST_FRAME + 1)])
def test_a_frame_that_nobody_would_take_is_not_made(payload: bytes) -> None:
    with pytest.raises(WireError, match="cannot be sent"):
        framed(payload)


@given(
    told=st.builds(Greeting, st.integers(0, 999), st.integers(0, 999), st.sampled_from(["", "+PACEAPI", "a b"])),
    cuts=_cuts,
)
@settings(deadline=None)
def test_a_greeting_is_the_same_however_it_is_cut_into_segments(told: Greeting, cuts: list[int]) -> None:
    reader = GreetingReader()
    heard = [reader.feed(segment) for segment in _segments(greeting(told), cuts) if segment]
    assert (heard[-1], set(heard[:-1])) in [(told, {None}), (told, set[None]())]


def test_what_comes_behind_a_greeting_is_kept() -> None:
    reader = GreetingReader()
    assert reader.feed(greeting(Greeting(157, 178)) + b"more") == Greeting(157, 178)
    assert reader.rest == b"more"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GET / HTTP/1.1\r\n", "no greeting of a TWS client: b'GET / HTTP/1.1"),
        (b"\x00", "no greeting of a TWS client"),
        (b"API\x00\x00\x00\xff\xff", "a greeting of 65535 bytes"),
        (b"API\x00\x00\x00\x00\x05hello", "a greeting without versions: b'hello'"),
        (b"API\x00\x00\x00\x00\x00", "a greeting without versions"),
    ],
)
def test_what_is_no_greeting_is_refused_at_once(data: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        GreetingReader().feed(data)


@pytest.mark.parametrize(("lowest", "highest"), [(157, 178), (100, 225), (178, 178), (100, 193)])
def test_a_client_that_speaks_178_is_answered_in_it(lowest: int, highest: int) -> None:
    assert agreed_version(Greeting(lowest, highest)) == 178


@pytest.mark.parametrize(("lowest", "highest"), [(179, 225), (100, 177), (200, 100)])
def test_a_client_that_does_not_speak_178_is_refused(lowest: int, highest: int) -> None:
    with pytest.raises(WireError, match=f"speaks versions {lowest} to {highest}"):
        agreed_version(Greeting(lowest, highest))


def test_the_answer_to_a_greeting_has_exactly_two_fields() -> None:
    assert FrameReader().feed(greeting_answer("20260102 10:00:00 UTC")) == [("178", "20260102 10:00:00 UTC")]

"""Messages recorded from real servers of versions 164 to 176, among which are some that their collectors wrote.

Each is read as it is at 178, after what older versions say otherwise was put right by rule, and written again to the
same fields. What cannot be read is told by a rule as well: templates with a gap in braces, messages that name another
version of themselves, those that are cut short or have a field too many, and completed orders that were made of others
by writing the filled size into a flag.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gateway.wire_records import fields_of
from v6_ib_plugin.gateway.wire import WireError, decode_message, decode_request, encode_message, encode_request
from v6_ib_plugin.gateway.wire.layout import Fixed, Layout
from v6_ib_plugin.gateway.wire.layouts import MESSAGES, REQUESTS

DATA = Path(os.environ.get("V6_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "tws"
Fields = tuple[str, ...]
Changes = Sequence[tuple[int, int | Fields]]
Codec = Callable[[Fields], bytes]

_FROM_OUR_SIDE: dict[int, Changes] = {
    5: ((177, 34), (170, ("", "", "", "", ""))),
    101: ((177, 31),),
    11: ((178, ("0",)),),
    4: ((166, ("",)),),
}
"""What came with a version into a message of TWS: fields at the end, or the place of a field that went."""
_FROM_THEIR_SIDE: dict[int, Changes] = {3: ((177, -71), (166, ("", ""))), 9: ((176, ("",)),)}
"""The same in a request; the place is counted from the end, since the legs of a combination stand before it."""


def _recorded() -> list[Fields]:
    path = DATA / "frames.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}: set V6_TEST_DATA to the folder that holds tws/")
    return [tuple(json.loads(line)["fields"]) for line in path.read_text().splitlines()]


def _without(fields: Fields, place: int) -> Fields:
    return tuple(field for index, field in enumerate(fields) if index != place % len(fields))


def _candidates(fields: Fields, changes: Sequence[tuple[int, int | Fields]]) -> list[Fields]:
    """Return the fields as they are, and as each older version would have them at 178.

    The collectors split some messages behind the last NUL, which gives them an empty field too many.
    """
    candidates: list[Fields] = []
    for start in (fields[:-1], fields) if fields[-1] == "" else (fields,):
        whole = start
        candidates.append(whole)
        for _, change in changes:
            whole = _without(whole, change) if isinstance(change, int) else (*whole, *change)
            candidates.append(whole)
    return candidates


def _layouts(fields: Fields) -> list[tuple[Layout, Codec, Changes]]:
    """Return what a message can be: one of TWS, one of a client, or either."""
    number = int(fields[0])
    told = [(layout, _tell, _FROM_OUR_SIDE.get(number, ())) for layout in MESSAGES if layout.message_id == number]
    asked = [(layout, _ask, _FROM_THEIR_SIDE.get(number, ())) for layout in REQUESTS if layout.message_id == number]
    return [*told, *asked]


def _tell(fields: Fields) -> bytes:
    return encode_message(decode_message(fields))


def _ask(fields: Fields) -> bytes:
    return encode_request(decode_request(fields))


def _why_not(fields: Fields, there_and_back: Codec) -> str:
    try:
        there_and_back(fields)
    except WireError as error:
        return str(error)
    return ""


def _read(fields: Fields) -> tuple[Fields, Fields] | None:
    """Return the fields as they are at 178, and as they are after they were read and written."""
    for layout, there_and_back, changes in _layouts(fields):
        if not _is_of_another_version(fields, layout):
            for candidate in _candidates(fields, changes):
                if not _why_not(candidate, there_and_back):
                    return candidate, fields_of(there_and_back(candidate))
    return None


def _is_template(fields: Fields) -> bool:
    return any("{" in field for field in fields)


def _is_of_another_version(fields: Fields, layout: Layout) -> bool:
    first = layout.items[0] if layout.items else None
    return isinstance(first, Fixed) and fields[1] != first.text


def _is_cut_short(fields: Fields, there_and_back: Codec) -> bool:
    return "is missing" in _why_not(fields, there_and_back)


def _is_too_long(fields: Fields, there_and_back: Codec) -> bool:
    return "too many" in _why_not(fields, there_and_back)


def _randomizes_by_a_size(fields: Fields) -> bool:
    return fields[0] == "101" and fields[77:80] == ("Filled", "100", "0")


def _cannot_be_read(fields: Fields) -> bool:
    ways = _layouts(fields)
    return (
        _is_template(fields)
        or _randomizes_by_a_size(fields)
        or any(_is_cut_short(fields, way) for _, way, _ in ways)
        or all(_is_of_another_version(fields, layout) or _is_too_long(fields, way) for layout, way, _ in ways)
    )


def test_every_recorded_message_is_read_unless_a_rule_says_why_not() -> None:
    unread = [fields for fields in _recorded() if _read(fields) is None]
    assert [fields for fields in unread if not _cannot_be_read(fields)] == []
    assert len(unread) < 25


def test_every_recorded_message_that_is_read_is_written_with_the_same_fields() -> None:
    told = [read for fields in _recorded() if (read := _read(fields)) is not None]
    assert [(before, after) for before, after in told if not _are_same(before, after)] == []


def _are_same(before: Fields, after: Fields) -> bool:
    """Whether both say the same; an int that a client left empty is written as the zero that it means."""
    from_a_client = before[0] in {"3", "9"} and len(before) > 12
    return len(before) == len(after) and all(
        one == other or (from_a_client and (one, other) == ("", "0")) for one, other in zip(before, after, strict=True)
    )


def test_every_order_and_every_fill_of_full_length_is_read() -> None:
    lengths = {"5": 130, "101": 90, "11": 31, "59": 8, "3": 12}
    whole = [fields for fields in _recorded() if len(fields) >= lengths.get(fields[0], 1000)]
    assert len(whole) > 30
    assert [fields for fields in whole if _read(fields) is None and not _randomizes_by_a_size(fields)] == []

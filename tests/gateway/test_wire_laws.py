"""Laws of the codec, for every message and every request that has a layout."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire_records import fields_of, records
from v6_ib_plugin.gateway.wire import (
    WireError,
    decode_message,
    decode_request,
    encode_message,
    encode_request,
    messages,
    requests,
)
from v6_ib_plugin.gateway.wire.layout import Layout
from v6_ib_plugin.gateway.wire.layouts import MESSAGES, REQUESTS

Decode = Callable[[Sequence[str]], Any]
Encode = Callable[[Any], bytes]
_BOTH = [
    *(pytest.param(layout, encode_message, decode_message, id=layout.name) for layout in MESSAGES),
    *(pytest.param(layout, encode_request, decode_request, id=layout.name) for layout in REQUESTS),
]
_few = settings(deadline=None, max_examples=8)
every = pytest.mark.parametrize(("layout", "encode", "decode"), _BOTH)


@every
@given(data=st.data())
@_few
def test_what_was_written_is_read_back(data: st.DataObject, layout: Layout, encode: Encode, decode: Decode) -> None:
    record = data.draw(records(layout))
    assert decode(fields_of(encode(record))) == record


@every
@given(data=st.data())
@_few
def test_no_part_of_a_message_and_nothing_longer_is_one(
    data: st.DataObject, layout: Layout, encode: Encode, decode: Decode
) -> None:
    fields = fields_of(encode(data.draw(records(layout))))
    with pytest.raises(WireError, match=layout.name):
        decode((*fields, ""))
    if len(fields) > 1:
        with pytest.raises(WireError, match=layout.name):
            decode(fields[: data.draw(st.integers(1, len(fields) - 1))])


def test_every_message_and_every_request_has_one_layout() -> None:
    told = {kind for kind in vars(messages).values() if isinstance(kind, type) and issubclass(kind, messages.Message)}
    asked = {kind for kind in vars(requests).values() if isinstance(kind, type) and issubclass(kind, requests.Request)}
    assert {layout.make for layout in MESSAGES} == told - {messages.Message}
    assert {layout.make for layout in REQUESTS} == asked - {requests.Request, requests.Unknown}
    for layouts in (MESSAGES, REQUESTS):
        assert len({layout.message_id for layout in layouts}) == len(layouts)


def test_every_value_of_a_record_is_said_by_its_layout() -> None:
    for layout in (*MESSAGES, *REQUESTS):
        said = {path.split(".")[0] for path in _paths(layout.items)}
        assert said == {field.name for field in dataclasses.fields(layout.make)}, layout.name


def _paths(items: Sequence[Any]) -> list[str]:
    paths: list[str] = []
    for item in items:
        paths += [item.path] if hasattr(item, "path") else []
        paths += _paths(item.items) if not hasattr(item, "make") and hasattr(item, "items") else []
    return paths

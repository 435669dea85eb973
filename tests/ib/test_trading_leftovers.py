"""Notes of entries that wait for their exits: written before anything is sent, and taken back by their number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ib.ib_desk import bound, ib, new_ref, on_loop, ref_of, tws
from v6_ib_plugin.transport import Transport
from v6core.errors import NotSent
from v6core.orders import Order


def bracket() -> tuple[Order, Order]:
    entry = bound(Order.limit("BUY", 10, 95))
    return entry, bound(Order.limit("SELL", 10, 110, tif="GTC", parent_order_id=entry.order_id))


def notes_in(folder: Path) -> Path:
    return folder / "staged-ib.json"


@on_loop
async def test_an_entry_is_noted_before_it_is_sent_and_struck_out_where_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, object]] = []

    async def refuse(_transport: Transport, *_: object) -> None:
        seen.append(json.loads(notes_in(tmp_path).read_text()))
        raise NotSent("nothing was sent")

    entry, take = bracket()
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        monkeypatch.setattr(Transport, "place_orders", refuse)
        with pytest.raises(NotSent):
            await desk.place(entry, take)
    (noted,) = seen
    assert list(noted) == [ref_of(entry)]
    assert json.loads(notes_in(tmp_path).read_text()) == {}


@on_loop
async def test_a_bracket_that_cannot_be_noted_is_not_sent(tmp_path: Path) -> None:
    notes_in(tmp_path).with_suffix(".tmp").mkdir()
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        with pytest.raises(NotSent, match="cannot be written"):
            await desk.place(*bracket())
        assert gateway.placed == []


@on_loop
async def test_the_number_of_a_leftover_that_never_arrived_is_not_given_out_again(tmp_path: Path) -> None:
    notes_in(tmp_path).write_text(json.dumps({new_ref(): [6, 50]}))
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        assert gateway.numbers(order)[0] > 50

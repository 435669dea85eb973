"""What time does to orders at the gateway's desk: the night, the end of the day, of an order's own time, of a tape."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.desk_wire import WireClient, bracket, d, floor, limit, of, run
from v6_ib_plugin.gateway.desk.executions import time_text
from v6_ib_plugin.gateway.wire import messages

DAY: dict[str, Any] = {"quotes": "synthetic", "start": "2026-06-01", "step": 60, "speed": 80_000}
"""A trading day in a third of a second."""
Row = tuple[str, int, int, int, int]


def tape(folder: Path, *rows: Row) -> dict[str, Any]:
    """Return the settings of a market that plays rows of time, bid, its size, ask, its size: a minute in 20 ms."""
    file = folder / "quotes.csv"
    lines = [f"2015-12-23T{at}:00Z,stock,ACME,,,,{bid},{bids},{ask},{asks}" for at, bid, bids, ask, asks in rows]
    head = "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size"
    file.write_text("\n".join([head, *lines, ""]))
    return {"quotes": f"replay:{file}", "speed": 3000}


async def how_they_ended(client: WireClient) -> dict[str, str]:
    """Return how the completed orders ended, by reference."""
    return {told.order.order_ref: told.completion.completed_status for told in await client.completed()}


def test_a_day_order_expires_at_the_close_and_a_lasting_one_waits_for_the_next_day() -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            client = await opened.client()
            client.place(limit(1, 1, order_ref="day"), limit(2, 1, tif="GTC"))
            assert (await client.status(1, "Cancelled")).filled == 0
            await client.answer(202)
            assert await how_they_ended(client) == {"day": "Expired: its time is over"}
            [told] = await client.open_orders()
            assert (told.order.order_id, told.state.status) == (2, "PreSubmitted")

    run(main())


def test_an_order_that_comes_at_night_waits_for_the_open() -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            client = await opened.client()
            client.place(limit(1, 1))
            await client.status(1, "Cancelled")
            client.place(limit(2, 1))
            await client.status(2, "PreSubmitted")
            await client.status(2, "Submitted")
            assert client.about(2)[:4] == ["open PreSubmitted", "PreSubmitted", "open Submitted", "Submitted"]

    run(main())


def test_an_order_ends_at_its_own_time() -> None:
    async def main() -> None:
        async with floor(**DAY) as opened:
            client = await opened.client()
            until = time_text(opened.gateway.broker.now() + timedelta(hours=2))
            client.place(limit(1, 1, tif="GTD", good_till_date=until, order_ref="gtd"))
            await client.status(1, "Cancelled")
            await client.answer(202)
            assert await how_they_ended(client) == {"gtd": "Expired: its time is over"}

    run(main())


@pytest.mark.parametrize("until", ["20200101 10:00:00 US/Eastern", "", "soon"])
def test_a_time_that_is_over_or_none_is_refused(until: str) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            client.place(limit(1, 90, tif="GTD", good_till_date=until))
            assert "good_till" in (await client.answer(201)).text

    run(main())


def test_the_end_of_a_tape_ends_every_order_and_takes_no_more(tmp_path: Path) -> None:
    async def main() -> None:
        async with floor(**tape(tmp_path, ("20:58", 99, 100, 101, 100), ("20:59", 98, 100, 100, 100))) as opened:
            client = await opened.client()
            client.place(limit(1, 90, tif="GTC", order_ref="gtc"), *bracket(2))
            await client.status(1, "Cancelled")
            client.place(limit(9, 90))
            assert "the recorded quotes end" in (await client.answer(201)).text
            assert await client.open_orders() == []
            assert "the recorded quotes end" in (await how_they_ended(client))["gtc"]

    run(main())


# Groups, while their members fill in parts


@pytest.mark.parametrize("kind", [2, 3])
def test_a_part_that_fills_is_taken_off_the_others_and_the_rest_cancels_them(tmp_path: Path, kind: int) -> None:
    async def main() -> None:
        async with floor(**_in_two_parts(tmp_path)) as opened:
            client = await opened.client()
            client.place(limit(1, 90, oca_group="g", oca_type=kind), limit(2, 80, oca_group="g", oca_type=kind))
            reduced = await client.until(messages.OpenOrder, lambda told: told.order.total_quantity == d(6))
            assert (reduced.order.order_id, reduced.state.status) == (2, "Submitted")
            await client.status(1, "Filled")
            await client.status(2, "Cancelled")

    run(main())


def test_a_part_that_fills_cancels_the_others_of_a_cancelling_group(tmp_path: Path) -> None:
    async def main() -> None:
        async with floor(**_in_two_parts(tmp_path)) as opened:
            client = await opened.client()
            client.place(limit(1, 90, oca_group="g", oca_type=1), limit(2, 80, oca_group="g", oca_type=1))
            await client.status(2, "Cancelled")
            assert "Filled" not in client.about(1)
            await client.status(1, "Filled")

    run(main())


def _in_two_parts(folder: Path) -> dict[str, Any]:
    rows = ("15:00", 99, 100, 101, 100), ("15:05", 89, 4, 90, 4), ("15:10", 98, 9, 100, 9), ("15:15", 85, 9, 86, 9)
    return tape(folder, *rows, ("20:00", 98, 9, 100, 9))


# A parent in parts


def test_children_wait_while_their_parent_has_filled_in_part(tmp_path: Path) -> None:
    async def main() -> None:
        async with floor(**_in_two_parts(tmp_path)) as opened:
            client = await opened.client()
            client.place(*bracket(1, entry=90, take=110, cut=80))
            await client.until(messages.ExecDetails)
            await client.status(1, "Filled")
            await client.status(2, "Submitted")
            last = client.heard.index(client.all(messages.ExecDetails)[-1])
            early = of(messages.OrderStatus, client.heard[:last])
            assert {told.status.status for told in early if told.status.order_id == 2} == {"PreSubmitted"}
            assert len(client.all(messages.ExecDetails)) == 2

    run(main())

"""Handing orders over: whole units in their order, sound to the last field, or nothing at all."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

from ib.link_desk import until
from ib.scripted_tws import ScriptedTws
from ib.transport_desk import GOOG, limit_order, ours, tells_the_time
from v6_ib_plugin.pacing import Pacer
from v6_ib_plugin.terms import IbContract
from v6_ib_plugin.transport import client
from v6core.errors import NotConnected, NotSent


def test_orders_of_a_unit_leave_in_their_order_and_together() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            await transport.place_orders([(GOOG, limit_order(number, transmit=number == 3)) for number in (1, 2, 3)])
            sent = await server.until_sent(3, 3)
            assert [(fields[1], fields[27]) for fields in sent] == [("1", "0"), ("2", "0"), ("3", "1")]

    asyncio.run(run())


def test_a_unit_with_one_unsound_order_does_not_leave_at_all() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            unsound = limit_order(2, order_ref="v6-\n")
            with pytest.raises(NotSent):
                await transport.place_orders([(GOOG, limit_order(1)), (GOOG, unsound)])
            await transport.current_time()
            assert server.sent(3) == []

    asyncio.run(run())


@pytest.mark.parametrize(
    "terms",
    [
        {"order_ref": "v6-é"},
        {"lmt_price": Decimal("NaN")},
        {"lmt_price": Decimal("Infinity")},
        {"aux_price": Decimal("-Infinity")},
        {"order_id": 0},
        {"total_quantity": Decimal(-1)},
        {"scale_terms": ("1",)},
    ],
)
def test_unsound_terms_are_refused_before_anything_is_written(terms: dict[str, Any]) -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            order = limit_order(**({"order_id": 1} | terms))
            with pytest.raises(NotSent):
                await transport.place_order(GOOG, order)
            await transport.current_time()
            assert server.sent(3) == []

    asyncio.run(run())


def test_numbers_go_out_in_their_own_digits() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            option = IbContract(symbol="GOOG", sec_type="OPT", strike=Decimal("1E+3"), right="C")
            await transport.place_order(
                option, limit_order(1, lmt_price=Decimal("0.10"), total_quantity=Decimal("1E+2"))
            )
            (sent,) = await server.until_sent(3)
            assert (sent[6], sent[17], sent[19]) == ("1000", "100", "0.10")

    asyncio.run(run())


def test_cancels_name_their_order() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            await transport.cancel_order(7)
            await transport.global_cancel()
            assert await server.until_sent(4) == [["4", "1", "7", ""]]
            assert await server.until_sent(58) == [["58", "1"]]

    asyncio.run(run())


class DeafTws(ScriptedTws):
    """Logs in and then reads no more."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answers[71] = self._stop
        await super()._serve(reader, writer)

    def _stop(self, _: list[str]) -> list[tuple[object, ...]]:
        assert self._writer is not None
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]
        return []


def test_what_has_not_left_when_the_link_goes_is_in_doubt_and_what_found_no_room_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "MAX_UNREAD", 100_000)

    async def run() -> None:
        async with DeafTws.running() as server, ours(server, Pacer(None)) as (transport, _):
            order = limit_order(1, algo_strategy="x" * 60_000)
            placing = [asyncio.create_task(transport.place_order(GOOG, order)) for _ in range(300)]
            await until(placing[-1].done)
            transport.give_up("it does not read")
            outcomes = await asyncio.gather(*placing, return_exceptions=True)
            kinds = [kind for kind, _ in groupby(type(outcome) for outcome in outcomes)]
            assert kinds == [type(None), NotConnected, NotSent]

    asyncio.run(run())

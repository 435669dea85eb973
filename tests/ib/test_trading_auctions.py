"""Orders at the open and the close, and market-to-limit orders, through the broker to a gateway over TCP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ib.ib_desk import ACME, D, Tws, engine_on, on_loop, tws
from v6core.identifiers import RandomIds
from v6core.journal import SqliteJournal
from v6core.orders import Order, OrderStatus

DAY: dict[str, Any] = {"quotes": "synthetic", "start": "2026-06-01", "step": 60}
"""A trading day that begins at the open, and passes as fast as a test lets it."""


def order_of(order_type: str, **terms: Any) -> Order:
    return Order.model_validate({"action": "BUY", "quantity": 10, "order_type": order_type, **terms})


def pass_time(gateway: Tws, hours: float) -> None:
    gateway.gateway.broker.native.pass_time(hours * 3600)


AUCTIONED = [
    ("MARKET_ON_CLOSE", "DAY"),
    ("LIMIT_ON_CLOSE", "DAY"),
    ("MARKET_ON_OPEN", "DAY"),
    ("MARKET_ON_OPEN", "OPG"),
    ("LIMIT_ON_OPEN", "OPG"),
]


@pytest.mark.parametrize(("order_type", "tif"), AUCTIONED)
@on_loop
async def test_an_order_at_an_auction_is_held_until_then_and_fills_there(
    tmp_path: Path, order_type: str, tif: str
) -> None:
    async with tws(**DAY) as gateway, engine_on(gateway, tmp_path) as engine:
        high = ((await engine.quote(ACME)).ask or D(0)) * D("1.04")
        order = order_of(order_type, tif=tif, **({"limit_price": round(high)} if "LIMIT" in order_type else {}))
        placed = await engine.place_order(ACME, order)
        assert (placed.status, placed.working, placed.anomalies) == (OrderStatus.SUBMITTED, False, ())
        pass_time(gateway, 24.1)
        filled = await engine.wait_for(order.order_id, timeout=5)
        assert (filled.status, filled.filled_quantity, filled.anomalies) == (OrderStatus.FILLED, D(10), ())


@on_loop
async def test_an_order_at_the_close_that_comes_too_late_is_rejected_with_the_reason(tmp_path: Path) -> None:
    async with tws(**DAY) as gateway, engine_on(gateway, tmp_path) as engine:
        pass_time(gateway, 6.4)
        order = await engine.place_order(ACME, order_of("MARKET_ON_CLOSE"))
        assert order.status is OrderStatus.REJECTED
        assert "are taken, changed and cancelled until " in (order.reason or "")


@on_loop
async def test_an_order_at_the_close_that_is_cancelled_too_late_is_not_cancelled(tmp_path: Path) -> None:
    async with tws(**DAY) as gateway, engine_on(gateway, tmp_path) as engine:
        order = await engine.place_order(ACME, order_of("MARKET_ON_CLOSE"))
        pass_time(gateway, 6.4)
        assert not await engine.cancel_order(order.order_id)
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED


def quoted(gateway: Tws, ask: str, size: int) -> None:
    gateway.gateway.broker.native.set_quote(ACME, "99.90", ask, ask_size=size)


@on_loop
async def test_the_limit_that_a_market_to_limit_order_has_become_is_no_change_of_its_terms(tmp_path: Path) -> None:
    def journal() -> SqliteJournal:
        return SqliteJournal.open(tmp_path / "journal.db", ids=RandomIds())

    async with tws() as gateway:
        quoted(gateway, "100.10", 4)
        async with engine_on(gateway, tmp_path, journal) as engine:
            order = await engine.place_order(ACME, order_of("MARKET_TO_LIMIT"))
            order = await engine.wait_for(order.order_id, "PARTIALLY_FILLED", timeout=5)
            assert (order.filled_quantity, order.limit_price, order.anomalies) == (D(4), None, ())
        async with engine_on(gateway, tmp_path, journal) as engine:
            order = await engine.order(order.order_id)
            assert (order.status, order.anomalies) == (OrderStatus.PARTIALLY_FILLED, ())
            quoted(gateway, "100.10", 10)
            filled = await engine.wait_for(order.order_id, "FILLED", timeout=5)
            assert (filled.avg_fill_price, filled.anomalies) == (D("100.10"), ())

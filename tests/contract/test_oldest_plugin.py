"""The oldest plugin that this v6core promises to run, traded through by an engine, from a configuration's file."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from v6core import Broker, Order, OrderExecutionEngine, OrderStatus, Stock
from v6core.broker import BrokerContext
from v6core.clock import SystemClock
from v6core.plugins import load_broker
from v6core.reports import Report

FILE = Path(__file__).with_name("oldest_plugin_1_0.py")
FROZEN = "0f195792a9190b97122bf8fb8311ed56bc2eaa2883d518d128d8580fa2828325"
"""What the file hashes to; it is not to be changed, whatever else is."""
GOOG = Stock("GOOG")

Deed = Callable[[OrderExecutionEngine], Awaitable[None]]


@pytest.fixture
def trade(tmp_path: Path) -> Callable[[Deed], None]:
    """Return what runs a deed with an engine in front of the oldest plugin."""
    (tmp_path / "v6.toml").write_text(f"[brokers.old]\nplugin = '{FILE}'\nprice = 120\n[journal]\npath = 'j.db'\n")

    async def traded(deed: Deed) -> None:
        async with await OrderExecutionEngine.from_config(tmp_path / "v6.toml") as engine:
            await deed(engine)

    return lambda deed: asyncio.run(traded(deed))


def test_the_file_is_as_it_was_written() -> None:
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == FROZEN, (
        "the oldest plugin stands for plugins that are out there and cannot be edited: restore it, and mend v6core"
    )


def test_a_market_order_fills_is_paid_for_and_held(trade: Callable[[Deed], None]) -> None:
    async def deed(engine: OrderExecutionEngine) -> None:
        order = await engine.place_order(GOOG, Order.market("BUY", 10))
        done = await engine.wait_for(order.order_id, OrderStatus.FILLED, timeout=5)
        assert (done.avg_fill_price, done.commission) == (Decimal(120), Decimal(1))
        (position,) = await engine.positions()
        assert (position.quantity, position.avg_cost) == (Decimal(10), Decimal(120))

    trade(deed)


def test_a_limit_order_rests_is_changed_and_is_cancelled(trade: Callable[[Deed], None]) -> None:
    async def deed(engine: OrderExecutionEngine) -> None:
        order = await engine.place_order(GOOG, Order.limit("BUY", 10, 40))
        assert order.status is OrderStatus.SUBMITTED
        assert (await engine.modify_order(order.order_id, limit_price=Decimal(39))).limit_price == 39
        assert await engine.cancel_order(order.order_id)

    trade(deed)


def test_a_refusal_is_a_rejected_order(trade: Callable[[Deed], None]) -> None:
    async def deed(engine: OrderExecutionEngine) -> None:
        order = await engine.place_order(GOOG, Order.limit("BUY", 450, 40))
        assert (order.status, order.reason) == (OrderStatus.REJECTED, "SIZE: too large")

    trade(deed)


def test_its_quotes_are_asked_for_and_streamed(trade: Callable[[Deed], None]) -> None:
    async def deed(engine: OrderExecutionEngine) -> None:
        assert (await engine.quote(GOOG)).mid == 120
        assert [quote.bid async for quote in engine.quotes([GOOG])] == [119]

    trade(deed)


def test_its_own_tests_make_its_context_by_the_keywords_of_then(tmp_path: Path) -> None:
    async def no_other(name: str) -> Broker:
        raise AssertionError(name)

    heard: list[Report] = []
    context = BrokerContext(
        name="old",
        clock=SystemClock(),
        report=heard.append,
        folder=tmp_path,
        logger=logging.getLogger("old"),
        open_broker=no_other,
    )
    spec = load_broker(str(FILE))
    asyncio.run(spec.create(spec.settings(), context).connect())
    assert [report.report for report in heard] == ["LINK"]

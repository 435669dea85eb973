"""Every order type of IB that options alone have a word for, over TCP: placed, shown, changed and cancelled as one.

TWS's side is a script that shows what was sent in the places in which a real one shows it, and takes anything: whether
a real one would, only a real one could tell.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ib.echoing_tws import REWRITTEN, echoed
from ib.ib_desk import ACME, engine_on
from ib.ib_desk import tws as gateway_on_loopback
from ib.works import AT_ATS, SAMPLES
from v6_ib_plugin.options.lifetimes import Lifetime
from v6_ib_plugin.options.work import WORKS
from v6core.contracts import Contract, Stock
from v6core.engine import OrderExecutionEngine
from v6core.errors import V6Error
from v6core.orders import BracketOrder, Order

_ON_THE_WIRE = {"quantity": "totalQuantity", "limit_price": "lmtPrice", "stop_price": "auxPrice"}


def test_every_type_and_lifetime_has_a_sample() -> None:
    said = [sample.options for sample in SAMPLES.values()]
    assert {options["work_as"]["type"] for options in said if "work_as" in options} == set(WORKS)
    assert {options["time_in_force"] for options in said if "time_in_force" in options} == set(Lifetime)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_order_is_placed_changed_as_what_it_is_and_cancelled(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]

    async def run() -> None:
        async with echoed(tmp_path) as (engine, tws):
            native = engine.native
            placed = await engine.place_order(sample.contract, sample.order)
            assert (placed.status, placed.anomalies, placed.reason) == ("SUBMITTED", (), None)
            after = await engine.modify_order(placed.order_id, **sample.change)
            assert (after.status, after.anomalies) == ("SUBMITTED", ())
            assert {term: getattr(after, term) for term in sample.change} == sample.change
            assert (after.order_type, after.tif, after.options) == (placed.order_type, placed.tif, placed.options)
            (trade,) = native.openTrades()
            assert trade.order.orderType == sample.sent.get("orderType", "LMT")
            assert await engine.cancel_order(placed.order_id)
            await engine.wait_for(placed.order_id, "CANCELLED", timeout=5)
            first, second = tws.orders
            assert {field: first[field] for field in sample.sent} == sample.sent
            different = {field for field in first | second if first.get(field, "") != second.get(field, "")}
            filled_in = {field for field in REWRITTEN if not first.get(field)}
            assert different - filled_in - {"primaryExchange"} == {_ON_THE_WIRE[term] for term in sample.change}

    asyncio.run(run())


def refused(folder: Path, contract: Contract, order: Order | BracketOrder) -> str:
    """Return why an order is refused, of which TWS is sent nothing."""

    async def run() -> str:
        async with echoed(folder) as (engine, tws):
            with pytest.raises(V6Error) as error:
                await (
                    engine.place_bracket_order(order, contract)
                    if isinstance(order, BracketOrder)
                    else engine.place_order(contract, order)
                )
            assert tws.orders == []
            return str(error.value)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("contract", "terms", "why"),
    [
        (Stock("GOOG"), {"order_type": "STOP", "stop_price": 90}, "goes with LIMIT (limit_price caps it)"),
        (AT_ATS, {"order_type": "LIMIT", "limit_price": 90, "outside_rth": True}, "leave outside_rth out"),
    ],
)
def test_a_wrong_combination_is_denied_with_the_way_out(
    tmp_path: Path, contract: Contract, terms: dict[str, Any], why: str
) -> None:
    order = Order.model_validate(
        {"action": "BUY", "quantity": 5, "options": {"work_as": {"type": "MIDPRICE"}}, **terms}
    )
    told = refused(tmp_path, contract, order)
    assert "work_as 'MIDPRICE'" in told
    assert why in told


def test_the_gateway_rejects_what_it_has_not_by_its_name(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway_on_loopback() as gateway, engine_on(gateway, tmp_path) as engine:
            gateway.price(100)
            order = await engine.place_order(ACME, SAMPLES["REL"].order)
            order = await engine.wait_for(order.order_id, "REJECTED", timeout=5)
            assert "order_type REL, tif DAY: this gateway has no such order" in str(order.reason)

    asyncio.run(run())


def test_an_exit_that_would_be_at_the_market_at_once_is_refused(tmp_path: Path) -> None:
    options = {"work_as": {"type": "MIDPRICE"}}
    bracket = BracketOrder(Order.limit("BUY", 5, 100), take_profit=Order.limit("SELL", 5, 110, options=options))
    assert "leave work_as out of what is an exit" in refused(tmp_path, Stock("GOOG"), bracket)


async def told(engine: OrderExecutionEngine, placed: Order, **terms: Decimal) -> Order:
    """Return an order once it is known to have these terms."""
    async with asyncio.timeout(5):
        while True:
            order = await engine.order(placed.order_id)
            if all(getattr(order, name) == value for name, value in terms.items()):
                return order
            await asyncio.sleep(0.001)


def test_a_price_that_tws_works_an_order_at_is_not_sent_back_as_its_limit(tmp_path: Path) -> None:
    async def run() -> None:
        async with echoed(tmp_path) as (engine, tws):
            tws.computed = {"lmtPrice": "99.97"}
            placed = await engine.place_order(Stock("GOOG"), SAMPLES["REL, uncapped"].order)
            after = await engine.modify_order(placed.order_id, quantity=4)
            assert (after.limit_price, after.anomalies) == (None, ())
            assert [order["lmtPrice"] for order in tws.orders] == ["", ""]

    asyncio.run(run())


def test_a_cap_that_somebody_changed_in_tws_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with echoed(tmp_path) as (engine, tws):
            placed = await engine.place_order(Stock("GOOG"), SAMPLES["REL"].order)
            tws.show(tws.orders[0] | {"lmtPrice": "98.00"})
            after = await told(engine, placed, limit_price=Decimal(98))
            assert (after.options, after.anomalies) == (placed.options, ("TERMS_CHANGED",))

    asyncio.run(run())


@pytest.mark.parametrize("name", ["TRAIL MIT", "AUCTION, with a limit"])
def test_a_price_that_tws_moves_by_itself_is_no_change(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]

    async def run() -> None:
        async with echoed(tmp_path) as (engine, tws):
            placed = await engine.place_order(sample.contract, sample.order)
            tws.show(tws.orders[0] | {"lmtPrice": "99.25", "trailStopPrice": "96.00", "totalQuantity": "3"})
            after = await told(engine, placed, quantity=Decimal(3))
            assert (after.limit_price, after.stop_price) == (placed.limit_price, placed.stop_price)

    asyncio.run(run())

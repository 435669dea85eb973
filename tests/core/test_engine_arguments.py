"""What is handed to the engine by mistake is refused in words; an order's id may be its text."""

from __future__ import annotations

from typing import Any

import pytest

from core.engine_desk import GOOG, buy, engine_on, simulated
from v6core.orders import OrderStatus
from v6core.testing import ScriptedBroker


@pytest.mark.parametrize("contract", ["GOOG", None, 7])
@simulated
async def test_what_is_no_contract_is_refused(contract: Any) -> None:
    async with engine_on(ScriptedBroker()) as engine:
        for call in (
            engine.place_order(contract, buy()),
            engine.preview_order(contract, buy()),
            engine.place_oca_group([buy(), buy()], contract),
            engine.quote(contract),
            engine.option_chain(contract),
            engine.contract_details(contract),
        ):
            with pytest.raises(TypeError, match=r"a contract is wanted, such as Stock\('GOOG'\)"):
                await call
        with pytest.raises(TypeError, match="a contract is wanted"):
            engine.quotes([contract])


@pytest.mark.parametrize("order", ["BUY", None])
@simulated
async def test_what_is_no_order_is_refused(order: Any) -> None:
    async with engine_on(ScriptedBroker()) as engine:
        with pytest.raises(TypeError, match="an order is wanted"):
            await engine.place_order(GOOG, order)
        with pytest.raises(TypeError, match="a BracketOrder is wanted"):
            await engine.place_bracket_order(order, GOOG)


@simulated
async def test_what_is_no_strategy_is_refused() -> None:
    nothing: Any = "condor"
    async with engine_on(ScriptedBroker()) as engine:
        for call in (engine.open_position(nothing), engine.close_position(nothing), engine.roll_position(nothing, 30)):
            with pytest.raises(TypeError, match="a Strategy is wanted"):
                await call


@simulated
async def test_an_id_may_be_text() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        order = await engine.place_order(GOOG, buy())
        text = str(order.order_id)
        assert (await engine.order(text)).order_id == order.order_id
        assert (await engine.modify_order(text, quantity=5)).quantity == 5
        assert await engine.cancel_order(text)
        assert (await engine.wait_for(text)).status is OrderStatus.CANCELLED
        assert await engine.fills(order_id=text) == ()


@simulated
async def test_what_is_no_id_is_refused() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        order: Any = await engine.place_order(GOOG, buy())
        with pytest.raises(ValueError, match="not 'abc'"):
            await engine.cancel_order("abc")
        with pytest.raises(TypeError, match=f"give its order_id, {order.order_id}"):
            await engine.cancel_order(order)

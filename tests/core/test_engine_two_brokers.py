"""One journal that has served two brokers: each is asked about its own orders alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine_desk import GOOG, buy, engine_for, journal_in, simulated
from v6core import OrderStatus
from v6core.events import TradingState
from v6core.testing import ScriptedBroker


@simulated
async def test_an_order_at_one_broker_is_no_doubt_at_another(tmp_path: Path) -> None:
    here, there, journal = ScriptedBroker(), ScriptedBroker(), journal_in(tmp_path)
    async with engine_for(here, journal, name="here") as engine:
        order = await engine.place_order(GOOG, buy())
    async with engine_for(there, journal, name="there") as engine:
        assert await engine.orders() == ()
    async with engine_for(here, journal, name="here") as engine:
        assert (await engine.order(order.order_id)).status is OrderStatus.SUBMITTED


@simulated
async def test_cancelling_all_asks_no_broker_about_anothers_orders(tmp_path: Path) -> None:
    here, there, journal = ScriptedBroker(), ScriptedBroker(), journal_in(tmp_path)
    async with engine_for(here, journal, name="here") as engine:
        await engine.place_order(GOOG, buy())
    async with engine_for(there, journal, name="there") as engine:
        assert await engine.cancel_all() == ()


@simulated
async def test_an_order_id_that_another_broker_had_is_refused(tmp_path: Path) -> None:
    here, there, journal, order = ScriptedBroker(), ScriptedBroker(), journal_in(tmp_path), buy()
    async with engine_for(here, journal, name="here") as engine:
        await engine.place_order(GOOG, order)
    async with engine_for(there, journal, name="there") as engine:
        with pytest.raises(ValueError, match="was placed before"):
            await engine.place_order(GOOG, order)


@simulated
async def test_a_halt_holds_whichever_broker_is_chosen(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    async with engine_for(ScriptedBroker(), journal, name="here") as engine:
        await engine.halt("lunch")
    async with engine_for(ScriptedBroker(), journal, name="there") as engine:
        assert engine.trading_state is TradingState.HALTED

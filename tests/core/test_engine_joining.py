"""What a close or roll says where it did something else than was asked: it joined another, or only cancelled."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from core.engine_desk import engine_on, settle, simulated
from core.planning_market import FAR, LATE, NEAR
from core.test_engine_strategies import VERTICAL, account_of, market, opened, swing, with_exits
from v6core import hookimpl
from v6core.errors import NotConnected, OrderDenied, Unavailable
from v6core.fills import ActionTaken
from v6core.orders import Order, OrderStatus
from v6core.risk import Denial
from v6core.strategies import vertical_spread
from v6core.testing.scripted import accepts, fills, later, raises


@simulated
async def test_a_close_tells_of_the_opening_order_that_it_cancelled() -> None:
    broker = market(fill=False)
    async with engine_on(broker) as engine:
        opening = await engine.open_position(VERTICAL, "-0.40", timeout=1)
        result = await engine.close_position(VERTICAL)
        assert (result.action_taken, result.order_ids) == (ActionTaken.FAILED, opening.order_ids)
        assert result.orders[0].status is OrderStatus.CANCELLED
        expected = f"nothing is held of vertical; cancelled before that: {opening.order_ids[0]}"
        assert result.error_message == expected


@simulated
async def test_a_close_that_is_denied_after_its_exits_are_gone_tells_of_them() -> None:
    class Denying:
        @hookimpl
        def v6_check_order(self, order: Order) -> Denial | None:
            return Denial("NO_SELLING", "not today") if order.order_type == "MARKET" else None

    broker = market(fill=False)
    async with engine_on(broker, extensions=[Denying()]) as engine:
        exits = await with_exits(engine, broker)
        result = await engine.close_position(swing(), at_market=True)
        assert (result.action_taken, list(result.order_ids)) == (ActionTaken.FAILED, exits)
        assert "NO_SELLING" in str(result.error_message)
        assert "cancelled before that" in str(result.error_message)


@simulated
async def test_a_close_that_joins_another_says_that_it_did_not_apply() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts)
        first = await engine.close_position(strategy, "0.01", timeout=1)
        second = await engine.close_position(strategy, timeout=1, at_market=True)
        assert (first.note, second.action_taken, second.success) == (None, ActionTaken.WORKING, True)
        assert second.error_message is None
        assert str(second.note) == (
            f"a close at 0.01 works already (order {first.order_ids[0]}); what was asked now was not applied: "
            "modify or cancel that first"
        )


@simulated
async def test_a_roll_that_joins_a_close_says_so() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts)
        await engine.close_position(strategy, "0.01", timeout=1)
        rolled = await engine.roll_position(strategy, 45, timeout=1)
        assert str(rolled.note).startswith("a close at 0.01 works already")


@simulated
async def test_a_close_that_waited_for_another_says_so_when_that_is_done() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts, later(30, fills()))
        first, second = await asyncio.gather(engine.close_position(strategy), engine.close_position(strategy))
        assert first.note is None
        assert "was under way already" in str(second.note)
        assert account_of(broker) == {}


@simulated
async def test_a_close_beside_one_that_is_still_being_prepared_says_so() -> None:
    async def slowly(*_: object) -> None:
        await asyncio.sleep(5)

    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("snapshot", slowly)
        first = asyncio.create_task(engine.close_position(strategy))
        await settle()
        second = await engine.close_position(strategy, timeout=1)
        assert (second.action_taken, second.orders) == (ActionTaken.WORKING, ())
        assert str(second.note).startswith("a close or roll works already; what was asked now was not applied")
        assert (await first).action_taken is ActionTaken.CLOSED


@simulated
async def test_opening_while_the_link_breaks_is_denied_for_the_link() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        broker.on("qualify", raises(NotConnected("gone")), always=True)
        with pytest.raises(OrderDenied, match=r"LINK_DOWN: .* could not be looked up: gone"):
            await engine.open_position(VERTICAL, 1)
    assert broker.arrivals == []


@pytest.mark.parametrize(("limit", "at_market"), [(None, False), (1, False), (None, True)])
@simulated
async def test_opening_what_is_not_listed_names_what_is(limit: int | None, at_market: bool) -> None:
    broker = market()
    strategy = vertical_spread("SPY", NEAR, "PUT", 571, 580, strategy_id="v")
    async with engine_on(broker) as engine:
        broker.on("qualify", raises(Unavailable("no such option")), always=True)
        with pytest.raises(OrderDenied, match="lists no strike 571; nearest are 565, 570, 575, 580") as denied:
            await engine.open_position(strategy, limit, at_market=at_market)
        assert denied.value.code == "UNKNOWN_CONTRACT"
        assert "Unavailable" not in denied.value.message
    assert broker.arrivals == []


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (FAR.replace(day=20), f"lists no 2027-01-20; nearest are 2026-12-18, 2026-12-24, {FAR}, {LATE}"),
        (NEAR.replace(year=2020), "expired on 2020-12-18; SPY lists 2026-12-18"),
    ],
)
@simulated
async def test_opening_at_an_expiration_that_is_not_listed_names_those_that_are(day: date, told: str) -> None:
    broker = market()
    async with engine_on(broker) as engine:
        broker.on("qualify", raises(Unavailable("no such option")), always=True)
        with pytest.raises(OrderDenied, match=told):
            await engine.open_position(vertical_spread("SPY", day, "PUT", 570, 580, strategy_id="v"))


@simulated
async def test_a_contract_that_cannot_be_looked_up_is_told_without_the_class_of_the_error() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        broker.on("qualify", raises(Unavailable("who is that")), always=True)
        with pytest.raises(OrderDenied, match="could not be looked up: who is that;"):
            await engine.open_position(swing(), 1)
        with pytest.raises(OrderDenied, match="could not be looked up: who is that;"):
            await engine.place_order(swing().signed_legs[0][0], Order.limit("BUY", 1, 5))

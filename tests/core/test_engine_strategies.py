"""Opening, closing and rolling strategies through the engine."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from core.engine_desk import GOOG, buy, engine_on, journal_in, kinds, sell, settle, simulated
from core.planning_market import CHAIN, FAR, NEAR, STRIKES, call, condor, put
from v6core.cli.commands.chain import quotes_at
from v6core.contracts import Combo, Contract
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied, Unavailable
from v6core.fills import ActionTaken, ExecutionResult
from v6core.orders import BracketOrder, Order, OrderStatus, OrderType
from v6core.planning import PlanningError
from v6core.quotes import Quote
from v6core.strategies import Strategy, StrategyType, vertical_spread
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import accepts, fills, later, raises, refuses, rejects

D = Decimal
VERTICAL = vertical_spread("SPY", NEAR, "PUT", 570, 580, 2, strategy_id="vertical")


def market(kind: type[ScriptedBroker] = ScriptedBroker, *, fill: bool = True, **changes: object) -> ScriptedBroker:
    """Return a broker that quotes SPY's options, and fills every order at once unless told otherwise."""
    broker = kind(scripted_capabilities(**changes))
    broker.chains["SPY"] = CHAIN
    for expiration in (NEAR, FAR):
        for strike in STRIKES:
            for option in (put(int(strike), expiration), call(int(strike), expiration)):
                broker.set_quote(option, "1.00", "1.10")
    if fill:
        broker.on("place", fills(), always=True)
    return broker


async def opened(engine: OrderExecutionEngine, strategy: Strategy) -> Strategy:
    result = await engine.open_position(strategy, at_market=True)
    assert result.action_taken is ActionTaken.OPENED, result.error_message
    assert result.strategy is not None
    return result.strategy


def account_of(broker: ScriptedBroker) -> dict[str, Decimal]:
    return {row.contract.key: row.quantity for row in broker.book.positions()}


class SlowlyQuoted(ScriptedBroker):
    """A broker that thinks a second about each quote."""

    async def quote(self, contract: Contract) -> Quote:
        await asyncio.sleep(1)
        return await super().quote(contract)


@simulated
async def test_legs_are_quoted_all_at_once() -> None:
    broker = market(SlowlyQuoted)
    async with engine_on(broker) as engine:
        began = asyncio.get_running_loop().time()
        await engine.open_position(condor(3))
        assert asyncio.get_running_loop().time() - began < 2


@simulated
async def test_the_quotes_of_a_chain_are_asked_for_many_at_a_time() -> None:
    broker = market(SlowlyQuoted)
    async with engine_on(broker) as engine:
        began = asyncio.get_running_loop().time()
        quotes = await quotes_at(engine, CHAIN, NEAR)
        assert len(quotes) == 2 * len(STRIKES)
        assert all(quotes.values())
        assert asyncio.get_running_loop().time() - began < len(quotes) / 4


@simulated
async def test_open_a_position_as_one_combo_at_the_far_side() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        result = await engine.open_position(condor(3))
        assert (result.action_taken, result.strategy) == (ActionTaken.OPENED, condor(3))
        (order,) = result.orders
        assert isinstance(order.contract, Combo)
        assert (order.quantity, order.limit_price, order.strategy_id) == (D(3), D("0.20"), "ic")
        assert await engine.strategies() == (condor(3),)
        assert len(await engine.fills(strategy_id="ic")) == 4


@simulated
async def test_open_at_a_given_net_price_that_does_not_fill_in_time_works() -> None:
    broker = market(fill=False)
    async with engine_on(broker) as engine:
        result = await engine.open_position(VERTICAL, "-0.40", timeout=10)
        assert (result.action_taken, result.success) == (ActionTaken.WORKING, True)
        assert result.orders[0].limit_price == D("-0.40")


@simulated
async def test_no_quote_is_denied() -> None:
    broker = market()
    del broker.quotes_of[put(570).key]
    async with engine_on(broker) as engine:
        with pytest.raises(PlanningError, match="there is no quote") as denied:
            await engine.open_position(VERTICAL)
        assert denied.value.code == "NO_QUOTE"
        assert await engine.strategies() == ()
    assert broker.arrivals == []


@simulated
async def test_a_limit_and_the_market_at_once_are_refused() -> None:
    async with engine_on(market()) as engine:
        with pytest.raises(PlanningError, match="at_market takes no limit_price"):
            await engine.open_position(VERTICAL, 1, at_market=True)


@simulated
async def test_a_strategy_that_was_denied_was_not_opened() -> None:
    async with engine_on(market()) as engine:
        with pytest.raises(OrderDenied, match="MAX_CONTRACTS"):
            await engine.open_position(condor(51))
        assert await engine.strategies() == ()


@simulated
async def test_a_strategy_is_opened_once() -> None:
    async with engine_on(market()) as engine:
        calls = (engine.open_position(VERTICAL) for _ in range(2))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["ExecutionResult", "OrderDenied"]
        with pytest.raises(OrderDenied, match="ALREADY_OPEN"):
            await engine.open_position(VERTICAL)


@simulated
async def test_close_a_position() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, condor(2))
        result = await engine.close_position(strategy)
        assert (result.action_taken, result.strategy) == (ActionTaken.CLOSED, None)
        assert isinstance(result.orders[0].contract, Combo)
        assert account_of(broker) == {}
        assert await engine.positions() == ()


@simulated
async def test_close_what_is_not_held_fails() -> None:
    async with engine_on(market()) as engine:
        result = await engine.close_position(VERTICAL)
        assert (result.action_taken, result.error_message) == (ActionTaken.FAILED, "nothing is held of vertical")


@simulated
async def test_close_sends_no_more_than_the_account_holds() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.adjust(put(570), -1)
        broker.adjust(put(580), 1)
        result = await engine.close_position(strategy, at_market=True)
        assert (result.action_taken, result.orders[0].quantity) == (ActionTaken.CLOSED, D(1))
        assert account_of(broker) == {}


@simulated
async def test_close_what_v6_did_not_open() -> None:
    broker = market()
    broker.adjust(put(570), 2)
    broker.adjust(put(580), -2)
    async with engine_on(broker) as engine:
        assert (await engine.close_position(VERTICAL)).action_taken is ActionTaken.CLOSED
        assert account_of(broker) == {}


@simulated
async def test_what_v6_did_not_open_can_be_closed_in_parts() -> None:
    broker = market(max_combo_legs=0)
    broker.adjust(put(570), 2)
    broker.adjust(put(580), -2)
    async with engine_on(broker) as engine:
        broker.on("place", fills())
        broker.on("place", rejects("halted"))
        first = await engine.close_position(VERTICAL)
        assert first.action_taken is ActionTaken.PARTIAL
        assert first.strategy is not None
        assert (await engine.close_position(VERTICAL)).action_taken is ActionTaken.CLOSED
        assert account_of(broker) == {}


@simulated
async def test_closing_what_v6_did_not_open_leaves_other_strategies_alone() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        await opened(engine, VERTICAL)
        broker.adjust(put(570), 1)
        broker.adjust(put(580), -1)
        other = vertical_spread("SPY", NEAR, "PUT", 570, 580, 3, strategy_id="by hand")
        result = await engine.close_position(other, at_market=True)
        assert result.orders[0].quantity == 1
        assert account_of(broker) == {put(570).key: 2, put(580).key: -2}


def legs_sent(broker: ScriptedBroker) -> list[tuple[str, str]]:
    sent = [broker.book.find(ref).order for ref in broker.arrivals]
    return [(order.action, order.contract.key) for order in sent if order.contract is not None]


@simulated
async def test_close_leg_by_leg_buys_shorts_back_first() -> None:
    broker = market(max_combo_legs=0)
    for contract, quantity in condor(2).signed_legs:
        broker.adjust(contract, quantity)
    async with engine_on(broker) as engine:
        result = await engine.close_position(condor(2), at_market=True)
        assert result.action_taken is ActionTaken.CLOSED
        assert [action for action, _ in legs_sent(broker)] == ["BUY", "BUY", "SELL", "SELL"]
        assert account_of(broker) == {}


@simulated
async def test_close_with_one_leg_failing() -> None:
    broker = market(max_combo_legs=0)
    for contract, quantity in condor(1).signed_legs:
        broker.adjust(contract, quantity)

    def refuse_the_put(b: ScriptedBroker, refs: tuple[str, ...]) -> None:
        order = b.book.find(refs[0]).order
        if order.contract == put(580):
            b.reject(refs[0], "no market in it")
        else:
            b.fill(refs[0])

    broker.on("place", refuse_the_put, always=True)
    async with engine_on(broker) as engine:
        result = await engine.close_position(condor(1), at_market=True)
        assert (result.action_taken, result.success) == (ActionTaken.PARTIAL, False)
        # The call side is closed; the put that covers the short one is kept.
        assert account_of(broker) == {put(570).key: 1, put(580).key: -1}
        assert result.strategy is not None
        assert [leg.strike for leg in result.strategy.legs] == [570, 580]
        assert result.strategy.strategy_type is StrategyType.CUSTOM
        assert "REJECTED, 0 filled (no market in it)" in str(result.error_message)
        assert ("SELL", put(570).key) not in legs_sent(broker)


@simulated
async def test_a_leg_that_is_denied_does_not_stop_the_others() -> None:
    broker = market(max_combo_legs=0)
    for contract, quantity in condor(1).signed_legs:
        broker.adjust(contract, quantity)
    async with engine_on(broker) as engine:
        broker.on("qualify", raises(Unavailable("who?")))
        result = await engine.close_position(condor(1), at_market=True)
        assert result.action_taken is ActionTaken.PARTIAL
        assert "UNKNOWN_CONTRACT" in str(result.error_message)
        assert len(account_of(broker)) == 2


@simulated
async def test_a_leg_in_doubt_makes_the_close_unknown() -> None:
    broker = market(max_combo_legs=0)
    for contract, quantity in VERTICAL.signed_legs:
        broker.adjust(contract, quantity)
    async with engine_on(broker) as engine:
        broker.on("place", arrives=False)
        result = await engine.close_position(VERTICAL, at_market=True)
        assert (result.action_taken, result.success) == (ActionTaken.UNKNOWN, False)
        assert len(broker.received("place")) == 1


@simulated
async def test_close_cancels_the_strategys_own_exits_first_and_proves_them_gone() -> None:
    broker = market(fill=False)
    async with engine_on(broker) as engine:
        exits = await with_exits(engine, broker)
        broker.on("place", fills())
        result = await engine.close_position(swing(), at_market=True)
        assert result.action_taken is ActionTaken.CLOSED
        assert [(await engine.order(i)).status for i in exits] == [OrderStatus.CANCELLED] * 2
        calls = [call.call for call in broker.calls if call.call in {"PLACE", "CANCEL"}]
        assert calls == ["PLACE", "CANCEL", "CANCEL", "PLACE"]
        assert account_of(broker) == {}


def swing() -> Strategy:
    return Strategy.model_validate(
        {"strategy_id": "swing", "symbol": "GOOG", "legs": [{"action": "BUY", "quantity": 10}]}
    )


async def with_exits(engine: OrderExecutionEngine, broker: ScriptedBroker) -> list[UUID]:
    entry = buy(10, "100", strategy_id="swing")
    placed = await engine.place_bracket_order(BracketOrder(entry, sell(10, "110"), Order.stop("SELL", 10, "95")), GOOG)
    broker.fill(entry.order_id)
    await settle()
    return list(placed.order_ids[1:])


@simulated
async def test_close_sends_nothing_where_an_exit_cannot_be_cancelled() -> None:
    broker = market(fill=False)
    async with engine_on(broker) as engine:
        await with_exits(engine, broker)
        broker.on("cancel", refuses("not now"))
        result = await engine.close_position(swing(), at_market=True)
        assert (result.action_taken, result.success) == (ActionTaken.FAILED, False)
        assert "could close twice; nothing was sent" in str(result.error_message)
    assert len([call for call in broker.calls if call.call == "PLACE"]) == 1


@simulated
async def test_close_sends_nothing_where_nobody_knows_of_an_exit() -> None:
    broker = market(fill=False)
    async with engine_on(broker) as engine:
        await with_exits(engine, broker)
        broker.on("cancel")
        result = await engine.close_position(swing(), at_market=True)
        assert (result.action_taken, result.success) == (ActionTaken.UNKNOWN, False)
    assert len([call for call in broker.calls if call.call == "PLACE"]) == 1


@simulated
async def test_what_an_exit_fills_while_it_is_cancelled_is_not_closed_again() -> None:
    broker = market(fill=False)
    async with engine_on(broker) as engine:
        exits = await with_exits(engine, broker)
        take = await engine.order(exits[0])
        broker.on("cancel", fills(4), lambda b, refs: b.end(refs[0]), order=take)
        broker.on("place", fills())
        result = await engine.close_position(swing(), at_market=True)
        assert (result.action_taken, result.orders[0].quantity) == (ActionTaken.CLOSED, D(6))
        assert account_of(broker) == {}


@simulated
async def test_what_cannot_be_priced_keeps_its_exits() -> None:
    broker = market(fill=False)
    async with engine_on(broker) as engine:
        exits = await with_exits(engine, broker)
        with pytest.raises(PlanningError, match="there is no bid for GOOG"):
            await engine.close_position(swing())
        assert [(await engine.order(i)).status for i in exits] == [OrderStatus.SUBMITTED] * 2


@simulated
async def test_a_second_close_while_one_works_is_that_one() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts, later(30, fills()))
        first, second = await asyncio.gather(engine.close_position(strategy), engine.close_position(strategy))
        assert first.order_ids == second.order_ids
        assert first.action_taken is second.action_taken is ActionTaken.CLOSED
    assert len(broker.arrivals) == 2


@simulated
async def test_a_second_close_waits_no_longer_than_it_was_told() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts, later(300, fills()))
        closing = asyncio.create_task(engine.close_position(strategy))
        await settle(1)
        second = await engine.close_position(strategy, timeout=5)
        assert (second.action_taken, len(second.orders)) == (ActionTaken.WORKING, 1)
        assert (await closing).order_ids == second.order_ids
    assert len(broker.arrivals) == 2


@simulated
async def test_a_close_after_one_that_ran_out_of_time_is_that_one() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts)
        first = await engine.close_position(strategy, timeout=5)
        assert (first.action_taken, first.success) == (ActionTaken.WORKING, True)
        closing = asyncio.create_task(engine.close_position(strategy))
        await settle(1)
        broker.fill(first.orders[0])
        second = await closing
        assert (second.action_taken, second.order_ids) == (ActionTaken.CLOSED, first.order_ids)
        assert second.strategy is None
        assert account_of(broker) == {}


@simulated
async def test_a_close_after_a_restart_is_the_one_that_works(tmp_path: Path) -> None:
    broker, journal = market(), journal_in(tmp_path)
    async with engine_on(broker, journal) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts)
        first = await engine.close_position(strategy, timeout=5)
    async with engine_on(broker, journal) as engine:
        broker.fill(first.orders[0])
        await settle()
        assert (await engine.close_position(strategy)).action_taken is ActionTaken.FAILED
    assert len(broker.arrivals) == 2
    broker.book.find(first.orders[0])


@simulated
async def test_a_close_that_works_over_a_restart_is_waited_for(tmp_path: Path) -> None:
    broker, journal = market(), journal_in(tmp_path)
    async with engine_on(broker, journal) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts)
        first = await engine.close_position(strategy, timeout=5)
    async with engine_on(broker, journal) as engine:
        closing = asyncio.create_task(engine.close_position(strategy))
        await settle(1)
        broker.fill(first.orders[0])
        assert (await closing).order_ids == first.order_ids
    assert len(broker.arrivals) == 2


@simulated
async def test_a_caller_who_gives_up_on_a_close_does_not_stop_it() -> None:
    broker = market(max_combo_legs=0)
    for contract, quantity in VERTICAL.signed_legs:
        broker.adjust(contract, quantity)
    async with engine_on(broker) as engine:
        broker.on("place", accepts, later(30, fills()))
        closing = asyncio.create_task(engine.close_position(VERTICAL, at_market=True))
        await settle(1)
        closing.cancel()
        await settle(60)
        assert account_of(broker) == {}


@simulated
async def test_an_engine_that_stops_ends_what_waits_and_leaves_the_orders() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts)
        closing = asyncio.create_task(engine.close_position(strategy))
        await settle(1)
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert broker.book.find(broker.arrivals[-1]).is_open


@simulated
async def test_roll_a_position() -> None:
    broker = market(max_combo_legs=8)
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        result = await engine.roll_position(strategy, 45)
        assert result.action_taken is ActionTaken.ROLLED, result.error_message
        assert result.strategy is not None
        assert result.strategy.expirations == (FAR,)
        assert account_of(broker) == {put(570, FAR).key: 2, put(580, FAR).key: -2}
        assert await engine.strategies() == (result.strategy,)
        assert (await engine.close_position(result.strategy)).action_taken is ActionTaken.CLOSED


@simulated
async def test_a_roll_that_does_not_fill_leaves_the_strategy_as_it_was() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", rejects("no margin"))
        result = await engine.roll_position(strategy, 45)
        assert (result.action_taken, result.strategy) == (ActionTaken.FAILED, strategy)
        assert await engine.strategies() == (strategy,)


@simulated
async def test_roll_is_refused_past_the_leg_limit() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, condor())
        with pytest.raises(PlanningError, match="at most 4 legs") as denied:
            await engine.roll_position(strategy, 45)
        assert denied.value.code == "ROLL_TOO_MANY_LEGS"
    assert len(broker.arrivals) == 1


@simulated
async def test_roll_is_split_past_the_leg_limit_in_a_safe_order() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, condor())
        result = await engine.roll_position(strategy, 45, sequential=True)
        assert (result.action_taken, len(result.orders)) == (ActionTaken.ROLLED, 2)
        for order in result.orders:
            assert isinstance(order.contract, Combo)
            assert len(order.contract.legs) == 4
        expected = {contract.key: quantity for contract, quantity in strategy_at_far().signed_legs}
        assert account_of(broker) == expected


def strategy_at_far() -> Strategy:
    return condor().replace_legs(leg.replace(expiration=FAR) for leg in condor().legs)


@simulated
async def test_a_split_roll_stops_where_a_step_fails() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, condor())
        broker.on("place", fills())
        broker.on("place", rejects("no margin"))
        result = await engine.roll_position(strategy, 45, sequential=True)
        assert result.action_taken is ActionTaken.PARTIAL
        assert result.strategy is not None
        assert {leg.expiration for leg in result.strategy.legs} == {NEAR, FAR}
        assert await engine.strategies() == (result.strategy,)


@simulated
async def test_a_price_made_of_quotes_goes_onto_its_tick_towards_the_market() -> None:
    broker = market()
    for contract, _ in VERTICAL.signed_legs:
        broker.set_quote(contract, "1.003", "1.108")
    async with engine_on(broker) as engine:
        result = await engine.open_position(VERTICAL)
        assert result.orders[0].limit_price == Decimal("0.11")


@simulated
async def test_a_later_step_of_a_roll_is_priced_by_the_quotes_of_its_time() -> None:
    broker = market()

    def widen(scripted: ScriptedBroker, _: object) -> None:
        for quote in tuple(scripted.quotes_of.values()):
            scripted.set_quote(quote.contract, "1.00", "1.60")

    async with engine_on(broker) as engine:
        strategy = await opened(engine, condor())
        broker.on("place", fills(), widen)
        first, second = (await engine.roll_position(strategy, 45, sequential=True)).orders
        assert (first.limit_price, second.limit_price) == (Decimal("0.20"), Decimal("1.20"))


@simulated
async def test_a_split_roll_whose_second_step_is_denied_is_partial() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, condor())
        broker.on("place", fills(), lambda b, _: b.drop_link())
        result = await engine.roll_position(strategy, 45, sequential=True)
        assert result.action_taken is ActionTaken.PARTIAL
        assert "LINK_DOWN" in str(result.error_message)
        assert "1 of 2 orders were sent" in str(result.error_message)


@simulated
async def test_a_roll_to_where_it_is_is_refused() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        with pytest.raises(PlanningError) as denied:
            await engine.roll_position(strategy, 17)
        assert denied.value.code == "ROLL_IDENTICAL"


@simulated
async def test_a_close_while_a_roll_works_is_that_roll() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        broker.on("place", accepts, later(5, fills()))
        rolled, closed = await asyncio.gather(engine.roll_position(strategy, 45), engine.close_position(strategy))
        assert isinstance(rolled, ExecutionResult)
        assert rolled.order_ids == closed.order_ids
        assert closed.action_taken is ActionTaken.ROLLED


@simulated
async def test_what_a_strategy_sends_goes_through_the_same_gate() -> None:
    broker = market()
    async with engine_on(broker) as engine:
        strategy = await opened(engine, VERTICAL)
        await engine.halt("the desk is closed")
        assert (await engine.close_position(strategy)).action_taken is ActionTaken.CLOSED
        with pytest.raises(OrderDenied, match="TRADING_HALTED"):
            await engine.open_position(condor())
        assert kinds(engine).count("DENIED") == 1


@simulated
async def test_a_single_leg_is_sold_and_not_bought() -> None:
    broker = market()
    short = Strategy.model_validate(
        {
            "strategy_id": "csp",
            "symbol": "SPY",
            "legs": [{"action": "SELL", "right": "PUT", "strike": 570, "expiration": NEAR}],
        }
    )
    async with engine_on(broker) as engine:
        result = await engine.open_position(short)
        order = result.orders[0]
        contract: Contract | None = order.contract
        assert (order.action, order.limit_price, contract, order.order_type) == (
            "SELL",
            D("1.00"),
            put(570),
            OrderType.LIMIT,
        )
        assert (await engine.close_position(short)).action_taken is ActionTaken.CLOSED

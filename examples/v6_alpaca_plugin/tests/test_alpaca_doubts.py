"""Answers that are lost, refused or late: what is raised, what is reported, and that nothing goes out twice."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from alpaca_floor import AAPL, VERTICAL, Floor, bound, connected, context_for, floor_test, settings_for
from fake_alpaca.testing import running_alpaca
from v6_alpaca_plugin.broker import AlpacaBroker
from v6core.errors import BrokerError, NotSent
from v6core.orders import Order
from v6core.reports import CancelRefusedReport, FillReport, ModifyRefusedReport, RejectionReport, Report


@floor_test
async def test_a_lost_answer_leaves_the_order_in_doubt_and_find_settles_it(floor: Floor) -> None:
    order = bound(AAPL, Order.limit("BUY", 10, "90"))
    floor.alpaca.faults.lose_answer("POST")
    with pytest.raises(BrokerError) as caught:
        await floor.broker.place([order])
    assert not isinstance(caught.value, NotSent)
    assert floor.posts() == 1
    (found,) = (await floor.broker.find(str(order.order_ref))).orders
    assert found.status == "SUBMITTED"


@floor_test
async def test_a_request_that_never_arrived_is_in_doubt_as_well_and_leaves_nothing(floor: Floor) -> None:
    order = bound(AAPL, Order.limit("BUY", 10, "90"))
    floor.alpaca.faults.lose_answer("POST", processed=False)
    with pytest.raises(BrokerError) as caught:
        await floor.broker.place([order])
    assert not isinstance(caught.value, NotSent)
    assert (await floor.broker.find(str(order.order_ref))).is_empty


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_failing_server_leaves_the_order_in_doubt_and_is_asked_once(status: int) -> None:
    @floor_test
    async def story(floor: Floor) -> None:
        floor.alpaca.faults.answer(status, "POST")
        with pytest.raises(BrokerError) as caught:
            await floor.place(AAPL, Order.limit("BUY", 10, "90"))
        assert not isinstance(caught.value, NotSent)
        assert floor.posts() == 1

    story()


@floor_test
async def test_too_many_requests_is_a_refusal_and_not_sent_again(floor: Floor) -> None:
    floor.alpaca.faults.answer(429, "POST")
    await floor.place(AAPL, Order.limit("BUY", 10, "90"))
    assert "too many requests" in floor.of(RejectionReport)[0].reason
    assert floor.posts() == 1


@floor_test
async def test_too_many_requests_refuses_a_change_and_a_cancel_and_not_the_order(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.limit("BUY", 10, "90"))
    await floor.until(lambda: floor.last(order).working)
    floor.alpaca.faults.answer(429, "PATCH")
    await floor.broker.modify(order, {"limit_price": Decimal(91)})
    floor.alpaca.faults.answer(429, "DELETE")
    await floor.broker.cancel(order)
    assert len(floor.of(ModifyRefusedReport)) == len(floor.of(CancelRefusedReport)) == 1
    assert floor.of(RejectionReport) == []


@floor_test
async def test_an_answer_that_does_not_come_in_time_is_a_doubt(floor: Floor) -> None:
    async with connected(floor.alpaca, request_timeout=0.2) as hasty:
        order = bound(AAPL, Order.limit("BUY", 10, "90"))
        floor.alpaca.faults.hang("POST")
        with pytest.raises(BrokerError) as caught:
            await hasty.broker.place([order])
        assert not isinstance(caught.value, NotSent)
        floor.alpaca.faults.release()


@floor_test
async def test_a_second_order_under_one_reference_is_answered_with_how_the_first_stands(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.market("BUY", 10))
    await floor.stands(order, "FILLED")
    floor.reports.clear()
    await floor.broker.place([order])
    assert floor.last(order).status == "FILLED"
    assert floor.of(RejectionReport) == []
    assert len((await floor.broker.snapshot()).fills) == 1


@floor_test
async def test_an_order_in_doubt_that_is_sent_again_is_there_once(floor: Floor) -> None:
    order = bound(AAPL, Order.limit("BUY", 10, "90"))
    floor.alpaca.faults.lose_answer("POST")
    with pytest.raises(BrokerError):
        await floor.broker.place([order])
    await floor.broker.place([order])
    assert floor.last(order).status == "SUBMITTED"
    assert len((await floor.broker.snapshot()).open_orders) == 1


@floor_test
async def test_the_fills_of_a_combo_whose_answer_was_lost_are_known_by_its_reference(floor: Floor) -> None:
    order = bound(VERTICAL, Order.market("BUY", 1))
    floor.alpaca.faults.lose_answer("POST")
    with pytest.raises(BrokerError):
        await floor.broker.place([order])
    await floor.stands(order, "FILLED")
    assert {report.order_ref for report in floor.of(FillReport)} == {order.order_ref}
    assert len(floor.of(FillReport)) == 2


@floor_test
async def test_a_replacement_whose_answer_was_lost_is_heard_of_by_the_stream(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.limit("BUY", 10, "90"))
    await floor.until(lambda: floor.last(order).working)
    floor.alpaca.faults.lose_answer("PATCH")
    with pytest.raises(BrokerError):
        await floor.broker.modify(order, {"limit_price": Decimal(91)})
    await floor.until(lambda: floor.last(order).replaces)


def test_an_order_is_not_sent_where_nothing_listens() -> None:
    async def story() -> None:
        reports: list[Report] = []
        async with running_alpaca() as alpaca:
            broker = AlpacaBroker(settings_for(alpaca), context_for(reports.append))
            await broker.connect()
        try:
            with pytest.raises(NotSent):
                await broker.place([bound(AAPL, Order.market("BUY", 1))])
        finally:
            await broker.disconnect()

    asyncio.run(story())


def test_an_order_is_not_sent_before_the_broker_is_connected() -> None:
    async def story() -> None:
        async with running_alpaca() as alpaca:
            broker = AlpacaBroker(settings_for(alpaca), context_for(lambda _: None))
            with pytest.raises(NotSent, match="connect first"):
                await broker.place([bound(AAPL, Order.market("BUY", 1))])

    asyncio.run(story())

"""Brackets, which Alpaca keeps itself and whose exits it names itself."""

from __future__ import annotations

import pytest

from alpaca_floor import Floor, bracket, connected, floor_test
from v6core.errors import NotSent
from v6core.orders import Order
from v6core.reports import RejectionReport


def _orders(entry_price: str = "100", tif: str = "DAY") -> tuple[Order, ...]:
    return bracket(
        Order.limit("BUY", 10, entry_price, tif=tif),
        Order.limit("SELL", 10, "110", tif=tif),
        Order.stop("SELL", 10, "95", tif=tif),
    )


@floor_test
async def test_a_bracket_is_one_request(floor: Floor) -> None:
    receipts = await floor.broker.place(_orders())
    assert floor.posts() == 1
    assert len({receipt.broker_order_id for receipt in receipts}) == 3


@floor_test
async def test_exits_are_reported_under_their_own_references_and_do_not_work_yet(floor: Floor) -> None:
    entry, take_profit, stop_loss = _orders("99")
    await floor.broker.place((entry, take_profit, stop_loss))
    for order in (take_profit, stop_loss):
        assert (await floor.stands(order, "SUBMITTED")).working is False
    assert floor.last(take_profit).broker_order_id != floor.last(stop_loss).broker_order_id
    shown = floor.last(stop_loss).terms
    assert shown is not None
    assert shown.stop_price == 95


@floor_test
async def test_the_order_in_which_exits_are_given_does_not_matter(floor: Floor) -> None:
    entry, take_profit, stop_loss = _orders("99")
    await floor.broker.place((entry, stop_loss, take_profit))
    shown = floor.last(take_profit).terms
    assert shown is not None
    assert shown.limit_price == 110


@floor_test
async def test_the_exits_work_once_the_entry_is_full_and_one_ends_the_other(floor: Floor) -> None:
    entry, take_profit, stop_loss = _orders()
    await floor.broker.place((entry, take_profit, stop_loss))
    await floor.stands(entry, "FILLED")
    await floor.until(lambda: floor.last(take_profit).working)
    await floor.alpaca.set_price("AAPL", 111)
    await floor.stands(take_profit, "FILLED")
    await floor.stands(stop_loss, "CANCELLED")
    assert floor.fills(take_profit)[0].fill.quantity == 10


@floor_test
async def test_one_exit_alone_is_a_bracket_as_well(floor: Floor) -> None:
    entry, stop_loss = bracket(Order.limit("BUY", 10, "100"), Order.stop_limit("SELL", 10, "95", "94", tif="DAY"))
    await floor.broker.place((entry, stop_loss))
    await floor.stands(entry, "FILLED")
    await floor.until(lambda: floor.last(stop_loss).working)


@floor_test
async def test_a_refused_bracket_refuses_each_of_its_orders(floor: Floor) -> None:
    orders = bracket(Order.limit("BUY", 10, "100.12345"), Order.limit("SELL", 10, "110", tif="DAY"))
    await floor.broker.place(orders)
    assert [report.order_ref for report in floor.of(RejectionReport)] == [order.order_ref for order in orders]


@floor_test
async def test_exits_of_another_time_in_force_are_not_sent(floor: Floor) -> None:
    with pytest.raises(NotSent, match="time in force"):
        await floor.broker.place(bracket(Order.limit("BUY", 10, "100"), Order.stop("SELL", 10, "95", tif="GTC")))


@floor_test
async def test_whoever_starts_anew_finds_the_exits_under_their_references(floor: Floor) -> None:
    entry, take_profit, stop_loss = _orders("99")
    await floor.broker.place((entry, take_profit, stop_loss))
    async with connected(floor.alpaca) as stranger:
        shown = {report.order_ref for report in (await stranger.broker.snapshot()).open_orders}
        assert shown == {entry.order_ref, take_profit.order_ref, stop_loss.order_ref}
        (found,) = (await stranger.broker.find(str(stop_loss.order_ref))).orders
        assert found.broker_order_id == floor.last(stop_loss).broker_order_id


@floor_test
async def test_an_exit_that_is_replaced_keeps_its_reference(floor: Floor) -> None:
    entry, take_profit, stop_loss = _orders()
    await floor.broker.place((entry, take_profit, stop_loss))
    await floor.until(lambda: floor.last(take_profit).working)
    first = floor.last(take_profit).broker_order_id
    await floor.broker.modify(take_profit, {"limit_price": 112})
    await floor.until(lambda: floor.last(take_profit).broker_order_id != first)
    async with connected(floor.alpaca) as stranger:
        shown = {report.order_ref: report for report in (await stranger.broker.snapshot()).open_orders}
        terms = shown[take_profit.order_ref].terms
        assert terms is not None
        assert terms.limit_price == 112


@floor_test
async def test_cancelling_the_entry_ends_the_exits(floor: Floor) -> None:
    entry, take_profit, stop_loss = _orders("99")
    await floor.broker.place((entry, take_profit, stop_loss))
    await floor.until(lambda: floor.last(entry).working)
    await floor.broker.cancel(entry)
    for order in (entry, take_profit, stop_loss):
        await floor.stands(order, "CANCELLED")


@floor_test
async def test_a_bracket_that_is_sent_again_is_answered_with_how_all_of_it_stands(floor: Floor) -> None:
    orders = _orders("99")
    await floor.broker.place(orders)
    await floor.until(lambda: floor.last(orders[0]).working)
    floor.reports.clear()
    await floor.broker.place(orders)
    assert [report.status for order in orders for report in floor.about(order)] == ["SUBMITTED"] * 3
    assert len((await floor.broker.snapshot()).open_orders) == 3

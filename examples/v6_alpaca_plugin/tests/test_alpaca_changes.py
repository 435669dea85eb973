"""Replacing and cancelling: a replacement is another order at Alpaca, and the same at v6."""

from __future__ import annotations

from decimal import Decimal

import pytest

from alpaca_floor import AAPL, VERTICAL, Floor, bound, connected, floor_test
from v6core.errors import NotSent
from v6core.orders import Order
from v6core.reports import CancelRefusedReport, ModifyRefusedReport


async def _working(floor: Floor, quantity: int = 10, price: str = "90") -> Order:
    order = await floor.place(AAPL, Order.limit("BUY", quantity, price))
    await floor.until(lambda: floor.last(order).working)
    return order


@floor_test
async def test_a_replacement_has_a_new_id_and_names_the_old_one(floor: Floor) -> None:
    order = await _working(floor)
    first = floor.last(order).broker_order_id
    await floor.broker.modify(order, {"limit_price": Decimal("91.25")})
    await floor.until(lambda: floor.last(order).broker_order_id != first)
    report = floor.last(order)
    assert report.replaces == first
    assert report.terms is not None
    assert report.terms.limit_price == Decimal("91.25")


@floor_test
async def test_the_order_that_was_replaced_is_not_said_to_have_ended(floor: Floor) -> None:
    order = await _working(floor)
    await floor.broker.modify(order, {"quantity": Decimal(7)})
    await floor.until(lambda: floor.last(order).replaces)
    assert {report.status for report in floor.about(order)} == {"SUBMITTED"}
    assert len((await floor.broker.snapshot()).open_orders) == 1


@floor_test
async def test_an_order_is_replaced_again_and_again(floor: Floor) -> None:
    order = await _working(floor)
    for price in (91, 92, 93):
        before = floor.last(order).broker_order_id
        await floor.broker.modify(order, {"limit_price": Decimal(price)})
        await floor.until(lambda: floor.last(order).broker_order_id != before)  # noqa: B023 -- called at once
    (found,) = (await floor.broker.find(_ref(order))).orders
    assert found.terms is not None
    assert found.terms.limit_price == 93
    assert found.replaces == floor.about(order)[0].broker_order_id


@floor_test
async def test_what_was_filled_before_a_replacement_still_counts(floor: Floor) -> None:
    order = await _working(floor, 10, "99")
    await floor.alpaca.set_quote("AAPL", 98, 99, ask_size=4)
    await floor.stands(order, "PARTIALLY_FILLED")
    await floor.broker.modify(order, {"limit_price": Decimal("98.50")})
    await floor.until(lambda: floor.last(order).replaces)
    report = floor.last(order)
    assert report.terms is not None
    assert (report.filled_quantity, report.terms.quantity) == (Decimal(4), Decimal(10))


@floor_test
async def test_what_fills_while_a_replacement_is_asked_for_is_taken_off_it(floor: Floor) -> None:
    order = await _working(floor, 10, "99")
    floor.alpaca.faults.withhold()
    await floor.alpaca.set_quote("AAPL", 98, 99, ask_size=4)
    await floor.broker.modify(order, {"limit_price": Decimal("98.50")})
    floor.alpaca.faults.deliver()
    await floor.until(lambda: floor.last(order).replaces)
    terms = floor.last(order).terms
    assert terms is not None
    assert terms.quantity == 10
    assert {report.terms and report.terms.quantity for report in floor.about(order)} == {Decimal(10)}
    await floor.alpaca.set_price("AAPL", 98)
    await floor.stands(order, "FILLED")
    assert sum(report.fill.quantity for report in floor.fills(order)) == 10


@floor_test
async def test_a_combo_that_is_sold_is_replaced_at_its_own_price(floor: Floor) -> None:
    order = await floor.place(VERTICAL, Order.limit("SELL", 1, "50"))
    await floor.until(lambda: floor.last(order).working)
    await floor.broker.modify(order, {"limit_price": Decimal(45)})
    await floor.until(lambda: floor.last(order).replaces)
    terms = floor.last(order).terms
    assert terms is not None
    assert terms.limit_price == 45


@floor_test
async def test_a_replacement_that_alpaca_refuses_leaves_the_order_as_it_was(floor: Floor) -> None:
    order = await _working(floor)
    await floor.broker.modify(order, {"limit_price": Decimal("91.12345")})
    (refused,) = floor.of(ModifyRefusedReport)
    assert refused.order_ref == order.order_ref
    assert "sub-penny" in refused.reason


@floor_test
async def test_a_cancel_is_answered_by_the_stream(floor: Floor) -> None:
    order = await _working(floor)
    await floor.broker.cancel(order)
    await floor.stands(order, "CANCELLED")


@floor_test
async def test_a_cancel_that_comes_too_late_is_refused(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.market("BUY", 1))
    await floor.stands(order, "FILLED")
    await floor.broker.cancel(order)
    (refused,) = floor.of(CancelRefusedReport)
    assert refused.order_ref == order.order_ref


@floor_test
async def test_a_new_process_cancels_what_an_earlier_one_placed(floor: Floor) -> None:
    order = await _working(floor)
    async with connected(floor.alpaca) as stranger:
        await stranger.broker.cancel(order)
        await stranger.stands(order, "CANCELLED")


@floor_test
async def test_a_cancel_of_what_alpaca_never_had_is_not_sent(floor: Floor) -> None:
    with pytest.raises(NotSent, match="knows no order"):
        await floor.broker.cancel(bound(AAPL, Order.market("BUY", 1)))


@floor_test
async def test_everything_can_be_cancelled_whoever_placed_it(floor: Floor) -> None:
    order = await _working(floor)
    theirs = await floor.alpaca.place_by_hand(
        symbol="AAPL", side="buy", qty="1", type="limit", limit_price="50", time_in_force="day"
    )
    await floor.broker.cancel_everything()
    await floor.stands(order, "CANCELLED")
    assert floor.alpaca.desk.get(theirs.order_id).status == "canceled"


def _ref(order: Order) -> str:
    return str(order.order_ref)

"""Each kind of order, over real HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from alpaca_floor import AAPL, CALL, CONDOR, VERTICAL, Floor, bound, floor_test
from v6core.errors import NotSent
from v6core.orders import Order
from v6core.reports import FillReport, OrderReport, RejectionReport


@floor_test
async def test_a_market_order_fills_at_the_market(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.market("BUY", 10))
    await floor.stands(order, "FILLED")
    (report,) = floor.fills(order)
    assert (report.fill.quantity, report.fill.price) == (Decimal(10), Decimal(100))


@floor_test
async def test_a_limit_works_until_the_market_comes(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.limit("BUY", 10, "99.50"))
    assert (await floor.stands(order, "SUBMITTED")).order_ref == order.order_ref
    await floor.until(lambda: floor.last(order).working)
    await floor.alpaca.set_price("AAPL", 99)
    await floor.stands(order, "FILLED")
    assert floor.fills(order)[0].fill.price <= Decimal("99.50")


@floor_test
async def test_a_stop_waits_for_its_price(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.stop("SELL", 10, "95"))
    await floor.stands(order, "SUBMITTED")
    await floor.alpaca.set_price("AAPL", 94)
    assert (await floor.stands(order, "FILLED")).filled_quantity == 10


@floor_test
async def test_a_stop_limit_waits_for_both_its_prices(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.stop_limit("SELL", 10, "95", "94"))
    await floor.alpaca.set_price("AAPL", "94.50")
    assert (await floor.stands(order, "FILLED")).filled_quantity == 10


@pytest.mark.parametrize("trail", [{"trail_amount": "2"}, {"trail_percent": "2"}])
def test_a_trailing_stop_follows_the_market(trail: dict[str, str]) -> None:
    @floor_test
    async def story(floor: Floor) -> None:
        order = await floor.place(AAPL, Order.trailing_stop("SELL", 10, **trail, tif="GTC"))
        await floor.stands(order, "SUBMITTED")
        await floor.alpaca.set_price("AAPL", 110)
        await floor.alpaca.set_price("AAPL", 107)
        assert (await floor.stands(order, "FILLED")).filled_quantity == 10

    story()


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
def test_an_order_for_at_once_ends_at_once(tif: str) -> None:
    @floor_test
    async def story(floor: Floor) -> None:
        order = await floor.place(AAPL, Order.limit("BUY", 10, "90", tif=tif))
        await floor.until(lambda: floor.last(order).status in {"CANCELLED", "EXPIRED"})

    story()


@floor_test
async def test_an_option_is_ordered_by_its_occ_symbol(floor: Floor) -> None:
    await floor.alpaca.set_price(CALL, "5.25")
    order = await floor.place(CALL, Order.limit("BUY", 2, "5.25"))
    await floor.stands(order, "FILLED")
    assert floor.fills(order)[0].fill.contract == CALL


@floor_test
async def test_a_combo_fills_once_for_each_leg_and_never_for_itself(floor: Floor) -> None:
    order = await floor.place(CONDOR, Order.market("BUY", 3))
    done = await floor.stands(order, "FILLED")
    fills = {report.fill.contract.key: report.fill.signed_quantity for report in floor.of(FillReport)}
    assert fills == {leg.contract.key: 3 * leg.signed_ratio for leg in CONDOR.legs}
    assert len(floor.of(FillReport)) == len(CONDOR.legs)
    assert done.filled_quantity == 3


@floor_test
async def test_a_combo_that_is_sold_goes_out_with_its_legs_turned_round(floor: Floor) -> None:
    order = await floor.place(VERTICAL, Order.limit("SELL", 1, "0"))
    await floor.stands(order, "FILLED")
    assert {report.fill.contract.key: report.fill.action for report in floor.fills(order)} == {
        leg.contract.key: leg.action.opposite for leg in VERTICAL.legs
    }


@floor_test
async def test_the_legs_of_a_combo_are_no_orders_of_their_own(floor: Floor) -> None:
    order = await floor.place(VERTICAL, Order.market("BUY", 1))
    await floor.stands(order, "FILLED")
    assert {report.order_ref for report in floor.of(OrderReport)} == {order.order_ref}


@floor_test
async def test_prices_travel_with_all_their_places(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.limit("BUY", 1, "0.1234"))
    terms = (await floor.stands(order, "SUBMITTED")).terms
    assert terms is not None
    assert terms.limit_price == Decimal("0.1234")


@floor_test
async def test_what_alpaca_refuses_is_a_rejection_in_its_own_words(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.limit("BUY", 1, "99.12345"))
    (rejection,) = floor.of(RejectionReport)
    assert rejection.order_ref == order.order_ref
    assert rejection.code == "42210000"
    assert "sub-penny" in rejection.reason


@floor_test
async def test_what_alpaca_has_no_word_for_is_not_sent(floor: Floor) -> None:
    with pytest.raises(NotSent, match="leave stop_price out"):
        await floor.place(AAPL, Order.trailing_stop("SELL", 1, trail_amount=2, stop_price=90))
    assert floor.posts() == 0


@floor_test
async def test_after_a_refusal_the_rest_of_a_unit_is_not_sent(floor: Floor) -> None:
    first, second = Order.limit("BUY", 1, "99.12345"), Order.limit("BUY", 1, "99")
    await floor.broker.place([bound(AAPL, first), bound(AAPL, second)])
    assert [report.code for report in floor.of(RejectionReport)] == ["42210000", "NOT_SENT"]
    assert floor.posts() == 1

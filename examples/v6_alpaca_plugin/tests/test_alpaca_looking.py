"""What the account shows: snapshots, evidence, contracts, chains and quotes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from alpaca_floor import AAPL, CALL, CONDOR, HIGHER_CALL, VERTICAL, Floor, bound, connected, floor_test
from fake_alpaca.testing import running_alpaca
from v6_alpaca_plugin import listing
from v6core.contracts import Combo, ComboLeg, Future, OptionRight, Stock
from v6core.errors import NotSupported, Unavailable
from v6core.orders import Order


@floor_test
async def test_a_snapshot_shows_what_works_what_has_ended_and_what_is_held(floor: Floor) -> None:
    working = await floor.place(AAPL, Order.limit("BUY", 1, "90"))
    filled = await floor.place(AAPL, Order.market("BUY", 10))
    await floor.stands(filled, "FILLED")
    shown = await floor.broker.snapshot()
    assert [report.order_ref for report in shown.open_orders] == [working.order_ref]
    assert [report.order_ref for report in shown.completed_orders] == [filled.order_ref]
    assert [report.order_ref for report in shown.fills] == [filled.order_ref]
    (held,) = shown.positions
    assert held.contract == AAPL
    assert (held.quantity, held.avg_cost) == (Decimal(10), Decimal(100))
    assert shown.account.cash == 99_000
    assert shown.account.paper


@floor_test
async def test_a_fill_has_the_same_id_in_the_stream_and_in_a_snapshot(floor: Floor) -> None:
    order = await floor.place(CONDOR, Order.market("BUY", 2))
    await floor.stands(order, "FILLED")
    listed = {report.fill.execution_id for report in (await floor.broker.snapshot()).fills}
    assert listed == {report.fill.execution_id for report in floor.fills(order)}


@floor_test
async def test_a_short_position_is_negative(floor: Floor) -> None:
    order = await floor.place(AAPL, Order.market("SELL", 10))
    await floor.stands(order, "FILLED")
    assert [row.quantity for row in (await floor.broker.snapshot()).positions] == [-10]


@floor_test
async def test_a_snapshot_says_how_far_back_it_reaches(floor: Floor) -> None:
    shown = await floor.broker.snapshot()
    assert shown.fills_since == shown.completed_since
    assert shown.fills_since is not None
    assert timedelta(days=7) <= shown.time - shown.fills_since + timedelta(seconds=1)


@floor_test
async def test_a_snapshot_goes_through_every_page(floor: Floor) -> None:
    patch = pytest.MonkeyPatch()
    patch.setattr(listing, "_ORDERS_PER_PAGE", 2)
    patch.setattr(listing, "_FILLS_PER_PAGE", 2)
    with patch.context():
        filled = [await floor.place(AAPL, Order.market("BUY", 1)) for _ in range(5)]
        working = [await floor.place(AAPL, Order.limit("BUY", 1, "90")) for _ in range(5)]
        await floor.stands(filled[-1], "FILLED")
        shown = await floor.broker.snapshot()
    assert len(shown.fills) == len(shown.completed_orders) == len(filled)
    assert [report.order_ref for report in shown.open_orders] == [order.order_ref for order in working]
    patch.undo()


@floor_test
async def test_a_snapshot_of_few_orders_asks_for_each_list_once(floor: Floor) -> None:
    await floor.place(AAPL, Order.limit("BUY", 1, "90"))
    floor.alpaca.arrivals.clear()
    await floor.broker.snapshot()
    assert [request.query["status"] for request in floor.alpaca.arrivals.of("GET", "/v2/orders")] == ["open", "all"]


@floor_test
async def test_the_orders_of_others_are_shown_under_their_own_names(floor: Floor) -> None:
    theirs = await floor.alpaca.place_by_hand(
        symbol="AAPL", side="buy", qty="1", type="limit", limit_price="50", time_in_force="day"
    )
    assert [report.order_ref for report in (await floor.broker.snapshot()).open_orders] == [theirs.client_order_id]


@floor_test
async def test_evidence_holds_the_order_and_its_fills(floor: Floor) -> None:
    order = await floor.place(CONDOR, Order.market("BUY", 1))
    await floor.stands(order, "FILLED")
    async with connected(floor.alpaca) as stranger:
        found = await stranger.broker.find(str(order.order_ref))
    assert [report.status for report in found.orders] == ["FILLED"]
    assert len(found.fills) == 4


@floor_test
async def test_of_what_alpaca_never_had_there_is_no_evidence(floor: Floor) -> None:
    assert (await floor.broker.find(str(bound(AAPL, Order.market("BUY", 1)).order_ref))).is_empty


@floor_test
async def test_a_share_below_a_dollar_moves_by_hundredths_of_a_cent(floor: Floor) -> None:
    details = await floor.broker.qualify(AAPL)
    assert details.tick_at(Decimal("0.99")) == Decimal("0.0001")
    assert details.tick_at(Decimal(1)) == Decimal("0.01")


def test_a_listed_option_is_qualified_with_its_ticks() -> None:
    async def story() -> None:
        async with running_alpaca(settings={"quotes": "synthetic"}) as alpaca, connected(alpaca) as floor:
            chain = await floor.broker.option_chain(AAPL)
            row = chain.expirations[0]
            option = chain.option(row.expiration, row.strikes[0], OptionRight.PUT)
            assert option is not None
            details = await floor.broker.qualify(option)
            assert details.contract == option
            assert details.tick_at(Decimal(1)) in {Decimal("0.01"), Decimal("0.05")}

    asyncio.run(story())


@pytest.mark.parametrize(
    "contract",
    [
        Future("ES", "2026-12-18", multiplier=50, exchange="CME"),
        Combo("AAPL", [ComboLeg(Stock("AAPL"), "BUY", 100), ComboLeg(CALL, "SELL")]),
    ],
    ids=["future", "with stock"],
)
def test_what_alpaca_does_not_trade_is_unavailable(contract: Stock) -> None:
    @floor_test
    async def story(floor: Floor) -> None:
        with pytest.raises(Unavailable):
            await floor.broker.qualify(contract)

    story()


@floor_test
async def test_a_share_that_alpaca_does_not_know_is_unavailable(floor: Floor) -> None:
    floor.alpaca.faults.answer(404, "GET", "/v2/assets")
    with pytest.raises(Unavailable, match="does not know NOSUCH"):
        await floor.broker.qualify(Stock("NOSUCH"))


@floor_test
async def test_a_quote_has_bid_and_ask(floor: Floor) -> None:
    await floor.alpaca.set_quote("AAPL", "99.99", "100.01")
    quote = await floor.broker.quote(AAPL)
    assert (quote.bid, quote.ask) == (Decimal("99.99"), Decimal("100.01"))


@floor_test
async def test_the_quote_of_a_combo_is_the_net_of_its_legs(floor: Floor) -> None:
    await floor.alpaca.set_quote(CALL, "5.00", "5.10")
    await floor.alpaca.set_quote(HIGHER_CALL, "2.00", "2.20")
    quote = await floor.broker.quote(VERTICAL)
    assert (quote.bid, quote.ask) == (Decimal("2.80"), Decimal("3.10"))


@floor_test
async def test_quotes_come_as_they_are_and_then_as_they_change(floor: Floor) -> None:
    await floor.alpaca.set_price("AAPL", 100)
    stream = floor.broker.quotes((AAPL,))
    assert (await anext(stream)).bid == 100
    await floor.alpaca.set_price("AAPL", 101)
    assert (await anext(stream)).bid == 101


@floor_test
async def test_nothing_tells_what_an_order_would_cost(floor: Floor) -> None:
    with pytest.raises(NotSupported):
        await floor.broker.preview([bound(AAPL, Order.market("BUY", 1))])


def test_the_client_of_the_sdk_is_there_for_what_v6_has_no_word_for() -> None:
    async def clock() -> Callable[[], object]:
        async with running_alpaca() as alpaca, connected(alpaca) as floor:
            return await asyncio.to_thread(floor.broker.native.get_account)

    assert asyncio.run(clock())["status"] == "ACTIVE"  # type: ignore[index]

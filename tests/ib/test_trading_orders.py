"""Orders over the wire with the real engine on top: filled, changed, cancelled, refused, in groups and as combos."""

# What the engine knows beyond what it tells.
# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import Generator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ib.ib_desk import (
    ACME,
    PLAIN_ACME,
    BrokerDesk,
    D,
    Tws,
    bound,
    call,
    engine_on,
    ib,
    new_ref,
    on_loop,
    plain,
    plain_limit,
    put,
    ref_of,
    tws,
    until,
)
from v6_ib_plugin.gateway.faults import Connectivity, Refuse, When
from v6_ib_plugin.gateway.faults.effects import Silence
from v6_paper_plugin.market import given as given_market
from v6core import ActionTaken, iron_condor, vertical_spread
from v6core.contracts import Combo, ComboLeg
from v6core.errors import BrokerError, ModifyRejected, NotSent
from v6core.orders import Order, OrderStatus
from v6core.quotes import ChainExpiration
from v6core.reports import LinkState, ModifyRefusedReport, OrderReport, RejectionReport

SOON = datetime.now(UTC).replace(microsecond=123) + timedelta(days=2)


def typed(order_type: str, action: str, **terms: int) -> Order:
    return Order.model_validate({"order_type": order_type, "action": action, "quantity": 10, **terms})


RESTING = [
    Order.limit("BUY", 10, 90),
    Order.limit("BUY", 11, 90, tif="GTC", outside_rth=True),
    Order.limit("BUY", 12, 90, tif="GTD", good_till=SOON),
    Order.stop("BUY", 13, 110),
    Order.stop_limit("SELL", 10, 90, 89),
    Order.trailing_stop("SELL", 11, 5),
    Order.trailing_stop("SELL", 12, trail_percent=5, stop_price=94),
    typed("TRAIL_LIMIT", "SELL", trail_amount=5, limit_offset=1, stop_price=94),
    typed("MARKET_IF_TOUCHED", "BUY", stop_price=90),
    typed("LIMIT_IF_TOUCHED", "BUY", stop_price=90, limit_price=91),
]


@on_loop
async def test_each_type_rests_reads_back_as_it_was_sent_and_is_cancelled(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        for wanted in RESTING:
            order = await engine.place_order(ACME, wanted)
            assert (order.status, order.anomalies) == (OrderStatus.SUBMITTED, ())
            assert await engine.cancel_order(order.order_id)
        assert all(order.anomalies == () for order in await engine.orders())


@on_loop
async def test_a_market_order_fills_and_its_commission_follows(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        order = await engine.place_order(ACME, Order.market("BUY", 10))
        order = await engine.wait_for(order.order_id, "FILLED", timeout=5)
        assert order.avg_fill_price == 100
        await until(lambda: engine._run.record.states[order.order_id].order.commission == 1)


@on_loop
async def test_a_partial_fill_is_told_and_the_rest_fills_later(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 95))
        gateway.trade(95, 4)
        order = await engine.wait_for(order.order_id, "PARTIALLY_FILLED", timeout=5)
        assert order.filled_quantity == 4
        gateway.price(94)
        await engine.wait_for(order.order_id, "FILLED", timeout=5)


@pytest.mark.parametrize("changes", [{"limit_price": "91"}, {"quantity": 20}, {"tif": "GTC"}])
@on_loop
async def test_a_change_is_made_of_what_tws_shows(tmp_path: Path, changes: dict[str, object]) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        await engine.modify_order(order.order_id, **changes)
        after = await engine.order(order.order_id)
        assert after.status is OrderStatus.SUBMITTED
        assert after.anomalies == ()
        first, second = gateway.placed
        assert second.order.order_id == first.order.order_id


@on_loop
async def test_a_trailing_stop_is_changed_too(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        order = await engine.place_order(ACME, Order.trailing_stop("SELL", 10, 5))
        after = await engine.modify_order(order.order_id, trail_amount=4)
        assert after.trail_amount == 4
        assert after.anomalies == ()


@on_loop
async def test_a_refused_change_leaves_the_order_as_it_was(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        gateway.arm(When.request("PlaceOrder", is_new=False), Refuse(code=10326, text="OCA group revision"))
        with pytest.raises(ModifyRejected):
            await engine.modify_order(order.order_id, limit_price=91)
        after = await engine.order(order.order_id)
        assert after.status is OrderStatus.SUBMITTED
        assert after.limit_price == 90


@on_loop
async def test_a_refused_change_is_followed_by_how_the_order_reads(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        gateway.arm(When.request("PlaceOrder", is_new=False), Refuse(code=201))
        await desk.broker.modify(order, {"limit_price": D(91)})
        await desk.heard(lambda: is_read_back(desk))
        assert desk.of(RejectionReport) == []


def is_read_back(desk: BrokerDesk) -> bool:
    """Tell whether a change was refused, and the order told as it stands behind that."""
    refusals = [n for n, row in enumerate(desk.told) if isinstance(row, ModifyRefusedReport)]
    return bool(refusals) and any(isinstance(row, OrderReport) for row in desk.told[refusals[0] :])


@pytest.mark.parametrize("code", [201, 110, 321, 434, 329, 105, 200, 10243])
@on_loop
async def test_an_order_that_is_refused_is_rejected_with_the_code(tmp_path: Path, code: int) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        gateway.arm(When.order(1), Refuse(code=code, text="no"))
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        assert (order.status, order.reason) == (OrderStatus.REJECTED, f"{code}: no")


@on_loop
async def test_a_refused_number_is_rejected_once_no_list_shows_the_order(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        gateway.arm(When.order(1), Refuse(code=103, text="Duplicate order id"))
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        assert order.status is OrderStatus.REJECTED


@on_loop
async def test_an_order_that_nobody_answers_is_in_doubt_and_is_found(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path, ack_deadline=0.3) as engine:
        gateway.price(100)
        gateway.arm(When.order(1), Silence(accept=True))
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        assert order.status is OrderStatus.IN_DOUBT
        await engine.wait_for(order.order_id, "SUBMITTED", timeout=5)


@on_loop
async def test_a_read_only_api_refuses_in_words(tmp_path: Path) -> None:
    async with tws(read_only=True) as gateway:
        with pytest.raises(BrokerError, match="read-only"):
            async with engine_on(gateway, tmp_path):
                pass


@on_loop
async def test_a_member_of_a_group_that_fills_cancels_the_others(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        group = [Order.limit("BUY", 5, 95), Order.limit("BUY", 5, 94)]
        placed = await engine.place_oca_group(group, ACME)
        assert placed.action_taken is ActionTaken.OCA_PLACED
        gateway.price("94.5")
        await engine.wait_for(placed.order_ids[0], "FILLED", timeout=5)
        await engine.wait_for(placed.order_ids[1], "CANCELLED", timeout=5)


@on_loop
async def test_a_group_of_which_one_is_refused_is_taken_back(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        gateway.price(100)
        gateway.arm(When.order(2), Refuse(code=201))
        placed = await engine.place_oca_group([Order.limit("BUY", 5, 95), Order.limit("BUY", 5, 94)], ACME)
        await engine.wait_for(placed.order_ids[0], "CANCELLED", timeout=5)
        assert (await engine.order(placed.order_ids[1])).status is OrderStatus.REJECTED


def price_options(gateway: Tws, days: Sequence[str] = ("2027-01-15",)) -> None:
    gateway.price(100)
    for day in days:
        for contract, price in ((put(90, day), 1), (put(95, day), 2), (call(105, day), 2), (call(110, day), 1)):
            gateway.price(price, contract)


@on_loop
async def test_a_condor_is_opened_and_closed_as_one_order(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        price_options(gateway)
        condor = iron_condor("ACME", "2027-01-15", 90, 95, 105, 110, quantity=2)
        opened = await engine.open_position(condor, limit_price="-2", timeout=5)
        assert opened.action_taken is ActionTaken.OPENED
        assert len(await engine.fills()) == 4
        closed = await engine.close_position(condor, limit_price="2", timeout=5)
        assert closed.action_taken is ActionTaken.CLOSED
        assert await engine.positions() == ()
        assert len(gateway.placed) == 2


@pytest.fixture
def few_strikes(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Let the market list few strikes: the chain of a given market has thousands, which take seconds to tell."""
    strikes = ChainExpiration(expiration=date.max, strikes=tuple(D(n) for n in range(90, 115, 5)))
    monkeypatch.setattr(given_market, "_grid", lambda: strikes)
    given_market._chain.cache_clear()
    yield
    given_market._chain.cache_clear()


@pytest.mark.usefixtures("few_strikes")
@on_loop
async def test_a_spread_is_rolled_as_one_order(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        price_options(gateway, ("2027-01-15", "2027-02-19"))
        spread = vertical_spread("ACME", "2027-01-15", "CALL", 105, 110, quantity=2)
        opened = await engine.open_position(spread, limit_price="1", timeout=5)
        assert opened.strategy is not None
        rolled = await engine.roll_position(opened.strategy, 90, limit_price="0", timeout=5)
        assert rolled.action_taken is ActionTaken.ROLLED
        assert len(gateway.placed) == 2
        assert {getattr(row.contract, "expiration").isoformat() for row in await engine.positions()} == {"2027-02-19"}  # noqa: B009


@on_loop
async def test_a_combo_is_sent_by_conids_to_smart_and_needs_no_non_guaranteed(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        price_options(gateway)
        combo = Combo("ACME", [ComboLeg(call(105), "BUY", 1), ComboLeg(call(110), "SELL", 2)])
        await desk.place(bound(Order.limit("BUY", 1, "-1"), combo))
        await until(lambda: gateway.placed)
        (sent,) = gateway.placed
        assert (sent.contract.sec_type, sent.contract.exchange) == ("BAG", "SMART")
        assert [(leg.ratio, leg.action, leg.con_id > 0) for leg in sent.contract.combo_legs] == [
            (1, "BUY", True),
            (2, "SELL", True),
        ]
        assert sent.order.lmt_price == -1
        assert sent.order.smart_combo_routing_params == ()


@on_loop
async def test_a_combo_is_changed_with_the_contract_that_tws_shows(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine:
        price_options(gateway)
        combo = Combo("ACME", [ComboLeg(call(105), "BUY", 1), ComboLeg(call(110), "SELL", 1)])
        order = await engine.place_order(combo, Order.limit("BUY", 1, "0.50"))
        after = await engine.modify_order(order.order_id, limit_price="0.60")
        assert (after.limit_price, after.anomalies) == (D("0.60"), ())


@on_loop
async def test_every_order_names_the_account(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        await desk.place(bound(Order.limit("BUY", 1, 90)))
        await until(lambda: gateway.placed)
        assert gateway.placed[0].order.account == gateway.gateway.account


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (Order.limit("BUY", 1, 90, account="U999"), "it is for account U999"),
        (Order.limit("BUY", 1, 90, options={"no_such": 1}), "no_such"),
    ],
)
@on_loop
async def test_what_cannot_be_is_refused_before_anything_is_sent(tmp_path: Path, order: Order, sentence: str) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        with pytest.raises(NotSent, match=sentence):
            await desk.place(bound(order))
        assert gateway.placed == []


@on_loop
async def test_while_tws_has_lost_its_servers_cancels_go_and_nothing_else(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        gateway.arm(When.now(), Connectivity(code=1100))
        await desk.link_is(LinkState.DEGRADED)
        with pytest.raises(NotSent, match="DEGRADED"):
            await desk.place(bound(Order.limit("BUY", 10, 90)))
        with pytest.raises(NotSent, match="DEGRADED"):
            await desk.broker.modify(order, {"limit_price": D(91)})
        await desk.broker.cancel(order)
        gateway.arm(When.now(), Connectivity(code=1102))
        await desk.link_is(LinkState.UP)
        await desk.standing(order, "CANCELLED")


@on_loop
async def test_an_order_of_another_client_is_refused_by_name(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, ib(gateway, tmp_path / "b", client_id=7) as other:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        with pytest.raises(NotSent, match="belongs to client 6"):
            await other.broker.cancel(order)


@on_loop
async def test_orders_of_others_are_told_and_not_touched(tmp_path: Path) -> None:
    async with tws() as gateway, engine_on(gateway, tmp_path) as engine, plain(gateway) as client:
        gateway.price(100)
        trade = client.placeOrder(PLAIN_ACME, plain_limit(90))
        await until(lambda: trade.orderStatus.status == "Submitted")
        order = await engine.place_order(ACME, Order.limit("BUY", 10, 90))
        assert await engine.cancel_order(order.order_id)
        shown = await engine._run.broker.snapshot()
        assert len(shown.open_orders) == 1
        assert trade.isActive()
        assert engine.trading_state == "ACTIVE"


@on_loop
async def test_everything_is_cancelled_at_once(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk, plain(gateway) as client:
        gateway.price(100)
        trade = client.placeOrder(PLAIN_ACME, plain_limit(90))
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.standing(order, "SUBMITTED")
        await desk.broker.cancel_everything()
        await desk.standing(order, "CANCELLED")
        await until(lambda: trade.orderStatus.status == "Cancelled")


@on_loop
async def test_two_orders_under_one_reference_are_both_told_and_both_cancelled(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        order = bound(Order.limit("BUY", 10, 90))
        await desk.place(order)
        await desk.place(order)
        await desk.heard(lambda: len({row.broker_order_id for row in desk.of(OrderReport, order)}) == 2)
        found = await desk.broker.find(ref_of(order))
        assert len({row.broker_order_id for row in found.orders}) == 2
        await desk.broker.cancel(order)
        told = desk.of(OrderReport, order)
        await until(
            lambda: len({row.broker_order_id for row in desk.of(OrderReport) if row.status == "CANCELLED"}) == 2
        )
        assert {row.account for row in told} == {gateway.gateway.account}


@on_loop
async def test_nothing_is_found_under_a_reference_that_nobody_used(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        assert (await desk.broker.find(new_ref())).is_empty


@on_loop
async def test_sixteen_orders_in_flight_each_get_a_number_of_their_own(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path) as desk:
        gateway.price(100)
        orders = [bound(Order.limit("BUY", 1, 90)) for _ in range(16)]
        await asyncio.gather(*(desk.place(order) for order in orders))
        for order in orders:
            await desk.standing(order, "SUBMITTED")
        numbers = [row.order.order_id for row in gateway.placed]
        assert numbers == sorted(set(numbers))


@on_loop
async def test_no_order_overtakes_another_between_its_number_and_the_wire(tmp_path: Path) -> None:
    async with tws() as gateway, ib(gateway, tmp_path, rate=45) as desk:
        gateway.price(100)
        entry = bound(Order.limit("BUY", 1, 90))
        await desk.place(entry)
        waiting = [bound(Order.limit("BUY", 1, 90)) for _ in range(50)]
        # An exit goes before other orders where they have to wait for their turn.
        protective = bound(Order.limit("SELL", 1, 110, parent_order_id=entry.order_id))
        await asyncio.gather(*(desk.place(order) for order in (*waiting, protective)))
        await until(lambda: len(gateway.placed) == 52)
        numbers = [row.order.order_id for row in gateway.placed]
        assert numbers == sorted(numbers)
        assert desk.of(RejectionReport) == []

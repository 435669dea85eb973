"""What holds whatever is done: random histories of orders, changes and quotes, without HTTP in between."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alpaca_story import CALL, HIGHER_CALL, PRICES
from fake_alpaca.alpaca import FakeAlpaca
from fake_alpaca.desk.tickets import OrderQuery
from fake_alpaca.desk.updates import TradeUpdate
from fake_alpaca.refusals import Refusal
from fake_alpaca.wire.requests import replacement_of
from fake_alpaca.words import Event, Status
from v6core.reports import BrokerPosition

LEGS = [
    {"symbol": CALL, "side": "buy", "ratio_qty": "1"},
    {"symbol": HIGHER_CALL, "side": "sell", "ratio_qty": "2"},
    {"symbol": "AAPL261218C00120000", "side": "buy", "ratio_qty": "1"},
]
Body = dict[str, Any]


def simple(qty: int, side: str, price: int) -> Body:
    return {
        "symbol": "AAPL", "qty": qty, "side": side, "type": "limit", "limit_price": price, "time_in_force": "gtc"
    }  # fmt: skip


def exits(price: int) -> Body:
    return {"take_profit": {"limit_price": price + 5}, "stop_loss": {"stop_price": price - 5}}


def bracket(qty: int, price: int) -> Body:
    return {**simple(qty, "buy", price), "order_class": "bracket", **exits(price)}


def oco(qty: int, price: int) -> Body:
    return {**simple(qty, "sell", price + 5), "order_class": "oco", **exits(price)}


def mleg(qty: int, price: int) -> Body:
    terms = {"qty": qty, "type": "limit", "limit_price": price, "time_in_force": "day"}
    return {**terms, "order_class": "mleg", "legs": LEGS}


QTY, PRICE = st.integers(1, 20), st.integers(90, 110)
ORDER = st.one_of(
    st.builds(simple, QTY, st.sampled_from(["buy", "sell"]), PRICE),
    st.builds(bracket, QTY, PRICE),
    st.builds(oco, QTY, PRICE),
    st.builds(mleg, st.integers(1, 5), st.integers(-3, 12)),
)
STEP = st.one_of(
    st.tuples(st.just("place"), ORDER),
    st.tuples(st.just("replace"), st.tuples(st.integers(0, 30), PRICE)),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("quote"), st.tuples(PRICE, st.integers(1, 12))),
    st.tuples(st.just("option"), st.tuples(st.integers(1, 9), st.integers(1, 3))),
)
_ENDED = frozenset({Event.FILL, Event.CANCELED, Event.EXPIRED, Event.REPLACED, Event.REJECTED})


class History:
    """What was done, and what was told of it."""

    def __init__(self, alpaca: FakeAlpaca) -> None:
        self.alpaca = alpaca
        self.updates: list[TradeUpdate] = []
        self.positions: tuple[BrokerPosition, ...] = ()
        alpaca.desk.listen(self.updates.append)

    async def run(self, steps: list[tuple[str, Any]]) -> None:
        for name, what in steps:
            try:
                await getattr(self, name)(what)
            except Refusal:
                continue
        self.positions = (await self.alpaca.broker.snapshot()).positions

    async def place(self, body: dict[str, Any]) -> None:
        await self.alpaca.place_by_hand(**body)

    async def replace(self, what: tuple[int, int]) -> None:
        orders = list(self.alpaca.desk.book)
        if what[0] < len(orders):
            await self.alpaca.desk.replace(orders[what[0]].order_id, replacement_of({"limit_price": what[1]}))

    async def cancel(self, place: int) -> None:
        orders = list(self.alpaca.desk.book)
        if place < len(orders):
            await self.alpaca.desk.cancel(orders[place].order_id)

    async def quote(self, what: tuple[int, int]) -> None:
        await self.alpaca.set_quote("AAPL", what[0], what[0] + 1, bid_size=what[1], ask_size=what[1])

    async def option(self, what: tuple[int, int]) -> None:
        await self.alpaca.set_quote(CALL, what[0], what[0] + 1, bid_size=what[1], ask_size=what[1])


def history(steps: list[tuple[str, Any]]) -> History:
    async def within() -> History:
        async with FakeAlpaca(settings={"prices": PRICES, "cash": 1_000_000}) as alpaca:
            made = History(alpaca)
            await made.run(steps)
            return made

    run: Callable[[Coroutine[Any, Any, History]], History] = asyncio.run
    return run(within())


STEPS = st.lists(STEP, max_size=25)
law = settings(deadline=None, max_examples=30)


@law
@given(STEPS)
def test_the_updates_tell_every_fill_once(steps: list[tuple[str, Any]]) -> None:
    made = history(steps)
    told: defaultdict[str, Decimal] = defaultdict(Decimal)
    for update in made.updates:
        order = update.order
        if update.qty is not None and order.asset is not None and order.side is not None:
            told[order.asset.contract.key] += order.side.sign * update.qty
    held = {position.contract.key: position.quantity for position in made.positions}
    assert {key: quantity for key, quantity in told.items() if quantity} == held


@law
@given(STEPS)
def test_nothing_is_told_of_an_order_after_its_end(steps: list[tuple[str, Any]]) -> None:
    ended: set[object] = set()
    for update in history(steps).updates:
        assert update.order.order_id not in ended
        if update.event in _ENDED:
            ended.add(update.order.order_id)


@law
@given(STEPS)
def test_the_last_update_tells_how_an_order_stands(steps: list[tuple[str, Any]]) -> None:
    made = history(steps)
    last = {update.order.order_id: update.order for update in made.updates}
    for order in made.alpaca.desk.book:
        if order.order_id in last:
            told = last[order.order_id]
            assert (told.status, told.filled_qty, told.qty) == (order.status, order.filled_qty, order.qty)


@law
@given(STEPS)
def test_one_exit_of_a_bracket_never_outlives_the_other(steps: list[tuple[str, Any]]) -> None:
    made = history(steps)
    for order in made.alpaca.desk.find(OrderQuery(open=None, limit=500)):
        if order.legs and not order.is_mleg and order.group_role == "entry":
            assert len({leg.is_open for leg in order.legs}) == 1
            assert order.status is Status.FILLED or all(leg.filled_qty == 0 for leg in order.legs)


@law
@given(STEPS)
def test_a_multi_leg_order_fills_its_legs_in_ratio(steps: list[tuple[str, Any]]) -> None:
    for order in history(steps).alpaca.desk.book:
        for leg in order.legs if order.is_mleg else ():
            assert leg.filled_qty == order.filled_qty * (leg.ratio_qty or 1)

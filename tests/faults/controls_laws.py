"""What controls promise, as laws over an engine and a scripted broker: to be kept as they are, and broken when planted.

Each law drives waves of orders that are placed at the same moment, with answers, silences and losses, and adds up what
the broker could come to if everything that left fills. It looks at the journal and the broker, never at the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.engine_desk import GOOG, engine_on, told
from v6core.clock import run_simulated
from v6core.contracts import Option
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied, Unavailable, V6Error
from v6core.events import OrderIntended
from v6core.orders import Order
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import Step, accepts, hangs, raises

D = Decimal
CALL = Option("GOOG", "2026-12-18", 600, "CALL")
PUT = Option("GOOG", "2026-12-18", 600, "PUT")
NOTHING: dict[str, Any] = dict.fromkeys(
    (
        "max_order_quantity",
        "max_contracts",
        "max_order_value",
        "price_collar",
        "option_price_collar",
        "duplicate_window",
        "max_orders_per_second",
        "max_open_orders",
    ),
    "off",
)
LONG = {GOOG.key: D(1), CALL.key: D(100), PUT.key: D(-100)}
"""How far one contract moves with GOOG."""


def fills_what_is_open(quantity: int | None = None) -> Step:
    """Fill orders, whole or in part."""

    def step(broker: ScriptedBroker, refs: tuple[str, ...]) -> None:
        for ref in refs:
            broker.fill(ref, quantity)

    return step


ANSWERS: dict[str, tuple[tuple[Step, ...], bool]] = {
    "accepted": ((accepts,), True),
    "filled": ((fills_what_is_open(),), True),
    "filled in part": ((fills_what_is_open(1), accepts), True),
    "silent": ((), True),
    "swallowed": ((), False),
    "failing": ((raises(OSError("reset")),), True),
    "hanging": ((hangs,), True),
}
Ticket = tuple[str, int, Any, str]
tickets: st.SearchStrategy[Ticket] = st.tuples(
    st.sampled_from(["BUY", "BUY", "SELL"]),
    st.integers(1, 9),
    st.sampled_from([GOOG, GOOG, CALL, PUT]),
    st.sampled_from(sorted(ANSWERS)),
)
waves = st.lists(st.lists(tickets, min_size=1, max_size=5), min_size=1, max_size=3)
Law = Callable[[], None]


def rules(**only: Any) -> RiskLimits:
    """Return limits of which only these are on."""
    return RiskLimits.model_validate({**NOTHING, **only})


def examples(number: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Search so many examples, the same ones each time, so that what is planted is found again."""
    return settings(
        deadline=None, max_examples=number, database=None, derandomize=True, phases=[Phase.generate], print_blob=False
    )


async def quietly(call: Any) -> None:
    """Take whatever v6 says on purpose."""
    try:
        await call
    except V6Error:
        return


async def drive(engine: OrderExecutionEngine, broker: ScriptedBroker, given_waves: Iterable[list[Ticket]]) -> None:
    """Place each wave at one moment, and let deadlines pass between them."""
    for wave in given_waves:
        orders: list[Any] = []
        for action, quantity, contract, answer in wave:
            order = Order.market(action, quantity)
            steps, arrives = ANSWERS[answer]
            broker.on("place", *steps, order=order, arrives=arrives)
            orders.append(quietly(engine.place_order(contract, order)))
        await asyncio.gather(*orders)
        await asyncio.sleep(1.5)


def most(engine: OrderExecutionEngine, broker: ScriptedBroker, key: str, sign: int) -> Decimal:
    """Return what a contract may come to on one side, if all that left and has not ended fills."""
    filled = sum(row.fill.signed_quantity for row in broker.book.executions.values() if row.fill.contract.key == key)
    intended = [event.order for event in told(engine) if isinstance(event, OrderIntended)]
    rest = D(0)
    for order in intended:
        assert order.contract is not None
        if order.contract.key == key and order.action.sign == sign:
            held = broker.book.orders.get(str(order.order_ref))
            rest += order.quantity if held is None else held.rest
    return sign * filled + rest


def position_law() -> None:
    """Whatever fills, no side of a contract comes above ``max_position``."""

    @examples(60)
    @given(waves, st.integers(3, 15))
    def law(given_waves: list[list[Ticket]], limit: int) -> None:
        async def run() -> None:
            broker = ScriptedBroker()
            async with engine_on(broker, limits=rules(max_position=limit)) as engine:
                await drive(engine, broker, given_waves)
                for key in LONG:
                    assert all(most(engine, broker, key, sign) <= limit for sign in (1, -1))

        run_simulated(run())

    law()


def underlying_law() -> None:
    """Whatever fills, no side of an underlying comes above ``max_underlying_position``."""

    @examples(60)
    @given(waves, st.sampled_from([5, 150, 300, 700, 1200]))
    def law(given_waves: list[list[Ticket]], limit: int) -> None:
        async def run() -> None:
            broker = ScriptedBroker()
            async with engine_on(broker, limits=rules(max_underlying_position=limit)) as engine:
                await drive(engine, broker, given_waves)
                for side in (1, -1):
                    reach = sum(
                        max(most(engine, broker, key, side if units > 0 else -side), D(0)) * abs(units)
                        for key, units in LONG.items()
                    )
                    assert reach <= limit

        run_simulated(run())

    law()


def open_orders_law() -> None:
    """No more orders than ``max_open_orders`` are at the broker, or may be."""

    @examples(60)
    @given(waves, st.integers(1, 6))
    def law(given_waves: list[list[Ticket]], limit: int) -> None:
        async def run() -> None:
            broker = ScriptedBroker()
            # What only reduces passes every limit, so that nothing is reduced here.
            buys = [[("BUY", *row[1:]) for row in wave] for wave in given_waves]
            async with engine_on(broker, limits=rules(max_open_orders=limit)) as engine:
                await drive(engine, broker, buys)
                intended = [event.order for event in told(engine) if isinstance(event, OrderIntended)]
                held = [broker.book.orders.get(str(order.order_ref)) for order in intended]
                assert sum(one is None or one.is_open for one in held) <= limit

        run_simulated(run())

    law()


def rate_law() -> None:
    """In no stretch of time do more orders leave than the burst and the rate allow."""

    crowds = st.lists(st.lists(tickets, min_size=3, max_size=6), min_size=2, max_size=3)

    @examples(40)
    @given(crowds, st.integers(1, 3), st.integers(1, 4))
    def law(given_waves: list[list[Ticket]], rate: int, burst: int) -> None:
        async def run() -> None:
            broker = ScriptedBroker()
            buys = [[("BUY", *row[1:-1], "accepted") for row in wave] for wave in given_waves]
            limits = rules(max_orders_per_second=rate, order_burst=burst)
            async with engine_on(broker, limits=limits) as engine:
                await drive(engine, broker, buys)
                left = [event.time.timestamp() for event in told(engine) if isinstance(event, OrderIntended)]
            for first in range(len(left)):
                for last in range(first, len(left)):
                    assert last - first + 1 <= burst + rate * (left[last] - left[first]) + 1e-6

        run_simulated(run())

    law()


def change_law() -> None:
    """Changes and orders at the same moment come to no more than ``max_position``, whichever of them take effect."""
    answers = st.sampled_from(["confirmed", "silent", "swallowed"])

    @examples(60)
    @given(st.integers(1, 9), st.lists(st.tuples(st.integers(1, 15), answers), max_size=2), st.integers(1, 9))
    def law(first: int, changes: list[tuple[int, str]], second: int) -> None:
        async def run() -> None:
            broker = ScriptedBroker()
            async with engine_on(broker, limits=rules(max_position=12)) as engine:
                order = await engine.place_order(GOOG, Order.market("BUY", first))
                asked = [first]
                for quantity, answer in changes:
                    if answer != "confirmed":
                        broker.on("modify", arrives=answer == "silent")
                    before = len(broker.received("modify"))
                    calls = (
                        quietly(engine.modify_order(order.order_id, quantity=quantity)),
                        quietly(engine.place_order(GOOG, Order.market("BUY", second))),
                    )
                    await asyncio.gather(*calls)
                    asked += [quantity] * (len(broker.received("modify")) - before)
                others = [event.order for event in told(engine) if isinstance(event, OrderIntended)][1:]
                assert max(asked) + sum(other.quantity for other in others) <= 12

        run_simulated(run())

    law()


def reducing_law() -> None:
    """What only reduces what is held, net of what works or is in doubt against it, always passes; what does not, never.

    Trading is halted and every limit is as tight as can be.
    """
    tight = rules(**dict.fromkeys((*NOTHING, "max_position", "max_underlying_position"), "0.0001"), deny=("GOOG",))

    @examples(60)
    @given(st.integers(1, 30), st.lists(st.tuples(st.integers(1, 12), st.sampled_from(sorted(ANSWERS))), max_size=4))
    def law(held: int, sells: list[tuple[int, str]]) -> None:
        async def run() -> None:
            broker = ScriptedBroker()
            broker.adjust(GOOG, held)
            async with engine_on(broker, limits=tight) as engine:
                await engine.halt("every limit is tight")
                left = D(held)
                for quantity, answer in sells:
                    steps, arrives = ANSWERS[answer]
                    order = Order.market("SELL", quantity)
                    broker.on("place", *steps, order=order, arrives=arrives)
                    passed = True
                    try:
                        await engine.place_order(GOOG, order)
                    except OrderDenied:
                        passed = False
                    assert passed is (quantity <= left), (quantity, left)
                    left -= quantity if passed else 0

        run_simulated(run())

    law()


def despite_law() -> None:
    """Despite doubt a reducing order passes net of what works, its intent tells the worst case, others are denied."""
    answers = st.sampled_from(["accepted", "silent", "swallowed", "filled"])

    @examples(60)
    @given(st.integers(1, 30), st.lists(st.tuples(st.integers(1, 12), answers), max_size=3), st.integers(1, 30))
    def law(held: int, before: list[tuple[int, str]], last: int) -> None:
        async def run() -> None:
            broker = ScriptedBroker()
            broker.adjust(GOOG, held)
            async with engine_on(broker) as engine:
                await engine.halt("only what reduces")
                for question in ("find", "snapshot"):  # the doubts stay
                    broker.on(question, raises(Unavailable("busy")), always=True)
                works = doubtful = filled = 0
                for quantity, answer in before:
                    steps, arrives = ANSWERS[answer]
                    order = Order.market("SELL", quantity)
                    broker.on("place", *steps, order=order, arrives=arrives)
                    try:
                        await engine.place_order(GOOG, order)
                    except OrderDenied:
                        continue
                    works += quantity if answer == "accepted" else 0
                    filled += quantity if answer == "filled" else 0
                    doubtful += quantity if answer in {"silent", "swallowed"} else 0
                order = Order.market("SELL", last)
                passed = True
                try:
                    await engine.place_order(GOOG, order, despite_doubt=True)
                except OrderDenied:
                    passed = False
                assert passed is (last <= held - filled - works)
                intents = [event for event in told(engine, order.order_id) if isinstance(event, OrderIntended)]
                worst = {GOOG.key: D(held - filled - works - doubtful - last)} if doubtful else None
                assert [event.worst_case for event in intents] == ([worst] if passed else [])

        run_simulated(run())

    law()

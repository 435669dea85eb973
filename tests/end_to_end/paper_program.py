"""Programs as data, so that one and the same runs asynchronously, blocking, and in another process or version.

Run as a script it prints the journal that a program leaves: ``python paper_program.py FOLDER``.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from v6_paper_plugin import v6_brokers
from v6_paper_plugin.settings import PaperSettings
from v6core.clock import SimulatedClock, SimulatedLoop
from v6core.config import EngineSection
from v6core.contracts import Contract, Option, Stock
from v6core.engine import OrderExecutionEngine
from v6core.engine.assembly import Blueprint
from v6core.errors import BrokerError, ModifyRejected, OrderDenied
from v6core.identifiers import SeededIds
from v6core.journal import JournalReader, SqliteJournal, open_for_reading
from v6core.money import round_to_tick
from v6core.orders import BracketOrder, Order
from v6core.plugins import load_extensions
from v6core.quotes import Quote
from v6core.risk import RiskLimits
from v6core.strategies import iron_condor, vertical_spread

GOOG = Stock("GOOG")
EXPIRATION, LATER = "2026-06-12", 25
REFUSED = (OrderDenied, ModifyRejected, BrokerError, TimeoutError)
_START = datetime(2026, 6, 1, 13, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Call:
    """A method of the engine with what it is given."""

    method: str
    args: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict[str, Any])


def call(method: str, *args: Any, **named: Any) -> Call:
    """Return a call."""
    return Call(method, args, named)


def pass_time(anchor: UUID, seconds: float) -> Call:
    """Return a call that lets market time pass: it waits in vain for an order that never ends."""
    return call("wait_for", anchor, "FILLED", timeout=seconds)


def short_program(ids: SeededIds, level: int) -> Iterator[Call]:
    """Yield some twenty calls around a price of GOOG: single orders, a bracket, a group, a condor rolled and closed."""
    new = ids.order_id
    anchor, resting, bracket = new(), new(), (new(), new(), new())
    condor = iron_condor(
        "GOOG", EXPIRATION, level - 20, level - 15, level + 15, level + 20, quantity=2, strategy_id="condor"
    )
    spread = vertical_spread("GOOG", EXPIRATION, "CALL", level, level + 5, strategy_id="spread")
    yield call("place_order", GOOG, Order.limit("BUY", 1, 1, tif="GTC", order_id=anchor))
    yield pass_time(anchor, 60)
    yield call("place_order", GOOG, Order.market("BUY", 100, order_id=new()))
    yield call("place_order", GOOG, Order.limit("SELL", 60, level + 9, tif="GTC", order_id=resting))
    yield call("modify_order", resting, quantity=40)
    yield call("modify_order", resting, limit_price=level - 9)
    yield call(
        "place_bracket_order",
        BracketOrder(
            parent_order=Order.market("BUY", 30, order_id=bracket[0]),
            take_profit=Order.limit("SELL", 30, level + 6, order_id=bracket[1]),
            stop_loss=Order.stop("SELL", 30, level - 6, order_id=bracket[2]),
        ),
        GOOG,
    )
    yield pass_time(anchor, 600)
    yield call("open_position", condor, timeout=120)
    yield call("open_position", spread, timeout=120, at_market=True)
    yield call("halt", "for a look")
    yield call("place_order", GOOG, Order.market("BUY", 5, order_id=new()))
    yield call("resume", "looked")
    yield call("roll_position", condor, LATER, timeout=300, at_market=True)
    yield pass_time(anchor, 600)
    yield call(
        "place_oca_group",
        [Order.limit("SELL", 9, level - 50, order_id=new()), Order.stop("SELL", 9, 1, order_id=new())],
        GOOG,
    )
    yield call("place_order", GOOG, Order.trailing_stop("SELL", 10, "0.50", order_id=new()))
    yield call("close_position", spread, timeout=300)
    yield call("close_position", condor, timeout=300, at_market=True)
    yield call("cancel_all", "nobody")
    yield call("cancel_all")
    yield pass_time(anchor, 30)


def full_day(ids: SeededIds, level: int, *, seed: int, orders: int = 200, minutes: int = 390) -> Iterator[Call]:
    """Yield a day's calls: so many orders of all kinds, spread over so many minutes."""
    random = Random(seed)
    anchor = ids.order_id()
    yield call("place_order", GOOG, Order.limit("BUY", 1, 1, tif="GTC", order_id=anchor))
    known: list[UUID] = []
    for number in range(orders - 1):
        order = _any_order(random, ids.order_id(), level)
        known.append(order.order_id)
        contract = _any_contract(random, level) if order.order_type == "MARKET" else GOOG
        yield call("place_order", contract, order)
        if number % 7 == 3:
            yield call("cancel_order", random.choice(known))
        if number % 11 == 5:
            yield call("modify_order", random.choice(known), quantity=random.randint(1, 20))
        yield pass_time(anchor, (minutes - 2) * 60 / orders)


def _any_contract(random: Random, level: int) -> Contract:
    strike = level + 5 * random.randint(-3, 3)
    choices: list[Contract] = [GOOG, Option("GOOG", EXPIRATION, strike, random.choice(["CALL", "PUT"]))]
    return random.choice(choices)


def _any_order(random: Random, order_id: UUID, level: int) -> Order:
    action, quantity = random.choice(["BUY", "SELL"]), random.randint(1, 20)
    terms: dict[str, Any] = {"order_id": order_id, "tif": random.choice(["DAY", "GTC"])}
    price = level + Decimal(random.randint(-300, 300)) / 100
    match random.choice(["market", "market", "limit", "limit", "stop", "stop_limit", "trail"]):
        case "market":
            return Order.market(action, quantity, **terms)
        case "limit":
            return Order.limit(action, quantity, price, **terms)
        case "stop":
            return Order.stop(action, quantity, price, **terms)
        case "stop_limit":
            return Order.stop_limit(action, quantity, price, price, **terms)
        case _:
            return Order.trailing_stop(action, quantity, Decimal(random.randint(5, 90)) / 100, **terms)


def settings(**changes: Any) -> PaperSettings:
    """Return the settings of the synthetic day, as fast as it can go."""
    return PaperSettings.model_validate(
        {"fills": "realistic", "cash": 1_000_000, "speed": "max", "step": 60, "state": "off", **changes}
    )


def seeded_engine(folder: Path, loop: SimulatedLoop) -> OrderExecutionEngine:
    """Return an engine on the paper broker whose ids and times repeat."""
    (spec,) = v6_brokers()
    chosen = settings()
    unlimited = dict.fromkeys(("max_order_quantity", "max_contracts", "max_order_value", "max_open_orders"))
    return OrderExecutionEngine(
        Blueprint(
            name="paper",
            spec=spec,
            settings=chosen,
            open_journal=lambda: SqliteJournal.open(folder / "journal.db", ids=SeededIds(1)),
            limits=RiskLimits.model_validate(unlimited),
            deadlines=EngineSection(),
            extensions=load_extensions((), ()),
            clock=SimulatedClock(_START, loop),
            folder=folder,
            halt_file=None,
            ids=SeededIds(3),
        )
    )


def strike_near(quote: Quote) -> int:
    """Return the strike below a bid, on a grid of five."""
    assert quote.bid is not None
    return int(round_to_tick(quote.bid, Decimal(5), up=False))


async def run(engine: OrderExecutionEngine, program: Iterable[Call]) -> None:
    """Make the calls, one after the other; what is refused is refused."""
    for each in program:
        with contextlib.suppress(*REFUSED):
            await getattr(engine, each.method)(*each.args, **each.named)


def run_blocking(engine: Any, program: Iterable[Call]) -> None:
    """Make the calls of an engine that blocks."""
    for each in program:
        with contextlib.suppress(*REFUSED):
            getattr(engine, each.method)(*each.args, **each.named)


def lines_of(journal: JournalReader) -> Iterator[str]:
    """Yield each row of a journal as a line: its number, its link in the chain, and its payload."""
    for row in journal.rows():
        yield f"{row.seq} {row.kind} {row.chain} {row.payload}"


def main(folder: Path) -> None:
    """Run the short program and print its journal."""

    async def go() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        async with seeded_engine(folder, loop) as engine:
            await run(engine, short_program(SeededIds(2), strike_near(await engine.quote(GOOG))))

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(go())
    with open_for_reading(folder / "journal.db") as journal:
        sys.stdout.writelines(f"{line}\n" for line in lines_of(journal))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

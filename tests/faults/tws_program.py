"""A program with an engine on the IB plugin, in a process of its own, that does one thing and may be killed at it.

It is told what to do by lines on a socket, and tells on it how far it is: ``begin`` and it gets ready, ``go`` and it
acts, ``settle`` and it waits until all that evidence can settle is settled, ``stop`` and it stops its engine. Its bugs
are planted on demand.
"""

# pyright: reportPrivateUsage=false
# A bug is planted where the code is, behind its doors; what a wait of seconds is for in earnest is shortened there.

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from v6_ib_plugin.broker import IbBroker
from v6_ib_plugin.capabilities import CAPABILITIES
from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.settings import IbSettings
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.trading import Patience
from v6_ib_plugin.trading.looking import Looking
from v6_ib_plugin.trading.trading import Trading
from v6_ib_plugin.transport import Transport
from v6_paper_plugin.market.listing import week_ends
from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.capabilities import Capabilities
from v6core.config import EngineSection
from v6core.contracts import Option, Stock
from v6core.engine import OrderExecutionEngine
from v6core.errors import BrokerError, V6Error
from v6core.fills import ExecutionResult
from v6core.identifiers import RandomIds
from v6core.journal import Journal, SqliteJournal
from v6core.orders import BracketOrder, Order, OrderStatus
from v6core.reports import OrderReport, ReportedStatus
from v6core.strategies import Strategy, vertical_spread

Act = Callable[[], Awaitable[object]]
Prepare = Callable[[OrderExecutionEngine], Awaitable[Act]]

CLIENT_ID = 6
# The watchdog's thread would send to the loop at its own times; a machine under load is late by more than it bears.
QUICK = EngineSection(
    ack_deadline=1.5,
    cancel_deadline=1.5,
    question_deadline=8,
    connect_deadline=10,
    settle=0.05,
    grace=0.2,
    protect_deadline=0.4,
    watchdog=600,
    block_limit=600,
)
_PATIENCE = Patience(legs=0.5, cancels=0.5)
_MENDS_AFTER = 0.05
_QUIET = 0.15
_SETTLING = 8.0

# What is traded, and where its market stands: still.
GOOG = Stock("GOOG")
STRIKES = LONG, SHORT = Decimal(570), Decimal(580)
NEAR, FAR = list(week_ends(date.today() + timedelta(days=30), date.today() + timedelta(days=80)))[0:5:4]  # noqa: DTZ011 -- any days that are yet to come
HELD = 2
_VERTICAL = vertical_spread("SPY", NEAR, "PUT", LONG, SHORT, HELD, strategy_id="vertical")
_LATER = vertical_spread("SPY", FAR, "PUT", LONG, SHORT, HELD, strategy_id="vertical")


def put(day: date, strike: Decimal) -> Option:
    """Return one of the options that are traded."""
    return Option("SPY", day, strike, "PUT")


PRICES: Mapping[str, str] = {
    "GOOG": "150",
    "SPY": "575",
    put(NEAR, LONG).key: "2.00",
    put(NEAR, SHORT).key: "2.40",
    put(FAR, LONG).key: "3.00",
    put(FAR, SHORT).key: "3.60",
}


# What a program does: each is prepared before the faults begin.


async def _place(engine: OrderExecutionEngine) -> Act:
    return lambda: engine.place_order(GOOG, Order.limit("BUY", 10, 146))


async def _fill(engine: OrderExecutionEngine) -> Act:
    return lambda: engine.place_order(GOOG, Order.limit("BUY", 10, 151))


async def _modify(engine: OrderExecutionEngine) -> Act:
    order = await engine.place_order(GOOG, Order.limit("BUY", 10, 146))
    return lambda: engine.modify_order(order.order_id, limit_price=Decimal(147), quantity=Decimal(12))


async def _cancel(engine: OrderExecutionEngine) -> Act:
    order = await engine.place_order(GOOG, Order.limit("BUY", 10, 146))
    return lambda: engine.cancel_order(order.order_id)


def _bracket_at(price: int) -> Prepare:
    async def prepare(engine: OrderExecutionEngine) -> Act:
        entry = Order.limit("BUY", 10, price)
        bracket = BracketOrder(entry, take_profit=Order.limit("SELL", 10, 156), stop_loss=Order.stop("SELL", 10, 143))
        return lambda: engine.place_bracket_order(bracket, GOOG)

    return prepare


async def _held(engine: OrderExecutionEngine) -> Strategy:
    opened = await engine.open_position(_VERTICAL, "-0.40", timeout=8)
    assert opened.strategy is not None, opened
    return opened.strategy


async def _close(engine: OrderExecutionEngine) -> Act:
    strategy = await _held(engine)
    return lambda: engine.close_position(strategy, "0.40", timeout=2)


async def _roll(engine: OrderExecutionEngine) -> Act:
    strategy = await _held(engine)
    return lambda: engine.roll_position(strategy, None, "-0.20", target_legs=_LATER.legs, timeout=2)


async def _split_roll(engine: OrderExecutionEngine) -> Act:
    strategy, legs = await _held(engine), _LATER.legs
    return lambda: engine.roll_position(strategy, timeout=3, target_legs=legs, sequential=True, at_market=True)


VERBS: Mapping[str, Prepare] = {
    "place": _place,
    "fill": _fill,
    "modify": _modify,
    "cancel": _cancel,
    "bracket": _bracket_at(146),
    "filled-bracket": _bracket_at(151),
    "close": _close,
    "roll": _roll,
    "split-roll": _split_roll,
}


# The engine.


@dataclass(slots=True)
class Life:
    """What a program needs, and what it made."""

    folder: Path
    port: int
    verb: str
    bug: str | None = None
    broker: IbBroker | None = field(default=None, init=False)

    @property
    def journal(self) -> Path:
        """Where the journal is."""
        return self.folder / "journal.db"

    def engine(self) -> OrderExecutionEngine:
        """Return the engine, not started."""
        settings = IbSettings(port=self.port, client_id=CLIENT_ID, messages_per_second=0, heartbeat=60.0)
        spec = BrokerSpec("ib", IbSettings, self._capabilities, self._create, order_options=IbOrderOptions)
        return OrderExecutionEngine.from_spec(
            spec, settings, open_journal=self._open, deadlines=QUICK, folder=self.folder
        )

    def _create(self, settings: IbSettings, context: BrokerContext) -> Broker:
        self.broker = broker = IbBroker(settings, context)
        broker._capabilities = self._capabilities
        broker._link._pause = _soon
        broker._trading._brackets._patience = _PATIENCE
        return broker

    @property
    def _capabilities(self) -> Capabilities:
        """What the broker does; a vertical is rolled in two orders where a combo has no more than two legs."""
        return CAPABILITIES.model_copy(update={"max_combo_legs": 2 if self.verb == "split-roll" else 4})

    def _open(self) -> Journal:
        return SqliteJournal.open(self.journal, ids=RandomIds())

    @property
    def is_idle(self) -> bool:
        """Whether the plugin has nothing to do beside what it is asked for."""
        return self.broker is not None and not self.broker._trading._chores._tasks


def _soon(_attempt: int, _chance: float) -> float:
    return _MENDS_AFTER


def live(life: Life, line: socket.socket) -> None:
    """Do what the lines on a socket say, until they end."""
    logging.disable(logging.CRITICAL)
    if life.bug is not None:
        BUGS[life.bug]()
    asyncio.run(_obey(life, line))


async def _obey(life: Life, line: socket.socket) -> None:
    orders, told = await asyncio.open_connection(sock=line)
    act: Act | None = None
    if (await orders.readline()).strip() != b"begin":
        return
    async with _started(life) as engine:
        told.write(b"begun\n")
        while word := (await orders.readline()).decode().strip():
            if word == "prepare":
                act = await VERBS[life.verb](engine)
            elif word == "go":
                assert act is not None
                told.write(f"{await _outcome(act)}\n".encode())
                continue
            elif word == "settle":
                await _settle(life, engine)
            else:
                break
            told.write(f"{word}d\n".encode())
    told.close()


@contextlib.asynccontextmanager
async def _started(life: Life) -> AsyncGenerator[OrderExecutionEngine]:
    """Start an engine, again where the client id of the program that was killed is still taken."""
    engine = life.engine()
    while True:
        try:
            await engine.start()
            break
        except BrokerError:
            await asyncio.sleep(_MENDS_AFTER)
    async with engine:
        yield engine


async def _outcome(act: Act) -> str:
    try:
        result = await act()
    except V6Error as error:
        return error.code
    if isinstance(result, Order):
        return str(result.status)
    return str(result.action_taken) if isinstance(result, ExecutionResult) else str(result)


async def _settle(life: Life, engine: OrderExecutionEngine) -> None:
    """Wait until nothing is in doubt or under way and nothing more is written, for as long as that may take."""
    loop = asyncio.get_running_loop()
    deadline, written, since = loop.time() + _SETTLING, -1, 0.0
    while loop.time() < deadline:
        last = engine.journal.last_seq
        if last != written or not await _is_calm(life, engine):
            written, since = last, loop.time()
        elif loop.time() - since > (QUICK.protect_deadline + _QUIET if "bracket" in life.verb else _QUIET):
            return
        await asyncio.sleep(0.02)


async def _is_calm(life: Life, engine: OrderExecutionEngine) -> bool:
    unsettled = {OrderStatus.IN_DOUBT, OrderStatus.PENDING_SUBMIT}
    orders = await engine.orders(open_only=True)
    under_way = any(one.status in unsettled or one.pending_cancel or one.pending_modify for one in orders)
    return engine._run.recovery.is_ready and life.is_idle and not under_way


# Bugs of the kind that only a broken link shows.


def sends_again() -> None:
    """Send again, on the next connection, what nobody had answered when the last one broke."""
    place, catch_up = Transport.place_orders, Trading.catch_up
    unanswered: list[tuple[IbContract, IbOrder]] = []

    async def noted(self: Transport, pairs: Sequence[tuple[IbContract, IbOrder]], *urgency: Any) -> None:
        unanswered[:] = pairs
        await place(self, pairs, *urgency)

    async def resend(self: Trading) -> None:
        await catch_up(self)
        pairs = [(contract, replace(order, order_id=self._transport.next_id())) for contract, order in unanswered]
        unanswered.clear()
        if pairs:
            await place(self._transport, pairs)

    _patch(Transport, place_orders=noted)
    _patch(Trading, catch_up=resend)


def not_open_is_gone() -> None:
    """Take what is not among the open orders for cancelled."""
    catch_up = Looking.catch_up

    async def conclude(self: Looking) -> None:
        shown = {row.order_ref for row in await self._open_orders()}
        known = [one for rows in self._book.register._by_ref.values() for one in rows if not one.is_over]
        for one in known:
            if one.order_ref not in shown:
                status = ReportedStatus.CANCELLED
                self._hearing.tell([OrderReport(time=self._now(), order_ref=one.order_ref, status=status)])
        await catch_up(self)

    _patch(Looking, catch_up=conclude)


def _patch(where: object, **functions: Any) -> None:
    for name, function in functions.items():
        if not hasattr(where, name):
            raise LookupError(f"{where} has no {name} to plant a bug in")
        setattr(where, name, function)


BUGS: Mapping[str, Callable[[], None]] = {bug.__name__: bug for bug in (sends_again, not_open_is_gone)}

"""The program that is killed: traders who never rest, an engine with its journal on disk, a broker in its own process.

Its bugs are planted on demand, in the killed process alone: whoever audits afterwards is sound.
"""

# pyright: reportPrivateUsage=false
# A bug is planted where the code is, behind its doors.

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from v6core.broker import Receipt
from v6core.capabilities import Capabilities
from v6core.config import EngineSection
from v6core.contracts import Stock
from v6core.engine import OrderExecutionEngine
from v6core.engine.dispatch import Dispatch
from v6core.engine.recovery import Recovery
from v6core.errors import BrokerError, ModifyRejected, NotConnected, OrderDenied, OutcomeUnknown
from v6core.identifiers import RandomIds
from v6core.journal import Journal, SqliteJournal
from v6core.orders import Order, OrderStatus
from v6core.reconciliation import Asked, Look, Patience, absent
from v6core.risk import RiskLimits
from v6core.testing.remote import Behaviour, RemoteBroker, RemoteSettings, remote_spec

GOOG = Stock("GOOG")
TRADERS = 10
DEADLINES = EngineSection(ack_deadline=0.2, cancel_deadline=0.2, settle=0.25, grace=1)
BEHAVIOUR = Behaviour(
    late=0.15,
    latest=0.3,
    drops_placement=0.02,
    drops_request=0.02,
    rejects=0.05,
    loses_ack=0.05,
    fills=0.5,
    fills_within=0.2,
    in_parts=0.5,
    fills_first=0.2,
    fills_on_cancel=0.1,
    corrects=0.05,
    busts=0.02,
    corrects_within=0.2,
    refuses_cancel=0.05,
    refuses_modify=0.1,
    repeats=0.05,
    delays=0.1,
    jumble=0.05,
    garbles=0.002,
)
"""A broker that is late by less than ``grace``, and everything else that one may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What the program needs: where its journal is, where its broker listens, and its luck."""

    folder: Path
    port: int
    seed: int = 0
    bug: str | None = None

    @property
    def journal(self) -> Path:
        """Where the journal is."""
        return self.folder / "journal.db"

    def engine(self) -> OrderExecutionEngine:
        """Return the engine, not started."""
        return OrderExecutionEngine.from_spec(
            remote_spec(),
            RemoteSettings(port=self.port, reconnect_delay=0.02),
            open_journal=self._open,
            deadlines=DEADLINES,
            limits=RiskLimits(max_open_orders=None, max_order_quantity=None),
            folder=self.folder,
        )

    def _open(self) -> Journal:
        return SqliteJournal.open(self.journal, ids=RandomIds())


def live(life: Life, begun: int) -> None:
    """Trade until the end, which comes from outside; a byte on the descriptor ``begun`` says that orders leave."""
    if life.bug is not None:
        BUGS[life.bug]()
    asyncio.run(_trade(life, begun))


async def _trade(life: Life, begun: int) -> None:
    random, engine = Random(life.seed), life.engine()
    await _start(engine)
    async with engine, asyncio.TaskGroup() as traders:
        os.write(begun, b".")
        for _ in range(TRADERS):
            traders.create_task(_trader(engine, Random(random.random())))


async def _start(engine: OrderExecutionEngine) -> None:
    """Start, again and again where the link breaks meanwhile."""
    while True:
        with contextlib.suppress(BrokerError):
            await engine.start()
            return


async def _trader(engine: OrderExecutionEngine, random: Random) -> None:
    while True:
        try:
            await _one_order(engine, random)
        except (OrderDenied, NotConnected):
            await asyncio.sleep(0.01)  # not ready: the link is down
        except (ModifyRejected, OutcomeUnknown):
            pass


async def _one_order(engine: OrderExecutionEngine, random: Random) -> None:
    """Place an order; often change it, mostly cancel it."""
    price = Decimal(random.randint(9_000, 11_000)) / 100
    order = Order.limit(random.choice(("BUY", "SELL")), random.randint(1, 9), price, tif="GTC")
    await engine.place_order(GOOG, order)
    await asyncio.sleep(random.choice((0, 0, 0.005, 0.05)))
    if random.random() < 0.4:
        with contextlib.suppress(ModifyRejected, OutcomeUnknown, OrderDenied):
            await engine.modify_order(order.order_id, quantity=random.randint(1, 9), limit_price=price + 1)
    if random.random() < 0.7:
        await engine.cancel_order(order.order_id)


# Bugs of the kind that only a crash shows.


def naive_resend() -> None:
    """Send again at a start what the broker does not show at once."""
    sound = Recovery.start

    async def start(self: Recovery, *arguments: Any, **options: Any) -> None:
        await sound(self, *arguments, **options)
        states = [self._record.states[order_id] for order_id in self._record.doubtful_ids]
        for state in states:
            if state.status is OrderStatus.IN_DOUBT and not state.is_shown:
                await self._broker.place((state.terms,))

    _patch(Recovery, start=start)


def no_intent() -> None:
    """Send first, and write it down then."""
    intend, place = Dispatch._intend, RemoteBroker.place
    sent: set[str | None] = set()

    async def place_once(self: RemoteBroker, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if orders[0].order_ref in sent:
            return tuple(Receipt(order.order_id) for order in orders)
        sent.add(orders[0].order_ref)
        return await place(self, orders)

    async def send_and_intend(self: Dispatch, orders: tuple[Order, ...], *rest: Any) -> None:
        await self._broker.place(orders)
        await intend(self, orders, *rest)

    _patch(RemoteBroker, place=place_once)
    _patch(Dispatch, _intend=send_and_intend)


def trust_not_found() -> None:
    """Take what the first look does not show as never sent."""

    def at_once(asked: Asked, looks: Sequence[Look], _patience: Patience, _capabilities: Capabilities) -> str | None:
        return None if looks and asked.order_ref in looks[-1].shown else "not found"

    for module in tuple(sys.modules.values()):  # it is imported by name, wherever it is used
        if getattr(module, "absent", None) is absent:
            _patch(module, absent=at_once)


def _patch(where: object, **functions: Any) -> None:
    for name, function in functions.items():
        if not hasattr(where, name):
            raise LookupError(f"{where} has no {name} to plant a bug in")
        setattr(where, name, function)


BUGS: Mapping[str, Callable[[], None]] = {bug.__name__: bug for bug in (naive_resend, no_intent, trust_not_found)}

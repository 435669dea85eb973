"""Simulated worlds at Interactive Brokers: an engine, the real ib_async and a gateway, in virtual time, with faults.

    python tests/faults/tws_worlds.py --seeds 1000 --processes 2      many worlds, one a seed
    python tests/faults/tws_worlds.py --seed 11 --story               one of them, and all that happened

A program places, changes and cancels orders, brackets among them, while links are cut at any byte, TWS restarts, loses
Interactive Brokers, leaves orders unanswered, repeats and delays what it says, rolls its ids back, and the program's
process is killed and started again. Then all is quiet for two minutes, and the journal is held against the books of the
broker behind the gateway. The exit status is 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it

from end_to_end.virtual_tws import engine_at, gateway
from v6_ib_plugin.gateway.faults import (
    At,
    Connectivity,
    Cut,
    Delay,
    Duplicate,
    Effect,
    Moment,
    Reorder,
    Restart,
    RollBackIds,
    Silence,
    When,
)
from v6_ib_plugin.gateway.gateway import Gateway
from v6core.contracts import Stock
from v6core.engine import OrderExecutionEngine
from v6core.errors import V6Error
from v6core.identifiers import SeededIds
from v6core.journal import MemoryJournal
from v6core.orders import Anomaly, BracketOrder, Order, OrderStatus
from v6core.positions import Position
from v6core.reports import BrokerPosition, OrderReport, ReportedStatus, Snapshot
from v6core.risk import RiskLimits
from v6core.testing.network import SimulatedNetwork, SimulatedProcess, run_on_network
from v6core.testing.world import silence
from v6core.testing.world.journal import ProcessJournal

STOCKS = (Stock("GOOG"), Stock("SPY"))
_LIFE = (5.0, 40.0)
_QUIET = 150.0
_S = OrderStatus
_NO_LIMITS = RiskLimits(
    price_collar=None, duplicate_window=None, max_orders_per_second=None, max_open_orders=None, max_position=None
)
_ENDS = {
    ReportedStatus.CANCELLED: _S.CANCELLED,
    ReportedStatus.FILLED: _S.FILLED,
    ReportedStatus.EXPIRED: _S.EXPIRED,
}
Patch = Callable[[OrderExecutionEngine], None]


@dataclass(slots=True)
class Result:
    """What a world came to."""

    seed: int
    violations: list[str] = field(default_factory=list[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    statuses: Counter[str] = field(default_factory=Counter[str])
    orders: int = 0


class TwsWorld:
    """One world, by its seed."""

    def __init__(self, seed: int, patch: Patch = lambda _: None) -> None:
        self.seed = seed
        self.result = Result(seed)
        self.story: list[str] = []
        self._random = random.Random(seed)  # noqa: S311 -- repeatability is the point
        self._ids = SeededIds(seed)
        self._journal = MemoryJournal(ids=self._ids)
        self._patch = patch
        self._ours: list[tuple[UUID, bool]] = []
        self._engine: OrderExecutionEngine | None = None
        self._process = SimulatedProcess("nobody")
        self._network = SimulatedNetwork(seed)
        self._gateway: Gateway | None = None

    def run(self) -> Result:
        """Run it to its end."""
        with tempfile.TemporaryDirectory() as folder:
            run_on_network(self._main(Path(folder)), self._network)
        return self.result

    def _tell(self, what: str) -> None:
        loop = asyncio.get_running_loop()
        self.story.append(f"{loop.time():9.3f} {what}")

    # What happens

    async def _main(self, folder: Path) -> None:
        fills = self._random.choice(("immediate", "delayed", "partial", "never"))
        self._tell(f"fills are {fills}")
        market = {"fills": fills, "quotes": "given", "state": "off", "delay": self._random.choice((0.5, 2, 10))}
        async with gateway(folder, market=market) as tws:
            self._gateway = tws
            for life in range(self._random.randint(1, 3)):
                misfortune = asyncio.ensure_future(self._misfortune())  # it is not of the process that it strikes
                await self._live(folder, f"life {life}", self._days_work)
                misfortune.cancel()
                await asyncio.gather(misfortune, return_exceptions=True)
            tws.faults.disarm()
            self._arm(When.now(), Connectivity(code=1102))
            await self._live(folder, "the last life", self._rest)

    async def _live(self, folder: Path, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._network.is_refusing = False
        self._forget_dead_links()
        self._process = process = SimulatedProcess(name)
        self._tell(name)
        with suppress(asyncio.CancelledError):
            await process.run(self._life(folder, process, work))

    def _forget_dead_links(self) -> None:
        """Let TWS notice that a peer is gone whose end was lost on the way, as its system does in time."""
        for link in tuple(self._network.links):
            link.cut()

    async def _life(
        self, folder: Path, process: SimulatedProcess, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        assert self._gateway is not None
        journal = ProcessJournal(self._journal, process, lambda: None)
        engine = engine_at(self._gateway.port, folder, open_journal=lambda: journal, limits=_NO_LIMITS)
        self._patch(engine)
        while True:
            try:
                await engine.start()
                break
            except V6Error as error:
                self._tell(f"no start: {error}")
                await asyncio.sleep(3)
        self._engine = engine
        try:
            await work()
        finally:
            self._engine = None
            if process.is_alive:
                await engine.stop()

    async def _days_work(self) -> None:
        life = self._random.uniform(*_LIFE)
        tasks = [asyncio.ensure_future(self._trade()) for _ in range(self._random.randint(1, 3))]
        await asyncio.sleep(life)
        if self._random.random() < 0.6:
            self.result.faults["KILL"] += 1
            self._tell("killed")
            self._process.kill()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _rest(self) -> None:
        await asyncio.sleep(_QUIET)
        assert self._engine is not None
        await self._judge(self._engine)

    # What the program does

    async def _trade(self) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(0.5))
            if self._engine is None:
                continue
            deed = self._random.choice((self._place, self._place, self._bracket, self._cancel, self._modify))
            try:
                await self._engine.resume("the program goes on")
                await deed(self._engine)
            except V6Error as error:
                self._tell(f"{deed.__name__}: {error}")
            except ValueError as error:  # an order that ended meanwhile cannot be changed
                self._tell(f"{deed.__name__}: {error}")

    def _order(self) -> Order:
        price, quantity = self._random.randint(90, 110), self._random.randint(1, 20)
        order_id = self._ids.order_id()
        self._ours.append((order_id, False))
        side = self._random.choice(("BUY", "SELL"))
        return Order.limit(side, quantity, price, tif=self._random.choice(("DAY", "GTC")), order_id=order_id)

    async def _place(self, engine: OrderExecutionEngine) -> None:
        order = self._order()
        self._tell(f"place {order.order_id} {order.action} {order.quantity} at {order.limit_price}")
        await engine.place_order(self._random.choice(STOCKS), order)

    async def _bracket(self, engine: OrderExecutionEngine) -> None:
        entry = self._order()
        self._tell(f"bracket {entry.order_id} {entry.action} {entry.quantity} at {entry.limit_price}")
        ids, side = (self._ids.order_id(), self._ids.order_id()), entry.action.opposite
        self._ours.extend((order_id, True) for order_id in ids)
        assert entry.limit_price is not None
        away = 20 * entry.action.sign
        bracket = BracketOrder(
            entry,
            Order.limit(side, entry.quantity, entry.limit_price + away, order_id=ids[0]),
            Order.stop(side, entry.quantity, entry.limit_price - away, order_id=ids[1]),
        )
        await engine.place_bracket_order(bracket, self._random.choice(STOCKS))

    async def _cancel(self, engine: OrderExecutionEngine) -> None:
        if self._ours:
            order_id, _ = self._random.choice(self._ours)
            self._tell(f"cancel {order_id}")
            await engine.cancel_order(order_id)

    async def _modify(self, engine: OrderExecutionEngine) -> None:
        entries = [order_id for order_id, is_exit in self._ours if not is_exit]
        if entries:
            order_id = self._random.choice(entries)
            self._tell(f"modify {order_id}")
            await engine.modify_order(order_id, limit_price=Decimal(self._random.randint(90, 110)))

    # What goes wrong

    async def _misfortune(self) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(0.2))
            name, strike = self._random.choice(_MISHAPS)
            self.result.faults[name] += 1
            self._tell(f"fault {name}")
            await strike(self)

    async def cut_link(self) -> None:
        links = list(self._network.links)
        if links:
            self._random.choice(links).cut_after(self._random.randint(0, 800), to_server=self._random.random() < 0.5)

    async def slow_link(self) -> None:
        links = list(self._network.links)
        if links:
            link = self._random.choice(links)
            link.slow_down(self._random.uniform(0.1, 4))
            await asyncio.sleep(self._random.uniform(0.5, 5))
            link.mend()

    async def mute_link(self) -> None:
        links = list(self._network.links)
        if links:
            link = self._random.choice(links)
            link.fall_silent(to_server=self._random.random() < 0.5)
            await asyncio.sleep(self._random.uniform(10, 60))
            link.cut()

    async def refuse_links(self) -> None:
        self._network.is_refusing = True
        await asyncio.sleep(self._random.uniform(1, 15))
        self._network.is_refusing = False

    async def lose_servers(self) -> None:
        self._arm(When.now(), Connectivity(code=self._random.choice((1100, 2110))))
        await asyncio.sleep(self._random.uniform(0.5, 10))
        self._arm(When.now(), Connectivity(code=self._random.choice((1101, 1102))))

    async def restart(self) -> None:
        rolled = self._random.choice((None, None, 1))
        self._arm(When.now(), Restart(seconds=self._random.uniform(0, 10), next_id=rolled))

    async def roll_back(self) -> None:
        self._arm(When.now(), RollBackIds(next_id=1))

    async def cut_at_order(self) -> None:
        moment = self._random.choice(list(Moment))
        self._arm(When.order(self._random.randint(1, 3)), Cut(moment=moment, reset=self._random.random() < 0.5))

    async def leave_unanswered(self) -> None:
        self._arm(When.order(self._random.randint(1, 2)), Silence(accept=self._random.random() < 0.5))

    async def repeat(self) -> None:
        self._arm(self._some_message(), Duplicate(more=self._random.randint(1, 3)))

    async def reorder(self) -> None:
        self._arm(self._some_message(), Reorder(behind=self._random.randint(1, 4)))

    async def delay(self) -> None:
        self._arm(self._some_message(), Delay(seconds=self._random.uniform(0.1, 20)))

    def _some_message(self) -> When:
        kinds = ("OpenOrder", "OrderStatus", "ExecDetails", "CommissionReport", "OpenOrderEnd", "ErrMsg")
        return When(at=At.MESSAGE, kind=self._random.choice(kinds), nth=self._random.randint(1, 5))

    def _arm(self, when: When, what: Effect) -> None:
        assert self._gateway is not None
        self._gateway.faults.arm(when, what)

    # What came of it

    async def _judge(self, engine: OrderExecutionEngine) -> None:
        assert self._gateway is not None
        orders = await engine.orders()
        self.result.orders = len(orders)
        self.result.statuses.update(order.status for order in orders)
        seen = await self._gateway.broker.snapshot()
        case = _Case(orders, seen)
        self.result.violations.extend(case.violations())
        mine, theirs = _held(await engine.positions()), _held(seen.positions)
        if mine != theirs:
            self.result.violations.append(f"the engine holds {mine}, the broker {theirs}")
        fills = Counter(fill.execution_id for fill in await engine.fills())
        self.result.violations.extend(f"{one} counts {times} times" for one, times in fills.items() if times > 1)


def _held(positions: Iterable[Position | BrokerPosition]) -> dict[str, Decimal]:
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in positions:
        held[row.contract.key] += row.quantity
    return {key: quantity for key, quantity in held.items() if quantity}


class _Case:
    def __init__(self, orders: Iterable[Order], seen: Snapshot) -> None:
        self._orders = {str(order.order_ref): order for order in orders}
        self._there: defaultdict[str, list[OrderReport]] = defaultdict(list)
        for report in (*seen.open_orders, *seen.completed_orders):
            self._there[_ref_of(report.order_ref)].append(report)
        self._refused = {_ref_of(report.order_ref) for report in seen.rejections}
        self._filled: defaultdict[str, Decimal] = defaultdict(Decimal)
        for fill in seen.fills:
            self._filled[_ref_of(fill.order_ref)] += fill.fill.quantity

    def violations(self) -> Iterator[str]:
        """Yield all that contradicts a promise."""
        for ref, rows in self._there.items():
            if ref not in self._orders:
                yield f"{ref} is at the broker, and the journal does not know it"
            elif self._is_doubled(ref, rows):
                yield f"{ref} became {len(rows)} orders at the broker: {[row.status for row in rows]}"
        for ref, order in self._orders.items():
            yield from (f"{ref} is {order.status} ({order.reason}), and {why}" for why in self._wrong(ref, order))

    def _is_doubled(self, ref: str, rows: list[OrderReport]) -> bool:
        """Tell whether two orders of one reference could fill; an exit may follow one that ended with its entry."""
        alive = [row for row in rows if row.status not in _ENDS]
        return len(alive) > 1 or self._filled[ref] > self._orders[ref].quantity

    def _wrong(self, ref: str, order: Order) -> Iterator[str]:
        rows, filled = self._there[ref], self._filled[ref]
        alive = [row for row in rows if row.status not in _ENDS]
        if not rows and self._is_held(order):
            return
        if order.filled_quantity != filled:
            yield f"{filled:f} filled at the broker, {order.filled_quantity:f} here"
        if order.status is _S.IN_DOUBT:
            if rows or Anomaly.FILL_BUSTED not in order.anomalies:
                yield f"the broker shows it: {[row.status for row in rows]}" if rows else "it never arrived"
            return
        if bool(alive) is not order.status.is_open:
            yield f"the broker holds {[row.status for row in rows] or 'nothing of it'}"
        elif not alive and rows and order.status not in {_ENDS[row.status] for row in rows}:
            yield f"the broker holds {[row.status for row in rows]}"

    def _is_held(self, order: Order) -> bool:
        """Tell whether TWS holds an exit, which the broker behind it has once the entry is full."""
        entry = next((other for other in self._orders.values() if other.order_id == order.parent_order_id), None)
        return order.status is _S.SUBMITTED and entry is not None and entry.status.is_open


def _ref_of(ref: str | None) -> str:
    """Return the program's reference out of the gateway's own, which ends with it."""
    text = str(ref)
    return text[text.index("v6-") :] if "v6-" in text else text


_MISHAPS: tuple[tuple[str, Callable[[TwsWorld], Coroutine[Any, Any, None]]], ...] = (
    ("CUT", TwsWorld.cut_link),
    ("CUT", TwsWorld.cut_link),
    ("SLOW", TwsWorld.slow_link),
    ("MUTE", TwsWorld.mute_link),
    ("REFUSED", TwsWorld.refuse_links),
    ("1100", TwsWorld.lose_servers),
    ("RESTART", TwsWorld.restart),
    ("IDS", TwsWorld.roll_back),
    ("CUT_AT_ORDER", TwsWorld.cut_at_order),
    ("CUT_AT_ORDER", TwsWorld.cut_at_order),
    ("UNANSWERED", TwsWorld.leave_unanswered),
    ("REPEAT", TwsWorld.repeat),
    ("REORDER", TwsWorld.reorder),
    ("DELAY", TwsWorld.delay),
)


def run_world(seed: int) -> Result:
    """Run one world; one that breaks down has broken a promise, too."""
    world = TwsWorld(seed)
    try:
        with silence():
            return world.run()
    except Exception as error:  # noqa: BLE001 -- whatever it is, its seed must be told
        world.result.violations.append(f"the world broke down: {type(error).__name__}: {error}")
        return world.result


def main() -> int:
    """Run what was asked for and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--story", action="store_true", help="with --seed: tell all that happened")
    options = parser.parse_args()
    if options.seed is not None:
        return _one(options.seed, story=options.story)
    began, total = time.perf_counter(), Result(-1)
    broken: list[Result] = []
    seeds = range(options.first, options.first + options.seeds)
    with multiprocessing.get_context("spawn").Pool(options.processes, maxtasksperchild=100) as pool:
        for result in pool.imap_unordered(run_world, seeds, chunksize=5):
            total.faults += result.faults
            total.statuses += result.statuses
            total.orders += result.orders
            if result.violations:
                broken.append(result)
                print(f"seed {result.seed}: {result.violations[0]}", flush=True)
    seconds = time.perf_counter() - began
    print(f"{options.seeds} worlds, {total.orders} orders, {total.faults.total()} faults, {len(broken)} broken")
    print(f"  faults {dict(sorted(total.faults.items()))}")
    print(f"  orders {dict(sorted(total.statuses.items()))}")
    print(f"  {seconds:.0f} s, {options.seeds / seconds:.1f} worlds/s")
    return bool(broken)


def _one(seed: int, *, story: bool) -> int:
    world = TwsWorld(seed)
    try:
        with nullcontext() if story else silence():
            world.run()
    finally:
        if story:
            print(*world.story, sep="\n")
        print(*world.result.violations, sep="\n")
        print(world.result)
    return bool(world.result.violations)


if __name__ == "__main__":
    raise SystemExit(main())

"""An engine with its journal in front of a broker in another process, doing one thing; it may be killed at any point.

``python tests/faults/verb_program.py`` loads everything once and then forks a child for each line of JSON that it
reads: ``{"folder": ..., "port": ..., "verb": ...}``. It answers with the child's process id and, at its end, with its
status. The child gets ready, makes ``ready`` in the folder, waits for ``go`` there, acts, writes what came of it into
``said``, and stops its engine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.config import EngineSection
from v6core.contracts import Contract, Stock
from v6core.engine import OrderExecutionEngine
from v6core.errors import V6Error
from v6core.fills import ExecutionResult
from v6core.identifiers import RandomIds
from v6core.journal import SqliteJournal
from v6core.orders import BracketOrder, Order
from v6core.quotes import ChainExpiration, OptionChain
from v6core.strategies import Strategy, vertical_spread
from v6core.testing.remote import RemoteBroker, RemoteSettings, remote_capabilities

Act = Callable[[], Awaitable[object]]
Prepare = Callable[[OrderExecutionEngine], Awaitable[Act]]

GOOG = Stock("GOOG")
# The watchdog's thread would send to the loop at its own times, between the calls that are counted.
QUICK = EngineSection(
    ack_deadline=1,
    cancel_deadline=1,
    question_deadline=2,
    connect_deadline=2,
    settle=0.02,
    grace=0.1,
    watchdog=600,
    block_limit=600,
)
_NEAR = date.today() + timedelta(days=30)  # noqa: DTZ011 -- any day that is yet to come
_FAR = _NEAR + timedelta(days=28)
LONG, SHORT = Decimal(570), Decimal(580)
_VERTICAL = vertical_spread("SPY", _NEAR, "PUT", LONG, SHORT, 2, strategy_id="vertical")
_LATER = vertical_spread("SPY", _FAR, "PUT", LONG, SHORT, 2, strategy_id="vertical")
_PATIENCE = 0.05


async def _place(engine: OrderExecutionEngine) -> Act:
    return lambda: engine.place_order(GOOG, Order.limit("BUY", 10, 100))


async def _modify(engine: OrderExecutionEngine) -> Act:
    order = await engine.place_order(GOOG, Order.limit("BUY", 10, 100))
    return lambda: engine.modify_order(order.order_id, limit_price=Decimal(101), quantity=Decimal(12))


async def _cancel(engine: OrderExecutionEngine) -> Act:
    order = await engine.place_order(GOOG, Order.limit("BUY", 10, 100))
    return lambda: engine.cancel_order(order.order_id)


async def _bracket(engine: OrderExecutionEngine) -> Act:
    entry = Order.limit("BUY", 10, 100)
    bracket = BracketOrder(entry, take_profit=Order.limit("SELL", 10, 110), stop_loss=Order.stop("SELL", 10, 90))
    return lambda: engine.place_bracket_order(bracket, GOOG)


async def _held(engine: OrderExecutionEngine) -> Strategy:
    opened = await engine.open_position(_VERTICAL, "-0.40", timeout=5)
    assert opened.strategy is not None, opened
    return opened.strategy


async def _close(engine: OrderExecutionEngine) -> Act:
    strategy = await _held(engine)
    return lambda: engine.close_position(strategy, "0.30", timeout=_PATIENCE)


async def _roll(engine: OrderExecutionEngine) -> Act:
    strategy = await _held(engine)
    return lambda: engine.roll_position(strategy, None, "-0.10", target_legs=_LATER.legs, timeout=_PATIENCE)


async def _split_roll(engine: OrderExecutionEngine) -> Act:
    strategy, legs = await _held(engine), _LATER.legs
    return lambda: engine.roll_position(strategy, timeout=2, target_legs=legs, sequential=True, at_market=True)


VERBS: Mapping[str, Prepare] = {
    "place": _place,
    "modify": _modify,
    "cancel": _cancel,
    "bracket": _bracket,
    "close": _close,
    "roll": _roll,
    "split-roll": _split_roll,
}
STARTS = ("start", "restart")
"""Not verbs of an engine, but its beginning: with no journal yet, or with the journal of an order that works."""
FILLS_BEFORE = frozenset({"close", "roll", "split-roll"})
FILLS_THEN = frozenset({"split-roll"})


class ListingBroker(RemoteBroker):
    """A broker on the wire that lists options, too."""

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Return the options that the strategies here are made of."""
        days = (ChainExpiration(expiration=day, strikes=(LONG, SHORT)) for day in (_NEAR, _FAR))
        return OptionChain(symbol=contract.symbol, expirations=tuple(days))


def _spec(verb: str) -> BrokerSpec[RemoteSettings]:
    legs = 2 if verb == "split-roll" else 4
    capabilities = remote_capabilities(option_chains=True, max_combo_legs=legs)

    def create(settings: RemoteSettings, context: BrokerContext) -> Broker:
        return ListingBroker(settings, capabilities, context)

    return BrokerSpec("remote", RemoteSettings, capabilities, create)


def engine_at(folder: Path, port: int, verb: str) -> OrderExecutionEngine:
    """Return the engine whose journal is in the folder, in front of the broker that listens on the port."""

    def opened() -> SqliteJournal:
        return SqliteJournal.open(folder / "journal.db", ids=RandomIds())

    return OrderExecutionEngine.from_spec(
        _spec(verb), RemoteSettings(port=port), open_journal=opened, deadlines=QUICK, folder=folder
    )


async def perform(folder: Path, port: int, verb: str) -> None:
    """Get ready, act when told to, and stop."""
    if verb == "restart":
        async with engine_at(folder, port, verb) as engine:
            await (await _place(engine))()
    if verb in STARTS:
        await _when_told(folder, lambda: _from_start_to_stop(folder, port))
        return
    async with engine_at(folder, port, verb) as engine:
        await _when_told(folder, await VERBS[verb](engine))


async def _from_start_to_stop(folder: Path, port: int) -> str:
    async with engine_at(folder, port, STARTS[0]) as engine:
        return f"ready with {len(await engine.orders())} orders"


async def _when_told(folder: Path, act: Act) -> None:
    (folder / "ready").touch()
    while not (folder / "go").exists():  # noqa: ASYNC110 -- another process makes it
        await asyncio.sleep(0.001)
    _say(folder, await _outcome(act))


async def _outcome(act: Act) -> str:
    try:
        result = await act()
    except V6Error as error:
        return error.code
    if isinstance(result, Order):
        return str(result.status)
    return str(result.action_taken) if isinstance(result, ExecutionResult) else str(result)


def _say(folder: Path, outcome: str) -> None:
    """Write what came of it, by a system call that no fault is injected into."""
    fd = os.open(folder / "said", os.O_CREAT | os.O_WRONLY, 0o600)
    os.writev(fd, [outcome.encode()])
    os.close(fd)


def _child(folder: str, port: int, verb: str) -> None:
    logging.disable()
    told = os.open(Path(folder) / "stderr", os.O_CREAT | os.O_RDWR, 0o600)
    for fd in (0, 1, 2):
        os.dup2(told, fd)
    try:
        asyncio.run(perform(Path(folder), port, verb))
    except BaseException:  # noqa: BLE001 -- whatever it is, the parent's program must not go on in the child
        traceback.print_exc()
    finally:
        os._exit(0)


def main() -> None:
    """Fork a child for each line."""
    for line in sys.stdin:
        work = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _child(work["folder"], work["port"], work["verb"])
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    main()

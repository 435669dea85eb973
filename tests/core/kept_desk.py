"""What the tests of kept groups share: a broker that keeps none, a bracket, and what of it works at the market."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from decimal import Decimal

from core.engine_desk import buy, engine_for, sell, told
from v6core.capabilities import ModifyKind
from v6core.config import EngineSection
from v6core.engine import OrderExecutionEngine
from v6core.events import AlarmRaised, SagaEnded
from v6core.orders import BracketOrder, Order
from v6core.testing import ScriptedBroker, scripted_capabilities
from v6core.testing.scripted import HeldOrder

ALLOWED = EngineSection(allow_emulated=True)


def plain(modify: ModifyKind = ModifyKind.IN_PLACE) -> ScriptedBroker:
    """Return a broker that keeps no groups."""
    return ScriptedBroker(scripted_capabilities(bracket=False, oca_types=frozenset(), modify=modify))


def keeping(broker: ScriptedBroker) -> AbstractAsyncContextManager[OrderExecutionEngine]:
    """Return an engine that may keep groups itself."""
    return engine_for(broker, deadlines=ALLOWED)


def bracket(quantity: int = 10) -> BracketOrder:
    """Return a bracket of a strategy around 100: profit at 110, loss at 95."""
    entry = buy(quantity, "100", strategy_id="swing")
    return BracketOrder(entry, sell(quantity, "110"), Order.stop("SELL", quantity, "95"))


def working(broker: ScriptedBroker, kind: str) -> list[HeldOrder]:
    """Return the exits of a kind that work: LIMIT takes the profit, STOP stops the loss."""
    held = [broker.book.find(ref) for ref in broker.arrivals]
    return [one for one in held if one.is_open and one.order.action == "SELL" and one.order.order_type == kind]


def at_work(broker: ScriptedBroker) -> tuple[int, int]:
    """Return how much take-profit and how much stop-loss the broker works."""
    take, stop = (sum(int(one.rest) for one in working(broker, kind)) for kind in ("LIMIT", "STOP"))
    return take, stop


def alarms(engine: OrderExecutionEngine) -> list[str]:
    """Return the codes of the alarms that were raised."""
    return [event.code for event in told(engine) if isinstance(event, AlarmRaised)]


def is_over(engine: OrderExecutionEngine) -> bool:
    """Whether the work of several orders has ended."""
    return any(isinstance(event, SagaEnded) for event in told(engine))


def happen(broker: ScriptedBroker, entry: Order, move: str, quantity: Decimal) -> None:
    """Let so much of a bracket's entry or of an exit fill, as far as there is that much, or the entry be cancelled."""
    held = broker.book.find(entry)
    match move:
        case "enter" if held.is_open:
            broker.fill(entry, min(quantity, held.rest))
        case "cancel entry" if held.is_open:
            broker.end(entry)
        case "take" | "stop":
            for one in working(broker, "LIMIT" if move == "take" else "STOP")[:1]:
                broker.fill(one.ref, min(quantity, one.rest))
        case _:
            pass

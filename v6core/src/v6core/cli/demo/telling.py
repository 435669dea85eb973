"""What is told while the story plays: steps with their moments at the market, and remarks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import auto
from typing import Any

from v6core.contracts import Option
from v6core.fills import Fill
from v6core.money import ZERO, plain
from v6core.orders import Order
from v6core.sessions import NEW_YORK
from v6core.words import Word


class Kind(Word):
    """What a line is about."""

    SENT = auto()
    FILLED = auto()
    ENDED = auto()
    COST = auto()
    NOTE = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """One line: when at the market, what it is about, and the words."""

    time: datetime
    kind: Kind
    text: str


@dataclass(slots=True)
class Step:
    """One part of the story."""

    title: str
    lines: list[Line] = field(default_factory=list[Line])

    def say(self, time: datetime, kind: Kind, text: str) -> None:
        """Add a line."""
        self.lines.append(Line(time, kind, text))

    @property
    def document(self) -> dict[str, Any]:
        """The step as a document."""
        lines = [{"time": _iso(line.time), "kind": str(line.kind), "text": line.text} for line in self.lines]
        return {"title": self.title, "lines": lines}


def _iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def step_lines(steps: Iterable[Step]) -> Iterator[str]:
    """Yield the steps as people read them, times in New York."""
    for number, step in enumerate(steps, 1):
        yield f"{number}  {step.title}"
        for line in step.lines:
            clock = f"{line.time.astimezone(NEW_YORK):%m-%d %H:%M:%S}"
            yield f"   {clock}  {line.kind.lower():<7} {line.text}"


def say_fills(step: Step, fills: Iterable[Fill]) -> None:
    """Tell what filled of an order, one line for each contract, and what it came to."""
    by_contract: defaultdict[str, list[Fill]] = defaultdict(list)
    for fill in fills:
        by_contract[fill.contract.key].append(fill)
    for group in by_contract.values():
        quantity = sum((fill.quantity for fill in group), ZERO)
        value = sum((fill.quantity * fill.price for fill in group), ZERO)
        parts = f" in {len(group)} parts" if len(group) > 1 else ""
        first = group[0]
        price = plain((value / quantity).quantize(Decimal("0.0001")).normalize())
        price = price if "." in price and len(price.partition(".")[2]) >= 2 else f"{value / quantity:.2f}"
        text = f"{first.action} {plain(quantity)} {short(first.contract)} at {price}{parts}"
        step.say(max(fill.time for fill in group), Kind.FILLED, text)
    _say_cost(step, [fill for group in by_contract.values() for fill in group])


def _say_cost(step: Step, fills: list[Fill]) -> None:
    if not fills:
        return
    flow = sum((fill.cash_flow for fill in fills), ZERO)
    word = "received" if flow >= 0 else "paid"
    told = [fill.commission for fill in fills if fill.commission is not None]
    missing = "" if len(told) == len(fills) else f", {len(fills) - len(told)} of {len(fills)} not told yet"
    cost = f"commission {sum(told, ZERO):.2f}{missing}"
    step.say(max(fill.time for fill in fills), Kind.COST, f"{word} {abs(flow):,.2f}, {cost}")


def short(contract: Any) -> str:
    """Return a contract as a trader writes it: ``GOOG 31 Dec 750 put``."""
    if isinstance(contract, Option):
        strike = plain(contract.strike.normalize())
        return f"{contract.symbol} {contract.expiration:%d %b} {strike} {contract.right.lower()}"
    return str(contract.key)


def sent_text(order: Order) -> str:
    """Return an order as it was sent, in a few words."""
    contract = order.contract
    what = f"combo of {len(contract.legs)} legs" if contract is not None and contract.kind == "COMBO" else None
    price = order.limit_price if order.limit_price is not None else order.stop_price
    words = [order.action, plain(order.quantity), what or short(contract), order.order_type]
    return " ".join([*map(str, words), *([] if price is None else [f"{price:.2f}"])])

"""Whatever quotes and orders come: each lot that a quote shows is taken once, at its price, over restarts too."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from paper.paper_bench import GOOG, Desk, simulated
from v6core.orders import Order

KEPT: dict[str, Any] = {"fills": "realistic", "quotes": "given", "latency": 0, "cash": 100_000_000}


@dataclass(frozen=True)
class Quoted:
    bid: int
    spread: int
    bid_size: int
    ask_size: int


@dataclass(frozen=True)
class Placed:
    action: str
    quantity: int
    limit_price: int | None
    tif: str


_SIZES = st.integers(1, 30)
_QUOTED = st.builds(Quoted, bid=st.integers(95, 105), spread=st.integers(0, 3), bid_size=_SIZES, ask_size=_SIZES)
_PLACED = st.builds(
    Placed,
    action=st.sampled_from(["BUY", "SELL"]),
    quantity=_SIZES,
    limit_price=st.none() | st.integers(95, 108),
    tif=st.sampled_from(["GTC", "IOC", "FOK"]),
)
_PASSED = st.sampled_from([0, 60, 86_400])
_RESTART = st.just("restart")
Step = Quoted | Placed | int | str


class Taken:
    """What each quote showed, and what was taken of it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.quote = Quoted(100, 0, 1_000_000, 1_000_000)
        self.taken: Counter[str] = Counter()
        self.seen = 0

    async def do(self, step: Quoted | Placed | int) -> None:
        broker = self.desk.broker
        match step:
            case Quoted():
                self.quote, self.taken = step, Counter()
                sizes = {"bid_size": step.bid_size, "ask_size": step.ask_size}
                broker.set_quote(GOOG, step.bid, step.bid + step.spread, **sizes)
            case Placed():
                kind = "MARKET" if step.limit_price is None else "LIMIT"
                order = Order.model_validate({**asdict(step), "order_type": kind})
                await self.desk.place(order)
            case int():
                self.desk.clock.advance(step)
                broker.catch_up()
        self.judge()

    def judge(self) -> None:
        """Check the fills since the last step."""
        fills = [report.fill for report in self.desk.fills()][self.seen :]
        self.seen += len(fills)
        for fill in fills:
            self.taken[fill.action] += int(fill.quantity)
            assert fill.price == self.quote.bid + (self.quote.spread if fill.action == "BUY" else 0)
        assert self.taken["BUY"] <= self.quote.ask_size
        assert self.taken["SELL"] <= self.quote.bid_size


@settings(max_examples=20, deadline=None)
@given(st.lists(_QUOTED | _PLACED | _PASSED | _RESTART, max_size=15))
def test_each_lot_of_a_quote_is_taken_once_and_at_its_price(steps: list[Step]) -> None:
    async def main(folder: Path) -> None:
        desk = Desk(folder, **KEPT)
        taken = Taken(desk)
        await desk.broker.connect()
        await taken.do(taken.quote)
        for step in steps:
            if isinstance(step, str):
                await desk.broker.disconnect()
                await desk.broker.connect()
            else:
                await taken.do(step)
        await desk.broker.disconnect()

    with tempfile.TemporaryDirectory() as folder:
        simulated(main(Path(folder)))

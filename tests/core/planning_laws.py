"""The laws of closing and rolling, each for any implementation, so that broken ones can be held against them.

What is uncovered is asked of ``v6core.strategies.uncovered_shorts``; lots are whole there, so the figures are exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import combinations
from uuid import UUID

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.planning_market import FAR, LATE, MIDDLE, NEAR, SPY, all_quoted, broker, call, put
from v6core.contracts import Contract, OptionRight
from v6core.planning import ClosePlan, CloseStep, netted, plan_close, strategy_after
from v6core.planning.changes import Changes
from v6core.strategies import LegSpec, Strategy, uncovered_shorts

NextSteps = Callable[[ClosePlan, Changes, Mapping[UUID, Decimal]], tuple[CloseStep, ...]]
Split = Callable[[Changes, Changes, int], tuple[Changes, ...]]
law_settings = settings(max_examples=60, deadline=None, database=None)
# To catch a planted bug: longer, the same every time, and done at the first counterexample.
hunt = settings(
    max_examples=600,
    deadline=None,
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.generate),
)
_QUOTES = all_quoted()
_TEMPLATE = Strategy(strategy_id="s", symbol="SPY", legs=[LegSpec(action="BUY")])

options: st.SearchStrategy[Contract] = st.sampled_from(
    [make(strike, day) for make in (put, call) for strike in (580, 620) for day in (NEAR, FAR)]
)


def _with_shares(rows: list[tuple[Contract, int]], lots: int) -> Changes:
    return netted([*rows, (SPY, 100 * lots)])


def _crowd(shorts: int, near: int, far: int, lots: int) -> Changes:
    return netted([(call(620), -shorts), (call(580), near), (call(620, FAR), far), (SPY, 100 * lots)])


holdings = st.builds(
    _with_shares, st.lists(st.tuples(options, st.integers(-3, 3)), max_size=6), st.integers(-1, 2)
).filter(bool)
crowded = st.builds(_crowd, st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), st.integers(0, 1))


def uncovered(held: Iterable[tuple[Contract, Decimal]]) -> Counter[OptionRight]:
    """Return how many short contracts of each right no long covers."""
    found: Counter[OptionRight] = Counter()
    for contract, quantity in uncovered_shorts(held):
        found[contract.right] += quantity  # type: ignore[union-attr]
    return found


class Exchange:
    """Fills, in part or whole, and ends the orders of a close as a test wants it, and keeps what is held."""

    def __init__(self, held: Changes) -> None:
        self.held = held
        self.sent: dict[UUID, Decimal] = {}
        self.steps: dict[UUID, CloseStep] = {}
        self.tried: set[str] = set()
        self.failed = False

    @property
    def working(self) -> list[UUID]:
        return [order_id for order_id, left in self.sent.items() if left]

    def send(self, steps: Iterable[CloseStep]) -> None:
        for step in steps:
            assert step.order.order_id not in self.sent, "a step is sent once"
            self.sent[step.order.order_id] = step.order.quantity
            self.steps[step.order.order_id] = step
            self.tried.add(step.key)

    def fill(self, order_id: UUID, quantity: Decimal) -> None:
        step, before = self.steps[order_id], self.held
        assert step.order.contract is not None
        self.sent[order_id] -= quantity
        self.held = netted([*before, (step.order.contract, quantity.copy_sign(step.quantity))])
        assert uncovered(self.held) <= uncovered(before), f"{step.key} left a short uncovered"
        assert all(quantity * dict_of(before)[contract.key] > 0 for contract, quantity in self.held), "crossed zero"

    def end(self, order_id: UUID) -> None:
        self.sent[order_id] = Decimal(0)
        self.failed = True


def dict_of(held: Changes) -> dict[str, Decimal]:
    return {contract.key: quantity for contract, quantity in held}


def no_close_uncovers_a_short(next_steps: NextSteps, rules: settings = law_settings) -> None:
    """Whatever fills, in whatever order and part, and whatever fails; and every leg that can go is tried."""

    @rules
    @given(holdings | crowded, st.data())
    def law(held: Changes, data: st.DataObject) -> None:
        strategy = strategy_after(_TEMPLATE, held)
        assert strategy is not None
        plan = plan_close(strategy, held, broker(0), quotes=_QUOTES)
        exchange = Exchange(held)
        if plan.whole is not None:
            return
        exchange.send(next_steps(plan, exchange.held, exchange.sent))
        while exchange.working:
            order_id = data.draw(st.sampled_from(exchange.working))
            left = exchange.sent[order_id]
            filled = Decimal(data.draw(st.integers(-1, int(left)).filter(bool)))
            if filled < 0:
                exchange.end(order_id)
            else:
                exchange.fill(order_id, filled)
            exchange.send(next_steps(plan, exchange.held, exchange.sent))
        _nothing_was_left_that_could_go(exchange)

    law()


def _nothing_was_left_that_could_go(exchange: Exchange) -> None:
    for contract, quantity in exchange.held:
        if contract.key in exchange.tried and exchange.failed:
            continue
        assert quantity > 0, f"nobody tried to buy back {contract.key}"
        one_less = netted([*exchange.held, (contract, -contract_lot(contract))])
        assert exchange.failed, f"{contract.key} was left though nothing failed"
        assert not uncovered(one_less) <= uncovered(exchange.held) or quantity_owed(exchange.held), contract.key


def contract_lot(contract: Contract) -> int:
    return 100 if contract.kind == "STOCK" else 1


def quantity_owed(held: Changes) -> bool:
    """Tell whether shares are owed, which calls are kept for and ``uncovered_shorts`` does not count."""
    return any(contract.kind == "STOCK" and quantity < 0 for contract, quantity in held)


_SPREADS: list[list[tuple[Contract, int]]] = [
    [(put(570), 1), (put(580), -1)],
    [(put(570), 1), (put(580), -1), (call(620), -1), (call(630), 1)],
    [(put(580), -1), (call(620), -1)],
    [(call(620), -1), (call(620, FAR), 1)],
    [(call(610), 1), (call(620), -2), (call(630), 1)],
    [(SPY, 100), (call(620), -1)],
]


@st.composite
def rolls(draw: st.DrawFn) -> tuple[Changes, Changes]:
    """Return what is held and the changes of a roll: options moved to other days and strikes, by right."""
    lots, shift = draw(st.integers(1, 3)), draw(st.sampled_from([0, -5, 10]))
    days = {NEAR: draw(st.sampled_from([NEAR, MIDDLE, FAR])), FAR: draw(st.sampled_from([FAR, LATE]))}
    spread = draw(st.sampled_from(_SPREADS))
    held = netted([(contract, quantity * lots) for contract, quantity in spread])
    moved: list[tuple[Contract, Decimal]] = []
    for contract, quantity in held:
        if contract.kind == "OPTION":
            make = put if contract.right is OptionRight.PUT else call
            moved += [(contract, -quantity), (make(int(contract.strike) + shift, days[contract.expiration]), quantity)]
    return held, netted(moved)


def no_roll_uncovers_a_short(split: Split, rules: settings = law_settings) -> None:
    """Between its orders nothing is less covered than before the roll or after it, and the orders are the roll."""

    @rules
    @given(rolls(), st.integers(1, 4))
    def law(roll: tuple[Changes, Changes], most: int) -> None:
        held, changes = roll
        at_worst = uncovered(held) | uncovered([*held, *changes])
        made: list[tuple[Contract, Decimal]] = []
        for part in split(held, changes, most):
            assert 0 < len(part) <= most
            made += part
            assert uncovered([*held, *made]) <= at_worst, "a short was left uncovered between two orders"
        assert sorted(made, key=str) == sorted(changes, key=str)

    law()


def no_roll_takes_fewer_orders(split: Split, rules: settings = law_settings) -> None:
    """Nobody finds fewer orders that leave nothing uncovered between them."""

    @rules
    @given(rolls().filter(lambda roll: len(roll[1]) <= 6), st.integers(1, 3))
    def law(roll: tuple[Changes, Changes], most: int) -> None:
        held, changes = roll
        assert len(split(held, changes, most)) == fewest(held, changes, most)

    law()


def fewest(held: Changes, changes: Changes, most: int) -> int:
    """Return the fewest safe orders, breadth first over all that can have been made."""
    at_worst = uncovered(held) | uncovered([*held, *changes])
    everything = frozenset(range(len(changes)))
    layer, number = {frozenset[int]()}, 0
    while everything not in layer:
        reached = {
            made | set(order)
            for made in layer
            for size in range(1, most + 1)
            for order in combinations(sorted(everything - made), size)
        }
        layer = {made for made in reached if uncovered([*held, *(changes[bit] for bit in made)]) <= at_worst}
        number += 1
    return number

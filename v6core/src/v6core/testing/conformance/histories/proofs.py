"""What a history proves of a broker: each proof plays it in worlds of its own, and raises Broken where it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from v6core.orders import TRAILING, Order
from v6core.reports import OrderTerms
from v6core.testing.conformance.driver import Drive, Driver
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.histories.player import NOT_TAKEN, Ending, play, played_in
from v6core.testing.conformance.histories.steps import History, Repeat, Restart, Step
from v6core.testing.conformance.runner import in_world
from v6core.testing.conformance.trial import Trial

_CENT = Decimal("0.01")
_TERMS: Final = (
    "action",
    "quantity",
    "order_type",
    "limit_price",
    "stop_price",
    "trail_amount",
    "trail_percent",
    "limit_offset",
    "tif",
    "good_till",
)


def laws_hold(history: History, driver: Driver) -> int:
    """Play a history, and expect that every law holds after every step."""
    return play(history, driver.another()).taken


def repeats_change_nothing(history: History, driver: Driver) -> int:
    """Play a history twice, once with everything said again after each step, and expect the same end."""
    return _expect_same(history, driver, Repeat())


def restarts_change_nothing(history: History, driver: Driver) -> int:
    """Play a history twice, once with a restart after each step, and expect the same end."""
    return _expect_same(history, driver, Restart())


def _expect_same(history: History, driver: Driver, between: Step) -> int:
    plain = play(history, driver.another())
    other = play(history, driver.another(), between)
    difference = plain.differs(other)
    if difference is not None:
        raise Broken(f"with {between.step} after each step {difference}")
    return plain.taken


def money_is_conserved(history: History, driver: Driver) -> int:
    """Play a history, and expect that cash and equity are what the executions, their fees and the quotes make them."""
    ending = play(history, driver.another())
    change, wanted = ending.after.cash - ending.before.cash, ending.flow - ending.fees
    expect(abs(change - wanted) < _CENT, f"cash changed by {change}, and the executions less their fees make {wanted}")
    _expect_valued(ending)
    return ending.taken


def _expect_valued(ending: Ending) -> None:
    """Expect the positions at a value between the two sides of their quotes."""
    equity = ending.after.equity
    if equity is None:
        return
    valued, (least, most) = equity - ending.after.cash, ending.worth
    expect(least - _CENT < valued < most + _CENT, f"the positions count for {valued}, and are worth {least} to {most}")


def orders_come_back(history: History, driver: Driver) -> int:
    """Play a history, and expect every order back as it is from JSON, from the journal, and from the broker's list."""

    async def compared(trial: Trial) -> int:
        await played_in(trial, history)
        orders = await trial.engine.orders()
        for order in orders:
            _expect_equal(Order.model_validate_json(order.model_dump_json()), order, "from JSON")
        await _expect_listed(trial)
        await trial.restart()
        journaled = await trial.engine.orders()
        expect_equal(len(journaled), len(orders), "the number of orders in the journal")
        for after, before in zip(journaled, orders, strict=True):
            _expect_equal(after, before, "from the journal")
        return sum(order.status not in NOT_TAKEN for order in orders)

    return in_world(driver.another(), compared)


def _expect_equal(back: Order, order: Order, where: str) -> None:
    """Expect an order back as it was; only the broker's own id of it may be learnt on the way."""
    for name in order.model_fields_set | back.model_fields_set:
        if name != "broker_order_id":
            expect_equal(getattr(back, name), getattr(order, name), f"{name} of a {order.order_type} order {where}")


async def _expect_listed(trial: Trial) -> None:
    snapshot = await trial.broker.snapshot()
    listed = {report.order_ref: report.terms for report in snapshot.open_orders}
    for order in await trial.engine.orders(open_only=True):
        terms = listed.get(order.order_ref)
        if terms is not None:
            _expect_terms(order, terms)


def _expect_terms(order: Order, terms: OrderTerms) -> None:
    for name in _TERMS:
        if name == "stop_price" and order.order_type in TRAILING:
            continue  # where a trail stands is the market's doing
        shown: Any = getattr(terms, name)
        if shown is not None:
            expect_equal(shown, getattr(order, name), f"{name} of a {order.order_type} order at the broker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What can be asked of a history, and what a driver must be able to do for it; see ``Case``.

    ``check`` returns how many orders the broker took: where that is none, nothing was proved.
    """

    check: Callable[[History, Driver], int]
    drives: frozenset[Drive] = frozenset({Drive.QUOTES})
    simulated: bool = False

    def fits(self, driver: Driver) -> bool:
        """Tell whether it can be asked at a driver's broker."""
        return self.drives <= driver.can and (driver.spec.capabilities.simulated or not self.simulated)


PROOFS: Final[Mapping[str, Proof]] = {
    "HYP-01": Proof(check=laws_hold),
    "HYP-02": Proof(check=repeats_change_nothing, drives=frozenset({Drive.QUOTES, Drive.REPEATS})),
    "HYP-03": Proof(check=money_is_conserved, simulated=True),
    "HYP-04": Proof(check=orders_come_back),
    "HYP-05": Proof(check=restarts_change_nothing),
}
"""All of them, by the case that searches for a history that fails one."""

"""Histories: whatever programs, markets and misfortunes do one after the other, the laws hold."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from v6core.testing.conformance.case import search
from v6core.testing.conformance.driver import Driver
from v6core.testing.conformance.expecting import expect
from v6core.testing.conformance.histories import examples_of, histories, look_for, script_of
from v6core.testing.conformance.histories.proofs import PROOFS
from v6core.testing.conformance.histories.steps import History, Place, Repeat, Restart


def _searched(
    case_id: str, driver: Driver, *, only: Collection[type[Any]] = (), without: Collection[type[Any]] = ()
) -> None:
    taken: list[int] = []

    def tried(history: History) -> None:
        taken.append(PROOFS[case_id].check(history, driver))

    look_for(histories(driver, only=only, without=without), tried, script_of, examples_of(driver))
    expect(any(taken), f"the broker took no order of {len(taken)} histories, so that nothing is proved")


@search(
    "HYP-01",
    why="what breaks a broker is what nobody thought of: two harmless things, one after the other",
    pitfall="each operation is tested by itself, in an account where nothing else happens",
    drives=PROOFS["HYP-01"].drives,
)
def laws_hold(driver: Driver) -> None:
    """No history of orders, changes, cancels, quotes, lost links and restarts breaks a law."""
    _searched("HYP-01", driver)


@search(
    "HYP-02",
    why="a broker's words come late, twice and out of order when the network has a bad day",
    pitfall="a report is added to a sum, or a status counts as the latest because it came last",
    drives=PROOFS["HYP-02"].drives,
)
def repeats_change_nothing(driver: Driver) -> None:
    """A history in which all is said again after each step, the last first, ends as it does without."""
    _searched("HYP-02", driver, without=[Repeat])


@search(
    "HYP-03",
    why="money that is not conserved is made or lost by the books, not by the market",
    pitfall="a multiplier, a fee or the sign of a short position is forgotten in one place",
    drives=PROOFS["HYP-03"].drives,
    simulated=PROOFS["HYP-03"].simulated,
)
def money_is_conserved(driver: Driver) -> None:
    """Over any history cash changes by the executions less their fees, and positions are valued by their quotes."""
    _searched("HYP-03", driver)


@search(
    "HYP-04",
    why="an order that comes back changed is another order",
    pitfall="times lose their zone and prices their places on the way through text",
    drives=PROOFS["HYP-04"].drives,
)
def orders_come_back(driver: Driver) -> None:
    """Any order comes back as it is from JSON, from the journal, and from the broker's list of open orders."""
    _searched("HYP-04", driver, only=[Place])


@search(
    "HYP-05",
    why="a program may be stopped at any moment, and must not notice that it was",
    pitfall="something is kept in memory alone, and nobody restarted at that moment",
    drives=PROOFS["HYP-05"].drives,
)
def restarts_change_nothing(driver: Driver) -> None:
    """A history with a restart after each step ends as it does without."""
    _searched("HYP-05", driver, without=[Restart])

"""Brokers that do nothing: whatever they say to it, no case about orders passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from conformance.saboteur import Meddler, SabotagedDriver
from v6core.broker import Receipt
from v6core.errors import NotSent
from v6core.orders import Order
from v6core.reports import OrderReport, RejectionReport, ReportedStatus
from v6core.testing.conformance import CASES, Outcome, run_case

REFUSABLE = frozenset({"CMB-07", "GRP-02", "LMT-05", "LMT-11", "MKT-05", "STP-02"})
"""What a broker may answer by a refusal, so that one that refuses everything has answered."""
ABOUT_ORDERS = ("MKT", "LMT", "STP", "MOD", "CXL", "GRP", "CMB", "STR", "ROL", "HYP")


class Silent(Meddler):
    """Takes orders, and nothing comes of it."""

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return tuple(Receipt(order.order_id) for order in orders)

    async def cancel(self, order: Order) -> None:
        return

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        return


class Unwilling(Meddler):
    """Sends nothing, and says so."""

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        raise NotSent("not today")


class Refusing(Silent):
    """Refuses every order."""

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        for order in orders:
            self.hear(RejectionReport(time=self.now(), order_ref=order.order_ref, reason="no"))
        return await super().place(orders)


class Flattering(Silent):
    """Says yes to everything."""

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        for order in orders:
            self._say(order, ReportedStatus.SUBMITTED)
        return await super().place(orders)

    async def cancel(self, order: Order) -> None:
        self._say(order, ReportedStatus.CANCELLED)

    def _say(self, order: Order, status: ReportedStatus) -> None:
        report = OrderReport(time=self.now(), order_ref=order.order_ref, status=status, working=True)
        self.hear(report)


IDS = [case.id for case in CASES.values() if case.family in ABOUT_ORDERS]


@pytest.mark.parametrize("broker", [Silent, Unwilling, Refusing, Flattering], ids=lambda broker: broker.__name__)
def test_a_broker_that_does_nothing_passes_no_case_about_orders(broker: type[Meddler]) -> None:
    make: Callable[[], SabotagedDriver] = lambda: SabotagedDriver(broker)  # noqa: E731 -- one world for each case
    passed = {case_id for case_id in IDS if run_case(CASES[case_id], make()).outcome is Outcome.PASSED}
    assert passed - REFUSABLE == set()

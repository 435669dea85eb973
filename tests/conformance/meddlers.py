"""Meddlers that spoil nothing by themselves, and what several saboteurs make of orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from uuid import uuid4

from conformance.saboteur import Meddler
from v6core.broker import Broker
from v6core.contracts import Combo, Contract
from v6core.orders import Order
from v6core.quotes import OptionChain
from v6core.reports import (
    FillReport,
    OrderReport,
    Report,
    ReportedStatus,
)

ALONE: Final = {"parent_order_id": None, "oca_group": None, "oca_type": None}


def is_bracket(orders: Sequence[Order]) -> bool:
    return orders[-1].parent_order_id is not None


def is_combo(order: Order) -> bool:
    return isinstance(order.contract, Combo)


class Undeclared(Meddler):
    """A broker that declares neither combos nor groups nor changes, and breaks nothing by it."""

    declares: ClassVar[Mapping[str, Any]] = {
        "max_combo_legs": 0,
        "modify": "NONE",
        "bracket": False,
        "brackets": (),
        "exit_release": None,
        "oca_types": frozenset(),
        "option_chains": False,
    }

    async def option_chain(self, contract: Contract) -> OptionChain:
        return await Broker.option_chain(self, contract)


def standing(broker: Meddler, order: Order, status: ReportedStatus = ReportedStatus.SUBMITTED) -> OrderReport:
    return OrderReport(time=broker.now(), order_ref=order.order_ref, status=status)


class Renaming(Meddler):
    """Sends orders of its own in the place of one of v6's, and tells their fills as that one's."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._whose: dict[str, Order] = {}
        self._silent: set[str | None] = set()

    async def place_instead(self, order: Order, others: Sequence[Order]) -> None:
        for number, other in enumerate(others):
            ref = f"{order.order_ref}-{number}"
            self._whose[ref] = order
            await self.inner.place([other.replace(order_ref=ref, order_id=uuid4())])

    def hear(self, report: Report) -> None:
        ref = getattr(report, "order_ref", None)
        if ref not in self._whose:
            if ref not in self._silent or isinstance(report, FillReport):
                super().hear(report)
        elif isinstance(report, FillReport):
            theirs = {"order_ref": self._whose[ref].order_ref, "broker_order_id": None}
            super().hear(report.model_copy(update=theirs))

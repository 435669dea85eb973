"""What a server holds: every order that reached it, one by one, however many came under one reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from v6core.fills import Fill
from v6core.money import ZERO
from v6core.orders import Order
from v6core.reports import AdjustmentReport, BrokerPosition, FillCorrectionReport, FillReport
from v6core.testing.scripted.book import Book, HeldOrder


@dataclass(slots=True, eq=False)
class Incarnation:
    """One order at the broker. ``is_split`` says that a modify made it, beside the one that it should have changed."""

    held: HeldOrder
    client_id: int | None
    placed_at: datetime
    ended_at: datetime | None = None
    is_split: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it can still fill."""
        return self.held.is_open


@dataclass(slots=True)
class ServerBook:
    """Orders in the order in which they came, executions, corrections, and what no order brought."""

    orders: list[Incarnation] = field(default_factory=list[Incarnation])
    corrections: list[FillCorrectionReport] = field(default_factory=list[FillCorrectionReport])
    _by_ref: dict[str, list[Incarnation]] = field(default_factory=dict[str, list[Incarnation]])
    _ledger: Book = field(default_factory=Book)
    _last_broker_id: int = 0

    @classmethod
    def of(cls, orders: Iterable[Incarnation], ledger: Book, corrections: Iterable[FillCorrectionReport]) -> ServerBook:
        """Return a book of what was held before; broker ids go on after the last."""
        book = cls(corrections=list(corrections), _ledger=ledger)
        for one in orders:
            book._keep(one)
        book._last_broker_id = len(book.orders)
        return book

    @property
    def executions(self) -> Mapping[str, FillReport]:
        """What has been executed and counts, by id."""
        return self._ledger.executions

    @property
    def adjustments(self) -> list[AdjustmentReport]:
        """What changed a position without an order."""
        return self._ledger.adjustments

    def add(self, order: Order, client_id: int | None, at: datetime) -> Incarnation:
        """Take an order in."""
        assert order.order_ref is not None, "an order is bound before it is sent"
        self._last_broker_id += 1
        held = HeldOrder(order, f"b-{self._last_broker_id}", working=order.parent_order_id is None)
        one = Incarnation(held, client_id, at)
        self._keep(one)
        return one

    def _keep(self, one: Incarnation) -> None:
        self.orders.append(one)
        self._by_ref.setdefault(one.held.ref, []).append(one)

    def forget_numbers(self) -> None:
        """Give orders ids from the first on again, as a broker does that has lost count."""
        self._last_broker_id = 0

    def under(self, ref: str) -> tuple[Incarnation, ...]:
        """Return what came under a reference, oldest first."""
        return tuple(self._by_ref.get(ref, ()))

    def live(self) -> Iterator[Incarnation]:
        """Yield what can still fill."""
        return (one for one in self.orders if one.is_live)

    def execute(
        self, one: Incarnation, quantity: Decimal, prices: Mapping[str, Decimal], at: datetime
    ) -> tuple[FillReport, ...]:
        """Fill so many units of an order and return the executions, of a combo one a leg."""
        reports = self._ledger.execute(one.held, quantity, prices, None, at)
        if not one.is_live:
            one.ended_at = at
        return reports

    def trade(self, fill: Fill, at: datetime) -> FillReport:
        """Take in an execution that no order here brought."""
        report = FillReport(time=at, broker_order_id=f"m-{self._ledger.number()}", fill=fill)
        self._ledger.executions[fill.execution_id] = report
        return report

    def number(self) -> int:
        """Return the next number, for ids that are never given twice."""
        return self._ledger.number()

    def correct(self, execution_id: str, changes: Mapping[str, Any] | None, at: datetime) -> FillCorrectionReport:
        """Replace an execution by one with changes, or with None take it back."""
        executions = self._ledger.executions
        old = executions.pop(execution_id)
        fill = None
        if changes is not None:
            fill = old.fill.replace(execution_id=f"{execution_id}.{self.number()}", **changes)
            executions[fill.execution_id] = old.model_copy(update={"fill": fill, "time": at})
        for one in self.under(old.order_ref or ""):
            if one.held.broker_order_id == old.broker_order_id:
                one.held.filled += (ZERO if fill is None else fill.quantity) - old.fill.quantity
        report = FillCorrectionReport(
            time=at, order_ref=old.order_ref, broker_order_id=old.broker_order_id, replaces=execution_id, fill=fill
        )
        self.corrections.append(report)
        return report

    def positions(self) -> tuple[BrokerPosition, ...]:
        """Return what executions and adjustments come to, whoever's they are."""
        return self._ledger.positions()

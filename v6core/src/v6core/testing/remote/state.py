"""A server's memory on disk, so that it can be ended and started again."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from v6core.orders import Order
from v6core.reports import AdjustmentReport, FillCorrectionReport, FillReport, RejectionReport, ReportedStatus
from v6core.testing.remote.book import Incarnation, ServerBook
from v6core.testing.remote.desk import Desk
from v6core.testing.remote.terms import Arrival
from v6core.testing.scripted.book import Book, HeldOrder


class OrderRow(BaseModel):
    """One order as the server holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Order
    broker_order_id: str
    status: ReportedStatus
    working: bool
    filled: Decimal
    rejection: RejectionReport | None
    client_id: int | None
    placed_at: AwareDatetime
    ended_at: AwareDatetime | None
    is_split: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it can still fill."""
        return self.incarnation().is_live

    @classmethod
    def of(cls, one: Incarnation) -> OrderRow:
        """Return an order's row."""
        held = one.held
        return cls(
            order=held.order,
            broker_order_id=held.broker_order_id,
            status=held.status,
            working=held.working,
            filled=held.filled,
            rejection=held.rejection,
            client_id=one.client_id,
            placed_at=one.placed_at,
            ended_at=one.ended_at,
            is_split=one.is_split,
        )

    def incarnation(self) -> Incarnation:
        """Return the order of a row."""
        held = HeldOrder(
            self.order, self.broker_order_id, self.status, self.working, self.filled, rejection=self.rejection
        )
        return Incarnation(held, self.client_id, self.placed_at, self.ended_at, self.is_split)


class ServerState(BaseModel):
    """All that a server knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    orders: tuple[OrderRow, ...] = ()
    executions: tuple[FillReport, ...] = ()
    corrections: tuple[FillCorrectionReport, ...] = ()
    adjustments: tuple[AdjustmentReport, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    numbers: int = 0

    @classmethod
    def of(cls, desk: Desk) -> ServerState:
        """Return what a desk knows."""
        book = desk.book
        return cls(
            orders=tuple(map(OrderRow.of, book.orders)),
            executions=tuple(book.executions.values()),
            corrections=tuple(book.corrections),
            adjustments=tuple(book.adjustments),
            arrivals=tuple(desk.arrivals),
            numbers=book.number(),
        )

    def restore(self, desk: Desk) -> None:
        """Let a desk that knows nothing know all of it."""
        executions = {report.fill.execution_id: report for report in self.executions}
        ledger = Book(executions=executions, adjustments=list(self.adjustments), _numbers=self.numbers)
        desk.book = ServerBook.of((row.incarnation() for row in self.orders), ledger, self.corrections)
        desk.arrivals = list(self.arrivals)


def save(desk: Desk, path: Path) -> None:
    """Write what a desk knows in the place of what was written before, whole or not at all."""
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(ServerState.of(desk).model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def load(desk: Desk, path: Path) -> None:
    """Let a desk know what was written, if anything was."""
    if path.exists():
        ServerState.model_validate_json(path.read_bytes()).restore(desk)

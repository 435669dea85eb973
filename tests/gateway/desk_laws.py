"""The desk without its edge, in front of a broker that a test plays: what it tells is kept, and must hold together."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from gateway.desk_wire import ACME, GOODS, limit
from v6_ib_plugin.gateway.desk.book import OrderBook
from v6_ib_plugin.gateway.desk.intake import Submission
from v6_ib_plugin.gateway.desk.orders import DeskOrder
from v6_ib_plugin.gateway.desk.steps import Cancel, CancelEverything, Change, Place, Step, Tell
from v6_ib_plugin.gateway.wire import messages
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.translation.orders import order_of
from v6core.contracts import Contract
from v6core.fills import Fill
from v6core.orders import Order
from v6core.reports import (
    CancelRefusedReport,
    FillReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    Report,
    ReportedStatus,
)
from v6core.testing.scripted import scripted_capabilities

NOON = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)
ENDED = frozenset({"Filled", "Cancelled", "Inactive"})


class Words:
    """Tells every contract as the one that there is."""

    def contract(self, contract: Contract) -> IbContract:
        assert contract == GOODS
        return ACME

    def describe(self, report: OrderReport) -> None:
        """Know nobody else's orders."""


@dataclass(slots=True)
class Working:
    """An order at the broker."""

    order: DeskOrder
    terms: Order
    filled: Decimal = Decimal(0)
    is_open: bool = True


@dataclass(slots=True)
class PlayedBroker:
    """A desk, the broker behind it, and all that clients were told."""

    oca_types: frozenset[Any] = frozenset()
    now: datetime = NOON
    orders: dict[str, Working] = field(default_factory=dict[str, Working])
    told: list[Tell] = field(default_factory=list[Tell])
    reports: list[Report] = field(default_factory=list[Report])
    book: OrderBook = field(init=False)
    fills: int = 0

    def __post_init__(self) -> None:
        abilities = scripted_capabilities(oca_types=self.oca_types, bracket=False, exit_release=None)
        self.book = OrderBook("DU1", abilities, lambda: self.now, Words())
        for client_id in (1, 2):
            self.book.visit(client_id)

    # What clients do

    def place(self, client_id: int, order: IbOrder) -> None:
        terms = order_of(order, GOODS, account=None, order_ref=None)
        self.do(self.book.submit(Submission(client_id=client_id, contract=ACME, order=order, terms=terms)))

    def cancel(self, client_id: int, order_id: int) -> None:
        self.do(self.book.cancel(client_id, order_id))

    # What the broker does

    def open(self) -> list[Working]:
        return [working for working in self.orders.values() if working.is_open]

    def fill(self, working: Working, quantity: Decimal) -> None:
        self.fills += 1
        working.filled += quantity
        fill = Fill(
            execution_id=f"X{self.fills}",
            contract=GOODS,
            action=working.terms.action,
            quantity=quantity,
            price=Decimal(100),
            commission=Decimal(1),
            time=self.now,
        )
        self.report(FillReport(time=self.now, order_ref=working.order.ref, fill=fill))
        full = working.filled >= working.terms.quantity
        working.is_open = not full
        self.stand(working, ReportedStatus.FILLED if full else ReportedStatus.PARTIALLY_FILLED)

    def stand(self, working: Working, status: ReportedStatus) -> None:
        terms = OrderTerms(quantity=working.terms.quantity, limit_price=working.terms.limit_price)
        self.report(
            OrderReport(
                time=self.now,
                order_ref=working.order.ref,
                status=status,
                working=True,
                filled_quantity=working.filled,
                terms=terms,
            )
        )

    def reject(self, working: Working) -> None:
        working.is_open = False
        self.report(RejectionReport(time=self.now, order_ref=working.order.ref, code="NO", reason="no"))

    def end(self, working: Working) -> None:
        working.is_open = False
        self.stand(working, ReportedStatus.CANCELLED)

    def report(self, report: Report) -> None:
        self.reports.append(report)
        self.do(self.book.hear(report))

    def say_again(self, number: int) -> None:
        """Report once more what was reported before."""
        if self.reports:
            self.do(self.book.hear(self.reports[number % len(self.reports)]))

    def settle(self) -> None:
        self.now += timedelta(seconds=1)
        self.do(self.book.settle())

    # What follows

    def do(self, steps: list[Step]) -> None:
        for step in steps:
            match step:
                case Tell():
                    self.told.append(step)
                case Place():
                    self._take(step)
                case Change(order=order, changes=changes):
                    self._change(self.orders[order.ref], dict(changes))
                case Cancel(order=order):
                    self._cancel(self.orders[order.ref])
                case CancelEverything():
                    for working in self.open():
                        self._cancel(working)
                case _:  # what is kept over restarts, and found in doubt
                    pass

    def _take(self, step: Place) -> None:
        for order, terms in zip(step.orders, step.terms, strict=True):
            parent = order.parent
            assert parent is None or parent.filled >= parent.order.total_quantity, "a child is there before its parent"
            assert order.ref not in self.orders, "an order is placed twice"
            self.orders[order.ref] = Working(order, terms)
            self.stand(self.orders[order.ref], ReportedStatus.SUBMITTED)

    def _change(self, working: Working, changes: dict[str, Any]) -> None:
        if working.is_open and changes.get("quantity", working.filled + 1) > working.filled:
            working.terms = working.terms.model_copy(update=changes)
            self.stand(working, ReportedStatus.PARTIALLY_FILLED if working.filled else ReportedStatus.SUBMITTED)

    def _cancel(self, working: Working) -> None:
        if working.is_open:
            self.end(working)
        else:
            self.report(CancelRefusedReport(time=self.now, order_ref=working.order.ref, reason="too late"))

    # The laws

    def check(self) -> None:
        """Check all that was told so far."""
        self.settle()
        self._check_whose()
        self._check_executions()
        self._check_statuses()
        self._check_ids()

    def _check_whose(self) -> None:
        owners = {working.order.perm_id: working.order.client_id for working in self.orders.values()}
        for tell in self.told:
            if isinstance(tell.message, messages.OrderStatus):
                status = tell.message.status
                assert status.client_id == tell.client_id == owners.get(status.perm_id, tell.client_id)

    def _check_executions(self) -> None:
        said = [tell.message for tell in self.told]
        told = [message.execution for message in said if isinstance(message, messages.ExecDetails)]
        assert len(told) == self.fills, "an execution is told once"
        assert all(count == 1 for count in Counter(each.exec_id for each in told).values())
        by_order: dict[int, list[Decimal]] = defaultdict(list)
        for each in told:
            by_order[each.perm_id].append(each.cum_qty)
        assert all(cum == sorted(cum) for cum in by_order.values()), "what has filled grows"
        costs = [message.commission.exec_id for message in said if isinstance(message, messages.CommissionReport)]
        assert Counter(costs) == Counter(each.exec_id for each in told), "each execution's cost is told once"

    def _check_statuses(self) -> None:
        ended: dict[int, str] = {}
        filled: dict[int, Decimal] = defaultdict(Decimal)
        for tell in self.told:
            if not isinstance(tell.message, messages.OrderStatus):
                continue
            status = tell.message.status
            assert ended.get(status.perm_id, status.status) == status.status, "what has ended stays so"
            assert status.filled >= filled[status.perm_id], "what has filled stays so"
            filled[status.perm_id] = status.filled
            if status.status in ENDED:
                ended[status.perm_id] = status.status
        for working in self.orders.values():
            assert filled[working.order.perm_id] == working.filled, "the last status tells all that has filled"
            assert (working.order.perm_id in ended) == (not working.is_open), "the end of an order is told"

    def _check_ids(self) -> None:
        placed = [(working.order.client_id, working.order.order_id) for working in self.orders.values()]
        assert len(set(placed)) == len(placed), "an id is of one order"
        assert all(self.book.next_id(client_id) > order_id for client_id, order_id in placed)
        assert len({working.order.perm_id for working in self.orders.values()}) == len(placed)


def family(first: int, children: int, *, transmit: bool = True, group: str = "") -> list[IbOrder]:
    """Return a parent and so many children, the last of which transmits them unless it is not to."""
    sizes = [limit(first, 100, 10, transmit=transmit and not children, oca_group=group, oca_type=3 if group else 0)]
    for number in range(1, children + 1):
        last = number == children and transmit
        sizes.append(limit(first + number, 100, 10, "SELL", parent_id=first, transmit=last))
    return sizes

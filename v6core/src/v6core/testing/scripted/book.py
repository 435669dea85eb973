"""What a scripted broker holds: the orders that reached it, their executions, and the positions that these come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from v6core.contracts import Combo, Contract, OrderAction
from v6core.fills import Fill
from v6core.money import ZERO
from v6core.orders import Order
from v6core.positions import PositionBook
from v6core.reports import (
    AdjustmentReport,
    BrokerPosition,
    Evidence,
    FillCorrectionReport,
    FillReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    ReportedStatus,
)

DEFAULT_PRICE = Decimal(100)
Which = Order | UUID | str
_OPEN = frozenset({ReportedStatus.SUBMITTED, ReportedStatus.PARTIALLY_FILLED, ReportedStatus.INACTIVE})


@dataclass(slots=True)
class HeldOrder:
    """An order as the broker has it; ``asked`` are the changes of a modify that it has not answered yet."""

    order: Order
    broker_order_id: str
    status: ReportedStatus = ReportedStatus.SUBMITTED
    working: bool = True
    filled: Decimal = ZERO
    asked: Mapping[str, Any] = field(default_factory=dict[str, Any])
    foreign: bool = False
    """Whether somebody else placed it; its reference is then the broker's own, and is not told."""
    rejection: RejectionReport | None = None

    @property
    def ref(self) -> str:
        """The reference under which it came."""
        assert self.order.order_ref is not None
        return self.order.order_ref

    @property
    def told_ref(self) -> str | None:
        """The reference under which it is told."""
        return None if self.foreign else self.ref

    @property
    def is_open(self) -> bool:
        """Whether it can still fill."""
        return self.rejection is None and self.status in _OPEN

    @property
    def rest(self) -> Decimal:
        """What has not filled."""
        return max(self.order.quantity - self.filled, ZERO)

    def report(self, time: datetime, reason: str | None = None) -> OrderReport:
        """Return how it stands."""
        terms = OrderTerms.model_validate({name: getattr(self.order, name) for name in OrderTerms.model_fields})
        return OrderReport(
            time=time,
            order_ref=self.told_ref,
            broker_order_id=self.broker_order_id,
            status=self.status,
            working=self.working and self.is_open and self.status is not ReportedStatus.INACTIVE,
            filled_quantity=self.filled,
            terms=terms,
            reason=reason,
        )


@dataclass(slots=True)
class Book:
    """All that the broker knows. ``adjustments`` are what no order brought."""

    orders: dict[str, HeldOrder] = field(default_factory=dict[str, HeldOrder])
    executions: dict[str, FillReport] = field(default_factory=dict[str, FillReport])
    adjustments: list[AdjustmentReport] = field(default_factory=list[AdjustmentReport])
    _numbers: int = 0

    def number(self) -> int:
        """Return the next number, for ids."""
        self._numbers += 1
        return self._numbers

    @property
    def foreign(self) -> list[HeldOrder]:
        """The open orders of others."""
        return [held for held in self.orders.values() if held.foreign and held.is_open]

    @property
    def ours(self) -> list[HeldOrder]:
        """The open orders of engines."""
        return [held for held in self.orders.values() if not held.foreign and held.is_open]

    def begin_anew(self) -> None:
        """Give ids from the first on again, as a broker does that was restarted."""
        self._numbers = 0

    def add(self, order: Order, *, foreign: bool = False) -> HeldOrder:
        """Take an order in; a second one under the same reference takes the place of the first."""
        assert order.order_ref is not None, "an order is bound before it is sent"
        held = HeldOrder(order, f"b-{self.number()}", working=order.parent_order_id is None, foreign=foreign)
        self.orders[order.order_ref] = held
        return held

    def find(self, which: Which) -> HeldOrder:
        """Return an order by itself, its id or its reference; LookupError where it never arrived."""
        if isinstance(which, str):
            found = self.orders.get(which)
        else:
            order_id = which.order_id if isinstance(which, Order) else which
            found = next((held for held in self.orders.values() if held.order.order_id == order_id), None)
        if found is None:
            raise LookupError(f"no such order reached the scripted broker: {which}")
        return found

    def execute(
        self,
        held: HeldOrder,
        quantity: Decimal,
        prices: Mapping[str, Decimal],
        commission: Decimal | None,
        at: datetime,
    ) -> tuple[FillReport, ...]:
        """Fill so many units of an order, a combo leg by leg, and return the executions."""
        reports = tuple(
            FillReport(
                time=at,
                order_ref=held.told_ref,
                broker_order_id=held.broker_order_id,
                fill=Fill(
                    execution_id=f"e-{self.number()}",
                    contract=contract,
                    action=action,
                    quantity=quantity * ratio,
                    price=prices.get(contract.key, DEFAULT_PRICE),
                    commission=commission,
                    time=at,
                    account=held.order.account,
                ),
            )
            for contract, action, ratio in _parts(held.order)
        )
        self.executions.update({report.fill.execution_id: report for report in reports})
        held.filled += quantity
        held.status = ReportedStatus.FILLED if held.filled >= held.order.quantity else _partly(held.status)
        return reports

    def correct(self, execution_id: str, changes: Mapping[str, Any] | None, at: datetime) -> FillCorrectionReport:
        """Replace an execution by one with changes, or with None take it back."""
        old = self.executions.pop(execution_id)
        fill = None
        if changes is not None:
            fill = old.fill.replace(execution_id=f"{execution_id}.{self.number()}", **changes)
            self.executions[fill.execution_id] = old.model_copy(update={"fill": fill})
        held = self.orders[old.order_ref or ""]
        held.filled += (ZERO if fill is None else fill.quantity) - old.fill.quantity
        return FillCorrectionReport(
            time=at, order_ref=held.told_ref, broker_order_id=held.broker_order_id, replaces=execution_id, fill=fill
        )

    def positions(self) -> tuple[BrokerPosition, ...]:
        """Return what executions and adjustments come to, whoever's they are."""
        book = PositionBook()
        for report in self.executions.values():
            book.apply_fill(report.fill)
        for adjustment in self.adjustments:
            book.apply_adjustment(adjustment)
        return tuple(
            BrokerPosition(contract=p.contract, quantity=p.quantity, avg_cost=p.avg_cost, account=p.account)
            for p in book.positions().values()
            if p.quantity
        )

    def evidence(self, ref: str, at: datetime) -> Evidence:
        """Return all that is known under a reference."""
        held = self.orders.get(ref)
        if held is None:
            return Evidence()
        return Evidence(
            orders=() if held.rejection is not None else (held.report(at),),
            rejections=() if held.rejection is None else (held.rejection,),
            fills=tuple(report for report in self.executions.values() if report.order_ref == ref),
        )


def _partly(status: ReportedStatus) -> ReportedStatus:
    return ReportedStatus.PARTIALLY_FILLED if status in _OPEN else status


def _parts(order: Order) -> Iterator[tuple[Any, OrderAction, int]]:
    """Yield what is traded for one unit: contract, side and how many."""
    contract: Contract | None = order.contract
    if isinstance(contract, Combo):
        for leg in contract.legs:
            same = leg.action.sign * order.action.sign > 0
            yield leg.contract, OrderAction.BUY if same else OrderAction.SELL, leg.ratio
    else:
        yield contract, order.action, 1

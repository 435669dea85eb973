"""A broker written against plugin contract 1.0. It is never edited: it stands for the plugins that are out there.

It uses what contract 1.0 promises, by the names and the keywords of that contract. While the major is 1, every
v6core runs it unchanged; where one does not, that v6core is wrong. A new major brings a file of its own beside it.

It takes market and limit orders for stocks. A limit order below 50 rests until it is cancelled; all else fills at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from v6core import Broker, BrokerSpec, Capabilities, Fill, Order, OrderType, hookimpl
from v6core.broker import BrokerContext, Receipt
from v6core.capabilities import HistoryReach, ModifyKind, OrderSupport, SubmitIdentity
from v6core.contracts import Contract, ContractDetails, Stock
from v6core.errors import NotConnected, NotSent, Unavailable
from v6core.fills import Commission
from v6core.orders import TimeInForce
from v6core.quotes import Quote
from v6core.reports import (
    Account,
    BrokerPosition,
    CancelRefusedReport,
    CommissionReport,
    Evidence,
    FillReport,
    LinkReport,
    LinkState,
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    ReportedStatus,
    Snapshot,
)

RESTS_BELOW = Decimal(50)


class Settings(BaseModel):
    """The section of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    price: Decimal = Decimal(100)
    account: str = "OLD-1"


class OrderOptions(BaseModel):
    """What an order may carry for this broker alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note: str = ""


CAPABILITIES = Capabilities(
    simulated=True,
    orders=(
        OrderSupport(
            kinds=frozenset({"STOCK"}),
            order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}),
            tifs=frozenset({TimeInForce.DAY, TimeInForce.GTC}),
        ),
    ),
    modify=ModifyKind.IN_PLACE,
    submit_identity=SubmitIdentity.ENFORCED,
    fills_reach=HistoryReach.UNLIMITED,
    completed_reach=HistoryReach.UNLIMITED,
    quotes=True,
)


class OldestBroker(Broker):
    """Orders, fills and positions in memory."""

    def __init__(self, settings: Settings, context: BrokerContext) -> None:
        super().__init__(CAPABILITIES, context)
        self._settings = settings
        self._is_connected = False
        self._open: dict[str, OrderReport] = {}
        self._ended: dict[str, OrderReport] = {}
        self._rejected: dict[str, RejectionReport] = {}
        self._fills: list[FillReport] = []
        context.logger.debug("%s keeps its files in %s", context.name, context.folder)

    async def connect(self) -> None:
        self._is_connected = True
        self._context.report(LinkReport(time=self.now(), state=LinkState.UP, detail="in memory"))

    async def disconnect(self) -> None:
        self._is_connected = False

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        if not self._is_connected:
            raise NotSent(f"{self._context.name} is not connected", order_id=orders[0].order_id)
        return tuple(self._take(order) for order in orders)

    def _take(self, order: Order) -> Receipt:
        ref, broker_order_id = order.order_ref, f"OLD-{order.order_id.hex[:12]}"
        assert ref is not None
        if not self._knows(ref):
            self._begin(order, ref, broker_order_id)
        return Receipt(order_id=order.order_id, broker_order_id=broker_order_id)

    def _knows(self, ref: str) -> bool:
        return ref in self._open or ref in self._ended or ref in self._rejected

    def _begin(self, order: Order, ref: str, broker_order_id: str) -> None:
        if order.quantity > 400:
            refusal = RejectionReport(
                time=self.now(), order_ref=ref, broker_order_id=broker_order_id, code="SIZE", reason="too large"
            )
            self._rejected[ref] = refusal
            self._context.report(refusal)
            return
        self._open[ref] = OrderReport(
            time=self.now(),
            order_ref=ref,
            broker_order_id=broker_order_id,
            status=ReportedStatus.SUBMITTED,
            working=True,
            filled_quantity=Decimal(0),
            terms=OrderTerms(
                contract=order.contract,
                action=order.action,
                quantity=order.quantity,
                order_type=order.order_type,
                limit_price=order.limit_price,
                tif=order.tif,
            ),
            account=self._settings.account,
        )
        self._context.report(self._open[ref])
        if order.limit_price is None or order.limit_price >= RESTS_BELOW:
            self._fill(order, ref, broker_order_id)

    def _fill(self, order: Order, ref: str, broker_order_id: str) -> None:
        assert isinstance(order.contract, Stock)
        fill = Fill(
            execution_id=f"X-{broker_order_id}",
            contract=order.contract,
            action=order.action,
            quantity=order.quantity,
            price=order.limit_price or self._settings.price,
            time=self.now(),
            account=self._settings.account,
        )
        report = FillReport(time=fill.time, order_ref=ref, broker_order_id=broker_order_id, fill=fill)
        self._fills.append(report)
        self._end(ref, ReportedStatus.FILLED, order.quantity)
        self._context.report(report)
        commission = Commission(execution_id=fill.execution_id, amount=Decimal(1), currency="USD")
        self._context.report(CommissionReport(time=fill.time, commission=commission))

    def _end(self, ref: str, status: ReportedStatus, filled: Decimal) -> None:
        changes = {"status": status, "working": False, "filled_quantity": filled}
        self._ended[ref] = self._open.pop(ref).model_copy(update=changes)
        self._context.report(self._ended[ref])

    async def cancel(self, order: Order) -> None:
        ref = order.order_ref
        if ref in self._open:
            self._end(ref, ReportedStatus.CANCELLED, Decimal(0))
        else:
            self._context.report(
                CancelRefusedReport(time=self.now(), order_ref=ref, code="TOO_LATE", reason="it has ended")
            )

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        ref = order.order_ref
        price = changes.get("limit_price")
        if ref not in self._open or price is None or price >= RESTS_BELOW:
            self._context.report(ModifyRefusedReport(time=self.now(), order_ref=ref, reason="only lower prices"))
            return
        shown = self._open[ref]
        assert shown.terms is not None
        terms = shown.terms.model_copy(update={"limit_price": price})
        self._open[ref] = shown.model_copy(update={"terms": terms})
        self._context.report(self._open[ref])

    async def snapshot(self) -> Snapshot:
        if not self._is_connected:
            raise NotConnected(f"{self._context.name} is not connected")
        return Snapshot(
            time=self.now(),
            open_orders=tuple(self._open.values()),
            completed_orders=tuple(self._ended.values()),
            rejections=tuple(self._rejected.values()),
            fills=tuple(self._fills),
            positions=self._positions(),
            account=Account(account=self._settings.account, paper=True, currency="USD", cash=self._cash()),
            completed_since=None,
            fills_since=None,
        )

    def _positions(self) -> tuple[BrokerPosition, ...]:
        held: dict[str, list[Fill]] = {}
        for report in self._fills:
            held.setdefault(report.fill.contract.key, []).append(report.fill)
        return tuple(
            BrokerPosition(
                contract=fills[0].contract,
                quantity=quantity,
                avg_cost=abs(sum(fill.cash_flow for fill in fills) / quantity),
                account=self._settings.account,
            )
            for fills in held.values()
            if (quantity := sum((fill.signed_quantity for fill in fills), Decimal(0)))
        )

    def _cash(self) -> Decimal:
        return sum((report.fill.cash_flow - 1 for report in self._fills), Decimal(100_000))

    async def find(self, order_ref: str) -> Evidence:
        known = self._open.get(order_ref) or self._ended.get(order_ref)
        refused = self._rejected.get(order_ref)
        return Evidence(
            orders=() if known is None else (known,),
            rejections=() if refused is None else (refused,),
            fills=tuple(report for report in self._fills if report.order_ref == order_ref),
        )

    async def qualify(self, contract: Contract) -> ContractDetails:
        if not isinstance(contract, Stock):
            raise Unavailable(f"{self._context.name} knows no {contract.key}", hint="it has stocks")
        return ContractDetails(contract=contract)

    async def quote(self, contract: Contract) -> Quote:
        price = self._settings.price
        return Quote(contract=contract, time=self.now(), bid=price - 1, ask=price + 1, last=price)

    async def _stream(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        for contract in contracts:
            yield await self.quote(contract)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        return self._stream(contracts)


@hookimpl
def v6_brokers() -> Iterable[BrokerSpec[Any]]:
    return [BrokerSpec("oldest", Settings, CAPABILITIES, OldestBroker, order_options=OrderOptions, api="1.0")]

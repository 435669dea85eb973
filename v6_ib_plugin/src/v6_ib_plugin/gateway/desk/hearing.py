"""What the broker reports, and what follows from it for those whose order it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from v6_ib_plugin.gateway.desk.bags import BagTally, UnitsFilled
from v6_ib_plugin.gateway.desk.blotter import Blotter, client_group
from v6_ib_plugin.gateway.desk.executions import Told, exec_id, stem, time_text
from v6_ib_plugin.gateway.desk.orders import (
    CANCELLED,
    FILLED,
    INACTIVE,
    PRE_SUBMITTED,
    SUBMITTED,
    DeskOrder,
    Phase,
    mean,
)
from v6_ib_plugin.gateway.desk.refusals import OrderRefused, filled_already, off_tick, past_cancelling, rejected
from v6_ib_plugin.gateway.desk.register import read_reference
from v6_ib_plugin.gateway.desk.steps import Find
from v6_ib_plugin.gateway.desk.telling import as_told, order_status, with_turned_limit
from v6_ib_plugin.gateway.wire.messages import ExecDetails
from v6_ib_plugin.terms import IbContract, IbExecution, IbOrder
from v6core.contracts import Combo, Contract
from v6core.fills import Fill
from v6core.money import ZERO
from v6core.orders import Order
from v6core.reports import (
    CancelRefusedReport,
    FillCorrectionReport,
    FillReport,
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    Report,
    ReportedStatus,
)
from v6core.reports import CommissionReport as Cost

_ENDED = frozenset({ReportedStatus.CANCELLED, ReportedStatus.EXPIRED})
_NO_CONTRACT = "No security definition has been found for the request"


class Words(Protocol):
    """How what only the broker knows is told in TWS's words."""

    def contract(self, contract: Contract) -> IbContract:
        """Return a contract as TWS tells it."""
        ...

    def describe(self, report: OrderReport) -> tuple[IbContract, IbOrder, Order] | None:
        """Return an order by its report, in TWS's words and in v6's; None where either has none."""
        ...


class Hearing:
    """Takes the broker's reports in, one after the other."""

    def __init__(self, blotter: Blotter, words: Words) -> None:
        self._blotter = blotter
        self._words = words
        self._tallies: dict[int, BagTally] = {}
        self._takers: dict[type[Any], Callable[[Any], None]] = {
            OrderReport: self._on_order,
            FillReport: self._on_fill,
            FillCorrectionReport: self._on_correction,
            Cost: self._on_cost,
            RejectionReport: self._on_rejection,
            CancelRefusedReport: self._on_cancel_refused,
            ModifyRefusedReport: self._on_modify_refused,
        }

    def hear(self, report: Report) -> None:
        """Take a report in; what is told of the link or of positions is for others."""
        taker = self._takers.get(type(report))
        if taker is not None:
            taker(report)

    def _find(self, report: Any) -> DeskOrder | None:
        order = self._blotter.register.find(report.order_ref, report.broker_order_id)
        if order is not None and report.broker_order_id is not None:
            self._blotter.register.know(report.broker_order_id, order)
        return order

    # How orders stand

    def _on_order(self, report: OrderReport) -> None:
        order = self._find(report) or self._adopt(report)
        if order is None or order.is_ended:
            return
        self._take_terms(order, report.terms)
        if report.status in _ENDED:
            self._loosen(order)
            order.has_expired = report.status is ReportedStatus.EXPIRED
            self._blotter.finish(order, CANCELLED, report.reason or "", at=report.time)
            return
        if report.status is ReportedStatus.FILLED:
            self._blotter.touch(order)
            if order.is_full:
                self._blotter.finish(order, FILLED, at=report.time)
            return
        self._stand(order, report)

    def _stand(self, order: DeskOrder, report: OrderReport) -> None:
        """Take in that an order is open: it is told there first, and that it is at the market when all is known."""
        if report.status is ReportedStatus.UNKNOWN:
            return
        order.phase = Phase.LIVE
        self._blotter.announce(order)
        if report.status is ReportedStatus.INACTIVE:
            order.status = INACTIVE
        else:
            order.status = SUBMITTED if report.working or order.filled else PRE_SUBMITTED
        if order.told is not None and (order.filled, order.version) != order.told[1:]:
            self._blotter.tell(order)
        else:
            self._blotter.touch(order)

    def _take_terms(self, order: DeskOrder, terms: OrderTerms | None) -> None:
        """Take changes that the broker shows as made, what groups took off, and what a market-to-limit order became."""
        if terms is None:
            return
        while order.wanted and _shows(terms, order.wanted[0].changes):
            wanted = order.wanted.popleft()
            order.terms = wanted.terms
            order.show(wanted.order)
        if terms.quantity is not None and not order.wanted and terms.quantity != order.order.total_quantity:
            order.resize(terms.quantity)
        turned = with_turned_limit(order.order, terms)
        if turned is not order.order:
            order.show(turned)

    def meet(self, report: OrderReport) -> None:
        """Take in that an order is at the broker which the desk does not know: from an earlier run, or of others."""
        if self._find(report) is None:
            self._adopt(report)

    def _adopt(self, report: OrderReport) -> DeskOrder | None:
        """Take in an order that the desk does not know; one that it did not place is as one made by hand."""
        found = self._words.describe(report)
        if found is None:
            return None
        contract, told, terms = found
        register = self._blotter.register
        ref = report.order_ref or str(report.broker_order_id)
        own = read_reference(ref)
        client_id, order_id, perm_id, order_ref = own or (0, 0, register.next_perm_id(), told.order_ref)
        group = "" if own is None or report.terms is None else client_group(report.terms.oca_group or "")
        told = replace(told, order_id=order_id, order_ref=order_ref, oca_group=group)
        order = DeskOrder(
            client_id=client_id,
            order_id=order_id,
            perm_id=perm_id,
            ref=ref,
            contract=contract,
            order=as_told(told, client_id, perm_id, self._blotter.account),
            terms=terms,
            manual=own is None,
            phase=Phase.LIVE,
        )
        register.add(order)
        self._blotter.groups.join(order)
        if report.broker_order_id is not None:
            register.know(report.broker_order_id, order)
        return order

    # Executions

    def _on_fill(self, report: FillReport) -> None:
        order, fill = self._find(report), report.fill
        if order is None or not self._blotter.executions.is_new(fill.execution_id):
            return
        if isinstance(contract := _contract(order), Combo):
            self._fill_leg(order, contract, fill)
        else:
            self._fill(order, fill)
        self._blotter.touch(order)

    def _fill(self, order: DeskOrder, fill: Fill) -> None:
        self._count(order, fill.quantity, fill.price)
        execution = self._execution(order, fill, exec_id(stem(fill.execution_id)), order.filled, order.avg_price)
        self._tell_execution(order, order.contract, execution, fill)

    def _count(self, order: DeskOrder, quantity: Decimal, price: Decimal) -> None:
        order.filled, order.cost = order.filled + quantity, order.cost + quantity * price
        order.last_price = price
        if order.phase is Phase.SENT:
            order.phase = Phase.LIVE
        self._blotter.announce(order)
        if not order.is_ended:
            order.status = SUBMITTED
        self._blotter.filled_in_group(order, quantity)

    def _execution(
        self, order: DeskOrder, fill: Fill, own_id: str, cum_qty: Decimal, avg_price: Decimal
    ) -> IbExecution:
        return IbExecution(
            order_id=order.order_id,
            exec_id=own_id,
            time=time_text(fill.time),
            acct_number=self._blotter.account,
            exchange=order.contract.exchange,
            side="BOT" if fill.action.sign > 0 else "SLD",
            shares=fill.quantity,
            price=fill.price,
            perm_id=order.perm_id,
            client_id=order.client_id,
            cum_qty=cum_qty,
            avg_price=avg_price,
            order_ref=order.order.order_ref,
            model_code=order.order.model_code,
            last_liquidity=1 if order.order.order_type == "LMT" else 2,
        )

    def _tell_execution(self, order: DeskOrder, contract: IbContract, execution: IbExecution, fill: Fill) -> None:
        told = Told(order, contract, execution, fill.time)
        executions = self._blotter.executions
        executions.add(told, fill.execution_id)
        self._blotter.say(order, ExecDetails(-1, contract, execution))
        early = executions.early_cost(fill.execution_id)
        if fill.commission is not None:
            self._cost(fill.execution_id, fill.commission, fill.currency)
        elif early is not None:
            self._cost(fill.execution_id, *early)

    # Combos

    def _fill_leg(self, order: DeskOrder, combo: Combo, fill: Fill) -> None:
        tally = self._tallies.setdefault(order.perm_id, BagTally(combo))
        filled = tally.take(fill)
        if filled is not None:
            self._fill_units(order, tally, filled)

    def _fill_units(self, order: DeskOrder, tally: BagTally, filled: UnitsFilled) -> None:
        """Tell the units of a combo that are whole, then the fills of its legs."""
        first = filled.fills[0]
        of_stem = stem(first.execution_id)
        self._count(order, filled.units, filled.price)
        assert order.terms is not None
        own = first.replace(action=order.terms.action, quantity=filled.units, price=filled.price)
        execution = self._execution(order, own, exec_id(of_stem), order.filled, order.avg_price)
        self._blotter.executions.add(Told(order, order.contract, execution, first.time), None)
        self._blotter.say(order, ExecDetails(-1, order.contract, execution))
        self._tell_legs(order, tally, filled.fills)

    def _tell_legs(self, order: DeskOrder, tally: BagTally, fills: tuple[Fill, ...]) -> None:
        """Tell fills of legs under the first one's stem."""
        for number, fill in enumerate(fills, 2):
            own_id = exec_id(stem(fills[0].execution_id), number)
            execution = self._execution(order, fill, own_id, *tally.so_far(fill))
            self._tell_execution(order, self._words.contract(fill.contract), execution, fill)

    def _loosen(self, order: DeskOrder) -> None:
        """Tell the fills of legs that never came to a whole unit of their combo."""
        tally = self._tallies.get(order.perm_id)
        if tally is not None:
            self._tell_legs(order, tally, tuple(tally.loose()))

    # Corrections

    def _on_correction(self, report: FillCorrectionReport) -> None:
        told = self._blotter.executions.find(report.replaces)
        if told is None:
            return
        was, fill = told.execution, report.fill
        shares = ZERO if fill is None else fill.quantity
        price = was.price if fill is None else fill.price
        order = told.order
        if told.contract is order.contract:
            order.filled += shares - was.shares
            order.cost += shares * price - was.shares * was.price
        self._correct(told, shares, price, report)
        self._blotter.say(order, ExecDetails(-1, told.contract, told.execution), order_status(order))
        order.told = order.standing()
        if fill is not None and fill.commission is not None:
            self._cost(fill.execution_id, fill.commission, fill.currency)
            self._blotter.touch(order)

    def _correct(self, told: Told, shares: Decimal, price: Decimal, report: FillCorrectionReport) -> None:
        was, order = told.execution, told.order
        of_order = told.contract is order.contract
        cum_qty = order.filled if of_order else was.cum_qty + shares - was.shares
        cost = was.cum_qty * was.avg_price + shares * price - was.shares * was.price
        corrected = IbExecution(
            **{name: getattr(was, name) for name in _SAME_IN_CORRECTION},
            time=time_text(report.time if report.fill is None else report.fill.time),
            shares=shares,
            price=price,
            cum_qty=cum_qty,
            avg_price=order.avg_price if of_order else mean(cost, cum_qty),
        )
        self._blotter.executions.correct(told, corrected, None if report.fill is None else report.fill.execution_id)

    # Costs

    def _on_cost(self, report: Cost) -> None:
        cost = report.commission
        told = self._cost(cost.execution_id, cost.amount, cost.currency)
        if told is not None:
            self._blotter.touch(told)

    def _cost(self, execution_id: str, amount: Decimal, currency: str) -> DeskOrder | None:
        told = self._blotter.executions.cost(execution_id, amount, currency)
        if told is None or told.commission is None:
            return None
        told.order.commissions.append(told.commission)
        return told.order

    # Refusals

    def _on_rejection(self, report: RejectionReport) -> None:
        order = self._find(report)
        if order is None and (own := read_reference(report.order_ref or "")) is not None:
            self._blotter.register.use(own[0], own[1])
        elif order is not None and not order.is_ended:
            self._blotter.register.refuse(order.client_id, order.order_id)
            self._blotter.reject(order, _refusal(report.code, report.reason))

    def _on_cancel_refused(self, report: CancelRefusedReport) -> None:
        order = self._find(report)
        if order is None:
            return
        if order.is_full or order.is_ended:
            status = FILLED if order.is_full else order.status
            self._blotter.refuse(order, past_cancelling(order.order_id, status))
            return
        if order.is_unacknowledged:
            self._blotter.put(Find(order, report))
            return
        order.cancel_asked = False
        text = f"Cancel attempted when order is not in a cancellable state. Order permId = {order.perm_id}"
        self._blotter.refuse(order, OrderRefused(161, f"{text}: {report.reason}"))
        self._blotter.say(order, order_status(order))

    def _on_modify_refused(self, report: ModifyRefusedReport) -> None:
        order = self._find(report)
        if order is None:
            return
        if order.wanted:
            order.wanted.popleft()
        full = order.is_full or order.status == FILLED
        self._blotter.refuse(order, filled_already() if full else _refusal(report.code, report.reason))


_SAME_IN_CORRECTION = (
    "order_id", "exec_id", "acct_number", "exchange", "side", "perm_id", "client_id", "order_ref", "model_code",
    "last_liquidity",
)  # fmt: skip


def _contract(order: DeskOrder) -> Contract | None:
    return None if order.terms is None else order.terms.contract


def _shows(terms: OrderTerms, changes: Any) -> bool:
    return all(getattr(terms, name, None) in {None, value} for name, value in changes.items())


def _refusal(code: str | None, reason: str) -> OrderRefused:
    """Return how TWS says what the broker refused, by the broker's own code."""
    match code:
        case "OFF_TICK":
            return off_tick()
        case "UNKNOWN_CONTRACT":
            return OrderRefused(200, _NO_CONTRACT)
        case "OCA_FILLED":
            return rejected("OCA group is already filled")
        case _:
            return rejected(reason)

"""The broker behind the wire: takes orders, fills them, ends them, and says so.

What reaches it stands in ``arrivals`` for good, with what became of it; what it says goes to whoever is connected as
the client that the order belongs to, and to nobody else: the rest is learnt from a snapshot, as far as that reaches.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from v6core.capabilities import SubmitIdentity
from v6core.clock import Clock
from v6core.contracts import Combo, Contract, OrderAction
from v6core.fills import Fill
from v6core.orders import OcaType, Order, TimeInForce
from v6core.quotes import Quote
from v6core.reports import (
    AdjustmentReason,
    AdjustmentReport,
    CancelRefusedReport,
    Evidence,
    FillReport,
    ModifyRefusedReport,
    RejectionReport,
    Report,
    ReportedStatus,
    Snapshot,
)
from v6core.sessions import NEW_YORK, trading_day
from v6core.testing.remote import answers
from v6core.testing.remote.behaviour import Behaviour
from v6core.testing.remote.book import Incarnation, ServerBook
from v6core.testing.remote.terms import Arrival, DeskTerms, Verb
from v6core.testing.scripted.book import DEFAULT_PRICE

Tell = Callable[[Report, int | None], None]


class Desk:
    """Holds orders, executions and positions, and treats them by its behaviour."""

    def __init__(self, clock: Clock, terms: DeskTerms | None = None, *, seed: int = 0) -> None:
        self.terms = terms or DeskTerms()
        self.behaviour = Behaviour()
        self.book = ServerBook()
        self.arrivals: list[Arrival] = []
        self.quotes: dict[str, Quote] = {}
        self.tell: Tell = lambda _report, _client_id: None
        self._clock = clock
        self._ahead = timedelta()
        self._random = random.Random(seed)  # noqa: S311 -- repeatability is the point
        self._later: dict[asyncio.TimerHandle, None] = {}

    def now(self) -> datetime:
        """Return the time at the server."""
        return self._clock.now() + self._ahead

    def chance(self, share: float) -> bool:
        """Return True in so many of all cases; what never happens draws nothing."""
        return share > 0 and self._random.random() < share

    def within(self, seconds: float) -> float:
        """Return some time up to so many seconds."""
        return self._random.uniform(0, seconds)

    def _in(self, seconds: float, happen: Callable[[], None]) -> None:
        """Let something happen later, unless the desk is closed by then."""

        def due() -> None:
            del self._later[handle]
            happen()

        handle = asyncio.get_running_loop().call_later(seconds, due)
        self._later[handle] = None

    def close(self) -> None:
        """Let nothing more happen by itself."""
        for handle in self._later:
            handle.cancel()
        self._later.clear()

    # What reaches it.

    def arrive(self, verb: Verb, refs: Iterable[str], client_id: int) -> tuple[Arrival, ...]:
        """Write down what has reached the server, before anything is done about it."""
        now = self.now()
        arrived = tuple(Arrival(verb=verb, order_ref=ref, client_id=client_id, at=now) for ref in refs)
        self.arrivals += arrived
        return arrived

    def place(self, orders: Sequence[Order], client_id: int) -> bool:
        """Take orders in as a unit; False where it leaves no trace."""
        if self.chance(self.behaviour.drops_placement):
            return False
        known = [one for order in orders for one in self._known(order)]
        if known:
            for one in known:
                self._tell_standing(one)
            return True
        ones = [self.book.add(order, client_id, self.now()) for order in orders]
        if self.chance(self.behaviour.rejects):
            for one in ones:
                self.reject(one, "not enough margin", "201")
            return True
        self._take(ones)
        return True

    def _known(self, order: Order) -> tuple[Incarnation, ...]:
        """Return what stands under an order's reference, where the server answers with it and takes no second."""
        identity, known = self.terms.submit_identity, self.book.under(str(order.order_ref))
        if identity is SubmitIdentity.ENFORCED:
            return known
        if identity is SubmitIdentity.WINDOW and self.terms.identity_window is not None:
            since = self.now() - timedelta(seconds=self.terms.identity_window)
            return tuple(one for one in known if one.placed_at >= since)
        return ()

    def _take(self, ones: Sequence[Incarnation]) -> None:
        first = ones[0]
        fills = self.chance(self.behaviour.fills)
        if fills and self.chance(self.behaviour.fills_first):
            self._fill_some(first)
        for one in ones:
            if not self.chance(self.behaviour.loses_ack):
                self._tell_order(one)
        if fills:
            self._in(self.within(self.behaviour.fills_within), partial(self._fill_some, first))

    def _fill_some(self, one: Incarnation) -> None:
        """Fill an order, or a part of it and the rest, or a part of that, later."""
        rest = one.held.rest
        if not one.is_live or not one.held.working or not rest:
            return
        part = rest
        if rest > 1 and self.chance(self.behaviour.in_parts):
            part = Decimal(self._random.randint(1, int(rest) - 1))
            if not self.chance(0.3):
                self._in(self.within(self.behaviour.fills_within), partial(self._fill_some, one))
        self.fill(one, part)

    def cancel(self, ref: str, client_id: int) -> bool:
        """Cancel every incarnation of an order that the client placed; False where it leaves no trace."""
        if self.chance(self.behaviour.drops_request):
            return False
        mine = [one for one in self.book.under(ref) if one.client_id == client_id]
        live = [one for one in mine if one.is_live]
        if not live:
            code, reason = ("10147", "no such order") if not mine else ("10148", f"it is {mine[-1].held.status}")
            self.tell(CancelRefusedReport(time=self.now(), order_ref=ref, code=code, reason=reason), client_id)
        elif self.chance(self.behaviour.refuses_cancel):
            refusal = CancelRefusedReport(time=self.now(), order_ref=ref, code="161", reason="not cancellable")
            self.tell(refusal, client_id)
        elif self.chance(self.behaviour.fills_on_cancel) and live[0].held.working:
            self.fill(live[0])
            for one in live[1:]:
                self.end(one)
        else:
            for one in live:
                self.end(one)
        return True

    def cancel_everything(self) -> bool:
        """Cancel whatever lives, whoever placed it."""
        for one in tuple(self.book.live()):
            if one.is_live:  # an exit has ended with its entry by now
                self.end(one)
        return True

    def modify(self, ref: str, changes: Mapping[str, Any], client_id: int) -> bool:
        """Change an order, every incarnation of it; False where it leaves no trace."""
        if self.chance(self.behaviour.drops_request):
            return False
        live = [one for one in self.book.under(ref) if one.client_id == client_id and one.is_live]
        refused = "no such order works" if not live else None
        if live and self.chance(self.behaviour.refuses_modify):
            refused = "cannot be changed now"
        if refused is None and self.chance(self.behaviour.splits_modify):
            live = [self.book.add(live[-1].held.order, client_id, self.now())]
            live[0].is_split = True
        for one in live if refused is None else ():
            refused = refused or self._change(one, changes)
        if refused is not None:
            self.tell(ModifyRefusedReport(time=self.now(), order_ref=ref, code="10009", reason=refused), client_id)
        return True

    def _change(self, one: Incarnation, changes: Mapping[str, Any]) -> str | None:
        """Change an order, or return why it cannot be."""
        try:
            wanted = one.held.order.replace(**changes)
        except ValueError as error:
            return f"these terms make no order: {type(error).__name__}"
        if wanted.quantity < one.held.filled:
            return f"{one.held.filled:f} is filled already"
        one.held.order = wanted
        if not one.held.rest:
            one.held.status, one.ended_at = ReportedStatus.FILLED, self.now()
        self._tell_order(one)
        return None

    # What happens to orders, by itself or because a test says so.

    def fill(self, one: Incarnation, quantity: Decimal | None = None, price: Decimal | None = None) -> None:
        """Fill an order, whole unless a quantity is given, at the price given, else its own, else the quote's."""
        units = one.held.rest if quantity is None else quantity
        if not units:
            return
        now = self.now()
        executions = self.book.execute(one, units, self._prices(one.held.order, price), now)
        for report in executions:
            self.tell(report, one.client_id)
            self._may_amend(report)
        self._tell_order(one)
        self._after_fill(one, units)

    def _may_amend(self, report: FillReport) -> None:
        if self.chance(self.behaviour.corrects):
            better = {"price": report.fill.price + 1}
            self._in(self.within(self.behaviour.corrects_within), partial(self.correct, report, better))
        elif self.chance(self.behaviour.busts):
            self._in(self.within(self.behaviour.corrects_within), partial(self.correct, report, None))

    def correct(self, report: FillReport, changes: Mapping[str, Any] | None) -> None:
        """Replace an execution by one with changes, or with None take it back; once only."""
        if report.fill.execution_id in self.book.executions:
            correction = self.book.correct(report.fill.execution_id, changes, self.now())
            self.tell(correction, self._owner(report))

    def _owner(self, report: FillReport) -> int | None:
        ones = self.book.under(report.order_ref or "")
        return ones[0].client_id if ones else None

    def _after_fill(self, one: Incarnation, units: Decimal) -> None:
        order = one.held.order
        if not one.held.rest:
            self._release_exits(order, order.quantity)
        for other in self._group_of(one):
            if order.oca_type in {None, OcaType.CANCEL_WITH_BLOCK} or other.held.rest <= units:
                self.end(other)
            else:
                other.held.order = other.held.order.replace(quantity=other.held.order.quantity - units)
                self._tell_order(other)

    def _group_of(self, one: Incarnation) -> list[Incarnation]:
        group = one.held.order.oca_group
        return [
            other for other in self.book.live() if group and other is not one and other.held.order.oca_group == group
        ]

    def _exits_of(self, order: Order) -> list[Incarnation]:
        return [one for one in self.book.live() if one.held.order.parent_order_id == order.order_id]

    def _release_exits(self, entry: Order, quantity: Decimal) -> None:
        for one in self._exits_of(entry):
            one.held.working = True
            if quantity < one.held.order.quantity:
                one.held.order = one.held.order.replace(quantity=quantity)
            self._tell_order(one)

    def reject(self, one: Incarnation, reason: str, code: str | None = None) -> None:
        """Refuse an order."""
        rejection = RejectionReport(
            time=self.now(),
            order_ref=one.held.ref,
            broker_order_id=one.held.broker_order_id,
            code=code,
            reason=reason,
        )
        one.held.rejection, one.ended_at = rejection, self.now()
        self.tell(rejection, one.client_id)

    def end(self, one: Incarnation, status: ReportedStatus = ReportedStatus.CANCELLED, *, aloud: bool = True) -> None:
        """Let an order be CANCELLED or EXPIRED; the exits of an entry go with it, or cover what has filled."""
        one.held.status, one.ended_at = status, self.now()
        if aloud:
            self._tell_order(one)
        if one.held.filled:
            self._release_exits(one.held.order, one.held.filled)
            return
        for exit_ in self._exits_of(one.held.order):
            self.end(exit_, status, aloud=aloud)

    def expire(self, *, aloud: bool = False) -> None:
        """End the session: orders that live for the day are over, whether or not anybody is told."""
        for one in tuple(self.book.live()):
            if one.is_live and one.held.order.tif is not TimeInForce.GTC:
                self.end(one, ReportedStatus.EXPIRED, aloud=aloud)

    def change_day(self) -> None:
        """End the session, and go on after midnight in New York: what is said of the day is what happened since."""
        self.expire()
        tomorrow = trading_day(self.now()) + timedelta(days=1)
        self._ahead += datetime.combine(tomorrow, time(0, 1), NEW_YORK).astimezone(UTC) - self.now()

    def trade_for_others(
        self, contract: Contract, action: OrderAction, quantity: Decimal, price: Decimal
    ) -> FillReport:
        """Let somebody else trade in the same account; no client is told, and every snapshot shows it."""
        assert not isinstance(contract, Combo), "an execution is of one contract"
        execution_id, now = f"x-{self.book.number()}", self.now()
        fill = Fill(
            execution_id=execution_id, contract=contract, action=action, quantity=quantity, price=price, time=now
        )
        return self.book.trade(fill, now)

    def adjust(
        self,
        contract: Contract,
        quantity: Decimal,
        reason: AdjustmentReason = AdjustmentReason.EXTERNAL,
        price: Decimal | None = None,
    ) -> AdjustmentReport:
        """Change a position without an order, and tell every client."""
        report = AdjustmentReport(
            time=self.now(),
            adjustment_id=f"a-{self.book.number()}",
            contract=contract,
            quantity=quantity,
            price=price,
            reason=reason,
        )
        self.book.adjustments.append(report)
        self.tell(report, None)
        return report

    def _prices(self, order: Order, price: Decimal | None) -> dict[str, Decimal]:
        contract = order.contract
        assert contract is not None, "an order is bound before it is sent"
        if isinstance(contract, Combo):
            return {leg.contract.key: self._middle(leg.contract) for leg in contract.legs}
        own = (price, order.limit_price, order.stop_price)
        return {contract.key: next((one for one in own if one is not None), self._middle(contract))}

    def _middle(self, contract: Contract) -> Decimal:
        quote = self.quotes.get(contract.key)
        return DEFAULT_PRICE if quote is None or quote.mid is None else quote.mid

    def _tell_order(self, one: Incarnation) -> None:
        self.tell(one.held.report(self.now()), one.client_id)

    def _tell_standing(self, one: Incarnation) -> None:
        if one.held.rejection is not None:
            self.tell(one.held.rejection, one.client_id)
        else:
            self._tell_order(one)

    # What it answers.

    def amendments(self) -> list[Report]:
        """Return the corrections of the day, which no list of executions shows: what they replaced is gone from it."""
        return answers.amendments(self.book, self.terms, self.now())

    def snapshot(self) -> Snapshot:
        """Return everything, as far back as it reaches."""
        return answers.snapshot(self.book, self.terms, self.now())

    def evidence(self, ref: str) -> Evidence:
        """Return what is known under a reference, as far back as it reaches."""
        return answers.evidence(self.book, self.terms, self.now(), ref)

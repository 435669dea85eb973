"""Orders: placing, changing, cancelling, and hearing what becomes of them.

A request is sent once. What Alpaca refuses is reported; what nobody answered is raised, and the engine asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from v6_alpaca_plugin.book import Book, Known
from v6_alpaca_plugin.listing import Listing
from v6_alpaca_plugin.records import AlpacaOrder, TradeUpdate, read
from v6_alpaca_plugin.references import client_order_id, read_client_order_id
from v6_alpaca_plugin.translation.orders import Body, order_body, replacement_body
from v6_alpaca_plugin.translation.reports import streamed_fill
from v6_alpaca_plugin.translation.words import REJECTED, REPLACED
from v6_alpaca_plugin.transport import Refused, Rest
from v6core.broker import Receipt
from v6core.errors import BrokerError, NotSent
from v6core.money import ZERO, plain
from v6core.orders import Order
from v6core.reports import (
    CancelRefusedReport,
    Evidence,
    FillReport,
    ModifyRefusedReport,
    RejectionReport,
    Report,
)

_DUPLICATE = "40010001"
"""Alpaca's code for a client order id that was used, and for other bad input: which of them, a look says."""
_MULTI_STATUS_OK = frozenset({200, 204})


class Desk:
    """Sends orders to Alpaca and reports what it says of them."""

    def __init__(
        self,
        rest: Rest,
        book: Book,
        listing: Listing,
        *,
        report: Callable[[Report], None],
        now: Callable[[], datetime],
        since: Callable[[], datetime],
    ) -> None:
        self._rest = rest
        self._book = book
        self._listing = listing
        self._report = report
        self._now = now
        self._since = since
        self._trimming: set[str] = set()

    # Placing.

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Send orders one by one, a bracket as one request; what comes after a refusal is not sent, and refused too."""
        units = tuple(_units(orders))
        bodies = [order_body(entry, exits) for entry, *exits in units]  # all are translated before one is sent
        for order in orders:
            self._book.note(order)
        receipts: list[Receipt] = []
        for at, (unit, body) in enumerate(zip(units, bodies, strict=True)):
            sent = await self._place(unit, body, is_first=at == 0)
            if sent is None:
                self._refuse_rest(units[at + 1 :])
                break
            receipts += sent
        return tuple(receipts)

    async def _place(self, unit: Sequence[Order], body: Body, *, is_first: bool) -> list[Receipt] | None:
        """Send one request; None where Alpaca refused it."""
        try:
            shown = read(AlpacaOrder, await self._rest.post("/orders", body), "a new order")
        except Refused as refusal:
            stands = await self._stands(body["client_order_id"], refusal)
            if stands is None:
                for order in unit:
                    self._reject(order, refusal.alpaca_code, refusal.text)
                return None
            shown = stands
            self._tell_fills(await self._fills_of(self._book.learn(shown)))
        except NotSent as error:
            if is_first:
                raise
            # NotSent speaks for all orders that were handed over, and those before this one have left.
            raise BrokerError(f"the orders before it were sent, and then: {error}") from error
        known = self._book.learn(shown)
        for one in known:
            self._tell_standing(one, is_answer=True)
        ids = {one.order_ref: one.shown.id for one in known}
        return [Receipt(order.order_id, ids.get(str(order.order_ref))) for order in unit]

    async def _stands(self, name: str, refusal: Refused) -> AlpacaOrder | None:
        """Return the order that has the client order id already, where that is why another was refused."""
        if refusal.alpaca_code != _DUPLICATE:
            return None
        return await self._listing.under(name)

    def _refuse_rest(self, units: Sequence[Sequence[Order]]) -> None:
        for order in (order for unit in units for order in unit):
            self._reject(order, "NOT_SENT", "not sent: the order before it in its unit was refused")

    def _reject(self, order: Order, code: str, reason: str) -> None:
        self._report(RejectionReport(time=self._now(), order_ref=order.order_ref, code=code, reason=reason))

    # Changing.

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Replace an order; that it is replaced, or is not, Alpaca says later."""
        self._book.note(order)
        current = await self._current(order)
        filled = current.filled + self._book.filled_before(current)
        body = replacement_body(order, changes, self._next_name(current), filled)
        self._book.note(order.replace(**changes))
        try:
            answer = await self._rest.patch(f"/orders/{current.shown.id}", body)
        except Refused as refusal:
            self._book.note(order)
            code, reason = refusal.alpaca_code, refusal.text
            self._report(ModifyRefusedReport(time=self._now(), order_ref=order.order_ref, code=code, reason=reason))
            return
        # The answer says that it was asked for. It is made when the stream says "replaced".
        self._book.learn(read(AlpacaOrder, answer, "a replacement"))

    async def _trim(self, known: Known) -> bool:
        """Take off a replacement what its predecessor filled meanwhile; tell whether that is under way.

        Alpaca gives a replacement the quantity that it was asked with, whatever has filled by the time that it is made
        (alpacahq/Alpaca-API, issue 165): left as it is, it would fill more than the order.
        """
        order_id, excess = known.shown.id, self._book.excess(known)
        if order_id in self._trimming or not excess:
            return order_id in self._trimming
        self._trimming.add(order_id)
        left = (known.shown.qty or ZERO) - excess
        try:
            if left <= 0:
                await self._rest.delete(f"/orders/{order_id}")
                return False
            body = {"client_order_id": self._next_name(known), "qty": plain(left)}
            self._book.learn(read(AlpacaOrder, await self._rest.patch(f"/orders/{order_id}", body), "a replacement"))
        except BrokerError:
            self._trimming.discard(order_id)
            return False  # it is reported as it stands, and more than was ordered is seen
        return True

    @staticmethod
    def _next_name(current: Known) -> str:
        """Return a client order id that no order under the reference has had."""
        refs = read_client_order_id(current.shown.client_order_id)
        if refs.own != current.order_ref:  # an exit, which Alpaca named itself
            return client_order_id((current.order_ref,), 1)
        return client_order_id(refs.refs, refs.replacement + 1)

    async def cancel(self, order: Order) -> None:
        """Ask to cancel; that it is cancelled Alpaca says later. NotSent where it has no order of that reference."""
        self._book.note(order)
        current = await self._current(order)
        try:
            await self._rest.delete(f"/orders/{current.shown.id}")
        except Refused as refusal:
            code, reason = refusal.alpaca_code, refusal.text
            self._report(CancelRefusedReport(time=self._now(), order_ref=order.order_ref, code=code, reason=reason))

    async def cancel_everything(self) -> None:
        """Ask to cancel every open order of the account; those that Alpaca would not are reported."""
        try:
            answers: list[dict[str, Any]] = await self._rest.delete("/orders") or []
        except Refused as refusal:
            raise BrokerError(f"Alpaca cancels none of the orders: {refusal}") from refusal
        for answer in answers:
            if answer.get("status") not in _MULTI_STATUS_OK:
                why = f"Alpaca refused with {answer.get('status')}"
                order_id = str(answer.get("id"))
                self._report(CancelRefusedReport(time=self._now(), broker_order_id=order_id, reason=why))

    async def _current(self, order: Order) -> Known:
        """Return the order that stands under a reference, which a new process has to ask for."""
        reference = str(order.order_ref)
        if self._book.current(reference) is None:
            await self._look_up(reference)
        current = self._book.current(reference)
        if current is None:
            raise NotSent(f"Alpaca knows no order under {reference}: there is nothing to change or cancel")
        return current

    # Looking.

    async def find(self, order_ref: str) -> Evidence:
        """Return all that Alpaca knows under a reference."""
        await self._look_up(order_ref)
        current = self._book.current(order_ref)
        if current is None:
            return Evidence()
        fills = await self._fills_of((current,))
        standing = self._listing.standing((current,), self._now())
        return Evidence(orders=(*standing.working, *standing.ended), rejections=standing.rejected, fills=fills)

    async def _look_up(self, order_ref: str) -> None:
        """Let the book know what stands under a reference: by its id, by its name, or by what the lists show.

        The last is how the orders of a bracket are found by one who does not remember them, for all of their references
        are in one name.
        """
        current = self._book.current(order_ref)
        shown = None if current is None else await self._listing.order(current.shown.id)
        shown = shown or await self._listing.under(order_ref)
        if shown is None:
            await self._listing.orders(self._since())
            return
        while True:
            for older in await self._listing.replaced_by(shown, set()):
                self._book.learn(older)
            self._book.learn(shown)
            if shown.replaced_by is None:
                return
            shown = await self._listing.order(shown.replaced_by)

    # Hearing.

    async def hear(self, update: TradeUpdate) -> None:
        """Report what an update says; who an order belongs to that alone does not say so is looked up."""
        order = update.order
        if self._book.is_strange(order):
            await self._rest.settled()  # the answer to a placement under way may say it
        if self._book.is_strange(order):
            await self._listing.orders(self._since())
        match update.event:
            case "fill" | "partial_fill":
                await self._hear_fill(update)
            case "order_cancel_rejected":
                self._hear_refusal(CancelRefusedReport, order, "Alpaca could not cancel it")
            case "order_replace_rejected":
                self._hear_refusal(ModifyRefusedReport, order, "Alpaca could not replace it")
            case _:
                await self._hear_standing(order)

    async def _hear_fill(self, update: TradeUpdate) -> None:
        known = self._book.learn(update.order)[0]
        self._tell_fills(await self._fills_told(update, known))
        self._tell_standing(known)

    async def _fills_told(self, update: TradeUpdate, known: Known) -> Sequence[FillReport]:
        """Return the execution that an update tells of; all of its order where one before it is missing."""
        order, quantity = update.order, update.qty
        if order.is_multi_leg:
            lacks = self._book.lacks_fills(known)
            return await self._listing.fills_of([leg.id for leg in known.legs]) if lacks else ()
        if quantity is None or not self._book.is_next(order.id, order.filled_qty, quantity):
            is_repeated = quantity is not None and self._book.is_told(order.id, order.filled_qty, quantity)
            return () if is_repeated else await self._listing.fills_of([order.id])
        return (streamed_fill(update, known.order_ref, self._listing.number, self._now()),)

    def _tell_fills(self, fills: Sequence[FillReport]) -> None:
        for report in fills:
            if self._is_fresh(report):
                self._report(report)

    def _is_fresh(self, report: FillReport) -> bool:
        order_id, _, filled = report.fill.execution_id.rpartition(":")
        return self._book.is_fresh(order_id, Decimal(filled), report.fill.quantity)

    async def _fills_of(self, known: Sequence[Known]) -> tuple[FillReport, ...]:
        ids = [order_id for one in known for order_id in self._book.legs_of(one.order_ref)]
        return await self._listing.fills_of(ids)

    def _hear_refusal(
        self, kind: type[CancelRefusedReport | ModifyRefusedReport], order: AlpacaOrder, reason: str
    ) -> None:
        known = self._book.learn(order)[0]
        if kind is ModifyRefusedReport and order.id in self._trimming:
            self._trimming.discard(order.id)
            self._tell_standing(known)
            return
        self._report(kind(time=self._now(), order_ref=known.order_ref, broker_order_id=order.id, reason=reason))

    async def _hear_standing(self, order: AlpacaOrder) -> None:
        known = self._book.learn(order)[0]
        if order.status == REPLACED and order.replaced_by is not None:
            # What Alpaca made of it stands in the order that took its place.
            for one in self._book.learn(await self._listing.order(order.replaced_by)):
                await self._tell_trimmed(one)
        elif order.status == REJECTED and not self._book.is_made(known):
            before = self._book.get(order.replaces or "")
            self._hear_refusal(
                ModifyRefusedReport, before.shown if before else order, "Alpaca rejected the replacement"
            )
        else:
            await self._tell_trimmed(known)

    async def _tell_trimmed(self, known: Known) -> None:
        """Report how an order stands, unless it is about to be replaced because it would fill too much."""
        if not (self._book.is_made(known) and await self._trim(known)):
            self._tell_standing(known)

    def _tell_standing(self, known: Known, *, is_answer: bool = False) -> None:
        """Report how an order stands where that is news, or somebody waits for it."""
        if known.is_leg or known.shown.status == REPLACED or not self._book.is_made(known):
            return
        report = self._listing.report(known, self._now())
        if self._book.is_news(report) or is_answer:
            self._report(report)

    async def catch_up(self) -> None:
        """Report what happened while nobody listened: executions and standings that were not told."""
        since = self._since()
        known = await self._listing.orders(since)
        self._tell_fills(await self._listing.fills(since))
        for one in known:
            await self._tell_trimmed(one)

    async def begin(self) -> None:
        """Take what the account shows as told: whoever connects asks for a snapshot of it."""
        since = self._since()
        known = await self._listing.orders(since)
        for report in await self._listing.fills(since):
            self._is_fresh(report)
        for one in known:
            self._book.is_news(self._listing.report(one, self._now()))


def _units(orders: Sequence[Order]) -> Iterator[tuple[Order, ...]]:
    """Yield orders as they go out: an entry together with the exits that name it, every other on its own."""
    ids = {order.order_id for order in orders}
    for order in orders:
        if order.parent_order_id not in ids:
            exits = [one for one in orders if one.parent_order_id == order.order_id]
            # The client order id names the take-profit before the stop-loss.
            yield (order, *sorted(exits, key=lambda one: one.limit_price is None or one.stop_price is not None))

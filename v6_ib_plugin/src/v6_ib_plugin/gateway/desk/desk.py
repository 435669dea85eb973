"""The desk's edge: requests of sessions and reports of the broker in, messages and calls of the broker out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby

from v6_ib_plugin.gateway.desk.asking import Asker
from v6_ib_plugin.gateway.desk.book import OrderBook
from v6_ib_plugin.gateway.desk.drafting import Drafting, Traded
from v6_ib_plugin.gateway.desk.foreign import Foreign
from v6_ib_plugin.gateway.desk.held import HeldFile
from v6_ib_plugin.gateway.desk.intake import Submission
from v6_ib_plugin.gateway.desk.listing import MANUAL_CLIENT
from v6_ib_plugin.gateway.desk.refusals import OrderRefused, invalid, no_what_if, rejected
from v6_ib_plugin.gateway.desk.register import read_reference
from v6_ib_plugin.gateway.desk.steps import Drop, Keep, Step, Tell
from v6_ib_plugin.gateway.desk.telling import as_told
from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.manners import Manners
from v6_ib_plugin.gateway.part import Handler
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.terms import IbOrder
from v6_ib_plugin.translation.previews import ib_what_if
from v6core.errors import BrokerError, OrderDenied
from v6core.orders import Order
from v6core.reports import LinkReport, LinkState, Report
from v6core.sessions import session_at


class Desk:
    """The part of the gateway that takes orders."""

    def __init__(self, house: House, manners: Manners | None = None) -> None:
        self._house = house
        self._manners = manners or house.manners
        foreign = Foreign(house.instruments)
        self._drafting = Drafting(house, house.instruments)
        self._book = OrderBook(house.account, house.broker.capabilities, house.now, foreign, self._manners)
        self._asker = Asker(house, self.on_report, self._book.leave_in_doubt)
        self._held = HeldFile(house.memory, house.logger)
        self._settling: asyncio.Handle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._is_started = False

    def handlers(self) -> Mapping[type[requests.Request], Handler]:
        """Return what takes each kind of request."""
        return {
            requests.PlaceOrder: self._place,
            requests.CancelOrder: self._cancel,
            requests.ReqGlobalCancel: self._cancel_all,
            requests.ReqIds: self._tell_next_id,
            requests.ReqOpenOrders: self._tell_open,
            requests.ReqAllOpenOrders: self._tell_all_open,
            requests.ReqAutoOpenOrders: self._bind,
            requests.ReqCompletedOrders: self._tell_completed,
            requests.ReqExecutions: self._tell_executions,
            requests.ExerciseOptions: self._exercise,
        }

    # Sessions

    def on_connect(self, session: Session) -> None:
        """Tell a client its next order id."""
        session.send(messages.NextValidId(self._book.visit(session.client_id)))

    def on_disconnect(self, session: Session) -> None:
        """Keep a client's orders as they are."""

    def on_restart(self) -> None:
        """Forget what was not transmitted."""
        self._book.forget_parked()

    def roll_back_ids(self, next_id: int) -> None:
        """Let every client begin again at an order id."""
        self._book.roll_back_ids(next_id)

    async def stop(self) -> None:
        """Ask the broker for nothing more."""
        if self._settling is not None:
            self._settling.cancel()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._asker.stop()

    # Reports

    async def start(self) -> None:
        """Take in what the broker holds and what an earlier run held back, before the first client comes."""
        held = self._held.read()
        await self._look()
        for ref, child in held.items():
            if not self._book.knows(ref):
                await self._restore(ref, child)
        await self._asker.ask()
        self._is_started = True

    async def _look(self) -> None:
        self._do(self._book.recover(await self._house.broker.snapshot()))

    async def _restore(self, ref: str, child: requests.PlaceOrder) -> None:
        own = read_reference(ref)
        try:
            traded = await self._drafting.traded(child.contract)
            submission = self._submission(0 if own is None else own[0], child.order, traded)
        except OrderRefused as refusal:
            self._house.logger.warning("the child %s of an earlier run is dropped: %s", ref, refusal)
            self._do([Drop(ref)])
        else:
            self._do(self._book.restore(ref, submission))

    async def _look_again(self) -> None:
        try:
            await self._look()
        except BrokerError as error:
            self._house.logger.warning("the broker is back and does not say what it holds: %s", error)
        await self._asker.ask()

    def on_report(self, report: Report) -> None:
        """Take a report in; what came with it is told once all of it is known."""
        self._do(self._book.hear(report))
        if isinstance(report, LinkReport) and report.state is LinkState.UP and self._is_started:
            self._looking = asyncio.get_running_loop().create_task(self._look_again())
        if self._book.is_unsettled and self._settling is None:
            self._settling = asyncio.get_running_loop().call_soon(self._settle)
        self._asker.ask_soon()

    def _settle(self) -> None:
        self._settling = None
        self._do(self._book.settle())
        self._asker.ask_soon()

    def _do(self, steps: Iterable[Step]) -> None:
        """Tell clients, each all that comes in a row for it at once, and put down what the broker is to be asked."""
        for client_id, row in groupby(steps, _listener):
            if client_id is None:
                self._put_down(row)
            elif (session := self._house.clients.get(client_id)) is not None:
                session.send(*(step.message for step in row if isinstance(step, Tell)))

    def _put_down(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Keep(order=order):
                    self._held.keep(order)
                case Drop(ref=ref):
                    self._held.drop(ref)
                case Tell():
                    pass
                case _:
                    self._asker.put(step)

    async def _take(self, steps: Iterable[Step]) -> None:
        self._do(steps)
        await self._asker.ask()

    # Orders

    async def _place(self, session: Session, request: requests.PlaceOrder) -> None:
        asked = request.order
        try:
            traded = await self._drafting.traded(request.contract)
            if asked.what_if:
                await self._preview(session, asked, traded)
                return
            submission = self._submission(session.client_id, asked, traded)
        except OrderRefused as refusal:
            self._do(self._book.refuse(session.client_id, asked.order_id, refusal))
        else:
            await self._take(self._book.submit(submission))

    def _submission(self, client_id: int, asked: IbOrder, traded: Traded) -> Submission:
        """Return an order with what it comes to; one that is refused with 201 is taken note of. Raises OrderRefused."""
        terms: Order | None = None
        why: OrderRefused | None = None
        try:
            terms = self._drafting.draft(asked, traded)
        except OrderRefused as refusal:
            if refusal.code != 201:
                raise
            why = refusal
        return Submission(
            client_id=client_id,
            contract=traded.told,
            order=asked,
            terms=terms,
            refusal=why,
            warnings=self._warnings(asked, traded),
        )

    def _warnings(self, asked: IbOrder, traded: Traded) -> tuple[tuple[int, str], ...]:
        warnings: list[tuple[int, str]] = []
        if self._manners.tif_preset and not asked.tif:
            warnings.append((10349, "Order TIF was set to DAY based on order preset."))
        if self._manners.closed_market_warning and not asked.outside_rth and not _is_open(self._house.now()):
            what = f"{asked.action} {asked.total_quantity:f} {traded.told.symbol} {traded.told.exchange}"
            text = "Warning: Your order will not be placed at the exchange until the market opens."
            warnings.append((399, f"Order Message: {what} {text}"))
        return tuple(warnings)

    async def _preview(self, session: Session, asked: IbOrder, traded: Traded) -> None:
        """Tell what an order would cost; nothing is placed, and its id is not used."""
        if traded.told.sec_type == "BAG" and not self._manners.combo_what_if:
            raise no_what_if()
        order, broker = self._drafting.draft(asked, traded), self._house.broker
        try:
            preview = await broker.preview([order.model_copy(update={"order_ref": f"gw-what-if-{order.order_id}"})])
            account = (await broker.snapshot()).account
        except (BrokerError, OrderDenied) as error:
            raise rejected(error.message) from None
        told = as_told(asked, session.client_id, 0, self._house.account)
        session.send(messages.OpenOrder(traded.told, told, ib_what_if(preview, account)))

    async def _cancel(self, session: Session, request: requests.CancelOrder) -> None:
        await self._take(self._book.cancel(session.client_id, request.order_id))

    async def _cancel_all(self, _session: Session, _: requests.ReqGlobalCancel) -> None:
        await self._take(self._book.cancel_all())

    def _exercise(self, session: Session, request: requests.ExerciseOptions) -> None:
        what = "exercise options" if request.action == 1 else "let options lapse"
        session.error(request.req_id, 321, invalid(f"the broker behind this gateway cannot {what}.").text)

    # Questions

    def _tell_next_id(self, session: Session, _: requests.ReqIds) -> None:
        session.send(messages.NextValidId(self._book.next_id(session.client_id)))

    def _tell_open(self, session: Session, _: requests.ReqOpenOrders) -> None:
        session.send(*self._book.open_orders(session.client_id))

    def _tell_all_open(self, session: Session, _: requests.ReqAllOpenOrders) -> None:
        session.send(*self._book.all_open_orders(session.client_id))

    def _bind(self, session: Session, request: requests.ReqAutoOpenOrders) -> None:
        if session.client_id != MANUAL_CLIENT:
            session.error(-1, 327, "Only the default client (i.e 0) can auto bind orders.")
        elif request.bind:
            session.send(*self._book.bind_manual())

    def _tell_completed(self, session: Session, request: requests.ReqCompletedOrders) -> None:
        session.send(*self._book.completed_orders(api_only=request.api_only))

    def _tell_executions(self, session: Session, request: requests.ReqExecutions) -> None:
        try:
            session.send(*self._book.executions(request))
        except ValueError as error:
            session.error(request.req_id, 321, invalid(str(error)).text)


def _listener(step: Step) -> int | None:
    return step.client_id if isinstance(step, Tell) else None


def _is_open(now: datetime) -> bool:
    return session_at(now) is not None

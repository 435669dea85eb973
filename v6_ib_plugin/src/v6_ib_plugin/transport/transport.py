"""The asking side of a connection: orders handed over, questions answered whole or not at all."""

# ib_async's client has no annotations.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ib_async import IB
from ib_async.objects import ExecutionFilter

from v6_ib_plugin.pacing import Pacer, Urgency
from v6_ib_plugin.terms import (
    IbBar,
    IbCommission,
    IbCompletion,
    IbContract,
    IbContractDetails,
    IbExecution,
    IbOrder,
    IbOrderState,
    IbOrderStatus,
    OptionParameters,
)
from v6_ib_plugin.transport.asking import Asking
from v6_ib_plugin.transport.hearing import Ear
from v6_ib_plugin.transport.opening import Login, NotOpened, Obstacle
from v6_ib_plugin.transport.questions import Question
from v6_ib_plugin.transport.session import (
    ACCOUNT_VALUES,
    COMPLETED_ORDERS,
    CURRENT_TIME,
    OPEN_ORDERS,
    POSITIONS,
    Session,
    market_rule_line,
)
from v6_ib_plugin.transport.subscriptions import OnAnswer, OnPnl, OnTick, Subscription
from v6_ib_plugin.transport.writing import native_contract
from v6core.errors import NotSent, Unavailable

OpenOrder = tuple[IbContract, IbOrder, IbOrderState]
Position = tuple[str, IbContract, Decimal, Decimal]
# How long a server of another protocol has to complain about ours, once it sees that nothing more comes.
_COMPLAINT = 0.3


class OpenOrders(NamedTuple):
    """The orders that are open, and the statuses that came with them."""

    orders: tuple[OpenOrder, ...]
    statuses: tuple[IbOrderStatus, ...]


class Transport:
    """One connection to TWS or IB Gateway; it can be opened again after it has gone.

    A question returns a whole answer: its End marker came, and all of it could be read. Otherwise it raises: Answered
    where TWS answered with an error, Unavailable after its ``deadline`` (seconds) or where something of it could not be
    read, NotConnected where the connection went. Nothing is asked or sent twice.
    """

    def __init__(self, pacer: Pacer | None = None, *, deadline: float = 15.0) -> None:
        self._session = Session(Pacer() if pacer is None else pacer)
        self._asking = Asking(self._session, deadline)

    @property
    def is_connected(self) -> bool:
        """Whether TWS takes requests."""
        return self._asking.is_connected

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of the login."""
        return self._session.accounts

    @property
    def client_id(self) -> int:
        """The id under which this client is known to TWS."""
        return self._session.client.clientId

    @property
    def server_version(self) -> int:
        """The version that both sides speak."""
        return self._session.client.serverVersion()

    @property
    def messages_heard(self) -> int:
        """How many messages have come in since the Transport was made."""
        return self._session.messages_heard

    @property
    def native(self) -> IB:
        """The connected ``ib_async.IB``; from here on it is told all that comes in, and its requests are paced too."""
        session = self._session
        session.client.native = True
        session.ib.wrapper.clientId = session.client.clientId
        return session.ib

    def listen(self, ear: Ear) -> None:
        """Let somebody hear all that TWS says from here on."""
        self._session.ears.add(ear)

    def next_id(self) -> int:
        """Return an id for an order that nothing has used in this session or the ones before."""
        return self._session.next_id()

    def at_least(self, order_id: int) -> None:
        """Let the next id be this one or a later one."""
        self._session.at_least(order_id)

    async def open(self, host: str, port: int, client_id: int, deadline: float) -> None:
        """Connect and log in within so many seconds; NotOpened names what stood in the way."""
        if self.is_connected:
            return
        login = self._session.login = Login()
        try:
            await self._reach(login, host, port, client_id, deadline)
        except BaseException:
            await self.close()
            raise
        finally:
            self._session.login = None

    async def close(self) -> None:
        """Close the connection; a second call changes nothing."""
        self._session.end("closed from here")
        await self._session.client.conn.until_gone()

    def give_up(self, reason: str) -> None:
        """Close the connection because it is of no use; all ears hear the reason."""
        self._session.end(reason)

    async def place_order(self, contract: IbContract, order: IbOrder, urgency: Urgency = Urgency.NEW) -> None:
        """Hand an order over, or a change of one; returns once its bytes have left. NotSent where none did."""
        await self.place_orders([(contract, order)], urgency)
        await self.drained()

    async def place_orders(self, pairs: Sequence[tuple[IbContract, IbOrder]], urgency: Urgency = Urgency.NEW) -> None:
        """Write orders in this order and with nothing between them; they have left once ``drained`` returns.

        NotSent where no byte left, PartlySent where the connection went in between. All are checked before the first
        one is written.
        """
        self._asking.check_connected()
        await self._asking.write(urgency, [self._asking.draft_order(contract, order) for contract, order in pairs])

    async def drained(self) -> None:
        """Return once all that was written has left; NotConnected where the connection goes before."""
        await self._asking.drained()

    async def cancel_order(self, order_id: int) -> None:
        """Ask to cancel an order of this client; NotSent where nothing left."""
        await self._asking.send(Urgency.CANCEL, [self._asking.draft(lambda client: client.cancelOrder(order_id))])

    async def global_cancel(self) -> None:
        """Ask to cancel all orders of the login, whoever placed them; NotSent where nothing left."""
        await self._asking.send(Urgency.CANCEL, [self._asking.draft(lambda client: client.reqGlobalCancel())])

    async def open_orders(self, *, deadline: float | None = None) -> OpenOrders:
        """Return the open orders of this client."""
        return _open_orders(await self._asking.ask_line(OPEN_ORDERS, {3, 5}, lambda c: c.reqOpenOrders(), deadline))

    async def all_open_orders(self, *, deadline: float | None = None) -> OpenOrders:
        """Return the open orders of all clients, and those entered by hand."""
        return _open_orders(await self._asking.ask_line(OPEN_ORDERS, {3, 5}, lambda c: c.reqAllOpenOrders(), deadline))

    async def completed_orders(
        self, *, api_only: bool = False, deadline: float | None = None
    ) -> tuple[tuple[IbContract, IbOrder, IbCompletion], ...]:
        """Return the orders that ended today; they have no order id."""
        return tuple(
            await self._asking.ask_line(COMPLETED_ORDERS, {101}, lambda c: c.reqCompletedOrders(api_only), deadline)
        )

    async def executions(
        self, *, deadline: float | None = None
    ) -> tuple[tuple[IbContract, IbExecution, IbCommission | None], ...]:
        """Return the executions since midnight, each with its commission as far as that has been told."""
        rows = await self._asking.ask(
            "executions", {11}, lambda c, req_id: c.reqExecutions(req_id, ExecutionFilter()), deadline
        )
        told = self._session.commissions
        return tuple((contract, execution, told.get(execution.exec_id)) for contract, execution in rows)

    async def positions(self, *, deadline: float | None = None) -> tuple[Position, ...]:
        """Return the positions of all accounts of the login: account, contract, quantity, average cost."""
        rows = await self._asking.ask_line(POSITIONS, {61}, lambda c: c.reqPositions(), deadline)
        latest = {(account, contract.con_id, contract): row for row in rows for account, contract, *_ in [row]}
        return tuple(latest.values())

    async def account_values(self, account: str, *, deadline: float | None = None) -> Mapping[tuple[str, str], str]:
        """Return the values of an account by key and currency, as TWS writes them."""
        rows = await self._asking.ask_line(ACCOUNT_VALUES, {6}, lambda c: c.reqAccountUpdates(True, account), deadline)
        if self.is_connected and not self._session.client.native:
            self._asking.post(lambda c: c.reqAccountUpdates(False, account))
        return {(key, currency): value for of, key, currency, value in rows if of in {account, ""}}

    async def contract_details(
        self, contract: IbContract, *, deadline: float | None = None
    ) -> tuple[IbContractDetails, ...]:
        """Return all contracts that fit; none where TWS answered so. TWS never answers for a BAG: it is not asked."""
        if contract.sec_type == "BAG":
            raise Unavailable("TWS has no details of a combo: ask for those of its legs", code="NO_DETAILS")
        made = native_contract(contract)
        return tuple(
            await self._asking.ask(
                "contract details", {10, 18}, lambda c, req_id: c.reqContractDetails(req_id, made), deadline
            )
        )

    async def option_parameters(
        self, symbol: str, sec_type: str, con_id: int, exchange: str = "", *, deadline: float | None = None
    ) -> tuple[OptionParameters, ...]:
        """Return the options listed on an underlying; ``exchange`` only where it is a future."""
        rows = await self._asking.ask(
            "option parameters",
            {75},
            lambda c, req_id: c.reqSecDefOptParams(req_id, symbol, exchange, sec_type, con_id),
            deadline,
        )
        return tuple(rows)

    async def market_rule(self, rule_id: int, *, deadline: float | None = None) -> tuple[tuple[Decimal, Decimal], ...]:
        """Return the bands of a market rule: each begins at a price and has its increment."""
        kind = market_rule_line(rule_id)
        rows = await self._asking.ask_line(kind, {93}, lambda c: c.reqMarketRule(rule_id), deadline)
        return tuple(rows[0])

    async def what_if(self, contract: IbContract, order: IbOrder, *, deadline: float | None = None) -> IbOrderState:
        """Return what an order would cost; its ``what_if`` must be set. It ends, whatever TWS says."""
        if not order.what_if:
            raise NotSent("a what-if order must say so itself, or it is an order", code="NOT_WHAT_IF")
        self._asking.check_connected()
        message = self._asking.draft_order(contract, order)
        question = Question("a what-if order", frozenset({5}))
        try:
            await self._asking.wait(order.order_id, question, message, deadline)
        except TimeoutError:
            if not question.rows:
                raise self._asking.unanswered(question) from None
        state: IbOrderState = question.rows[-1]
        return state

    async def current_time(self, *, deadline: float | None = None, urgency: Urgency = Urgency.DATA) -> datetime:
        """Return TWS's time."""
        rows = await self._asking.ask_line(CURRENT_TIME, {49}, lambda c: c.reqCurrentTime(), deadline, urgency)
        return datetime.fromtimestamp(rows[0], UTC)

    async def historical_bars(
        self,
        contract: IbContract,
        *,
        end: str = "",
        duration: str = "1 D",
        bar_size: str = "1 min",
        what: str = "TRADES",
        use_rth: bool = True,
        format_date: int = 2,
        deadline: float | None = None,
    ) -> tuple[IbBar, ...]:
        """Return bars as TWS's own words ask for them; with ``format_date`` 2 intraday dates are seconds since 1970."""
        made = native_contract(contract)

        def request(client: Any, req_id: int) -> None:
            client.reqHistoricalData(req_id, made, end, duration, bar_size, what, use_rth, format_date, False, [])

        return tuple(await self._asking.ask("historical bars", {17}, request, deadline))

    def request_market_data_type(self, kind: int) -> None:
        """Ask for live (1), frozen (2), delayed (3) or delayed and frozen (4) data from here on."""
        self._asking.post(lambda c: c.reqMarketDataType(kind))

    def subscribe_market_data(
        self, contract: IbContract, generic_ticks: str, snapshot: bool, on_tick: OnTick, on_answer: OnAnswer
    ) -> Subscription:
        """Let ticks come until closed; a snapshot ends by itself. An answer that is no notice ends it too."""
        made = native_contract(contract)
        return self._asking.subscribe(
            lambda c, req_id: c.reqMktData(req_id, made, generic_ticks, snapshot, False, []),
            lambda c, req_id: c.cancelMktData(req_id),
            on_tick,
            on_answer,
        )

    def subscribe_pnl(self, account: str, on_pnl: OnPnl, on_answer: OnAnswer | None = None) -> Subscription:
        """Let the profit and loss of an account come until closed."""
        return self._asking.subscribe(
            lambda c, req_id: c.reqPnL(req_id, account, ""),
            lambda c, req_id: c.cancelPnL(req_id),
            on_pnl,
            on_answer or (lambda _: None),
        )

    async def _reach(self, login: Login, host: str, port: int, client_id: int, deadline: float) -> None:
        client = self._session.client
        try:
            async with asyncio.timeout(deadline):
                await client.reach(host, port, client_id)
                await asyncio.shield(login.done)
        except TimeoutError:
            await self._explain_silence(login, host, port)
        except OSError as error:
            refused = isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error)
            obstacle = Obstacle.NOTHING_LISTENS if refused else Obstacle.UNREACHABLE
            raise NotOpened(obstacle, error.strerror or str(error)) from error

    async def _explain_silence(self, login: Login, host: str, port: int) -> None:
        """Tell a server that waits for more of another protocol from one that is TWS and waits for its user."""
        if self._session.client.conn.is_gone:
            raise NotOpened(Obstacle.UNREACHABLE, f"{host}:{port} does not answer") from None
        if login.greeted:
            raise NotOpened(Obstacle.UNFINISHED) from None
        self._session.client.conn.half_close()
        try:
            async with asyncio.timeout(_COMPLAINT):
                await asyncio.shield(login.done)
        except NotOpened as error:
            if error.obstacle is Obstacle.OTHER_PROTOCOL:
                raise
        except TimeoutError:
            pass
        raise NotOpened(Obstacle.SILENT) from None


def _open_orders(rows: Sequence[Any]) -> OpenOrders:
    statuses = tuple(row for row in rows if isinstance(row, IbOrderStatus))
    return OpenOrders(tuple(row for row in rows if not isinstance(row, IbOrderStatus)), statuses)

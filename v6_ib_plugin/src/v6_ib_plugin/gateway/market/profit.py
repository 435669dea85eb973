"""Profit and loss, of the account and of single positions: at once, then when it changes, at most once a second."""

from __future__ import annotations

from collections.abc import Callable

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.ledger import Ledger
from v6_ib_plugin.gateway.market.refusals import invalid
from v6_ib_plugin.gateway.market.statements import Day, Statement, cents
from v6_ib_plugin.gateway.market.subscriptions import Subscriptions
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.gateway.wire.messages import Message, PnL, PnLSingle
from v6core.money import ZERO


class Profit:
    """The requests for profit and loss of all clients."""

    def __init__(self, house: House, ledger: Ledger) -> None:
        self._house = house
        self._ledger = ledger
        self._accounts = Subscriptions()
        self._singles = Subscriptions()

    async def account(self, session: Session, request: requests.ReqPnL) -> None:
        """Tell what the account made today, what is unrealized, and what was realized."""
        if not self._accounts.claim(session, request.req_id):
            return
        self._check(request.account)

        def told(statement: Statement) -> Message:
            account = statement.account
            return PnL(request.req_id, account.daily_pnl, account.unrealized_pnl, account.realized_pnl)

        self._accounts.open(session, request.req_id, await self._begin(session, told))

    def cancel_account(self, session: Session, request: requests.CancelPnL) -> None:
        """Tell no more."""
        self._accounts.cancel(session, request.req_id)

    async def single(self, session: Session, request: requests.ReqPnLSingle) -> None:
        """Tell the same of one position; of a contract that is not held, what it realized today."""
        if not self._singles.claim(session, request.req_id):
            return
        self._check(request.account)
        await self._ledger.look()

        def told(statement: Statement) -> Message:
            return self._single(request, statement)

        self._singles.open(session, request.req_id, await self._begin(session, told))

    def _single(self, request: requests.ReqPnLSingle, statement: Statement) -> PnLSingle:
        conid = self._house.instruments.conid
        for row in statement.rows:
            if conid(row.position.contract) == request.con_id:
                quantity = row.position.quantity
                return PnLSingle(request.req_id, quantity, row.daily, row.unrealized, row.realized, cents(row.value))
        known = self._house.instruments.contract(request.con_id)
        day = statement.closed.get(known.key, Day()) if known is not None else Day()
        realized = cents(day.realized)
        return PnLSingle(request.req_id, ZERO, realized if day.is_whole else None, ZERO, realized, ZERO)

    def cancel_single(self, session: Session, request: requests.CancelPnLSingle) -> None:
        """Tell no more."""
        self._singles.cancel(session, request.req_id)

    def _check(self, account: str) -> None:
        if account != self._house.account:
            raise invalid(f"Invalid account code '{account}'")

    async def _begin(self, session: Session, told: Callable[[Statement], Message]) -> Callable[[], None]:
        before = told(await self._ledger.look())
        session.send(before)

        def tell(latest: Statement) -> None:
            nonlocal before
            message = told(latest)
            if message != before:
                before = message
                session.send(message)

        return self._ledger.watch(tell, regularly=True)

    def leave(self, session: Session) -> None:
        """End what runs for a client that has gone."""
        self._accounts.leave(session)
        self._singles.leave(session)

    def clear(self) -> None:
        """End what runs for all clients."""
        self._accounts.clear()
        self._singles.clear()

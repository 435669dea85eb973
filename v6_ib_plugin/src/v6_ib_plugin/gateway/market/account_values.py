"""Values of the account: as updates with the portfolio, for several accounts or models, and as a summary of some."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.ledger import Ledger
from v6_ib_plugin.gateway.market.refusals import Refused, invalid
from v6_ib_plugin.gateway.market.statements import LEDGER_KEYS, Row, Statement
from v6_ib_plugin.gateway.market.subscriptions import Subscriptions
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.gateway.wire.messages import (
    AccountDownloadEnd,
    AccountSummary,
    AccountSummaryEnd,
    AccountUpdateMulti,
    AccountUpdateMultiEnd,
    Message,
    UpdateAccountTime,
    UpdateAccountValue,
    UpdatePortfolio,
)
from v6_ib_plugin.translation.accounts import BASE
from v6core.money import ZERO
from v6core.sessions import NEW_YORK

Values = dict[tuple[str, str], str]
_Select = Callable[[Statement], Values]
_MakeRow = Callable[[str, str, str], Message]
_UPDATES = -1
_MOST_SUMMARIES = 2
_TAGS = """
    AccountType NetLiquidation TotalCashValue SettledCash AccruedCash BuyingPower EquityWithLoanValue
    PreviousEquityWithLoanValue PreviousDayEquityWithLoanValue GrossPositionValue ReqTEquity RegTEquity ReqTMargin
    RegTMargin SMA InitMarginReq MaintMarginReq AvailableFunds ExcessLiquidity Cushion FullInitMarginReq
    FullMaintMarginReq FullAvailableFunds FullExcessLiquidity LookAheadNextChange LookAheadInitMarginReq
    LookAheadMaintMarginReq LookAheadAvailableFunds LookAheadExcessLiquidity HighestSeverity DayTradesRemaining
    DayTradesRemainingT+1 DayTradesRemainingT+2 DayTradesRemainingT+3 DayTradesRemainingT+4 Leverage
"""
"""The tags that TWS knows, in the spellings of its documents and of its clients; not all of them have a value here."""


class AccountValues:
    """The requests for account values of all clients."""

    def __init__(self, house: House, ledger: Ledger) -> None:
        self._house = house
        self._ledger = ledger
        self._updates = Subscriptions()
        self._multi = Subscriptions()
        self._summaries = Subscriptions()

    # Updates with the portfolio

    async def updates(self, session: Session, request: requests.ReqAccountUpdates) -> None:
        """Tell all values and positions and their end, then what changes; or end that."""
        if not request.subscribe:
            self._updates.close(session, _UPDATES)
            return
        self._check(request.acct_code)
        account = self._house.account
        values, portfolio = _Changes(), _PortfolioChanges()

        def rows(statement: Statement) -> Iterator[Message]:
            for (key, currency), value in values.of(statement.values()):
                yield UpdateAccountValue(key, value, currency, account)
            for row in portfolio.of(statement):
                yield self._portfolio(row)
            if values.any_told:
                yield UpdateAccountTime(_clock(self._house.now()))

        session.send(*rows(await self._ledger.look()), AccountDownloadEnd(account))
        self._updates.open(session, _UPDATES, self._ledger.watch(lambda latest: session.send(*rows(latest))))

    def _portfolio(self, row: Row) -> UpdatePortfolio:
        told = replace(self._house.instruments.tell(row.position.contract), exchange="")
        return UpdatePortfolio(
            contract=told,
            position=row.position.quantity,
            market_price=row.price,
            market_value=row.value,
            avg_cost=row.avg_cost,
            unrealized_pnl=row.unrealized,
            realized_pnl=row.realized,
            account=self._house.account,
        )

    def _check(self, account: str) -> None:
        if account not in {"", self._house.account}:
            raise invalid(f"Invalid account code '{account}'")

    # Updates by request id

    async def updates_multi(self, session: Session, request: requests.ReqAccountUpdatesMulti) -> None:
        """Tell the values of an account and their end, then what changes. There are no models here."""
        if not self._multi.claim(session, request.req_id):
            return
        self._check("" if request.account == "All" else request.account)

        def select(statement: Statement) -> Values:
            return statement.ledger() if request.ledger_and_nlv else statement.values()

        def row(key: str, value: str, currency: str) -> Message:
            return AccountUpdateMulti(request.req_id, self._house.account, request.model, key, value, currency)

        begin = self._begin(session, select, row, AccountUpdateMultiEnd(request.req_id))
        self._multi.open(session, request.req_id, await begin)

    def cancel_multi(self, session: Session, request: requests.CancelAccountUpdatesMulti) -> None:
        """Tell no more."""
        self._multi.cancel(session, request.req_id)

    # Summaries

    async def summary(self, session: Session, request: requests.ReqAccountSummary) -> None:
        """Tell the values of some tags and their end, then what changes; ``$LEDGER`` stands for those by currency."""
        if not self._summaries.claim(session, request.req_id):
            return
        if self._summaries.count(session) >= _MOST_SUMMARIES:
            raise Refused(
                322, "Error processing request.-'gateway' : cause - Maximum number of account summary requests exceeded"
            )
        select = _selection(request.tags)

        def row(key: str, value: str, currency: str) -> Message:
            return AccountSummary(request.req_id, self._house.account, key, value, currency)

        begin = self._begin(session, select, row, AccountSummaryEnd(request.req_id))
        self._summaries.open(session, request.req_id, await begin)

    def cancel_summary(self, session: Session, request: requests.CancelAccountSummary) -> None:
        """Tell no more."""
        self._summaries.cancel(session, request.req_id)

    async def _begin(self, session: Session, select: _Select, row: _MakeRow, end: Message) -> Callable[[], None]:
        changes = _Changes()

        def rows(statement: Statement) -> Iterator[Message]:
            for (key, currency), value in changes.of(select(statement)):
                yield row(key, value, currency)

        session.send(*rows(await self._ledger.look()), end)
        return self._ledger.watch(lambda latest: session.send(*rows(latest)))

    def leave(self, session: Session) -> None:
        """End what runs for a client that has gone."""
        for subscriptions in (self._updates, self._multi, self._summaries):
            subscriptions.leave(session)

    def clear(self) -> None:
        """End what runs for all clients."""
        for subscriptions in (self._updates, self._multi, self._summaries):
            subscriptions.clear()


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(NEW_YORK):%H:%M}"


def _selection(tags: str) -> _Select:
    """Return what picks the values of some tags; Refused with 321 for a tag that TWS does not know."""
    wanted = {tag.strip() for tag in tags.split(",") if tag.strip()}
    ledgers = {tag for tag in wanted if tag.upper().split(":")[0] == "$LEDGER"}
    unknown = wanted - ledgers - set(_TAGS.split())
    if unknown or not wanted:
        raise invalid(f"The following tags are invalid: {', '.join(sorted(unknown)) or 'none was given'}")
    currencies = {tag.partition(":")[2].upper() or BASE for tag in ledgers}

    def select(statement: Statement) -> Values:
        values = {key: value for key, value in statement.values().items() if key[0] in wanted}
        by_currency = {
            key: value
            for key, value in statement.ledger().items()
            if key[0] in LEDGER_KEYS and (key[1] in currencies or "ALL" in currencies)
        }
        return values | by_currency

    return select


class _Changes:
    """Which values one client has been told."""

    def __init__(self) -> None:
        self._told: Values = {}
        self.any_told = False

    def of(self, values: Mapping[tuple[str, str], str]) -> Iterator[tuple[tuple[str, str], str]]:
        """Yield the values that were told otherwise or not yet."""
        self.any_told = False
        for key, value in values.items():
            if self._told.get(key) != value:
                self._told[key] = value
                self.any_told = True
                yield key, value


class _PortfolioChanges:
    """Which rows of the portfolio one client has been told."""

    def __init__(self) -> None:
        self._told: dict[str, Row] = {}

    def of(self, statement: Statement) -> Iterator[Row]:
        """Yield the rows that are otherwise; what is held no more has a position of zero."""
        held = {row.position.contract.key: row for row in statement.rows}
        for key, row in list(self._told.items()):
            if key not in held:
                del self._told[key]
                position = row.position.model_copy(update={"quantity": ZERO, "avg_cost": ZERO})
                yield Row(position, row.price, statement.closed.get(key, row.day))
        for key, row in held.items():
            if self._told.get(key) != row:
                self._told[key] = row
                yield row

"""The part of the gateway that answers beside orders."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.absent import EMPTY, REFUSED, WITHDRAWN, ignore, refuse, tell_nothing
from v6_ib_plugin.gateway.market.account_values import AccountValues
from v6_ib_plugin.gateway.market.contract_questions import ContractQuestions
from v6_ib_plugin.gateway.market.feeds import Feeds
from v6_ib_plugin.gateway.market.history import History
from v6_ib_plugin.gateway.market.holdings import Holdings
from v6_ib_plugin.gateway.market.ledger import Ledger
from v6_ib_plugin.gateway.market.market_data import MarketData
from v6_ib_plugin.gateway.market.profit import Profit
from v6_ib_plugin.gateway.market.refusals import Refused
from v6_ib_plugin.gateway.market.tick_by_tick import TickByTick
from v6_ib_plugin.gateway.part import Handler
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import requests
from v6core.reports import Report


class Market:
    """Answers on contracts and prices, accounts and positions."""

    def __init__(self, house: House) -> None:
        self._feeds = Feeds(house)
        self._contracts = ContractQuestions(house, house.instruments)
        self._data = MarketData(house, house.instruments, self._feeds)
        self._ticks = TickByTick(house, self._feeds)
        self._history = History(house, self._feeds)
        self._ledger = Ledger(house, self._feeds)
        self._holdings = Holdings(house, self._ledger)
        self._values = AccountValues(house, self._ledger)
        self._profit = Profit(house, self._ledger)

    def handlers(self) -> Mapping[type[requests.Request], Handler]:
        """Return what takes each kind of request."""
        taken: dict[type[requests.Request], Handler] = {
            requests.ReqContractDetails: self._contracts.details,
            requests.ReqSecDefOptParams: self._contracts.option_parameters,
            requests.ReqMarketRule: self._contracts.market_rule,
            requests.ReqMatchingSymbols: self._contracts.matching_symbols,
            requests.ReqMktData: self._data.subscribe,
            requests.CancelMktData: self._data.cancel,
            requests.ReqMarketDataType: self._data.choose_type,
            requests.ReqTickByTickData: self._ticks.subscribe,
            requests.CancelTickByTickData: self._ticks.cancel,
            requests.ReqHistoricalData: self._history.bars,
            requests.CancelHistoricalData: self._history.cancel,
            requests.ReqHeadTimeStamp: self._history.head,
            requests.ReqRealTimeBars: self._history.live_bars,
            requests.CancelRealTimeBars: self._history.cancel_live_bars,
            requests.ReqPositions: self._holdings.positions,
            requests.CancelPositions: self._holdings.cancel,
            requests.ReqPositionsMulti: self._holdings.positions_multi,
            requests.CancelPositionsMulti: self._holdings.cancel_multi,
            requests.ReqAccountUpdates: self._values.updates,
            requests.ReqAccountUpdatesMulti: self._values.updates_multi,
            requests.CancelAccountUpdatesMulti: self._values.cancel_multi,
            requests.ReqAccountSummary: self._values.summary,
            requests.CancelAccountSummary: self._values.cancel_summary,
            requests.ReqPnL: self._profit.account,
            requests.CancelPnL: self._profit.cancel_account,
            requests.ReqPnLSingle: self._profit.single,
            requests.CancelPnLSingle: self._profit.cancel_single,
            **dict.fromkeys(EMPTY, tell_nothing),
            **dict.fromkeys(REFUSED, refuse),
            **dict.fromkeys(WITHDRAWN, ignore),
        }
        return {kind: _answering(handler) for kind, handler in taken.items()}

    def on_report(self, report: Report) -> None:
        """Hear what changes positions and money."""
        self._ledger.on_report(report)

    def on_connect(self, session: Session) -> None:
        """Say nothing to a client that has come."""

    def on_disconnect(self, session: Session) -> None:
        """End whatever runs for a client that has gone."""
        for requested in self._running():
            requested.leave(session)

    def _running(self) -> tuple[MarketData | TickByTick | History | Holdings | AccountValues | Profit, ...]:
        return (self._data, self._ticks, self._history, self._holdings, self._values, self._profit)

    def lose_data(self) -> None:
        """End all streams of prices without a word."""
        for stream in (self._data, self._ticks, self._history):
            stream.clear()

    async def stop(self) -> None:
        """End whatever runs."""
        for requested in self._running():
            requested.clear()
        await self._ledger.stop()
        await self._feeds.stop()


def _answering(handler: Handler) -> Callable[[Session, Any], Awaitable[None]]:
    """Have what a handler refuses told to its client, under the id of the request."""

    async def take(session: Session, request: Any) -> None:
        try:
            answer = handler(session, request)
            if inspect.isawaitable(answer):
                await answer
        except Refused as refused:
            session.error(getattr(request, "req_id", -1), refused.code, refused.text)

    return take

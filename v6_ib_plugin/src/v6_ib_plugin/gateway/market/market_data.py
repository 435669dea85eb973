"""Market data: snapshots and streams of one contract's quotes, and of what an option's prices imply."""

from __future__ import annotations

from decimal import Decimal

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.computations import Computations
from v6_ib_plugin.gateway.market.feeds import Close, Feeds
from v6_ib_plugin.gateway.market.instruments import Instruments
from v6_ib_plugin.gateway.market.refusals import Refused, invalid
from v6_ib_plugin.gateway.market.subscriptions import Subscriptions
from v6_ib_plugin.gateway.market.ticks import ticks
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.gateway.wire.messages import (
    MarketDataType,
    Message,
    TickGeneric,
    TickPrice,
    TickReqParams,
    TickSnapshotEnd,
)
from v6_ib_plugin.translation.ticks import DataType, Shown, tick_number
from v6core.contracts import Contract, ContractDetails, FutureOption, Option, Stock
from v6core.money import ZERO
from v6core.quotes import Quote

_BBO_EXCHANGE, _SNAPSHOTS_ALLOWED = "9c0001", 3
_MARK_PRICE, _SHORTABLE = {"221", "232"}, {"236"}
_EASY = Decimal(3)
_NOT_SUBSCRIBED = "Requested market data is not subscribed. Delayed market data is available."
_SHOWN_DELAYED = "Requested market data is not subscribed. Displaying delayed market data."


class MarketData:
    """The requests for market data of all clients."""

    def __init__(self, house: House, instruments: Instruments, feeds: Feeds) -> None:
        self._house = house
        self._instruments = instruments
        self._feeds = feeds
        self._chosen: dict[int, DataType] = {}
        self._subscriptions = Subscriptions()

    def choose_type(self, session: Session, request: requests.ReqMarketDataType) -> None:
        """Take delayed data for what the client asks from here on, or live data only."""
        try:
            self._chosen[id(session)] = DataType(request.market_data_type)
        except ValueError:
            raise invalid(f"Market data type {request.market_data_type} is invalid: 1, 2, 3 or 4") from None

    async def subscribe(self, session: Session, request: requests.ReqMktData) -> None:
        """Answer a snapshot, or begin to stream; Refused where the contract is not known."""
        if not self._subscriptions.claim(session, request.req_id):
            return
        generic = _generic(request.generic_ticks)
        contract = await self._instruments.resolve(request.contract)
        details = await self._instruments.details(contract)
        chosen = self._chosen.get(id(session), DataType.LIVE)
        line = _Line(session, request.req_id, contract, chosen, generic)
        quote = await self._feeds.quote(contract)
        if quote is not None and quote.delayed and chosen is DataType.LIVE:
            raise Refused(354, _NOT_SUBSCRIBED)
        underlying = await self._instruments.underlying(contract)
        line.begin(details)
        if request.snapshot or request.regulatory_snapshot:
            await self._snap(line, quote, underlying)
        else:
            self._subscriptions.open(session, request.req_id, self._stream(line, underlying))

    async def _snap(self, line: _Line, quote: Quote | None, underlying: Contract | None) -> None:
        if underlying is not None and (spot := await self._feeds.quote(underlying)) is not None:
            line.take_underlying(spot)
        if quote is not None:
            line.take(quote)
        line.session.send(TickSnapshotEnd(line.req_id))

    def _stream(self, line: _Line, underlying: Contract | None) -> Close:
        closers = [] if underlying is None else [self._feeds.watch(underlying, line.take_underlying)]
        closers.append(self._feeds.watch(line.contract, line.take))

        def close() -> None:
            for closer in closers:
                closer()

        return close

    def cancel(self, session: Session, request: requests.CancelMktData) -> None:
        """End a stream."""
        self._subscriptions.cancel(session, request.req_id)

    def leave(self, session: Session) -> None:
        """End the streams of a client that has gone."""
        self._subscriptions.leave(session)
        self._chosen.pop(id(session), None)

    def clear(self) -> None:
        """End all streams."""
        self._subscriptions.clear()
        self._chosen.clear()


def _generic(text: str) -> frozenset[str]:
    """Return the numbers of the generic ticks that are wanted; ``mdoff`` switches nothing off here."""
    words = [word.partition(":")[0].strip().lower() for word in text.split(",") if word.strip()]
    for word in words:
        if not word.isdecimal() and word != "mdoff":
            raise invalid(f"Incorrect generic tick list of {text}")
    return frozenset(words)


class _Line:
    """One request for market data, and how far its client has been told."""

    def __init__(
        self, session: Session, req_id: int, contract: Contract, chosen: DataType, generic: frozenset[str]
    ) -> None:
        self.session = session
        self.req_id = req_id
        self.contract = contract
        self._chosen = chosen
        self._generic = generic
        self._kind: DataType | None = None
        self._computations: Computations | None = None
        self._quote: Quote | None = None
        self._spot: Quote | None = None

    def begin(self, details: ContractDetails | None) -> None:
        """Tell what holds for the whole subscription."""
        tick = min(band.tick for band in details.ticks) if details is not None else ZERO
        self.session.send(TickReqParams(self.req_id, tick, _BBO_EXCHANGE, _SNAPSHOTS_ALLOWED))
        if isinstance(self.contract, Stock) and self._generic & _SHORTABLE:
            self.session.send(TickGeneric(self.req_id, tick_number(Shown.SHORTABLE), _EASY))

    def take(self, quote: Quote) -> None:
        """Tell what a quote changes."""
        batch = [*self._announced(quote), *ticks(self.req_id, self._quote, quote, delayed=self._is_delayed)]
        mark = quote.mid
        if self._generic & _MARK_PRICE and mark is not None and (self._quote is None or self._quote.mid != mark):
            batch.append(TickPrice(self.req_id, tick_number(Shown.MARK), mark, ZERO))
        self._quote = quote
        self.session.send(*batch, *self._computed())

    def take_underlying(self, quote: Quote) -> None:
        """Tell what the underlying's price changes."""
        self._spot = quote
        self.session.send(*self._computed())

    def _announced(self, quote: Quote) -> list[Message]:
        """Say of what kind the data are, at first and when it changes."""
        kind = _kind(quote, self._chosen)
        if kind == self._kind:
            return []
        first, self._kind, self._quote = self._kind is None, kind, None
        self._computations = None
        if kind is DataType.DELAYED and first:
            self.session.error(self.req_id, 10167, _SHOWN_DELAYED)
        return [MarketDataType(self.req_id, int(kind))]

    @property
    def _is_delayed(self) -> bool:
        return self._kind is not None and self._kind.is_delayed

    def _computed(self) -> list[Message]:
        if self._quote is None or not isinstance(self.contract, Option | FutureOption):
            return []
        if self._computations is None:
            self._computations = Computations(self.req_id, self.contract, delayed=self._is_delayed)
        return list(self._computations.of(self._quote, self._spot))


def _kind(quote: Quote, chosen: DataType) -> DataType:
    """Return of what kind a quote is for a client: TWS sends live data whatever was chosen, where it has them."""
    if not quote.delayed:
        return DataType.LIVE
    return chosen if chosen.is_delayed else DataType.FROZEN

"""Bars of the past, and of what comes: historical data, head time stamps and bars of five seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.bars import BarSize, Candle, Show, bar_size, began, candles, is_regular, shown
from v6_ib_plugin.gateway.market.feeds import Close, Feeds
from v6_ib_plugin.gateway.market.hours import read, told
from v6_ib_plugin.gateway.market.refusals import Refused, invalid
from v6_ib_plugin.gateway.market.subscriptions import Subscriptions
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.gateway.wire.messages import HeadTimestamp, HistoricalData, HistoricalDataUpdate, RealtimeBar
from v6core.contracts import Contract
from v6core.quotes import Quote

FIVE_SECONDS = BarSize(5, "sec")
_LOOK = 0.2
"""Seconds between two looks at the market's clock, which alone says that a bar is over."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_BEHIND = timedelta(hours=1)
"""Where the market's time has jumped farther than this, the bars in between are left out."""
_NO_QUERY = 366


class History:
    """The requests for bars of all clients."""

    def __init__(self, house: House, feeds: Feeds) -> None:
        self._house = house
        self._feeds = feeds
        self._updates = Subscriptions(_NO_QUERY)
        self._live_bars = Subscriptions()

    # Bars of the past

    async def bars(self, session: Session, request: requests.ReqHistoricalData) -> None:
        """Tell the bars until a time, and with ``keep_up_to_date`` how the last one grows; 162 where there are none."""
        if not self._updates.claim(session, request.req_id):
            return
        size, show = bar_size(request.bar_size), shown(request.what_to_show)
        if request.keep_up_to_date and request.end_date_time.strip():
            raise invalid("End Date/Time: The date and time are invalid with keepUpToDate, which ends now")
        contract = await self._house.instruments.resolve(request.contract)
        await self._feeds.quote(contract)
        now = self._house.now()
        end = min(read(request.end_date_time), now) if request.end_date_time.strip() else now
        start = began(end, request.duration)
        rows = list(candles(self._quotes(contract, start, end, regular=request.use_rth), size, show))
        if not rows:
            raise _nothing(contract, show)
        bars = tuple(candle.bar(size.tell(candle.start, request.format_date)) for candle in rows)
        session.send(HistoricalData(request.req_id, told(start), told(end), bars))
        if request.keep_up_to_date:
            growing = _Growing(session, request, size, rows[-1], end)
            self._updates.open(session, request.req_id, self._feeds.watch(contract, growing.take))

    def _quotes(self, contract: Contract, start: datetime, end: datetime, *, regular: bool) -> Iterator[Quote]:
        quotes = self._feeds.past.between(contract, start, end)
        return (quote for quote in quotes if not regular or is_regular(quote.time))

    def cancel(self, session: Session, request: requests.CancelHistoricalData) -> None:
        """End the updates of bars."""
        self._updates.cancel(session, request.req_id)

    async def head(self, session: Session, request: requests.ReqHeadTimeStamp) -> None:
        """Tell since when there are bars of a contract; 162 where there are none."""
        show = shown(request.what_to_show)
        contract = await self._house.instruments.resolve(request.contract)
        await self._feeds.quote(contract)
        first = next(self._quotes(contract, _LONG_AGO, self._house.now(), regular=request.use_rth), None)
        if first is None:
            raise _nothing(contract, show)
        moment = first.time.astimezone(UTC)
        text = f"{moment:%Y%m%d-%H:%M:%S}" if request.format_date == 1 else str(int(moment.timestamp()))
        session.send(HeadTimestamp(request.req_id, text))

    # Bars as they come

    async def live_bars(self, session: Session, request: requests.ReqRealTimeBars) -> None:
        """Tell a bar every five seconds of the market's time, flat where there was no quote."""
        if not self._live_bars.claim(session, request.req_id):
            return
        show = shown(request.what_to_show)
        contract = await self._house.instruments.resolve(request.contract)
        live = _LiveBars(session, request.req_id, show, self._house.now)
        self._live_bars.open(session, request.req_id, live.start(self._feeds, contract))

    def cancel_live_bars(self, session: Session, request: requests.CancelRealTimeBars) -> None:
        """End the bars of five seconds."""
        self._live_bars.cancel(session, request.req_id)

    def leave(self, session: Session) -> None:
        """End what runs for a client that has gone."""
        self._updates.leave(session)
        self._live_bars.leave(session)

    def clear(self) -> None:
        """End what runs for all clients."""
        self._updates.clear()
        self._live_bars.clear()


def _nothing(contract: Contract, show: Show) -> Refused:
    text = f"HMDS query returned no data: {contract.key}@{contract.exchange} {show.capitalize()}"
    return Refused(162, f"Historical Market Data Service error message:{text}")


class _Growing:
    """The last bar of a request, as it grows and others follow it."""

    def __init__(
        self, session: Session, request: requests.ReqHistoricalData, size: BarSize, last: Candle, end: datetime
    ) -> None:
        self._session, self._request = session, request
        self._size, self._candle, self._end = size, last, end

    def take(self, quote: Quote) -> None:
        if quote.time <= self._end or (self._request.use_rth and not is_regular(quote.time)):
            return
        start = self._size.start(quote.time)
        if start > self._candle.start:
            self._candle = Candle(start, self._candle.show)
        if self._candle.add(quote):
            bar = self._candle.bar(self._size.tell(self._candle.start, self._request.format_date))
            self._session.send(HistoricalDataUpdate(self._request.req_id, bar))


class _LiveBars:
    """Bars of five seconds for one request, from the first quote on."""

    def __init__(self, session: Session, req_id: int, show: Show, now: Callable[[], datetime]) -> None:
        self._session, self._req_id, self._show, self._now = session, req_id, show, now
        self._candle: Candle | None = None

    def start(self, feeds: Feeds, contract: Contract) -> Close:
        close = feeds.watch(contract, self._take)
        looking = asyncio.create_task(self._look(), name=f"bars of {contract.key}")

        def end() -> None:
            close()
            looking.cancel()

        return end

    def _take(self, quote: Quote) -> None:
        moment = max(quote.time, self._now())
        if self._candle is None:
            self._candle = Candle(FIVE_SECONDS.start(moment), self._show)
        self._pass(moment)
        self._candle.add(quote)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            self._pass(self._now())

    def _pass(self, moment: datetime) -> None:
        """Tell every bar that is over at a moment."""
        step = timedelta(seconds=FIVE_SECONDS.seconds)
        if self._candle is not None and moment - self._candle.start > _MOST_BEHIND:
            self._candle = self._candle.following(FIVE_SECONDS.start(moment))
        while self._candle is not None and self._candle.start + step <= moment:
            candle = self._candle
            if candle.samples or candle.close:
                self._session.send(_told(self._req_id, candle))
            self._candle = candle.following(candle.start + step)


def _told(req_id: int, candle: Candle) -> RealtimeBar:
    bar = candle.bar("")
    return RealtimeBar(
        req_id, int(candle.start.timestamp()), bar.open, bar.high, bar.low, bar.close, bar.volume, bar.wap, bar.count
    )

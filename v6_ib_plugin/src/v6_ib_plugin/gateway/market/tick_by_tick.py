"""Tick-by-tick data: every quote or every midpoint of a contract, one message each.

As at TWS, there are none of options and combos; trades one by one are nothing that a simulated market has.
"""

from __future__ import annotations

from decimal import Decimal

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.feeds import Feeds
from v6_ib_plugin.gateway.market.refusals import Refused, invalid
from v6_ib_plugin.gateway.market.subscriptions import Subscriptions
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import messages, requests
from v6core.contracts import Combo, Contract, FutureOption, Option
from v6core.money import ONE, ZERO
from v6core.quotes import Quote

_QUOTES, _MIDPOINTS = 3, 4
_KINDS = {"BidAsk": _QUOTES, "MidPoint": _MIDPOINTS}
_TRADES = frozenset({"Last", "AllLast"})


class TickByTick:
    """The requests for single ticks of all clients."""

    def __init__(self, house: House, feeds: Feeds) -> None:
        self._house = house
        self._feeds = feeds
        self._subscriptions = Subscriptions()

    async def subscribe(self, session: Session, request: requests.ReqTickByTickData) -> None:
        """Tell the present quote or midpoint, then each that follows; 10189 where there are none.

        Ticks of the past, which ``number_of_ticks`` asks for, are not kept: the ticks begin with the present one.
        """
        if not self._subscriptions.claim(session, request.req_id):
            return
        kind = _kind(request.tick_type)
        contract = await self._house.instruments.resolve(request.contract)
        await self._judge(contract)
        line = _Line(session, request.req_id, kind, sizes=not request.ignore_size)
        self._subscriptions.open(session, request.req_id, self._feeds.watch(contract, line.take))

    async def _judge(self, contract: Contract) -> None:
        if isinstance(contract, Option | FutureOption | Combo):
            raise _none("there are none of options and combos")
        quote = await self._feeds.quote(contract)
        if quote is not None and quote.delayed:
            raise _none("No market data permissions: the quotes are delayed")

    def cancel(self, session: Session, request: requests.CancelTickByTickData) -> None:
        """End the ticks."""
        self._subscriptions.cancel(session, request.req_id)

    def leave(self, session: Session) -> None:
        """End what runs for a client that has gone."""
        self._subscriptions.leave(session)

    def clear(self) -> None:
        """End what runs for all clients."""
        self._subscriptions.clear()


def _kind(text: str) -> int:
    if text in _TRADES:
        raise _none("a simulated market does not tell its trades one by one")
    if text not in _KINDS:
        raise invalid(f"Invalid tick-by-tick type {text!r}: Last, AllLast, BidAsk or MidPoint")
    return _KINDS[text]


def _none(why: str) -> Refused:
    return Refused(10189, f"Failed to request tick-by-tick data:{why}")


class _Line:
    """One request, and what its client was told last."""

    def __init__(self, session: Session, req_id: int, kind: int, *, sizes: bool) -> None:
        self._session, self._req_id, self._kind, self._sizes = session, req_id, kind, sizes
        self._told: tuple[Decimal | None, ...] = ()

    def take(self, quote: Quote) -> None:
        """Tell a quote, unless it is delayed or nothing in it changed that the client wants to hear of."""
        if self._kind == _MIDPOINTS:
            standing: tuple[Decimal | None, ...] = (quote.mid,)
        elif self._sizes:
            standing = (quote.bid, quote.ask, quote.bid_size, quote.ask_size)
        else:
            standing = (quote.bid, quote.ask)
        if quote.delayed or standing in {self._told, (None,)}:
            return
        self._told = standing
        self._session.send(self._message(quote))

    def _message(self, quote: Quote) -> messages.TickByTick:
        time = int(quote.time.timestamp())
        if self._kind == _MIDPOINTS:
            return messages.TickByTick(self._req_id, self._kind, time, mid_point=quote.mid or ZERO)
        return messages.TickByTick(
            self._req_id,
            self._kind,
            time,
            bid_price=quote.bid or ZERO,
            ask_price=quote.ask or ZERO,
            bid_size=_size(quote.bid, quote.bid_size),
            ask_size=_size(quote.ask, quote.ask_size),
        )


def _size(price: Decimal | None, size: Decimal | None) -> Decimal:
    """Return the size of a side; where the broker tells none it is one, as in the ticks of market data."""
    return ZERO if price is None else ONE if size is None else size

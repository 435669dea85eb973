"""From one quote to the next: the tick messages that say what has changed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from v6_ib_plugin.gateway.wire.messages import Message, TickPrice, TickSize, TickString
from v6_ib_plugin.translation.ticks import SIZE_BESIDE, Shown, tick_number
from v6core.money import ONE, ZERO
from v6core.quotes import Quote

_NO_PRICE = Decimal(-1)
_EXECUTABLE = 1


def last_of(quote: Quote) -> Decimal | None:
    """Return the last price; an index has no bids and offers, its level is what it was last."""
    return quote.mid if quote.last is None and quote.contract.kind == "INDEX" else quote.last


def ticks(req_id: int, before: Quote | None, quote: Quote, *, delayed: bool) -> Iterator[Message]:
    """Yield what a quote changes, all of it where there was none before.

    A price goes with its size, and the size once more by itself, because one client reads it there only. A side that
    nobody takes has the price -1 and no size. A size that the broker does not tell is one: clients take a price
    without a size for none.
    """
    if quote.contract.kind != "INDEX":
        told_bid, told_ask = (None, None) if before is None else _sides(before)
        bid, ask = _sides(quote)
        yield from _side(req_id, Shown.BID, told_bid, bid, delayed=delayed)
        yield from _side(req_id, Shown.ASK, told_ask, ask, delayed=delayed)
    last = last_of(quote)
    if last is not None and (before is None or last_of(before) != last):
        yield TickString(req_id, tick_number(Shown.LAST_TIME, delayed=delayed), str(int(quote.time.timestamp())))
        yield TickPrice(req_id, tick_number(Shown.LAST, delayed=delayed), last, ZERO)


_Side = tuple[Decimal | None, Decimal | None]


def _sides(quote: Quote) -> tuple[_Side, _Side]:
    return (quote.bid, quote.bid_size), (quote.ask, quote.ask_size)


def _side(req_id: int, shown: Shown, before: _Side | None, side: _Side, *, delayed: bool) -> Iterator[Message]:
    if before == side:
        return
    price, size = side
    told = ZERO if price is None else ONE if size is None else size
    if before is None or before[0] != price:
        number = tick_number(shown, delayed=delayed)
        yield TickPrice(req_id, number, _NO_PRICE if price is None else price, told, _EXECUTABLE)
    yield TickSize(req_id, tick_number(SIZE_BESIDE[shown], delayed=delayed), told)

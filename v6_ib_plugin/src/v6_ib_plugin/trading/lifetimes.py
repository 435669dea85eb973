"""Until when an order works, to tell one that ran out from one that was cancelled: TWS calls both cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta

from v6_ib_plugin.trading.known import KnownOrder
from v6core.contracts import Contract
from v6core.orders import ON_OPEN, Order, TimeInForce
from v6core.reconciliation.expiry import is_us
from v6core.reports import OrderTerms
from v6core.sessions import next_session, session_on, trading_day

_EARLY = timedelta(seconds=1)


def has_run_out(known: KnownOrder, now: datetime) -> bool:
    """Tell whether an order's time was over at a moment; where that is not known, it was not.

    An order for the day ends with the regular session of New York in which it was sent, unless it may trade outside;
    one of an earlier run with that in which this run saw it at work. An order at the open ends with the next open.
    """
    terms = known.shown
    if terms is not None and terms.tif is TimeInForce.GTD and terms.good_till is not None:
        return terms.good_till <= now + _EARLY
    if known.sent is not None:
        order = known.sent.order
        return _is_over(order, order.created_at, now, outside_rth=order.outside_rth)
    if terms is None or known.ib is None or known.told is None:
        return False
    return _is_over(terms, known.told.time, now, outside_rth=known.ib.outside_rth)


def _is_over(terms: Order | OrderTerms, placed: datetime | None, now: datetime, *, outside_rth: bool) -> bool:
    """Tell whether what ends an order that was at work at a moment has come: the open, or the end of the day."""
    contract: Contract | None = terms.contract
    if placed is None or contract is None or not is_us(contract):
        return False
    if terms.order_type in ON_OPEN:
        return _has_opened(placed, now)
    return terms.tif is TimeInForce.DAY and not outside_rth and _has_closed(placed, now)


def _has_opened(placed: datetime, now: datetime) -> bool:
    """Tell whether a session has opened since a moment."""
    try:
        return next_session(placed).open <= now
    except ValueError:  # a day that the table of sessions does not know
        return False


def _has_closed(placed: datetime, now: datetime) -> bool:
    """Tell whether the session of a moment is over."""
    try:
        session = session_on(trading_day(placed))
    except ValueError:  # a day that the table of sessions does not know
        return False
    return session is not None and placed < session.close <= now + _EARLY

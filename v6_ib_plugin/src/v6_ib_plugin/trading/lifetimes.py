"""Until when an order works, to tell one that ran out from one that was cancelled: TWS calls both cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta

from v6_ib_plugin.trading.known import KnownOrder
from v6core.contracts import Contract
from v6core.orders import Order, TimeInForce
from v6core.reconciliation.expiry import is_us
from v6core.reports import OrderTerms
from v6core.sessions import session_on, trading_day

_EARLY = timedelta(seconds=1)


def has_run_out(known: KnownOrder, now: datetime) -> bool:
    """Tell whether an order's time was over at a moment; where that is not known, it was not.

    An order for the day ends with the regular session of New York in which it was sent, unless it may trade outside;
    one of an earlier run with that in which this run saw it at work.
    """
    terms = known.shown
    if terms is not None and terms.tif is TimeInForce.GTD and terms.good_till is not None:
        return terms.good_till <= now + _EARLY
    if known.sent is not None:
        order = known.sent.order
        return _ends_by_the_day(order, outside_rth=order.outside_rth) and _is_over(order.created_at, now)
    if terms is None or known.ib is None or known.told is None:
        return False
    return _ends_by_the_day(terms, outside_rth=known.ib.outside_rth) and _is_over(known.told.time, now)


def _ends_by_the_day(terms: Order | OrderTerms, *, outside_rth: bool) -> bool:
    contract: Contract | None = terms.contract
    return terms.tif is TimeInForce.DAY and not outside_rth and contract is not None and is_us(contract)


def _is_over(placed: datetime | None, now: datetime) -> bool:
    """Tell whether the session of a moment is over."""
    if placed is None:
        return False
    try:
        session = session_on(trading_day(placed))
    except ValueError:  # a day that the table of sessions does not know
        return False
    return session is not None and placed < session.close <= now + _EARLY

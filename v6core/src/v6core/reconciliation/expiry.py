"""Until when an order that is good for a day can work."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from v6core.contracts import Combo, Contract
from v6core.orders import Order, TimeInForce
from v6core.sessions import NEW_YORK, session_on, sessions, trading_day

_US = frozenset({"STOCK", "OPTION"})
_LAST_TRADE = time(20)
_LONGEST_CLOSURE = timedelta(days=5)


def day_is_over(order: Order, sent_at: datetime, now: datetime) -> bool:
    """Tell whether an order good for one day, sent at a time, can no longer be working.

    US stocks and options: after 20:00 in New York, when trading outside regular hours has ended, on the day of the
    session that the order was for. Whatever else is traded: five days later, which is longer than any of its markets
    stays closed. Orders good for longer never end by the clock alone.
    """
    if order.tif is not TimeInForce.DAY or order.contract is None:
        return False
    try:
        ends = _end_of_session(sent_at) if is_us(order.contract) else sent_at + _LONGEST_CLOSURE
    except ValueError:  # a day that the table of sessions does not know
        ends = sent_at + _LONGEST_CLOSURE
    return now > ends


def is_us(contract: Contract) -> bool:
    """Tell whether a contract trades in the sessions of New York, alone or with all of its legs."""
    if isinstance(contract, Combo):
        return all(is_us(leg.contract) for leg in contract.legs)
    return contract.kind in _US and contract.currency == "USD"


def _end_of_session(sent_at: datetime) -> datetime:
    """Return the end of the day in New York on which an order sent at a time was good, all its hours included."""
    day = trading_day(sent_at)
    session = session_on(day)
    if session is None or sent_at >= session.close:
        # After the close it may have been for the rest of the evening, or already for the session that follows.
        session = next(sessions(day + timedelta(days=1)))
    return datetime.combine(session.day, _LAST_TRADE, NEW_YORK)

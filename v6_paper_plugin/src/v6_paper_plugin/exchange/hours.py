"""When orders trade: the sessions of a market, in which of them an order is at it, and with which it ends."""

from __future__ import annotations

from datetime import datetime

from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6_paper_plugin.market import Market
from v6core.orders import ON_OPEN, TimeInForce
from v6core.sessions import Session


class Hours:
    """The sessions of a market; where there are ``auctions``, an order at the open is for the next one to open."""

    def __init__(self, market: Market, *, auctions: bool) -> None:
        self._market = market
        self._auctions = auctions

    def next(self, after: datetime) -> Session | None:
        """Return the next session that opens later than a moment, or None where the calendar or the tape ends."""
        try:
            return self._market.next_session(after)
        except ValueError:
            return None

    def session_of(self, order: ExchangeOrder, at: datetime) -> Session | None:
        """Return the session in which an order that comes at a moment trades first, or None where none follows."""
        session = None if self._waits_for_open(order) else self._market.session(at)
        return session or self.next(at)

    def is_at_market(self, order: ExchangeOrder, at: datetime) -> bool:
        """Tell whether a session is open at a moment, and an order is for it and not for a later one."""
        session = self._market.session(at)
        return session is not None and not (self._waits_for_open(order) and order.expires_at != session.close)

    def expiry(self, order: ExchangeOrder, at: datetime) -> datetime | None:
        """Return when an order that comes at a moment ends, if it has not by then; None where no time ends it."""
        if order.tif is TimeInForce.GTD:
            return order.good_till
        session = None if order.tif is TimeInForce.GTC else self.session_of(order, at)
        return None if session is None else session.close

    def goes_on_after(self, session: Session) -> bool:
        """Tell whether trading does not stop with the end of a session."""
        following = self.next(session.open)
        return following is not None and following.open == session.close

    def _waits_for_open(self, order: ExchangeOrder) -> bool:
        return self._auctions and order.order_type in ON_OPEN

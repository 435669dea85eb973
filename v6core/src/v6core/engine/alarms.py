"""What somebody must look at is journaled as an alarm, logged as an error, and where it must, stops trading."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from v6core.engine.record import Change
from v6core.engine.scribe import Scribe
from v6core.events import AlarmRaised, EngineEvent, TradingState, TradingStateChanged
from v6core.lifecycle import OrderState
from v6core.orders import Anomaly

_LOG = logging.getLogger("v6")
_TWO = "TWO_BROKER_ORDERS"


class Alarms:
    """Follows events, and raises the alarm at two working broker orders under one reference."""

    def __init__(self) -> None:
        self._scribe: Scribe | None = None
        self._raised: set[tuple[str, UUID | None]] = set()

    def open(self, scribe: Scribe) -> None:
        """Start to raise alarms through a scribe."""
        self._scribe = scribe

    def replayed(self, change: Change) -> None:
        """Remember an alarm of an earlier run, which is not raised again."""
        event = change.event
        if isinstance(event, AlarmRaised):
            self._raised.add((event.code, event.order_id))

    def resume(self, states: Iterable[OrderState], at: datetime) -> None:
        """Raise what an earlier run could not record any more."""
        for state in states:
            self._raise_two(state, at)

    def learn(self, change: Change) -> None:
        """Log an alarm; raise one where an order has become two."""
        event, state = change.event, change.state
        if isinstance(event, AlarmRaised):
            self.replayed(change)
            about = "" if event.order_id is None else f" (order {event.order_id})"
            _LOG.error("%s: %s%s", event.code, event.message, about)
        elif state is not None and Anomaly.TWO_BROKER_ORDERS in state.anomalies:
            self._raise_two(state, event.time)

    def raise_once(self, code: str, message: str, order_id: UUID, at: datetime, *events: EngineEvent) -> None:
        """Raise an alarm about an order, with further events, unless it was raised before."""
        if self._scribe is None or (code, order_id) in self._raised:
            return
        self._raised.add((code, order_id))
        if self._scribe.failure is not None:
            _LOG.error("%s: %s (order %s); the journal cannot take it", code, message, order_id)
        else:
            self._scribe.note(AlarmRaised(time=at, code=code, message=message, order_id=order_id), *events)

    def _raise_two(self, state: OrderState, time: datetime) -> None:
        order_id = state.terms.order_id
        if self._scribe is None or (_TWO, order_id) in self._raised:
            return
        self._raised.add((_TWO, order_id))
        message = f"the broker has two orders under {state.terms.order_ref}: {', '.join(state.broker_order_ids)}"
        halted = TradingStateChanged(
            time=time,
            state=TradingState.HALTED,
            reason=f"{_TWO}: {message}; both count, and a cancel goes to both; look at the broker's pages, then resume",
        )
        self._scribe.note(AlarmRaised(time=time, code=_TWO, message=message, order_id=order_id), halted)

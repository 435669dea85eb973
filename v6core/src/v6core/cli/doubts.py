"""What is in doubt: since when, why, what somebody can do about it, and what the positions come to at worst."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import auto
from pathlib import Path
from typing import Any

from v6core.cli.records import event_of
from v6core.cli.telling import order_lines
from v6core.cli.wrapping import wrapped
from v6core.engine.holdings import Holdings
from v6core.engine.record import Record
from v6core.events import DoubtRaised, Event, OrderEvent, Subject
from v6core.journal import Row, journal_exists, open_for_reading
from v6core.lifecycle import OrderState, apply
from v6core.money import ZERO, plain
from v6core.orders import Anomaly, OrderStatus, Pending
from v6core.risk import exposures
from v6core.words import Word

_UNANSWERED = frozenset({OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT})


class About(Word):
    """What of an order nobody knows."""

    ORDER = auto()
    CANCEL = auto()
    MODIFY = auto()
    FILLS = auto()


@dataclass(frozen=True, slots=True)
class Extremes:
    """What a position is by what is known, and the least and most that it comes to if all that is open fills."""

    held: Decimal
    least: Decimal
    most: Decimal


@dataclass(frozen=True, slots=True)
class Doubt:
    """An order in doubt, or of which something is; ``positions`` are its contracts', by their keys."""

    state: OrderState
    about: tuple[About, ...]
    since: datetime
    reason: str
    positions: Mapping[str, Extremes]

    @property
    def hint(self) -> str:
        """What somebody can do who has looked at the broker's own pages."""
        order_id = self.state.terms.order_id.hex[:8]
        match self.about[0]:
            case About.ORDER if self.state.status is OrderStatus.PENDING_SUBMIT:
                return "its engine waits for an answer, or ended before one came; the next start asks the broker"
            case About.ORDER:
                words = "cancelled|expired|filled" if self.state.is_shown else "absent|cancelled|expired|filled"
                return f"look for it at the broker, then v6 resolve {order_id} {words} REASON; its word still wins"
            case About.FILLS:
                return f"compare its fills, then v6 resolve {order_id} expired REASON, or filled with what is missing"
            case About.CANCEL:
                return f"v6 cancel {order_id} asks again; v6 resolve {order_id} unchanged REASON: it did nothing"
            case About.MODIFY:
                return f"look at its terms at the broker, then v6 resolve {order_id} unchanged REASON: it did nothing"

    @property
    def document(self) -> dict[str, Any]:
        """The order with what is known of the doubt."""
        positions = {
            key: {"held": plain(one.held), "least": plain(one.least), "most": plain(one.most)}
            for key, one in self.positions.items()
        }
        told = {
            "about": [str(word) for word in self.about],
            "since": self.since.isoformat().replace("+00:00", "Z"),
            "reason": self.reason,
            "hint": self.hint,
            "positions": positions,
        }
        return {**self.state.order.model_dump(mode="json"), "doubt": told}

    def lines(self) -> Iterator[str]:
        """Yield the doubt in words."""
        yield from order_lines(self.state.order)
        words = ", ".join(str(word).lower() for word in self.about)
        yield from wrapped(f"since {self.since:%Y-%m-%d %H:%M:%S} UTC: {self.reason}", f"  {words} in doubt ")
        for key, one in self.positions.items():
            yield f"  {key}: {plain(one.held)} held, at worst from {plain(one.least)} to {plain(one.most)}"
        yield from wrapped(self.hint, "  hint: ")


def doubts_in(path: Path, broker: str) -> tuple[Doubt, ...]:
    """Return what is in doubt by the journal, oldest first; none where there is no journal yet."""
    if not journal_exists(path):
        return ()
    with closing(open_for_reading(path)) as reader:
        record = Record(reader.engine_id, broker)
        holdings = Holdings()
        record.replay(map(event_of, reader.rows()), holdings.learn)
        held = holdings.quantities()
        return tuple(
            _doubt(state, record, held, reader.rows(order_id=state.terms.order_id))
            for state in record.states.values()
            if _about(state)
        )


def _about(state: OrderState) -> tuple[About, ...]:
    found = (
        (About.ORDER, state.status in _UNANSWERED),
        (About.FILLS, Anomaly.FILLS_UNPROVEN in state.anomalies),
        (About.CANCEL, state.pending_cancel is Pending.IN_DOUBT),
        (About.MODIFY, state.pending_modify is Pending.IN_DOUBT),
    )
    return tuple(word for word, holds in found if holds)


def _doubt(state: OrderState, record: Record, held: Mapping[str, Decimal], rows: Iterator[Row]) -> Doubt:
    about = _about(state)
    since, reasons = _history(map(event_of, rows))
    subject = {About.CANCEL: Subject.CANCEL, About.MODIFY: Subject.MODIFY}.get(about[0])
    said = state.reason if subject is None else reasons.get(subject)
    return Doubt(state, about, since, said or "no answer came yet", _extremes(state, record, held))


def _history(events: Iterator[Event]) -> tuple[datetime, Mapping[Subject, str]]:
    """Return since when an order is in doubt, and what was said of each doubt last."""
    state: OrderState | None = None
    since: datetime | None = None
    reasons: dict[Subject, str] = {}
    for event in events:
        assert isinstance(event, OrderEvent)
        state = apply(state, event)
        if isinstance(event, DoubtRaised):
            reasons[event.subject] = event.reason
        since = (since or event.time) if _about(state) else None
    assert since is not None, "who asks has found the order in doubt"
    return since, reasons


def _extremes(state: OrderState, record: Record, held: Mapping[str, Decimal]) -> Mapping[str, Extremes]:
    """Return what the positions of an order's contracts come to if all sells fill, and if all buys do."""
    order = state.order
    may_fill = {one.terms.order_id: one for one in (*record.open.values(), state)}
    beside = [row for one in may_fill.values() for row in exposures(one.order)]
    return {key: _extreme(held.get(key, ZERO), [c for k, c in beside if k == key]) for key, _ in exposures(order)}


def _extreme(held: Decimal, changes: list[Decimal]) -> Extremes:
    least = sum((change for change in changes if change < 0), held)
    most = sum((change for change in changes if change > 0), held)
    return Extremes(held, least, most)

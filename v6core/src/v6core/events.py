"""What happened to an order, and to the engine, as frozen records: the rows of the journal.

Whatever v6 knows is the fold of these. A broker's report becomes an event unchanged (``ReportReceived``), so that the
journal holds the evidence itself and not only what was made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import auto
from functools import cache
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from v6core.contracts.singles import BaseContract
from v6core.fills import ActionTaken
from v6core.moments import in_utc
from v6core.money import Number, Positive
from v6core.orders import MODIFIABLE, Order
from v6core.orders.order import read_only
from v6core.reports import BrokerPosition, OrderTerms, Report
from v6core.rereading import builder, rereader
from v6core.sagas import Saga
from v6core.strategies import Strategy
from v6core.words import Word


class TradingState(Word):
    """What the engine lets out: everything, only what reduces, or nothing but cancels and what reduces."""

    ACTIVE = auto()
    REDUCING = auto()
    HALTED = auto()


class Subject(Word):
    """What a doubt is about."""

    ORDER = auto()
    CANCEL = auto()
    MODIFY = auto()


class Verdict(Word):
    """What somebody who looked at the broker's own pages decided about an order in doubt."""

    ABSENT = auto()
    """It never arrived."""
    CANCELLED = auto()
    """It was cancelled; what is known of its fills is all."""
    EXPIRED = auto()
    """It expired; what is known of its fills is all."""
    FILLED = auto()
    """It filled, at a price that is told along."""
    UNCHANGED = auto()
    """It is as it was: the cancel or modify that nobody answered did nothing, its fills are all."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    time: AwareDatetime

    @field_validator("time")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return in_utc(value)


class BaseOrderEvent(_Event):
    """Any event of an order; to ask for it is to ask one class, where ``OrderEvent`` is eleven."""

    order_id: UUID


class Purpose(Word):
    """What an order was sent for, beyond itself."""

    OPEN = auto()
    CLOSE = auto()
    ROLL = auto()
    EXIT = auto()


class _Binding(BaseOrderEvent):
    order: Order

    @model_validator(mode="after")
    def _check_about_it(self) -> Self:
        if self.order.order_id != self.order_id:
            raise ValueError(f"an event of order {self.order_id} carries order {self.order.order_id}")
        return self


class OrderIntended(_Binding):
    """The order is about to be sent; ``unit`` names the orders that go with it, ``purpose`` the operation it serves.

    ``worst_case`` is there where it was let out beside an order in doubt: the signed position that each of its
    contracts comes to if all that works or is in doubt against it fills as well.
    """

    event: Literal["INTENDED"] = "INTENDED"
    unit: tuple[UUID, ...] = ()
    purpose: Purpose | None = None
    worst_case: Mapping[str, Number] | None = None


class OrderWasDenied(_Binding):
    """v6 refused the order; nothing was sent."""

    event: Literal["DENIED"] = "DENIED"
    code: str
    reason: str
    denied_by: str = "v6"


class DoubtRaised(BaseOrderEvent):
    """An answer that should have come did not; nothing proves what happened."""

    event: Literal["DOUBTED"] = "DOUBTED"
    subject: Subject = Subject.ORDER
    reason: str


class AbsenceProved(BaseOrderEvent):
    """The order is proved never to have arrived; ``evidence`` says by what."""

    event: Literal["ABSENT"] = "ABSENT"
    evidence: str


class OrderResent(BaseOrderEvent):
    """The same order is about to be sent again, to a broker that refuses a second one under the same reference."""

    event: Literal["RESENT"] = "RESENT"


class ExpiryInferred(BaseOrderEvent):
    """An order that the broker had is gone from its complete lists after the session that it was good for.

    What filled of it in between may be missing. ``unexplained`` is by how much the positions of its contracts, by key,
    moved beyond what is known; with any of it, the order's fills are unproven.
    """

    event: Literal["EXPIRY_INFERRED"] = "EXPIRY_INFERRED"
    evidence: str
    unexplained: Mapping[str, Number] = {}


class OperatorDecided(BaseOrderEvent):
    """Somebody looked at the broker's own pages and decided what became of an order; the broker's word still wins.

    ``quantity`` and ``price`` belong to FILLED: what filled beyond the fills that v6 knows, and at which average.
    """

    event: Literal["DECIDED"] = "DECIDED"
    verdict: Verdict
    reason: str
    operator: str
    quantity: Positive | None = None
    price: Number | None = None

    @model_validator(mode="after")
    def _check_fill(self) -> Self:
        told = self.quantity is not None and self.price is not None
        if told != (self.verdict is Verdict.FILLED):
            raise ValueError("a quantity and a price belong to the verdict FILLED, and only to it")
        return self


class CancelRequested(BaseOrderEvent):
    """A cancel is about to be sent; ``purpose`` EXIT where v6 asks for it to keep a group itself."""

    event: Literal["CANCEL_REQUESTED"] = "CANCEL_REQUESTED"
    purpose: Purpose | None = None


class ModifyRequested(BaseOrderEvent):
    """A change of these terms is about to be sent; values as in the order's JSON, None for a term that is dropped."""

    event: Literal["MODIFY_REQUESTED"] = "MODIFY_REQUESTED"
    changes: Mapping[str, Any]

    @field_validator("changes")
    @classmethod
    def _as_in_json(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep what the journal will keep, so that a replay meets the same values as the live engine."""
        if fixed := sorted(set(value) - MODIFIABLE):
            raise ValueError(f"{fixed[0]} cannot be modified; {', '.join(sorted(MODIFIABLE))} can")
        return OrderTerms.model_validate(dict(value)).model_dump(mode="json", include=set(value))


class RequestUnsent(BaseOrderEvent):
    """A cancel or a modify is proved not to have left; of an order, ``AbsenceProved`` says so."""

    event: Literal["UNSENT"] = "UNSENT"
    subject: Literal[Subject.CANCEL, Subject.MODIFY]
    reason: str


class ReportReceived(BaseOrderEvent):
    """The broker said something about the order."""

    event: Literal["REPORTED"] = "REPORTED"
    report: Report


class ForeignReported(_Event):
    """The broker said something that is about no order of ours: another's order, a position, the link."""

    event: Literal["FOREIGN"] = "FOREIGN"
    report: Report


class ReportRefused(_Event):
    """A broker reported what cannot be; nothing was made of it. ``raw`` is what it said, as text."""

    event: Literal["REPORT_REFUSED"] = "REPORT_REFUSED"
    problem: str
    raw: str


class PositionsTaken(_Event):
    """What a complete snapshot said is held, where that is not what was known: it counts from here on.

    ``meanwhile`` is what filled, was corrected or was taken back while the snapshot was taken, and is not in it, as
    signed quantities by contract key. Fills from before ``fills_since`` that are learnt later are in it.
    """

    event: Literal["POSITIONS"] = "POSITIONS"
    positions: tuple[BrokerPosition, ...] = ()
    meanwhile: Mapping[str, Number] = {}
    fills_since: AwareDatetime | None = None

    @field_validator("fills_since")
    @classmethod
    def _reach_in_utc(cls, value: datetime | None) -> datetime | None:
        return None if value is None else in_utc(value)


class ClockJumped(_Event):
    """The wall clock moved by so many seconds against the monotonic one."""

    event: Literal["CLOCK_JUMPED"] = "CLOCK_JUMPED"
    seconds: float


class AlarmRaised(_Event):
    """Something that somebody must look at; ``code`` is stable, ``order_id`` whose order it is about, if one's."""

    event: Literal["ALARM"] = "ALARM"
    code: str
    message: str
    order_id: UUID | None = None


class StrategyRecorded(_Event):
    """A strategy was opened, rolled or closed; ``strategy`` is what it is from here on."""

    event: Literal["STRATEGY"] = "STRATEGY"
    strategy: Strategy


class SagaPlanned(_Event):
    """Work of several orders was planned; a restart goes on with it until it has ended."""

    event: Literal["SAGA_PLANNED"] = "SAGA_PLANNED"
    plan: Saga


class SagaEnded(_Event):
    """Work of several orders has ended: nothing more is sent for it. ``message`` says why where it is no success."""

    event: Literal["SAGA_ENDED"] = "SAGA_ENDED"
    saga_id: UUID
    action_taken: ActionTaken
    message: str | None = None


class TradingStateChanged(_Event):
    """Somebody or something halted, limited or resumed trading."""

    event: Literal["TRADING_STATE"] = "TRADING_STATE"
    state: TradingState
    reason: str
    operator: str | None = None


class EngineStarted(_Event):
    """An engine opened the journal; ``fingerprint`` names the code and the settings that it runs with."""

    event: Literal["STARTED"] = "STARTED"
    broker: str
    version: str
    fingerprint: Mapping[str, str] = {}


OrderEvent = (
    OrderIntended
    | OrderWasDenied
    | DoubtRaised
    | AbsenceProved
    | OrderResent
    | ExpiryInferred
    | OperatorDecided
    | CancelRequested
    | ModifyRequested
    | RequestUnsent
    | ReportReceived
)
EngineEvent = (
    ForeignReported
    | ReportRefused
    | PositionsTaken
    | ClockJumped
    | AlarmRaised
    | StrategyRecorded
    | SagaPlanned
    | SagaEnded
    | TradingStateChanged
    | EngineStarted
)
Event = Annotated[OrderEvent | EngineEvent, Field(discriminator="event")]

_EVENT: TypeAdapter[OrderEvent | EngineEvent] = TypeAdapter(Event)
_report_received = builder(ReportReceived)
_order_intended = builder(OrderIntended)


def received(report: Report, order_id: UUID) -> ReportReceived:
    """Return the event of a report that was judged: it is built, and what is in it not judged again."""
    fields = {"time": report.time, "order_id": order_id, "event": "REPORTED", "report": report}
    return _report_received((fields, None, {"time", "order_id", "report"}))


def intended(
    order: Order,
    time: datetime,
    *,
    unit: tuple[UUID, ...] = (),
    purpose: Purpose | None = None,
    worst_case: Mapping[str, Decimal] | None = None,
) -> OrderIntended:
    """Return the event of an order that was judged and is about to be sent: it is built, and nothing judged again."""
    fields = {
        "time": in_utc(time),
        "order_id": order.order_id,
        "order": order,
        "event": "INTENDED",
        "unit": unit,
        "purpose": purpose,
        "worst_case": worst_case,
    }
    return _order_intended((fields, None, set(fields)))


def event_from_json(text: str) -> OrderEvent | EngineEvent:
    """Return the event that a journal row's payload holds; ValueError where it holds none."""
    return _EVENT.validate_json(text)


def event_from_row(text: str) -> OrderEvent | EngineEvent:
    """Return the event of a row whose place in the chain was checked; ValueError where it holds none.

    What v6 wrote was valid when it was written, so it is built and not judged anew: some times as fast as
    ``event_from_json``, and equal to it for all that ``event_to_json`` returns. Any other text is judged.
    """
    try:
        return _rereader()(text)
    except ValueError:
        return event_from_json(text)


@cache
def _rereader() -> Callable[[str], OrderEvent | EngineEvent]:
    return rereader(_EVENT, shaping=(read_only,), shared=(BaseContract,))


def event_to_json(event: OrderEvent | EngineEvent) -> str:
    """Return an event as canonical JSON: fields in their order, decimals as plain text, times in UTC, all ASCII."""
    text = event.model_dump_json(exclude_none=True)
    # Nearly all of it is ASCII as it is, and to see to that costs a look at each character.
    return text if text.isascii() else event.model_dump_json(exclude_none=True, ensure_ascii=True)

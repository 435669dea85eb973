"""What happened to an order, and to the engine, as frozen records: the rows of the journal.

Whatever v6 knows is the fold of these. A broker's report becomes an event unchanged (``ReportReceived``), so that the
journal holds the evidence itself and not only what was made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import auto
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from v6core.orders import MODIFIABLE, Order
from v6core.reports import OrderTerms, Report
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


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    time: AwareDatetime

    @field_validator("time")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return value.astimezone(UTC)


class _OrderEvent(_Event):
    order_id: UUID


class Purpose(Word):
    """What an order was sent for, beyond itself."""

    OPEN = auto()
    CLOSE = auto()
    ROLL = auto()
    EXIT = auto()


class _Binding(_OrderEvent):
    order: Order

    @model_validator(mode="after")
    def _check_about_it(self) -> Self:
        if self.order.order_id != self.order_id:
            raise ValueError(f"an event of order {self.order_id} carries order {self.order.order_id}")
        return self


class OrderIntended(_Binding):
    """The order is about to be sent; ``unit`` names the orders that go with it, ``purpose`` the operation it serves."""

    event: Literal["INTENDED"] = "INTENDED"
    unit: tuple[UUID, ...] = ()
    purpose: Purpose | None = None


class OrderWasDenied(_Binding):
    """v6 refused the order; nothing was sent."""

    event: Literal["DENIED"] = "DENIED"
    code: str
    reason: str
    denied_by: str = "v6"


class DoubtRaised(_OrderEvent):
    """An answer that should have come did not; nothing proves what happened."""

    event: Literal["DOUBTED"] = "DOUBTED"
    subject: Subject = Subject.ORDER
    reason: str


class AbsenceProved(_OrderEvent):
    """The order is proved never to have arrived; ``evidence`` says by what."""

    event: Literal["ABSENT"] = "ABSENT"
    evidence: str


class CancelRequested(_OrderEvent):
    """A cancel is about to be sent."""

    event: Literal["CANCEL_REQUESTED"] = "CANCEL_REQUESTED"


class ModifyRequested(_OrderEvent):
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


class RequestUnsent(_OrderEvent):
    """A cancel or a modify is proved not to have left; of an order, ``AbsenceProved`` says so."""

    event: Literal["UNSENT"] = "UNSENT"
    subject: Literal[Subject.CANCEL, Subject.MODIFY]
    reason: str


class ReportReceived(_OrderEvent):
    """The broker said something about the order."""

    event: Literal["REPORTED"] = "REPORTED"
    report: Report


class ForeignReported(_Event):
    """The broker said something that is about no order of ours: another's order, a position, the link."""

    event: Literal["FOREIGN"] = "FOREIGN"
    report: Report


class StrategyRecorded(_Event):
    """A strategy was opened, rolled or closed; ``strategy`` is what it is from here on."""

    event: Literal["STRATEGY"] = "STRATEGY"
    strategy: Strategy


class TradingStateChanged(_Event):
    """Somebody or something halted, limited or resumed trading."""

    event: Literal["TRADING_STATE"] = "TRADING_STATE"
    state: TradingState
    reason: str


class EngineStarted(_Event):
    """An engine opened the journal."""

    event: Literal["STARTED"] = "STARTED"
    broker: str
    version: str


OrderEvent = (
    OrderIntended
    | OrderWasDenied
    | DoubtRaised
    | AbsenceProved
    | CancelRequested
    | ModifyRequested
    | RequestUnsent
    | ReportReceived
)
EngineEvent = ForeignReported | StrategyRecorded | TradingStateChanged | EngineStarted
Event = Annotated[OrderEvent | EngineEvent, Field(discriminator="event")]

_EVENT: TypeAdapter[OrderEvent | EngineEvent] = TypeAdapter(Event)


def event_from_json(text: str) -> OrderEvent | EngineEvent:
    """Return the event that a journal row's payload holds; ValueError where it holds none."""
    return _EVENT.validate_json(text)


def event_to_json(event: OrderEvent | EngineEvent) -> str:
    """Return an event as canonical JSON: fields in their order, decimals as plain text, times in UTC, all ASCII."""
    return event.model_dump_json(exclude_none=True, ensure_ascii=True)

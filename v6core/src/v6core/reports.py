"""What a broker says, as it says it. Reports are evidence: only ``v6core.lifecycle`` makes a status of them.

A report names its order by ``order_ref``, the tag that travelled with it, or where the broker does not repeat the tag
by ``broker_order_id``. A report of an order that is not ours is kept for people to see and touches nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import auto
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from v6core.contracts import Contract, OrderAction
from v6core.fills import Commission, Fill
from v6core.moments import in_utc
from v6core.money import NotNegative, Number, Positive
from v6core.orders import OrderType, TimeInForce
from v6core.words import Word


class ReportedStatus(Word):
    """What a broker can say of an order's standing. FILLED is a claim: the fills themselves decide."""

    SUBMITTED = auto()
    PARTIALLY_FILLED = auto()
    INACTIVE = auto()
    FILLED = auto()
    CANCELLED = auto()
    EXPIRED = auto()
    UNKNOWN = auto()
    """A word that the plugin does not know; ``word`` holds it."""


class LinkState(Word):
    """How well the broker can be reached."""

    UP = auto()
    DEGRADED = auto()
    """Connected to something that has itself lost the broker."""
    DOWN = auto()


class AdjustmentReason(Word):
    """Why a position changed without an order of ours."""

    EXPIRY = auto()
    EXERCISE = auto()
    ASSIGNMENT = auto()
    CORPORATE_ACTION = auto()
    EXTERNAL = auto()


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    time: AwareDatetime

    @field_validator("time")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return in_utc(value)


class _OrderRelated(_Report):
    order_ref: str | None = None
    broker_order_id: str | None = None

    @model_validator(mode="after")
    def _check_named(self) -> Self:
        if self.order_ref is None and self.broker_order_id is None:
            raise ValueError("a report names its order by order_ref, broker_order_id or both")
        return self


class OrderTerms(BaseModel):
    """The terms of an order as the broker shows them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: Contract | None = None
    action: OrderAction | None = None
    order_type: OrderType | None = None
    quantity: Positive | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    trail_amount: Positive | None = None
    trail_percent: Positive | None = None
    limit_offset: NotNegative | None = None
    tif: TimeInForce | None = None
    good_till: AwareDatetime | None = None
    oca_group: str | None = None

    @field_validator("good_till")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        return None if value is None else in_utc(value)


class OrderReport(_OrderRelated):
    """How an order stands. ``filled_quantity`` above the fills that v6 knows means that fills are missing.

    ``replaces`` is the broker's id of the order that this one took the place of, at a broker that changes an order by
    replacing it.
    """

    report: Literal["ORDER"] = "ORDER"
    status: ReportedStatus
    word: str | None = None
    working: bool = False
    filled_quantity: NotNegative | None = None
    terms: OrderTerms | None = None
    replaces: str | None = None
    reason: str | None = None
    account: str | None = None


class FillReport(_OrderRelated):
    """One execution."""

    report: Literal["FILL"] = "FILL"
    fill: Fill


class FillCorrectionReport(_OrderRelated):
    """An execution takes the place of an earlier one, or, with ``fill`` None, the earlier one is taken back.

    The two differ in their ids: where a broker corrects under the same one, its plugin adds the revision to it.
    """

    report: Literal["FILL_CORRECTION"] = "FILL_CORRECTION"
    replaces: str
    fill: Fill | None = None

    @model_validator(mode="after")
    def _check_differs(self) -> Self:
        if self.fill is not None and self.fill.execution_id == self.replaces:
            raise ValueError(f"a correction needs an execution_id of its own, not {self.replaces!r} again")
        return self


class CommissionReport(_Report):
    """What an execution cost."""

    report: Literal["COMMISSION"] = "COMMISSION"
    commission: Commission


class RejectionReport(_OrderRelated):
    """The broker refused an order that it was sent."""

    report: Literal["REJECTION"] = "REJECTION"
    code: str | None = None
    reason: str


class CancelRefusedReport(_OrderRelated):
    """The broker refused to cancel; the order's own state is not told by it."""

    report: Literal["CANCEL_REFUSED"] = "CANCEL_REFUSED"
    code: str | None = None
    reason: str


class ModifyRefusedReport(_OrderRelated):
    """The broker refused a change; the order works on as it was."""

    report: Literal["MODIFY_REFUSED"] = "MODIFY_REFUSED"
    code: str | None = None
    reason: str


class AdjustmentReport(_Report):
    """A position changed by ``quantity`` (signed) without an order of ours, at ``price`` where money moved."""

    report: Literal["ADJUSTMENT"] = "ADJUSTMENT"
    adjustment_id: str
    contract: Contract
    quantity: Number
    price: Number | None = None
    reason: AdjustmentReason
    account: str | None = None


class LinkReport(_Report):
    """The link to the broker changed."""

    report: Literal["LINK"] = "LINK"
    state: LinkState
    detail: str = ""


Report = Annotated[
    OrderReport
    | FillReport
    | FillCorrectionReport
    | CommissionReport
    | RejectionReport
    | CancelRefusedReport
    | ModifyRefusedReport
    | AdjustmentReport
    | LinkReport,
    Field(discriminator="report"),
]


class BrokerPosition(BaseModel):
    """A position as the broker tells it: signed quantity, average cost per unit without commission."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: Contract
    quantity: Number
    avg_cost: Number
    account: str | None = None


class Account(BaseModel):
    """An account's money, in its base currency.

    ``paper`` says that none of it is real; where a broker that is not simulated says nothing, it counts as real.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    paper: bool | None = None
    currency: str = "USD"
    cash: Number
    equity: Number | None = None
    buying_power: Number | None = None
    initial_margin: Number | None = None
    maintenance_margin: Number | None = None
    realized_pnl: Number | None = None
    unrealized_pnl: Number | None = None
    daily_pnl: Number | None = None
    commissions: Number | None = None


class Snapshot(BaseModel):
    """Everything the broker holds at one time. It is complete, or taking it raised; it is never silently partial.

    ``fills_since`` and ``completed_since`` say how far back those lists reach; None: since the account began.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time: AwareDatetime
    open_orders: tuple[OrderReport, ...] = ()
    completed_orders: tuple[OrderReport, ...] = ()
    rejections: tuple[RejectionReport, ...] = ()
    fills: tuple[FillReport, ...] = ()
    positions: tuple[BrokerPosition, ...] = ()
    account: Account
    completed_since: AwareDatetime | None = None
    fills_since: AwareDatetime | None = None


class Evidence(BaseModel):
    """All that the broker knows under one reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    orders: tuple[OrderReport, ...] = ()
    rejections: tuple[RejectionReport, ...] = ()
    fills: tuple[FillReport, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the broker knows nothing of it, which alone proves nothing."""
        return not (self.orders or self.rejections or self.fills)

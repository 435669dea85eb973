"""What a server promises of references and of the past, and how it writes down what reaches it."""

from __future__ import annotations

from decimal import Decimal
from enum import auto

from pydantic import AwareDatetime, BaseModel, ConfigDict

from v6core.capabilities import HistoryReach, SubmitIdentity
from v6core.words import Word


class Verb(Word):
    """What a message asks for."""

    PLACE = auto()
    CANCEL = auto()
    MODIFY = auto()


class Arrival(BaseModel):
    """One order, cancel or modify that reached the server; ``treated_at`` is None where it was dropped, or waits."""

    model_config = ConfigDict(extra="forbid")

    verb: Verb
    order_ref: str
    client_id: int
    at: AwareDatetime
    treated_at: AwareDatetime | None = None


class DeskTerms(BaseModel):
    """What a server promises of references and of the past, like the sentences of its client's capabilities."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = "REMOTE"
    cash: Decimal = Decimal(1_000_000)
    submit_identity: SubmitIdentity = SubmitIdentity.QUERYABLE
    identity_window: float | None = None
    fills_reach: HistoryReach = HistoryReach.SAME_DAY
    completed_reach: HistoryReach = HistoryReach.SAME_DAY

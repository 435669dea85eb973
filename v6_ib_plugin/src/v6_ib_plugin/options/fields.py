"""What the models of an order's options share: frozen, nothing unknown, values that go to the wire and come back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import auto
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict

from v6_ib_plugin.times import moment_of, utc_text
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.identifiers import printable
from v6core.moments import in_utc
from v6core.money import plain
from v6core.words import Word


class OptionsModel(BaseModel):
    """A part of an order's options."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _moment(value: Any) -> Any:
    """Take a time as TWS writes it beside what pydantic takes; one without a zone is refused."""
    if not isinstance(value, str) or "T" in value:
        return value
    try:
        return moment_of(value)
    except Untranslatable as error:
        raise ValueError(error.message) from None


def _text(value: str) -> str:
    return printable(value, "text", 256)


Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(in_utc)]
"""An aware time, as in ``2026-01-02T15:30:00Z`` or ``20260102-15:30:00``."""
Text = Annotated[str, AfterValidator(_text)]
"""Printable ASCII: a control character would forge a field of the message."""


class TriggerMethod(Word):
    """Which prices trigger a stop or a condition."""

    DEFAULT = auto()
    DOUBLE_BID_ASK = auto()
    LAST = auto()
    DOUBLE_LAST = auto()
    BID_ASK = auto()
    LAST_OR_BID_ASK = auto()
    MIDPOINT = auto()


TRIGGER_NUMBERS = {
    TriggerMethod.DEFAULT: 0,
    TriggerMethod.DOUBLE_BID_ASK: 1,
    TriggerMethod.LAST: 2,
    TriggerMethod.DOUBLE_LAST: 3,
    TriggerMethod.BID_ASK: 4,
    TriggerMethod.LAST_OR_BID_ASK: 7,
    TriggerMethod.MIDPOINT: 8,
}
TRIGGER_METHODS = {number: method for method, number in TRIGGER_NUMBERS.items()}


def wire_text(value: object) -> str:
    """Return a value as the text of a parameter: 1 and 0 for yes and no, times in UTC."""
    match value:
        case bool():
            return "1" if value else "0"
        case Decimal():
            return plain(value)
        case datetime():
            return utc_text(value)
        case _:
            return str(value)

"""A fault: when it strikes, what it does, and how often."""

from __future__ import annotations

from dataclasses import fields
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from v6_ib_plugin.gateway.faults.effects import Announce, Correct, Cut, Effect, Moment, Rewrite
from v6_ib_plugin.gateway.faults.when import At, When
from v6_ib_plugin.gateway.wire import messages


class Fault(BaseModel):
    """One thing that goes wrong. It strikes ``times`` times, or without end where that is None."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: When
    what: Effect
    times: int | None = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.when.at not in self.what.points:
            points = ", ".join(point for point in At if point in self.what.points)
            raise ValueError(f"{self.what.effect} cannot strike at {self.when.at}, only at {points}")
        match self.what:
            case Cut(moment=Moment.UNANSWERED) if self.when.at is not At.REQUEST:
                raise ValueError(f"only a REQUEST can be taken UNANSWERED, no {self.when.at}")
            case Announce(of_order=True) if self.when.at is At.NOW:
                raise ValueError("there is no order NOW: with of_order it belongs to a REQUEST or a MESSAGE")
            case Rewrite(fields=wanted):
                self._check_fields(set(wanted))
            case Correct() if self.when.at is At.MESSAGE and self.when.kind != "ExecDetails":
                raise ValueError(f"an execution goes out in ExecDetails, not in {self.when.kind or 'any message'}")
            case _:
                pass
        return self

    def _check_fields(self, wanted: set[str]) -> None:
        if self.when.kind is None:
            raise ValueError("REWRITE needs the kind of the message whose fields it names")
        known = [field.name for field in fields(getattr(messages, self.when.kind))]
        unknown = wanted - set(known)
        if unknown:
            raise ValueError(f"{self.when.kind} has no field {min(unknown)!r}, only {', '.join(known)}")

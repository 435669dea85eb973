"""When a fault strikes: at which point of a session, on which message, on which order, and on which of many."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import auto
from types import ModuleType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from v6_ib_plugin.gateway.wire import messages, requests
from v6core.words import Word


class At(Word):
    """A point at which something can go wrong."""

    CONNECTION = auto()
    """A client has connected and shaken hands; the server's version is still to be told."""
    START = auto()
    """START_API has come; nothing was answered to it."""
    REQUEST = auto()
    """A request has come, and no part of the gateway has seen it."""
    MESSAGE = auto()
    """A message is about to go out."""
    NOW = auto()
    """The moment in which the fault is armed."""


WHAT_IF = "WhatIf"
"""The kind of a PlaceOrder that only asks what the order would cost."""


def _kinds(module: ModuleType, kind: type) -> frozenset[str]:
    names: dict[str, object] = vars(module)
    return frozenset(name for name, value in names.items() if isinstance(value, type) and issubclass(value, kind))


KINDS = {
    At.REQUEST: (_kinds(requests, requests.Request) | {WHAT_IF}) - {"Request", "StartApi"},
    At.MESSAGE: _kinds(messages, messages.Message) - {"Message"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What happens at one point: the facts by which a fault knows its moment."""

    at: At
    kind: str = ""
    client_id: int | None = None
    order_id: int | None = None
    order_ref: str = ""
    action: str = ""
    symbol: str = ""
    leg: int | None = None
    is_new: bool | None = None


class When(BaseModel):
    """The trigger of a fault. What is not said fits everything; ``nth`` counts what fits, from one on.

    ``kind`` is a request or a message, named as the API names it, as in ``PlaceOrder`` and ``OrderStatus``; ``WhatIf``
    is a PlaceOrder that only asks. ``leg`` is an order's place in a bracket: 1 the parent, 2 the first child sent.
    ``is_new`` tells the first PlaceOrder of an order from those that change it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: At
    kind: str | None = None
    client_id: int | None = Field(default=None, ge=0)
    order_id: int | None = None
    order_ref: str | None = None
    action: str | None = None
    symbol: str | None = None
    leg: int | None = Field(default=None, ge=1)
    is_new: bool | None = None
    nth: int = Field(default=1, ge=1)

    @field_validator("action", "symbol")
    @classmethod
    def _in_capitals(cls, value: str | None) -> str | None:
        return None if value is None else value.upper()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.at in KINDS:
            self._check_kind()
        elif self._narrower:
            raise ValueError(f"at {self.at} there is no {self._narrower[0]}: that belongs to a REQUEST or a MESSAGE")
        return self

    def _check_kind(self) -> None:
        kinds = KINDS[self.at]
        if self.kind is None or self.kind in kinds:
            return
        near = get_close_matches(self.kind, kinds, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no {self.at.lower()} {self.kind!r}{hint}")

    @property
    def _narrower(self) -> list[str]:
        names = ("kind", "order_id", "order_ref", "action", "symbol", "leg", "is_new")
        return [name for name in names if getattr(self, name) is not None]

    def fits(self, scene: Scene) -> bool:
        """Tell whether this is such a moment, whichever of many."""
        return (
            self.at is scene.at
            and self.kind in {None, scene.kind}
            and self.client_id in {None, scene.client_id}
            and self.order_id in {None, scene.order_id}
            and self.order_ref in {None, scene.order_ref}
            and self.action in {None, scene.action}
            and self.symbol in {None, scene.symbol}
            and self.leg in {None, scene.leg}
            and self.is_new in {None, scene.is_new}
        )

    @classmethod
    def order(cls, nth: int = 1, **facts: Any) -> When:
        """Return the moment in which the n-th new order comes in of those with these facts."""
        facts.setdefault("is_new", True)
        return cls(at=At.REQUEST, kind="PlaceOrder", nth=nth, **facts)

    @classmethod
    def request(cls, kind: str, nth: int = 1, **facts: Any) -> When:
        """Return the moment in which the n-th request of a kind comes in."""
        return cls(at=At.REQUEST, kind=kind, nth=nth, **facts)

    @classmethod
    def message(cls, kind: str, nth: int = 1, **facts: Any) -> When:
        """Return the moment in which the n-th message of a kind is about to go out."""
        return cls(at=At.MESSAGE, kind=kind, nth=nth, **facts)

    @classmethod
    def connection(cls, nth: int = 1) -> When:
        """Return the moment in which the n-th client from here on connects."""
        return cls(at=At.CONNECTION, nth=nth)

    @classmethod
    def start(cls, nth: int = 1, client_id: int | None = None) -> When:
        """Return the moment in which the n-th START_API comes in."""
        return cls(at=At.START, nth=nth, client_id=client_id)

    @classmethod
    def now(cls, client_id: int | None = None) -> When:
        """Return the moment in which the fault is armed; a client id narrows whom it strikes."""
        return cls(at=At.NOW, client_id=client_id)

"""What travels between a remote broker and its server: one JSON object per line.

A client says HELLO and is told WELCOME; from then on it places, modifies, cancels and asks, and is told reports as they
happen and answers as they are ready. PING is answered at once, whatever else waits. CONTROL is for whoever runs the
server: a checker that wants to know what arrived, a test that wants something to happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from v6core.contracts import Contract
from v6core.errors import BrokerError
from v6core.orders import Order
from v6core.quotes import Quote
from v6core.reports import Evidence, Report, Snapshot

DEFAULT_FRAME_CAP = 16 * 1024 * 1024


class BadFrame(BrokerError):
    """What came over the wire is no message: something was lost, and nobody knows what."""

    code = "BAD_FRAME"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hello(_Message):
    """Who connects. Of one client id there is one session: a second takes the place of the first."""

    do: Literal["HELLO"] = "HELLO"
    client_id: int


class Ping(_Message):
    """To hear whether anybody is there."""

    do: Literal["PING"] = "PING"


class Place(_Message):
    """Orders as a unit; nothing answers it but the reports of the orders."""

    do: Literal["PLACE"] = "PLACE"
    orders: tuple[Order, ...] = Field(min_length=1)


class Modify(_Message):
    """New terms for an order; values as in the order's JSON."""

    do: Literal["MODIFY"] = "MODIFY"
    order_ref: str
    changes: Mapping[str, Any]


class Cancel(_Message):
    """An order to be cancelled, every incarnation of it."""

    do: Literal["CANCEL"] = "CANCEL"
    order_ref: str


class CancelEverything(_Message):
    """Every open order to be cancelled, whoever placed it."""

    do: Literal["CANCEL_EVERYTHING"] = "CANCEL_EVERYTHING"


class _Question(_Message):
    question: int


class AskSnapshot(_Question):
    """To be told everything."""

    do: Literal["SNAPSHOT"] = "SNAPSHOT"


class AskFind(_Question):
    """To be told everything under one reference."""

    do: Literal["FIND"] = "FIND"
    order_ref: str


class AskQuote(_Question):
    """To be told the present quote of a contract."""

    do: Literal["QUOTE"] = "QUOTE"
    contract: Contract


class Control(_Question):
    """A word to the server itself; see ``v6core.testing.remote.control`` for the commands."""

    do: Literal["CONTROL"] = "CONTROL"
    command: str
    arguments: Mapping[str, Any] = Field(default_factory=dict[str, Any])


Request = Hello | Ping | Place | Modify | Cancel | CancelEverything | AskSnapshot | AskFind | AskQuote | Control


class Welcome(_Message):
    """The session has begun."""

    say: Literal["WELCOME"] = "WELCOME"
    session: int
    account: str
    time: AwareDatetime


class Pong(_Message):
    """Somebody is there."""

    say: Literal["PONG"] = "PONG"


class Said(_Message):
    """Something happened."""

    say: Literal["REPORT"] = "REPORT"
    report: Report


class Answer(_Message):
    """The answer to a question: exactly one field beside its number, or the reason why there is none."""

    say: Literal["ANSWER"] = "ANSWER"
    question: int
    snapshot: Snapshot | None = None
    evidence: Evidence | None = None
    quote: Quote | None = None
    value: Any = None
    refused: str | None = None


Reply = Welcome | Pong | Said | Answer

_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])
_REPLY: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="say")])


def encode(message: Request | Reply, cap: int = DEFAULT_FRAME_CAP) -> bytes:
    """Return a message as a frame; BadFrame where it is longer than the other side takes."""
    frame = message.model_dump_json(exclude_none=True, ensure_ascii=True).encode("ascii") + b"\n"
    if len(frame) > cap:
        word = message.do if isinstance(message, Request) else message.say
        raise BadFrame(f"a {word} of {len(frame)} bytes is longer than the {cap} that a frame may have")
    return frame


def request_in(frame: bytes) -> Request:
    """Return the request in a frame; BadFrame where there is none."""
    request: Request = _decoded(_REQUEST, frame)
    return request


def reply_in(frame: bytes) -> Reply:
    """Return the reply in a frame; BadFrame where there is none."""
    reply: Reply = _decoded(_REPLY, frame)
    return reply


def _decoded(adapter: TypeAdapter[Any], frame: bytes) -> Any:
    try:
        return adapter.validate_json(frame)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadFrame(f"a frame of {len(frame)} bytes holds no message: {where}: {first['msg']}") from error

"""What a fault does. Each effect says at which points it can strike."""

from __future__ import annotations

from enum import auto
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from v6_ib_plugin.gateway.faults.when import At
from v6core.money import NotNegative, Positive
from v6core.words import Word

ANYWHERE = frozenset(At)
_IN_SESSION = frozenset({At.REQUEST, At.MESSAGE, At.NOW})
_Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class _Effect(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    points: ClassVar[frozenset[At]]


class Moment(Word):
    """When a link is cut, seen from what triggers it."""

    BEFORE = auto()
    """A request is not taken, a message does not go out."""
    UNANSWERED = auto()
    """A request is taken, and nothing of what it caused goes out."""
    AFTER = auto()
    """A request was taken and its first answer has gone out, or a message has."""


class Cut(_Effect):
    """The link is cut: closed in good order, or with ``reset`` by a TCP reset, which may overtake what went before."""

    points = ANYWHERE
    effect: Literal["CUT"] = "CUT"
    moment: Moment = Moment.BEFORE
    reset: bool = False


class Silence(_Effect):
    """Nothing is answered: to a connection from here on, to one request, or a message is swallowed.

    A request is lost as well unless ``accept``; then it is taken, and what it causes is told only to who asks for it,
    until another request is made of the same order.
    """

    points = frozenset({At.CONNECTION, At.START, At.REQUEST, At.MESSAGE})
    effect: Literal["SILENCE"] = "SILENCE"
    accept: bool = False


class Refuse(_Effect):
    """A request is not taken but answered by an error code."""

    points = frozenset({At.REQUEST})
    effect: Literal["REFUSE"] = "REFUSE"
    code: int = Field(ge=100, le=99_999)
    text: str = "Order rejected - reason:refused on demand"


class Delay(_Effect):
    """What comes is taken, or goes out, so many seconds later.

    A message that is late is overtaken by those behind it, unless they wait as well. A request always holds up those
    behind it, as the requests of a session are taken one after the other.
    """

    points = frozenset({At.CONNECTION, At.START, At.REQUEST, At.MESSAGE})
    effect: Literal["DELAY"] = "DELAY"
    seconds: _Seconds
    others_wait: bool = False


class Duplicate(_Effect):
    """A message goes out so many times more."""

    points = frozenset({At.MESSAGE})
    effect: Literal["DUPLICATE"] = "DUPLICATE"
    more: int = Field(default=1, ge=1, le=1000)


class Reorder(_Effect):
    """A message goes out behind so many of those that follow it, ``within`` seconds where they do not come."""

    points = frozenset({At.MESSAGE})
    effect: Literal["REORDER"] = "REORDER"
    behind: int = Field(default=1, ge=1)
    within: _Seconds = 1.0


class Repeat(_Effect):
    """What was said last of each order and execution goes out once more, the last first, as TWS says most things."""

    points = _IN_SESSION
    effect: Literal["REPEAT"] = "REPEAT"


class Rewrite(_Effect):
    """A message goes out with other values in some of its fields, which are named as in the wire's records."""

    points = frozenset({At.MESSAGE})
    effect: Literal["REWRITE"] = "REWRITE"
    fields: dict[str, Any] = Field(min_length=1)


class Undecodable(_Effect):
    """A message goes out with its first fields alone, so that no client can decode it."""

    points = frozenset({At.MESSAGE})
    effect: Literal["UNDECODABLE"] = "UNDECODABLE"
    keep: int = Field(default=2, ge=1)


class Correct(_Effect):
    """An execution is corrected: told again under the next revision of its id, ``.01`` as ``.02``.

    ``shares`` of zero take it back, as a busted trade is. With ``exec_id`` unsaid it is the execution that goes out, or
    the last that did. Who asks for executions afterwards is told the revision alone; positions stay as they are.
    """

    points = frozenset({At.MESSAGE, At.NOW})
    effect: Literal["CORRECT"] = "CORRECT"
    exec_id: str | None = None
    price: Positive | None = None
    shares: NotNegative | None = None


class Garbage(_Effect):
    """Bytes go out that are no message: in a frame of the right length, or bare."""

    points = ANYWHERE
    effect: Literal["GARBAGE"] = "GARBAGE"
    hex: str = "fffefd00fcfb00"
    framed: bool = True

    @field_validator("hex")
    @classmethod
    def _check_hex(cls, value: str) -> str:
        try:
            bytes.fromhex(value)
        except ValueError:
            raise ValueError(f"hex must be bytes in hexadecimal, as in 00ff, not {value!r}") from None
        return value

    @property
    def data(self) -> bytes:
        """What goes out."""
        bare = bytes.fromhex(self.hex)
        return len(bare).to_bytes(4, "big") + bare if self.framed else bare


class TooLong(_Effect):
    """The head of a frame goes out that says that more will follow than a frame may hold."""

    points = ANYWHERE
    effect: Literal["TOO_LONG"] = "TOO_LONG"
    length: int = Field(default=0x7FFF_FFFF, ge=0x100_0000, le=0xFFFF_FFFF)

    @property
    def data(self) -> bytes:
        """What goes out."""
        return self.length.to_bytes(4, "big") + b"4\x002\x00"


class Segments(_Effect):
    """Bytes go out ``size`` at a time with a pause between, or with ``size`` unsaid all that came during the pause."""

    points = frozenset({At.CONNECTION, At.START})
    effect: Literal["SEGMENTS"] = "SEGMENTS"
    size: int | None = Field(default=None, ge=1)
    pause: _Seconds = 0.001


class ServerVersion(_Effect):
    """The server says that it is of another version; it speaks as ever."""

    points = frozenset({At.CONNECTION})
    effect: Literal["SERVER_VERSION"] = "SERVER_VERSION"
    version: int = Field(ge=1, le=999)


class Announce(_Effect):
    """An errMsg goes out: to the client that triggers it, else to all.

    It is about ``req_id``, or with ``of_order`` about the order of the request or the message that triggers it: said
    of a request, it goes out before that is answered.
    """

    points = _IN_SESSION
    effect: Literal["ANNOUNCE"] = "ANNOUNCE"
    code: int = Field(ge=100, le=99_999)
    text: str
    req_id: int = -1
    of_order: bool = False


class Connectivity(_Effect):
    """TWS loses its own servers (1100, 2110) or has them back: 1101 with the data lost, 1102 with the data kept.

    All clients are told. In between data does not come, and reports on orders are held back.
    """

    points = _IN_SESSION
    effect: Literal["CONNECTIVITY"] = "CONNECTIVITY"
    code: Literal[1100, 1101, 1102, 2110]


class Restart(_Effect):
    """TWS restarts, as it does each night: all clients are cut, orders that were not transmitted are gone.

    For ``seconds`` nothing listens. The sequence of order ids goes on, unless ``next_id`` says where it begins again.
    """

    points = _IN_SESSION
    effect: Literal["RESTART"] = "RESTART"
    seconds: _Seconds = 0.0
    next_id: int | None = Field(default=None, ge=1)


class RollBackIds(_Effect):
    """The sequence of order ids goes back, as after Reset API order ID sequence: the next valid id is ``next_id``.

    Ids from there on are taken a second time, and not refused as used.
    """

    points = _IN_SESSION
    effect: Literal["ROLL_BACK_IDS"] = "ROLL_BACK_IDS"
    next_id: int = Field(default=1, ge=1)


Effect = Annotated[
    Cut
    | Silence
    | Refuse
    | Delay
    | Duplicate
    | Reorder
    | Repeat
    | Rewrite
    | Undecodable
    | Correct
    | Garbage
    | TooLong
    | Segments
    | ServerVersion
    | Announce
    | Connectivity
    | Restart
    | RollBackIds,
    Field(discriminator="effect"),
]

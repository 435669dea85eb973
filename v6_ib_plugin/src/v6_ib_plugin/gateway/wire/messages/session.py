"""What TWS tells of the session, and its answers by number."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.messages.message import Message
from v6_ib_plugin.terms import IbAnswer


@dataclass(frozen=True, slots=True)
class ManagedAccounts(Message):
    """The names of the accounts, separated by commas."""

    accounts: str


@dataclass(frozen=True, slots=True)
class NextValidId(Message):
    """The lowest order id that this client may use."""

    order_id: int


@dataclass(frozen=True, slots=True)
class CurrentTime(Message):
    """The clock of the server, in seconds since the epoch."""

    time: int


@dataclass(frozen=True, slots=True)
class ErrMsg(Message):
    """An error, a warning or a notice."""

    answer: IbAnswer


@dataclass(frozen=True, slots=True)
class UserInfo(Message):
    """The white branding of the user."""

    req_id: int
    white_branding_id: str

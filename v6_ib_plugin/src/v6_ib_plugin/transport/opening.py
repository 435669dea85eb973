"""Why a connection could not be opened, as far as the wire tells."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import auto

from v6_ib_plugin.terms import IbAnswer
from v6core.errors import BrokerError
from v6core.words import Word


class Obstacle(Word):
    """What stood in the way."""

    NOTHING_LISTENS = auto()
    UNREACHABLE = auto()
    OTHER_PROTOCOL = auto()
    SILENT = auto()
    """The port takes connections, and nothing ever comes."""
    HUNG_UP = auto()
    """The connection was closed without a word."""
    TOO_OLD = auto()
    UNFINISHED = auto()
    """TWS greets, but does not say whose accounts these are, or which id is next."""
    ANSWERED = auto()
    """TWS said why; the answer holds it."""


class NotOpened(BrokerError):
    """The connection could not be opened; nothing was sent but the greeting."""

    code = "NOT_OPENED"

    def __init__(self, obstacle: Obstacle, detail: str = "", answer: IbAnswer | None = None) -> None:
        super().__init__(f"TWS could not be reached ({obstacle}){': ' if detail else ''}{detail}")
        self.obstacle = obstacle
        self.detail = detail
        self.answer = answer


@dataclass(slots=True)
class Login:
    """How far a connection that is being opened has come."""

    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    greeted: bool = False
    has_id: bool = False
    has_accounts: bool = False

    def advance(self) -> bool:
        """Tell whether TWS is ready: it has said the next id, and whose accounts these are."""
        ready = self.has_id and self.has_accounts
        if ready and not self.done.done():
            self.done.set_result(None)
        return ready

    def fail(self, obstacle: Obstacle, detail: str = "", answer: IbAnswer | None = None) -> None:
        """Note what stands in the way; the first to be noted counts."""
        if not self.done.done():
            self.done.set_exception(NotOpened(obstacle, detail, answer))
            self.done.exception()  # who opens may have given up

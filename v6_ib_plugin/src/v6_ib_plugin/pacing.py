"""The pacer: fewer messages a second than TWS counts, the urgent ones first, and nothing ever dropped in silence.

TWS ends a session that keeps sending more than 50 messages a second, of all kinds together. A message waits here for
its turn; when the link goes, all that wait are told that nothing of theirs was sent.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from v6core.errors import BrokerError, NotConnected, NotSent, Unavailable

logger = logging.getLogger(__name__)
Write = Callable[[], None]


class Urgency(IntEnum):
    """Whose turn it is: the lower goes first."""

    CANCEL = 0
    PROTECTIVE = 1
    NEW = 2
    DATA = 3


class PartlySent(NotConnected):
    """The first ``written`` messages of a unit left, the others did not: what came of them must be looked up."""

    code = "PARTLY_SENT"

    def __init__(self, written: int, of: int, cause: BrokerError) -> None:
        super().__init__(f"{written} of {of} messages of a unit were written, then: {cause.message}")
        self.written = written


@dataclass(slots=True, order=True)
class _Unit:
    """Messages that are written in their order, with nothing between them."""

    urgency: Urgency
    number: int
    writes: Sequence[Write] = field(compare=False)
    done: asyncio.Future[None] = field(compare=False)
    written: int = field(default=0, compare=False)

    @property
    def left(self) -> int:
        return len(self.writes) - self.written

    def is_over(self) -> bool:
        return not self.left or (self.done.done() and not self.written)

    def fail(self, cause: BrokerError) -> None:
        if self.done.done():
            return
        self.done.set_exception(_torn(self.written, len(self.writes), cause))


class Pacer:
    """At most ``rate`` messages in any second; None lets everything through at once.

    ``most_waiting`` bounds how many messages wait. The less urgent are refused first: data may fill a quarter of the
    queue, new orders half, protective ones three quarters, so that there is room for a cancel to the last.
    """

    def __init__(self, rate: int | None = 45, *, most_waiting: int = 2000) -> None:
        if rate is not None and rate < 1:
            raise ValueError(f"a pacer lets at least one message a second through, not {rate}")
        self._rate = rate
        self._most_waiting = most_waiting
        self._sent: deque[float] = deque()
        self._units: list[_Unit] = []
        self._begun: _Unit | None = None
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many messages wait for their turn."""
        begun = self._begun.left if self._begun is not None else 0
        return begun + sum(unit.left for unit in self._units if not unit.is_over())

    async def send(self, urgency: Urgency, *writes: Write) -> None:
        """Do the writes when it is their turn, in this order, and nothing between them.

        Raises NotSent where none was done, ``PartlySent`` where some were and the link went; a question for which the
        queue has no room is Unavailable. Who gives up waiting before the first write takes his messages with him.
        """
        queued = self.post(urgency, *writes)
        if queued is not None:
            await queued

    def post(self, urgency: Urgency, *writes: Write) -> asyncio.Future[None] | None:
        """Do the writes now, or return the future of their being done; raises as ``send`` does."""
        if not self._units and self._begun is None and self._room() >= len(writes):
            _write_all(writes, self._count)
            return None
        self._check_room(urgency, len(writes))
        self._number += 1
        unit = _Unit(urgency, self._number, writes, asyncio.get_running_loop().create_future())
        heapq.heappush(self._units, unit)
        self._pump()
        return unit.done

    def drop(self, reason: str) -> None:
        """Tell all who wait that nothing of theirs was sent: the link has gone."""
        units, self._units = self._units, []
        begun, self._begun = self._begun, None
        self._stop_timer()
        for unit in [begun, *units] if begun is not None else units:
            unit.fail(NotSent(f"nothing was sent: {reason}"))

    def _check_room(self, urgency: Urgency, messages: int) -> None:
        room = self._most_waiting * (len(Urgency) - urgency) // len(Urgency)
        waiting = self.waiting
        if waiting + messages <= room:
            return
        sentence = f"{waiting} messages wait for TWS already, and {messages} more find no room"
        if urgency is Urgency.DATA:
            raise Unavailable(sentence, code="TOO_MANY_QUESTIONS", hint="ask for less at a time")
        logger.error("%s: an order was not sent", sentence)
        raise NotSent(sentence, code="QUEUE_FULL", hint="send fewer orders at a time")

    def _room(self) -> int:
        if self._rate is None:
            return self._most_waiting
        over = asyncio.get_running_loop().time() - 1
        while self._sent and self._sent[0] <= over:
            self._sent.popleft()
        return self._rate - len(self._sent)

    def _count(self) -> None:
        if self._rate is not None:
            self._sent.append(asyncio.get_running_loop().time())

    def _pump(self) -> None:
        self._stop_timer()
        while (unit := self._next()) is not None:
            if not self._has_turn(unit):
                return
            self._advance(unit)

    def _next(self) -> _Unit | None:
        if self._begun is not None:
            return self._begun
        while self._units and self._units[0].is_over():
            heapq.heappop(self._units)
        return self._units[0] if self._units else None

    def _has_turn(self, unit: _Unit) -> bool:
        """Tell whether there is room for the whole unit, or for what of it fits into a second; else come again."""
        if self._rate is None:
            return True
        missing = min(unit.left, self._rate) - self._room()
        if missing <= 0:
            return True
        when = self._sent[missing - 1] + 1
        self._timer = asyncio.get_running_loop().call_at(when, self._pump)
        return False

    def _advance(self, unit: _Unit) -> None:
        if self._begun is None:
            self._begun = heapq.heappop(self._units)
        try:
            while unit.left and self._room() > 0:
                unit.writes[unit.written]()
                unit.written += 1
                self._count()
        except BrokerError as error:
            unit.fail(error)
            self._begun = None
            return
        if not unit.left:
            self._begun = None
            if not unit.done.done():
                unit.done.set_result(None)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _write_all(writes: Sequence[Write], count: Callable[[], None]) -> None:
    for written, write in enumerate(writes):
        try:
            write()
        except BrokerError as error:
            raise _torn(written, len(writes), error) from error
        count()


def _torn(written: int, of: int, cause: BrokerError) -> BrokerError:
    return PartlySent(written, of, cause) if written else cause

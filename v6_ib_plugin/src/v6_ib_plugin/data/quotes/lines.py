"""Market data lines: one subscription at TWS for a contract, however many read it.

TWS grants a number of lines for each user. A line ends with its last reader, or a little later where the next question
is likely to follow, and it outlives the connection: it is put again on the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from v6_ib_plugin.data.quotes.picture import Picture
from v6_ib_plugin.data.quotes.refusals import PARTLY, refusal
from v6_ib_plugin.terms import IbAnswer, IbContract, IbTick
from v6_ib_plugin.transport import Subscription, Transport
from v6core.contracts import Contract
from v6core.errors import BrokerError, Unavailable

# Sides come one by one; so long a quote of one side is not told, for the other may be on its way.
_SETTLED_AFTER = 0.5


class Reader(Protocol):
    """Whoever reads a line."""

    def line_changed(self) -> None:
        """Hear that the line has another picture, or has failed."""


class Line:
    """One subscription, its picture and its readers.

    ``failure`` is why it ended by itself; ``objection`` is why it will, unless quotes come all the same.
    """

    def __init__(self, asked: IbContract, contract: Contract) -> None:
        self.asked = asked
        self.contract = contract
        self.picture = Picture(net=asked.sec_type == "BAG")
        self.failure: BrokerError | None = None
        self.objection: BrokerError | None = None
        self.readers: set[Reader] = set()
        self.opened_at = 0.0
        self.settled = False
        self.subscription: Subscription | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.settling: asyncio.TimerHandle | None = None

    @property
    def is_telling(self) -> bool:
        """Whether its picture is fit to be told: both sides are there, or had their time."""
        return self.picture.time is not None and (self.settled or self.picture.has_both_sides)

    def tell(self) -> None:
        """Tell the readers that something has changed."""
        for reader in tuple(self.readers):
            reader.line_changed()


class Lines:
    """The lines that are open, at most ``most``; ``now`` is the time that a tick is said to have come at."""

    def __init__(self, transport: Transport, now: Callable[[], datetime], most: int) -> None:
        self._transport = transport
        self._now = now
        self._most = most
        self._open: dict[IbContract, Line] = {}

    def __len__(self) -> int:
        return len(self._open)

    def join(self, asked: IbContract, contract: Contract, reader: Reader) -> Line:
        """Let one more read the line of a contract, opening it where there is none.

        Unavailable where there are as many as may be; what TWS answers comes later, as the line's failure.
        """
        line = self._open.get(asked)
        if line is None:
            self._make_room(contract)
            line = self._open[asked] = Line(asked, contract)
            try:
                self._subscribe(line)
            except BaseException:
                self._end(line)
                raise
        _stop(line.timer)
        line.readers.add(reader)
        return line

    def leave(self, line: Line, reader: Reader, *, linger: float = 0) -> None:
        """Let a reader go; the last one ends the line, after ``linger`` seconds."""
        line.readers.discard(reader)
        if line.readers or self._open.get(line.asked) is not line:
            return
        if linger > 0:
            _stop(line.timer)
            line.timer = asyncio.get_running_loop().call_later(linger, self._end, line)
        else:
            self._end(line)

    def restore(self) -> None:
        """Put every line again: the connection is another one, or TWS has lost the lines. Old prices are not kept."""
        for line in tuple(self._open.values()):
            if not line.readers:
                self._end(line)
                continue
            _drop(line)
            line.picture = Picture(net=line.picture.net)
            try:
                self._subscribe(line)
            except BrokerError as error:
                self._fail(line, error)

    def close(self, why: BrokerError) -> None:
        """End all lines; whoever still reads one is told why."""
        for line in tuple(self._open.values()):
            self._fail(line, why)

    def _make_room(self, contract: Contract) -> None:
        if len(self._open) < self._most:
            return
        idle = next((line for line in self._open.values() if not line.readers), None)
        if idle is None:
            raise Unavailable(
                f"no quotes of {contract.key}: {self._most} contracts are quoted already, and market_data_lines "
                "allows no more",
                code="MARKET_DATA_LINES",
                hint="end a stream, or raise market_data_lines where the account has more lines",
            )
        self._end(idle)

    def _subscribe(self, line: Line) -> None:
        loop = asyncio.get_running_loop()
        line.opened_at, line.settled, line.objection = loop.time(), False, None
        line.settling = loop.call_later(_SETTLED_AFTER, self._settle, line)
        line.subscription = self._transport.subscribe_market_data(
            line.asked,
            generic_ticks="",
            snapshot=False,
            on_tick=lambda tick: self._take(line, tick),
            on_answer=lambda answer: self._answered(line, answer),
        )

    def _take(self, line: Line, tick: IbTick) -> None:
        if line.picture.take(tick, self._now()) and line.is_telling:
            line.tell()

    def _answered(self, line: Line, answer: IbAnswer) -> None:
        why = refusal(line.contract, answer)
        if why is None or self._open.get(line.asked) is not line:
            return
        if answer.code != PARTLY:
            self._fail(line, why)
        elif not line.settled:
            line.objection = why

    def _settle(self, line: Line) -> None:
        """Tell what there is, now that all had its time."""
        was_telling, line.settled = line.is_telling, True
        if line.objection is not None and not line.picture.is_priced:
            self._fail(line, line.objection)
        elif not was_telling:
            line.tell()

    def _fail(self, line: Line, why: BrokerError) -> None:
        line.failure = why
        self._end(line)
        line.tell()

    def _end(self, line: Line) -> None:
        if self._open.get(line.asked) is line:
            del self._open[line.asked]
        _stop(line.timer)
        _drop(line)


def _drop(line: Line) -> None:
    _stop(line.settling)
    if line.subscription is not None:
        line.subscription.close()
        line.subscription = None


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()

"""The link: opened with a named cause where it cannot be, watched, mended by itself, and ready only after a look."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

from v6_ib_plugin.link.causes import account_to_trade, why_look_failed, why_not_opened
from v6_ib_plugin.pacing import Urgency
from v6_ib_plugin.settings import IbSettings, MarketDataType
from v6_ib_plugin.terms import IbAnswer
from v6_ib_plugin.transport import NotOpened, SilentEar, Transport
from v6core.clock import Clock
from v6core.errors import BrokerError, NotConnected, NotSent, Unavailable
from v6core.identifiers import plainly
from v6core.reports import LinkReport, LinkState

_LOST = frozenset({1100, 2110})
_RESTORED = frozenset({1101, 1102})
_OVER = frozenset({502, 504, 1300})
# Four questions after each other, each with its own deadline, end before this many of them.
_LOOK_DEADLINES = 6
_LONGEST_PAUSE = 24
# TWS tells whole seconds; clocks that differ by less are taken for one.
_CLOCKS_AGREE = timedelta(seconds=2)


def pause_before(attempt: int, chance: float) -> float:
    """Return the seconds to wait before the n-th attempt to reconnect, from 0 on: 1 at first, never more than 30.

    ``chance`` in [0, 1) spreads the programs that lost the same TWS at the same moment.
    """
    return min(1 << min(attempt, 10), _LONGEST_PAUSE) * (1 + chance / 4)


class Link(SilentEar):
    """One link to TWS or IB Gateway.

    ``look_all`` reads all that TWS holds, each list to its End marker; only once it has returned is the link UP. While
    TWS has lost IB's servers (1100, 2110) it is DEGRADED, and when they are back (1101, 1102) all is read again first.
    Whatever breaks the connection, it is opened again, with growing pauses, until ``close``.
    """

    def __init__(
        self,
        transport: Transport,
        settings: IbSettings,
        *,
        look_all: Callable[[], Awaitable[None]],
        report: Callable[[LinkReport], None],
        clock: Clock,
        chance: Callable[[], float] = random.random,
        pause: Callable[[int, float], float] = pause_before,
        logger: logging.Logger | None = None,
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._look_all = look_all
        self._report = report
        self._clock = clock
        self._chance = chance
        self._pause = pause
        self._logger = logger or logging.getLogger(__name__)
        self._wanted = False
        self._has_been_up = False
        self._server_lost = False
        self._looks = 0
        self._account = ""
        self.ahead = timedelta(0)
        """How far TWS's clock is ahead of this machine's: nothing for a TWS in step, days for a simulated market."""
        self._state = LinkState.DOWN
        self._detail = "not connected"
        self._tasks: dict[str, asyncio.Task[None]] = {}
        transport.listen(self)

    @property
    def state(self) -> LinkState:
        """How TWS can be reached."""
        return self._state

    @property
    def account(self) -> str:
        """The account that is traded; empty before the first connection."""
        return self._account

    def require_ready(self) -> None:
        """Return where a new order may be sent; else NotSent says why not."""
        if self._state is not LinkState.UP:
            raise NotSent(
                f"nothing was sent: the link to TWS is {self._state} ({self._detail})",
                code="LINK_DEGRADED" if self._state is LinkState.DEGRADED else "LINK_DOWN",
                hint="wait until it is up again; it mends itself",
            )

    async def open(self) -> None:
        """Connect and look; a second call changes nothing. BrokerError names the cause where it cannot be."""
        if self._wanted:
            return
        self._wanted = True
        try:
            await self._connect()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Disconnect and stop mending; a second call changes nothing."""
        self._wanted = self._has_been_up = False
        tasks = [task for task in self._tasks.values() if task is not asyncio.current_task()]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.close()
        self._state, self._detail = LinkState.DOWN, "closed"

    def on_answer(self, answer: IbAnswer) -> None:
        """Hear how TWS's own link stands."""
        if answer.req_id != -1:
            return
        text = f"{plainly(answer.text)} ({answer.code})"
        if answer.code in _LOST:
            self._server_lost = True
            self._degrade(text)
        elif answer.code in _RESTORED:
            self._server_lost = False
            self._degrade(text)
            self._look_again()
        elif answer.code in _OVER:
            self._transport.give_up(text)

    def on_closed(self, reason: str) -> None:
        """Hear that the connection is gone, and begin to mend it."""
        self._stop("heart-beat")
        self._stop("look")
        if not self._wanted:
            return
        self._server_lost = False
        if self._has_been_up:
            self._tell(LinkState.DOWN, reason)
            self._start("mending", self._mend)

    async def _connect(self) -> None:
        settings, transport = self._settings, self._transport
        self._server_lost = False
        try:
            await transport.open(settings.host, settings.port, settings.client_id, settings.connect_timeout)
        except NotOpened as error:
            raise why_not_opened(error, settings) from error
        self._account = account_to_trade(transport.accounts, settings)
        if settings.market_data_type is not MarketDataType.LIVE:
            transport.request_market_data_type(settings.market_data_type.number)
        with contextlib.suppress(Unavailable):  # the heart-beat asks again
            await self._compare_clocks(settings.request_timeout)
        await self._look()
        self._start("heart-beat", self._beat)

    async def _look(self) -> None:
        """Read all that TWS holds, again where the ground has moved meanwhile; the link is UP once that is done."""
        looked = -1
        while looked != self._looks:
            looked = self._looks
            await self._look_once()
        self._has_been_up = True
        if self._server_lost:
            self._tell(LinkState.DEGRADED, self._detail)
        else:
            self._tell(LinkState.UP, f"connected to {self._settings.host}:{self._settings.port}")

    async def _look_once(self) -> None:
        try:
            async with asyncio.timeout(self._settings.request_timeout * _LOOK_DEADLINES):
                await self._look_all()
        except TimeoutError:
            raise Unavailable("TWS did not show in time what it holds", code="UNANSWERED") from None
        except BrokerError as error:
            raise why_look_failed(error) from error
        if not self._transport.is_connected:
            raise NotConnected("the connection went while TWS was asked what it holds")

    def _look_again(self) -> None:
        """Look, or let the look that is under way begin again: what it has read is of before."""
        self._looks += 1
        if self._has_been_up and not self._is_running("mending"):
            self._start("look", self._relook)

    async def _relook(self) -> None:
        try:
            await self._look()
        except Exception as error:
            if not isinstance(error, BrokerError):
                self._logger.exception("looking at what TWS holds failed")
            self._transport.give_up(f"TWS does not show what it holds: {error}")

    async def _beat(self) -> None:
        """Ask for the time at every beat; where nothing at all is heard until the next one, the link is dead."""
        interval = self._settings.heartbeat
        while True:
            await asyncio.sleep(interval)
            heard = self._transport.messages_heard
            try:
                await self._compare_clocks(interval)
            except BrokerError:
                if self._transport.messages_heard == heard:
                    self._transport.give_up(f"TWS has not said anything for {interval:g} s")
                    return

    async def _compare_clocks(self, deadline: float) -> None:
        told = await self._transport.current_time(deadline=deadline, urgency=Urgency.PROTECTIVE)
        ahead = told - self._clock.now()
        if abs(ahead - self.ahead) > _CLOCKS_AGREE:
            self.ahead = ahead if abs(ahead) > _CLOCKS_AGREE else timedelta(0)

    async def _mend(self) -> None:
        attempt, said = 0, ""
        while True:
            await asyncio.sleep(self._pause(attempt, self._chance()))
            attempt += 1
            try:
                await self._connect()
            except BrokerError as error:
                if error.message != said:
                    self._logger.warning("TWS cannot be reached yet: %s", error.message)
                said = error.message
            except Exception:
                self._logger.exception("connecting to TWS failed")
            else:
                return
            await self._transport.close()

    def _degrade(self, detail: str) -> None:
        self._detail = detail
        if self._has_been_up and self._state is not LinkState.DOWN:
            self._tell(LinkState.DEGRADED, detail)

    def _tell(self, state: LinkState, detail: str) -> None:
        self._detail = detail
        if state is self._state:
            return
        self._state = state
        self._logger.info("the link to TWS is %s: %s", state, detail)
        self._report(LinkReport(time=self._clock.now() + self.ahead, state=state, detail=detail))

    def _is_running(self, name: str) -> bool:
        task = self._tasks.get(name)
        return task is not None and not task.done()

    def _start(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let a piece of work run, unless it does already."""
        if not self._is_running(name):
            self._tasks[name] = asyncio.create_task(work(), name=f"TWS link: {name}")

    def _stop(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

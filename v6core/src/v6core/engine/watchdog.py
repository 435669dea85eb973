"""Notices an event loop that is blocked, names who blocks it, and halts trading where that lasts.

Synchronous code cannot be interrupted. What can be done from a thread beside it is to say who it is, and to latch a
halt that holds although the loop cannot run: the gate looks at the latch before anything leaves.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from time import monotonic

from v6core.clock import SimulatedLoop
from v6core.engine.blame import who_is_at_work
from v6core.engine.latch import Latch

BLOCKED = "LOOP_BLOCKED"
_LOG = logging.getLogger("v6")


class Watchdog:
    """A thread that asks the running loop for a sign of life, every half of ``notice`` seconds.

    A loop that gives none for ``notice`` is told once, and how long it lasted once it is over. After ``limit`` seconds
    ``latch`` is closed, where ``is_armed`` says so, and ``on_latched`` is told when the loop wakes. ``beat`` is called
    on the loop at each sign of life. A loop whose time is simulated is not watched, unless ``simulated`` asks for it.
    """

    def __init__(
        self,
        *,
        notice: float,
        limit: float,
        latch: Latch,
        is_armed: Callable[[], bool],
        on_latched: Callable[[str], None],
        beat: Callable[[], None],
    ) -> None:
        self._half = notice / 2
        self._limit = max(limit, notice)
        self._latch = latch
        self._is_armed = is_armed
        self._on_latched = on_latched
        self._beat = beat
        self._stopping = threading.Event()
        self._alive = threading.Event()
        self._thread: threading.Thread | None = None
        self.told = 0
        """How many blockages were noticed."""

    def start(self, *, simulated: bool = False) -> None:
        """Watch the running loop from here on."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, SimulatedLoop) and not simulated:
            return
        watched = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, args=(loop, watched), name="v6-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. A second call changes nothing."""
        self._stopping.set()
        self._alive.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self, loop: asyncio.AbstractEventLoop, watched: int) -> None:
        while not self._stopping.wait(self._half):
            asked = monotonic()
            if not self._ask(loop):
                return
            if not self._gives_sign() and loop.is_running():
                self._tell(loop, watched, asked)
            self._wait_for_sign()

    def _ask(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Ask for a sign of life; False where the loop is closed, or waits in ``stop`` and can give none."""
        self._alive.clear()
        if self._stopping.is_set():
            return False
        try:
            loop.call_soon_threadsafe(self._live)
        except RuntimeError:
            return False
        return True

    def _live(self) -> None:
        self._alive.set()
        self._beat()

    def _gives_sign(self) -> bool:
        started = monotonic()
        if self._alive.wait(self._half):
            return True
        if monotonic() - started < 2 * self._half:
            return False
        # This thread was held up as well: the process was stopped or the machine is busy, and the loop not to blame.
        return self._alive.wait(self._half)

    def _tell(self, loop: asyncio.AbstractEventLoop, watched: int, since: float) -> None:
        who = who_is_at_work(watched)
        if self._alive.is_set():
            return
        self.told += 1
        _LOG.warning("the event loop is blocked, for %.2f s by now, by %s", monotonic() - since, who)
        if not self._alive.wait(max(since + self._limit - monotonic(), 0)) and self._is_armed():
            self._halt(loop, who)
        self._wait_for_sign()
        if not self._stopping.is_set():
            _LOG.warning("the event loop was blocked for %.2f s by %s", monotonic() - since, who)

    def _halt(self, loop: asyncio.AbstractEventLoop, who: str) -> None:
        reason = f"{BLOCKED}: the event loop was blocked for more than {self._limit:g} s by {who}"
        self._latch.close(reason)
        _LOG.error("trading is halted: %s", reason)
        loop.call_soon_threadsafe(self._on_latched, reason)

    def _wait_for_sign(self) -> None:
        self._alive.wait()

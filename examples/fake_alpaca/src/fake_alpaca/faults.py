"""What can be made to go wrong, on demand: answers that are lost or refused, streams that break off or fall silent.

::

    alpaca.faults.lose_answer("POST")                    # processed, and nobody hears of it
    alpaca.faults.lose_answer("POST", processed=False)   # never arrived
    alpaca.faults.answer(503, "DELETE")
    alpaca.faults.drop_streams()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """One thing that happens to the next ``times`` requests of a method (any, if None) under a path."""

    method: str | None
    path: str
    times: int
    status: int | None = None
    lost: bool = False
    processed: bool = False
    seconds: float = 0.0
    hangs: bool = False
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def fits(self, method: str, path: str) -> bool:
        """Whether it happens to a request."""
        return self.times > 0 and self.method in {None, method} and path.startswith(self.path)


class Faults:
    """The faults of one server. Nothing goes wrong until it is asked for, and then only so often."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._released = asyncio.Event()
        self.silent = False
        self.copies = 1
        self._told: list[Callable[[], None]] = []
        self._withheld: list[Callable[[], None]] = []
        self._withholding = False
        self._droppers: list[Callable[[], None]] = []

    # Requests

    def lose_answer(self, method: str = "POST", path: str = "/", *, processed: bool = True, times: int = 1) -> None:
        """Reset the connection in place of an answer; unless it was ``processed``, the request never got in."""
        self._armed.append(Fault(method, path, times, lost=True, processed=processed))

    def answer(self, status: int, method: str | None = None, path: str = "/", *, times: int = 1) -> None:
        """Answer with an error, 429, 500 or 503, and do nothing."""
        headers = {"Retry-After": "1"} if status == 429 else {}
        self._armed.append(Fault(method, path, times, status=status, headers=headers))

    def delay(self, seconds: float, method: str | None = None, path: str = "/", *, times: int = 1) -> None:
        """Do as asked, and answer so much later."""
        self._armed.append(Fault(method, path, times, seconds=seconds, processed=True))

    def hang(self, method: str | None = None, path: str = "/", *, processed: bool = False, times: int = 1) -> None:
        """Answer only after ``release``, and without having done anything unless ``processed``."""
        self._armed.append(Fault(method, path, times, hangs=True, processed=processed))

    def release(self) -> None:
        """Let what hangs go: its connections are reset."""
        self._released.set()
        self._released = asyncio.Event()

    async def released(self) -> None:
        """Wait until what hangs may go."""
        await self._released.wait()

    def next_for(self, method: str, path: str) -> Fault | None:
        """Return what is to happen to a request that came in, and count it."""
        fault = next((fault for fault in self._armed if fault.fits(method, path)), None)
        if fault is not None:
            fault.times -= 1
        return fault

    def clear(self) -> None:
        """Disarm everything, and tell what was withheld."""
        self._armed.clear()
        self.silent, self.copies = False, 1
        self.release()
        self.deliver()

    # The streams

    def on_drop(self, drop: Callable[[], None]) -> None:
        """Name what breaks the streams off."""
        self._droppers.append(drop)

    def drop_streams(self) -> None:
        """Reset every WebSocket; clients may connect again."""
        for drop in self._droppers:
            drop()

    def silence(self, *, on: bool = True) -> None:
        """Keep the streams open and say nothing on them: what happens meanwhile is never told."""
        self.silent = on

    def duplicate(self, copies: int = 2) -> None:
        """Send every trade update so many times."""
        self.copies = copies

    def withhold(self) -> None:
        """Keep trade updates back until ``deliver``."""
        self._withholding = True

    def deliver(self) -> None:
        """Tell what was kept back, in order."""
        self._withholding = False
        withheld, self._withheld = self._withheld, []
        for tell in withheld:
            self._tell(tell)

    def repeat(self) -> None:
        """Tell again everything that was told, the last first."""
        for tell in reversed(self._told):
            tell()

    def pass_on(self, tell: Callable[[], None]) -> None:
        """Tell something on the streams, as the faults let it."""
        if self.silent:
            return
        if self._withholding:
            self._withheld.append(tell)
            return
        for _ in range(self.copies):
            self._tell(tell)

    def _tell(self, tell: Callable[[], None]) -> None:
        self._told.append(tell)
        tell()

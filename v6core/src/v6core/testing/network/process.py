"""A process that can be killed, simulated within the one that runs."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Vanishing(Protocol):
    """What ends with the process that holds it."""

    def vanish(self) -> None:
        """End."""
        ...


PROCESS: contextvars.ContextVar[SimulatedProcess | None] = contextvars.ContextVar("process", default=None)
"""The process whose code runs, if it is a simulated one."""


class SimulatedProcess:
    """Code that runs as if in a process of its own, together with its connections, until it is killed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_alive = True
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._held: dict[Vanishing, None] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine in this process; tasks and connections that it makes are the process's, too."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, self)
        return asyncio.get_running_loop().create_task(work, context=context)

    def kill(self) -> None:
        """End it at this instant: nothing that it does from here on leaves it, and its peers see its links close."""
        if not self.is_alive:
            return
        self.is_alive = False
        for held in tuple(self._held):
            held.vanish()
        # Its tasks run into walls wherever they go; cancelling them spares the loop their company.
        for task in tuple(self._tasks):
            task.cancel()

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Take a task in."""
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        if not self.is_alive:
            task.cancel()

    def hold(self, what: Vanishing) -> None:
        """Take in a connection or a server, which end with the process."""
        self._held[what] = None

    def let_go(self, what: Vanishing) -> None:
        """Forget a connection or a server that has ended."""
        self._held.pop(what, None)

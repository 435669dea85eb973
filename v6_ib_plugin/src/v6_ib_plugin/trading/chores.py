"""Work that goes on beside a request: it is kept until it is done, and its failure is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from v6core.errors import V6Error


class Chores:
    """Work under way."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Callable[[], Coroutine[Any, Any, None]], what: str) -> asyncio.Task[None]:
        """Begin a piece of work; ``what`` says what its failure means."""
        task = asyncio.get_running_loop().create_task(self._watched(work, what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _watched(self, work: Callable[[], Coroutine[Any, Any, None]], what: str) -> None:
        try:
            await work()
        except V6Error as error:
            self._logger.warning("%s: %s", what, error)
        except Exception:
            self._logger.exception("%s failed", what)

    async def stop(self) -> None:
        """Give up whatever is under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

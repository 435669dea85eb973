"""Stands where a plugin's exceptions come by, and notes them; what is raised, answered and logged goes on unchanged."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator
from contextlib import contextmanager
from typing import Any

from v6core.broker import Broker, BrokerContext
from v6core.reports import LinkReport, LinkState, Report
from v6core.testing.conformance.mishaps import Mishap, Mishaps

_RAISED = "your broker raised"
_METHODS = (
    *("connect", "disconnect", "place", "cancel", "modify", "cancel_everything", "snapshot", "find", "qualify"),
    *("quote", "quotes", "option_chain", "preview", "now"),
)


class Witness:
    """Sees one world's plugin; ``is_cut`` tells whether the case itself has taken the link away."""

    def __init__(self, mishaps: Mishaps, is_cut: Callable[[], bool]) -> None:
        self._mishaps = mishaps
        self._is_cut = is_cut

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """See what ends the tasks of a loop, and what its callbacks raise."""
        make, handle = loop.get_task_factory(), loop.get_exception_handler()

        def made(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> Any:
            task = asyncio.Task(coro, loop=loop, **options) if make is None else make(loop, coro, **options)
            task.add_done_callback(self._ended)
            return task

        def handled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            self._note(context.get("exception"), "a callback of your broker raised")
            if handle is None:
                loop.default_exception_handler(context)
            else:
                handle(loop, context)

        loop.set_task_factory(made)
        loop.set_exception_handler(handled)

    def _ended(self, task: asyncio.Future[Any]) -> None:
        if not task.cancelled():
            self._note(task.exception(), "a task of your broker ended with")

    def _note(self, error: BaseException | None, how: str) -> None:
        if error is not None:
            self._mishaps.note(error, how)

    def context(self, context: BrokerContext) -> BrokerContext:
        """Return the context that a broker is given in the place of its own."""

        def heard(report: Report) -> None:
            self._hear(report)
            context.report(report)

        return dataclasses.replace(context, report=heard, logger=_Logger(context.logger, self._mishaps))

    def _hear(self, report: object) -> None:
        # Why a link went down may be what the plugin made of an exception of its own.
        if isinstance(report, LinkReport) and report.state is LinkState.DOWN and report.detail and not self._is_cut():
            self._mishaps.add(Mishap(f"your broker told its link as DOWN: {' '.join(str(report.detail).split())}"))

    def made(self, create: Callable[[], Broker]) -> Broker:
        """Return a broker as it is made, each of its methods seen from here on."""
        with self._seeing("create"):
            broker = create()
        if isinstance(broker, Broker):  # pyright: ignore[reportUnnecessaryIsInstance] -- a stranger's word
            for name in _METHODS:
                # Past whatever the class makes of attributes; and the class is the plugin's own for whoever looks.
                object.__setattr__(broker, name, self._seen(name, getattr(broker, name)))
        return broker

    def _seen(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def asked(*arguments: Any, **options: Any) -> Any:
            with self._seeing(name):
                given = method(*arguments, **options)
            return self._streamed(name, given) if isinstance(given, AsyncIterable) else given

        @functools.wraps(method)
        async def awaited(*arguments: Any, **options: Any) -> Any:
            with self._seeing(name):
                return await method(*arguments, **options)

        return awaited if inspect.iscoroutinefunction(method) else asked

    async def _streamed(self, name: str, source: Any) -> AsyncGenerator[Any]:
        """Yield what a stream does; what it raises while it is read or closed is seen as well."""
        with self._seeing(name):
            try:
                async for row in source:
                    yield row
            finally:
                close = getattr(source, "aclose", None)
                if close is not None:
                    await close()

    @contextmanager
    def _seeing(self, method: str) -> Generator[None]:
        try:
            yield
        except Exception as error:
            self._mishaps.note(error, _RAISED, method=method)
            raise


class _Logger(logging.Logger):
    """The plugin's logger; what is logged with an exception is noted, also where logging is switched off."""

    def __init__(self, inner: logging.Logger, mishaps: Mishaps) -> None:
        super().__init__(inner.name)
        self.parent = inner
        self._inner = inner
        self._mishaps = mishaps

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 -- the library's word
        """Take what may tell of a fault; what is passed on is for the logger behind to say."""
        return level >= logging.WARNING or self._inner.isEnabledFor(level)

    def handle(self, record: logging.LogRecord) -> None:
        """Note the exception of a record, and pass the record on."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._mishaps.note(error, "your broker logged")
        if self._inner.isEnabledFor(record.levelno):
            self._inner.handle(record)

"""An engine on the event loop that its broker calls for, for as long as one command takes."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import click

from v6core.broker import BrokerSpec
from v6core.cli.failures import Interrupted
from v6core.cli.invocation import Invocation
from v6core.config import settings_for
from v6core.engine import OrderExecutionEngine
from v6core.errors import JournalLocked
from v6core.plugins import load_broker

T = TypeVar("T")
Work = Callable[[OrderExecutionEngine], Awaitable[T]]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run_engine(invocation: Invocation, work: Work[T]) -> T:
    """Start the configured engine, let ``work`` have it, stop it, and return what came of it.

    JournalLocked where an engine runs on the same journal already: it names the process, and what can be done beside.
    """
    configuration = invocation.configuration()
    section = configuration.chosen
    spec: BrokerSpec[Any] = load_broker(section.plugin, configuration.folder)
    settings = settings_for(section, spec.settings)
    engine = OrderExecutionEngine.from_configuration(configuration)
    try:
        return run(engine, work, spec.event_loop(settings), as_json=invocation.as_json)
    except JournalLocked as locked:
        raise JournalLocked(f"{locked.message} and asks the broker alone", hint=_beside()) from locked


def _beside() -> str:
    """Return what can be done while another engine asks the broker."""
    command = click.get_current_context().command_path
    return (
        f"do it in that program, or stop it and call {command} again; meanwhile v6 orders, fills, positions and journal"
        " read what it has written, and v6 halt stops new orders"
    )


def run(engine: OrderExecutionEngine, work: Work[T], loop_factory: LoopFactory | None, *, as_json: bool) -> T:
    """Run an engine on a loop of this kind."""

    async def within() -> T:
        async with engine:
            return await work(engine)

    with (
        warnings_in_one_line(as_json=as_json),
        terminated_as_interrupted(),
        asyncio.Runner(loop_factory=loop_factory) as runner,
    ):
        try:
            return runner.run(within())
        except KeyboardInterrupt:
            raise Interrupted from None


@contextmanager
def terminated_as_interrupted() -> Generator[None]:
    """Let SIGTERM stop what runs in good order, as Ctrl-C does: what is being sent is seen through first."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    with _interruptible():
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _interruptible() -> Generator[None]:
    """Let SIGINT do its work where it comes from within, also where it was ignored from the start.

    Shells have it ignored by what they start in the background. Such a process stays deaf to Ctrl-C, which is blocked.
    """
    if sys.platform == "win32" or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.raise_signal(signal.SIGINT)


class _OneLine(logging.Handler):
    """Tells a warning in one line, without a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"v6: {record.levelname.lower()}: {' '.join(record.getMessage().split())}", file=sys.stderr)


@contextmanager
def warnings_in_one_line(*, as_json: bool) -> Generator[None]:
    """Tell warnings without a traceback; with ``--json`` standard error holds the error document and nothing else."""
    handler = logging.NullHandler() if as_json else _OneLine(logging.WARNING)
    loggers = [logging.getLogger(name) for name in ("v6", "v6core")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)

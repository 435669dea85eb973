"""Checks and observers: those of v6 itself, those that the configuration lists, and objects that the program gives.

Each is called by itself. pluggy's own call would stop at the first exception, starve the others, and not say whose an
answer is.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from v6core import standard_checks
from v6core.errors import PluginError
from v6core.events import EngineEvent, OrderEvent
from v6core.logs import Repeats
from v6core.orders import Order
from v6core.plugins.attaching import Attached, Hook, told
from v6core.plugins.installed import EXTENSIONS, find
from v6core.risk import CheckContext, Denial

_LOG = logging.getLogger(__name__)
_REPEATS = Repeats()
_LOG.addFilter(_REPEATS)
_FAILURES = (Exception, SystemExit, asyncio.CancelledError)
"""What a stranger's function may raise without harm to anybody else: all but the end of the program."""
MOST_FAILURES = 10
CHECK_FAILED = "CHECK_FAILED"
"""The code of a denial that stands for a check that could not answer."""


class Checks:
    """All checks, ours first."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = tuple(hooks)

    @property
    def names(self) -> tuple[str, ...]:
        """Whose checks there are."""
        return tuple(hook.plugin for hook in self._hooks)

    def ask(self, order: Order, context: CheckContext) -> list[tuple[str, Denial]]:
        """Ask every check and return the denials, each with whose it is; a check that fails denies."""
        denials: list[tuple[str, Denial]] = []
        for hook in self._hooks:
            denial = _answer(hook, order, context)
            if denial is not None:
                denials.append((hook.plugin, denial))
        return denials


def _answer(hook: Hook, order: Order, context: CheckContext) -> Denial | None:
    try:
        answer = hook(order=order, context=context)
    except _FAILURES as error:
        _LOG.exception("check %s failed on order %s", hook.plugin, order.order_id)
        return Denial(CHECK_FAILED, f"check {hook.plugin} failed: {told(error)}")
    if answer is None:
        return None
    if isinstance(answer, Denial) and _is_text(answer.code) and _is_text(answer.message):
        return answer
    return Denial(
        CHECK_FAILED,
        f"check {hook.plugin} answered {type(answer).__name__} instead of a Denial with two texts, or None",
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


@dataclass(slots=True)
class _Observer:
    hook: Hook
    failures: int = 0
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Disabled:
    """An observer that failed too often to be told anything more, and what it raised last."""

    observer: str
    failure: str

    def __str__(self) -> str:
        return (
            f"observer {self.observer} failed {MOST_FAILURES} times in a row, last with {self.failure}; "
            "it is told nothing more until the engine starts again"
        )


class Observers:
    """All who learn what happened. One that fails ``MOST_FAILURES`` times in a row is disabled until ``enable``."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._observers = [_Observer(hook) for hook in hooks]

    @property
    def names(self) -> tuple[str, ...]:
        """Whose observers there are."""
        return tuple(observer.hook.plugin for observer in self._observers)

    def enable(self) -> None:
        """Give every observer another chance."""
        for observer in self._observers:
            observer.failures, observer.is_disabled = 0, False

    def notify(self, event: OrderEvent | EngineEvent, order: Order | None) -> tuple[Disabled, ...]:
        """Tell each observer, and return those that this disables; what one raises is logged and harms nobody else."""
        outcomes = [_tell(observer, event, order) for observer in self._observers if not observer.is_disabled]
        return tuple(outcome for outcome in outcomes if outcome is not None)


def _tell(observer: _Observer, event: OrderEvent | EngineEvent, order: Order | None) -> Disabled | None:
    try:
        observer.hook(event=event, order=order)
    except _FAILURES as error:
        observer.failures += 1
        _LOG.exception("observer %s failed on %s", observer.hook.plugin, event.event)
        if observer.failures < MOST_FAILURES:
            return None
        observer.is_disabled = True
        return Disabled(observer.hook.plugin, told(error))
    observer.failures = 0
    return None


@dataclass(frozen=True, slots=True)
class Extensions:
    """The checks and observers of one engine."""

    checks: Checks
    observers: Observers


def load_extensions(names: Iterable[str] = (), objects: Iterable[object] = ()) -> Extensions:
    """Return our own checks, those of the installed extensions with these names, and those of these objects.

    PluginError where one is missing, broken, there twice, or has neither a check nor an observer: protection that was
    asked for must not evaporate.
    """
    _REPEATS.forget()
    attached = Attached()
    attached.attach(standard_checks, "v6", "v6core")
    for name in names:
        entry = find(name, EXTENSIONS)
        attached.attach(entry.load(), name, str(entry))
    for given in objects:
        attached.attach(given, _free(_name_of(given), attached), "the program")
    checks, observers = attached.hooks("v6_check_order"), attached.hooks("v6_order_event")
    idle = attached.names - {hook.plugin for hook in (*checks, *observers)}
    if idle:
        raise PluginError(
            f"extension {min(idle)!r} has neither v6_check_order nor v6_order_event",
            hint="mark its functions with @v6core.hookimpl",
        )
    return Extensions(Checks(checks), Observers(observers))


def _name_of(given: object) -> str:
    return given.__name__ if inspect.ismodule(given) else type(given).__name__


def _free(name: str, attached: Attached) -> str:
    """Return a name that nobody has: the journal must tell two objects of one class apart."""
    number, free = 1, name
    while free in attached.names:
        number += 1
        free = f"{name}-{number}"
    return free

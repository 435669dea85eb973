"""Whether a broker's methods are what is awaited of them, told from how they are declared: nothing is called.

What cannot be told from that is judged when it is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, Final, get_origin, get_type_hints

from v6core.broker import Broker

AWAITED: Final = tuple(name for name, method in vars(Broker).items() if inspect.iscoroutinefunction(method))
"""The methods of a broker that are awaited."""
_NOT_AWAITED: Final = {"now": "its answer is the time itself", "quotes": "it returns an async iterator, or yields"}
_AWAITABLE: Final = inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE


def misshapen(broker: Broker) -> tuple[str, ...]:
    """Return a sentence for each method that cannot be what it must be, with its line in the plugin's file."""
    return (*_unawaitable(broker), *_needlessly_async(broker))


def not_async(broker: Broker, method: str) -> str:
    """Return the sentence for a method that gave nothing to await."""
    return f"{type(broker).__name__}.{method} is not async: write `async def {method}`"


def _unawaitable(broker: Broker) -> Iterator[str]:
    for name in AWAITED:
        function = _function(broker, name)
        if function is None:
            continue
        if inspect.isasyncgenfunction(function):
            yield f"{type(broker).__name__}.{name} yields, and is to return its answer{_place(function)}"
        elif _gives_nothing_to_await(function):
            yield not_async(broker, name) + _place(function)


def _needlessly_async(broker: Broker) -> Iterator[str]:
    for name, why in _NOT_AWAITED.items():
        function = _function(broker, name)
        if function is not None and inspect.iscoroutinefunction(function):
            yield f"{type(broker).__name__}.{name} is not to be awaited: {why}; write `def {name}`{_place(function)}"


def _function(broker: Broker, name: str) -> FunctionType | None:
    """Return the function behind a method and its decorators; None where it is of another kind."""
    method: Any = inspect.unwrap(getattr(broker, name))
    function = inspect.unwrap(getattr(method, "__func__", method))
    return function if isinstance(function, FunctionType) else None


def _gives_nothing_to_await(function: FunctionType) -> bool:
    """Tell whether a function is neither asynchronous nor says that it returns something to await."""
    if function.__code__.co_flags & _AWAITABLE:
        return False
    try:
        hint: Any = get_type_hints(function).get("return")
    except Exception:  # noqa: BLE001 -- a stranger's annotation may name what is not there
        return False
    kind = get_origin(hint) or hint
    if kind is Any or kind is object:
        return False
    return kind is None or (isinstance(kind, type) and not issubclass(kind, Awaitable))


def _place(function: FunctionType) -> str:
    return f" at {Path(function.__code__.co_filename).name}:{function.__code__.co_firstlineno}"

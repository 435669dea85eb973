"""Calling a broker: within a deadline, and told apart from the end of one's own task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from v6core.errors import BrokerError, Unavailable, V6Error
from v6core.plugins.attaching import told

T = TypeVar("T")


async def within(seconds: float, call: Awaitable[T]) -> T:
    """Return what a broker answers; TimeoutError after so many seconds.

    A library that loses its link cancels its own futures, and the CancelledError of these comes up through the plugin:
    where nobody cancelled the caller's task it is the broker's failure, and Unavailable is raised.
    """
    task = asyncio.current_task()
    cancelled = 0 if task is None else task.cancelling()
    try:
        async with asyncio.timeout(seconds):
            return await call
    except asyncio.CancelledError as error:
        if task is None or task.cancelling() > cancelled:
            raise
        raise Unavailable("the broker's plugin broke the call off (CancelledError)") from error


async def answered(question: Awaitable[T], failure: str, *, name: str, seconds: float) -> T:
    """Return the answer to a question that changes nothing, and raise V6Error whatever the plugin raises.

    Unavailable where it takes too long, with what failed to come; BrokerError, naming the broker, for all that is not
    v6's own.
    """
    try:
        return await within(seconds, question)
    except V6Error:
        raise
    except TimeoutError as error:
        raise Unavailable(f"{failure} within {seconds:g} s") from error
    except Exception as error:
        raise plugin_failure(name, error) from error


def plugin_failure(name: str, error: Exception) -> BrokerError:
    """Return the error that says which broker's plugin raised what."""
    return BrokerError(
        f"broker {name!r} failed: {told(error)}", hint="a fault of the plugin, or of what it connects to"
    )

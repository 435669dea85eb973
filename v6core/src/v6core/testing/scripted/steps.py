"""What a script is made of. A step is called with the broker and the references of the orders that the call is about.

Any function of that shape is a step; one that returns an awaitable is waited for, and what it raises, the call raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from v6core.testing.scripted.broker import ScriptedBroker

Refs = tuple[str, ...]
Step = Callable[["ScriptedBroker", Refs], Awaitable[None] | None]


def accepts(broker: ScriptedBroker, refs: Refs) -> None:
    """Say that the orders are there."""
    for ref in refs:
        broker.accept(ref)


def confirms(broker: ScriptedBroker, refs: Refs) -> None:
    """Do what a cancel or a modify asks for, where the order is still open; refuse it where it is not."""
    for ref in refs:
        broker.confirm(ref)


def clears(broker: ScriptedBroker, refs: Refs) -> None:
    """Cancel the orders, and those of others."""
    confirms(broker, refs)
    broker.end_foreign()


def fills(
    quantity: Decimal | float | str | None = None,
    price: Decimal | float | str | None = None,
    commission: Decimal | float | str | None = None,
) -> Step:
    """Fill the orders, whole unless a quantity is given; for the price see ``ScriptedBroker.fill``."""

    def step(broker: ScriptedBroker, refs: Refs) -> None:
        for ref in refs:
            broker.fill(ref, quantity, price, commission=commission)

    return step


def rejects(reason: str, code: str | None = None) -> Step:
    """Refuse the orders."""

    def step(broker: ScriptedBroker, refs: Refs) -> None:
        for ref in refs:
            broker.reject(ref, reason, code)

    return step


def refuses(reason: str, code: str | None = None) -> Step:
    """Refuse a cancel or a modify; the order works on as it was."""

    def step(broker: ScriptedBroker, refs: Refs) -> None:
        for ref in refs:
            broker.refuse(ref, reason, code)

    return step


def raises(error: BaseException) -> Step:
    """Let the call fail."""

    def step(_broker: ScriptedBroker, _refs: Refs) -> None:
        raise error

    return step


async def hangs(_broker: ScriptedBroker, _refs: Refs) -> None:
    """Never return from the call."""
    await asyncio.Event().wait()


def takes(seconds: float) -> Step:
    """Let time pass within the call."""

    async def step(_broker: ScriptedBroker, _refs: Refs) -> None:
        await asyncio.sleep(seconds)

    return step


def later(seconds: float, *steps: Step) -> Step:
    """Do other steps, which must not wait, after some time; the call does not wait for them."""

    def step(broker: ScriptedBroker, refs: Refs) -> None:
        def do() -> None:
            for one in steps:
                one(broker, refs)

        asyncio.get_running_loop().call_later(seconds, do)

    return step

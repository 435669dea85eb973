"""Undoes what a case did at an account that outlives it: its own orders, and what they bought and sold.

An order of which the engine has not heard the end may still fill, so nothing is closed before every order has ended,
and what filled is taken from the broker's lists once more: a case may have been stopped between a request and its
answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from v6core.contracts import Contract
from v6core.errors import OutcomeUnknown, V6Error
from v6core.money import plain
from v6core.orders import Order, OrderStatus
from v6core.reports import OrderReport
from v6core.testing.conformance.expecting import Broken

if TYPE_CHECKING:
    from v6core.testing.conformance.trial import Trial

_ROUNDS = 3
"""How often it looks again: what closes a position may fill in part."""


class LeftBehind(Broken):
    """Something that a case made is still at the account."""


async def undo(trial: Trial) -> None:
    """Cancel what a case left open, and close what it holds; LeftBehind names what is left, nothing else is touched."""
    try:
        for _ in range(_ROUNDS):
            await _end_orders(trial)
            if not await _net(trial):
                return
            for contract, quantity in await _net(trial):
                await _close(trial, contract, quantity)
        net = await _net(trial)
    except LeftBehind:
        raise
    except Exception as error:
        raise LeftBehind(f"{_whose(trial)} may hold what the case made: {type(error).__name__}: {error}") from error
    if net:
        raise LeftBehind(f"{_whose(trial)} still holds what the case made: {_told(net)}")


async def _end_orders(trial: Trial) -> None:
    """Cancel until nothing of this case works, at the broker either, and hear all of what has filled by then."""
    with contextlib.suppress(OutcomeUnknown):  # what was not answered is asked for below
        await trial.engine.cancel_all()  # it waits for what is being placed at this moment, which is no order yet
    if not await trial.engine.orders():
        return
    await trial.engine.reconnect()
    await trial.engine.ready(trial.driver.patience)
    if not await _comes(trial, lambda: _has_ended(trial)):
        left = [str(order.order_ref) for order in await trial.engine.orders() if order.status.is_open]
        left += [str(report.order_ref) for report in await _listed(trial)]
        raise LeftBehind(f"{_whose(trial)} still has orders of the case: {', '.join(dict.fromkeys(left))}")


async def _has_ended(trial: Trial) -> bool:
    """Tell whether nothing works; what the broker lists under a reference of ours, however often, it is to cancel."""
    listed, ours = await _listed(trial), {order.order_ref: order for order in await trial.engine.orders()}
    for report in listed:
        with contextlib.suppress(V6Error):
            await trial.broker.cancel(ours[report.order_ref])
    return not listed and not any(order.status.is_open for order in ours.values())


async def _listed(trial: Trial) -> list[OrderReport]:
    ours = {order.order_ref for order in await trial.engine.orders()}
    return [report for report in (await trial.broker.snapshot()).open_orders if report.order_ref in ours]


async def _comes(trial: Trial, is_so: Callable[[], Awaitable[bool]]) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(trial.driver.patience):
            while not await is_so():  # noqa: ASYNC110 -- nobody announces what the broker does not list any more
                await asyncio.sleep(trial.driver.quiet)
            return True
    return False


async def _net(trial: Trial) -> list[tuple[Contract, Decimal]]:
    contracts: dict[str, Contract] = {}
    net: dict[str, Decimal] = {}
    for fill in await trial.engine.fills():
        contracts[fill.contract.key] = fill.contract
        net[fill.contract.key] = net.get(fill.contract.key, Decimal(0)) + fill.signed_quantity
    return [(contracts[key], quantity) for key, quantity in net.items() if quantity]


async def _close(trial: Trial, contract: Contract, quantity: Decimal) -> None:
    order = await trial.place(Order.market("SELL" if quantity > 0 else "BUY", abs(quantity)), contract)
    with contextlib.suppress(TimeoutError):  # what has not filled by then is cancelled, and told of
        await trial.engine.wait_for(order.order_id, OrderStatus.FILLED, timeout=trial.driver.patience)


def _whose(trial: Trial) -> str:
    return f"the account of {trial.driver.name}"


def _told(net: Iterable[tuple[Contract, Decimal]]) -> str:
    return ", ".join(f"{plain(quantity)} {contract.key}" for contract, quantity in net)

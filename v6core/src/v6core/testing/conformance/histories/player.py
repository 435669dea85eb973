"""Plays a history in a world of its own, and asks for every law after every step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never
from uuid import UUID

from v6core.errors import ConfigurationError, ModifyRejected, NotSupported, OrderDenied, OutcomeUnknown
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.reports import Account, BrokerPosition
from v6core.testing.conformance.driver import Driver
from v6core.testing.conformance.expecting import Broken
from v6core.testing.conformance.histories.laws import broken_together
from v6core.testing.conformance.histories.requests import (
    bracket_of,
    changes_of,
    group_of,
    market_of,
    order_of,
    spread_of,
)
from v6core.testing.conformance.histories.steps import (
    Bracket,
    Cancel,
    CancelAll,
    Disconnect,
    Group,
    Modify,
    PassTime,
    Place,
    Quote,
    Repeat,
    Resize,
    Restart,
    Spread,
    Step,
)
from v6core.testing.conformance.runner import in_world
from v6core.testing.conformance.trial import Trial

_HALF_SPREAD = Decimal("0.05")
_CENT = Decimal("0.01")


NOT_TAKEN = frozenset({OrderStatus.DENIED, OrderStatus.REJECTED, OrderStatus.LOST, OrderStatus.IN_DOUBT})
"""How orders stand that a broker did not take, as far as anybody knows."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a history came to: how each order stands, in the order in which they were placed, and what is held.

    ``flow`` is what the executions took and brought, without ``fees``; ``before`` and ``after`` are the account's, and
    ``worth`` is the least and the most that the positions can be valued at, by the two sides of the last quotes.
    """

    orders: tuple[tuple[OrderStatus, Decimal, Decimal], ...]
    held: dict[str, Decimal]
    flow: Decimal
    fees: Decimal
    before: Account
    after: Account
    worth: tuple[Decimal, Decimal]

    @property
    def taken(self) -> int:
        """How many orders the broker took."""
        return sum(status not in NOT_TAKEN for status, _, _ in self.orders)

    def differs(self, other: Ending) -> str | None:
        """Return how another ending differs in what a user would see, or None."""
        pairs = zip(self.orders, other.orders, strict=False)
        for number, (mine, theirs) in enumerate(pairs, start=1):
            if mine != theirs:
                return f"order {number} is {_told(theirs)}, not {_told(mine)}"
        if len(self.orders) != len(other.orders):
            return f"there are {len(other.orders)} orders, not {len(self.orders)}"
        return None if self.held == other.held else f"{_positions(other.held)} is held, not {_positions(self.held)}"


def _told(order: tuple[OrderStatus, Decimal, Decimal]) -> str:
    status, filled, remaining = order
    return f"{status} with {filled} filled and {remaining} remaining"


def _positions(held: dict[str, Decimal]) -> str:
    return ", ".join(f"{quantity:+f} {key}" for key, quantity in sorted(held.items())) or "nothing"


def play(history: Sequence[Step], driver: Driver, between: Step | None = None) -> Ending:
    """Play a history in a driver's world, and return what it came to; Broken tells the first law that fell.

    A step ``between`` is taken after each of the others, and does not count.
    """

    async def played(trial: Trial) -> Ending:
        return await (await played_in(trial, history, between)).ending()

    return in_world(driver, played)


async def played_in(trial: Trial, history: Sequence[Step], between: Step | None = None) -> Player:
    """Play a history in a world that is there, and return its player."""
    player = Player(trial)
    await player.begin()
    for number, step in enumerate(history, start=1):
        for each in (step,) if between is None else (step, between):
            try:
                await player.take(each)
            except ConfigurationError:
                raise
            except Exception as error:
                raise BrokenStep(f"{told_of(error)} (at step {number}, {each.step})", number) from error
    return player


class BrokenStep(Broken):
    """A step of a history broke something; ``number`` says which."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


def told_of(error: Exception) -> str:
    """Return a failure in a line; whatever a stranger's broker raises is one."""
    return str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {' '.join(str(error).split())}"


class Player:
    """Takes the steps of one history in one world."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._sizes: dict[UUID, Decimal] = {}
        self._market = market_of(trial)
        self._quoted = {contract.key: worth for contract, worth in self._market}
        self._before: Account | None = None

    async def begin(self) -> None:
        """See to it that everything is quoted."""
        for contract, worth in self._market[2:]:
            await self._trial.quote_around(worth, contract)
        self._before = (await self._trial.broker.snapshot()).account

    async def take(self, step: Step) -> None:
        """Take a step, wait until all is quiet, and raise what is broken then."""
        try:
            await self._do(step)
        except NotSupported as refused:
            raise Broken(f"what is declared was refused: {refused}") from refused
        except OutcomeUnknown as unanswered:
            raise Broken(f"a request was left without an answer: {unanswered}") from unanswered
        except (OrderDenied, ModifyRejected):
            pass  # a limit of v6's or of the broker's; nothing is different by it
        await self._look()

    async def _look(self) -> None:
        """Raise what is broken, and still is when whatever is under way has had its time."""
        seconds = self._trial.driver.quiet
        while True:
            try:
                await self._judge()
            except Broken:
                if seconds > self._trial.driver.patience:
                    raise
            else:
                return
            await asyncio.sleep(seconds)
            seconds *= 2

    async def _judge(self) -> None:
        await self._trial.judge()
        orders, fills = await self._trial.engine.orders(), await self._trial.engine.fills()
        for order in orders:
            self._sizes.setdefault(order.order_id, order.quantity)
        for broken in broken_together(orders, fills, self._sizes):
            raise broken

    async def ending(self) -> Ending:
        """Return what all of it came to."""
        engine, snapshot = self._trial.engine, await self._trial.broker.snapshot()
        fills = await engine.fills()
        held: dict[str, Decimal] = {}
        for position in snapshot.positions:
            held[position.contract.key] = held.get(position.contract.key, ZERO) + position.quantity
        assert self._before is not None
        return Ending(
            orders=tuple((one.status, one.filled_quantity, one.remaining_quantity) for one in await engine.orders()),
            held=held,
            flow=sum((fill.cash_flow for fill in fills), ZERO),
            fees=sum((fill.commission or ZERO for fill in fills), ZERO),
            before=self._before,
            after=snapshot.account,
            worth=self._worth(snapshot.positions),
        )

    def _worth(self, positions: Sequence[BrokerPosition]) -> tuple[Decimal, Decimal]:
        least = most = ZERO
        for position in positions:
            units = position.quantity * position.contract.multiplier
            middle, off = units * self._quoted[position.contract.key], abs(units) * _HALF_SPREAD
            least, most = least + middle - off, most + middle + off
        return least, most

    # One step each.

    async def _do(self, step: Step) -> None:
        match step:
            case Place() | Bracket() | Group() | Spread():
                await self._place(step)
            case Modify() | Resize():
                await self._change(step)
            case Cancel():
                await self._cancel(step)
            case CancelAll():
                await self._trial.engine.cancel_all()
            case Quote() | Disconnect() | PassTime() | Repeat():
                await self._happen(step)
            case Restart():
                await self._trial.restart()
            case _:
                assert_never(step)

    async def _place(self, step: Place | Bracket | Group | Spread) -> None:
        trial = self._trial
        match step:
            case Place():
                await trial.place(order_of(trial, step), self._market[step.contract % 2][0])
            case Bracket():
                await trial.engine.place_bracket_order(bracket_of(trial, step), trial.stock)
            case Group():
                await trial.engine.place_oca_group(group_of(trial, step), trial.stock, oca_type=step.oca_type)
            case Spread():
                combo, order = spread_of(trial, step)
                await trial.place(order, combo)

    async def _change(self, step: Modify | Resize) -> None:
        order = await self._chosen(step.order)
        if order is None:
            return
        parents = {one.parent_order_id for one in await self._trial.engine.orders()}
        alone = order.parent_order_id is None and order.oca_group is None and order.order_id not in parents
        changes = changes_of(self._trial, order, step, alone=alone)
        if changes:
            await self._trial.engine.modify_order(order.order_id, **changes)

    async def _cancel(self, step: Cancel) -> None:
        order = await self._chosen(step.order)
        # At some brokers an exit takes its sibling along, and v6 rightly stops trading over what is left bare.
        if order is not None and order.parent_order_id is None:
            await self._trial.engine.cancel_order(order.order_id)

    async def _chosen(self, number: int) -> Order | None:
        orders = await self._trial.engine.orders(open_only=True)
        return orders[number % len(orders)] if orders else None

    async def _happen(self, step: Quote | Disconnect | PassTime | Repeat) -> None:
        match step:
            case Quote():
                await self._quote(step)
            case Disconnect():
                await self._trial.cut()
                await self._quote(step.meanwhile)
                await self._trial.mend()
            case PassTime():
                await self._trial.driver.pass_time(60 * step.minutes)
            case Repeat():
                await self._trial.driver.repeat()

    async def _quote(self, step: Quote) -> None:
        number = step.contract % len(self._market)
        contract, worth = self._market[number]
        # An option moves by cents: a few thousandths of its price would be less than its spread.
        middle = worth * (1000 + step.price) / 1000 if number < 2 else worth + step.price * _CENT
        self._quoted[contract.key] = middle
        await self._trial.quote(
            middle - _HALF_SPREAD, middle + _HALF_SPREAD, contract, bid_size=step.bid_size, ask_size=step.ask_size
        )

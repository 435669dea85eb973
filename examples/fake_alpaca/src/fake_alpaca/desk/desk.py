"""The desk: takes orders as Alpaca does, keeps them as Alpaca keeps them, and has a broker behind it fill them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from fake_alpaca.assets import Asset
from fake_alpaca.desk.announcer import Announcer, Listener
from fake_alpaca.desk.book import Book
from fake_alpaca.desk.executions import Execution
from fake_alpaca.desk.families import Families
from fake_alpaca.desk.floor import Floor, Working
from fake_alpaca.desk.groups import Groups
from fake_alpaca.desk.hearing import Hearing, standing, take_place
from fake_alpaca.desk.holdings import Holdings
from fake_alpaca.desk.means import Means
from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.desk.rules import judge, judge_replacement
from fake_alpaca.desk.tickets import OrderQuery, Replacement, Ticket
from fake_alpaca.refusals import Refusal, invalid, unprocessable
from fake_alpaca.words import OrderClass, Side, Status
from v6core.broker import Broker
from v6core.contracts import Contract
from v6core.reports import Report


class Desk:
    """Alpaca's order desk, without HTTP. Every method raises Refusal where Alpaca would answer with an error."""

    def __init__(self, now: Callable[[], datetime], new_id: Callable[[], UUID] = uuid4) -> None:
        self.book = Book()
        self.holdings = Holdings()
        self._floor = Floor()
        self._announcer = Announcer(new_id, now)
        self._families = Families(new_id, now)
        self._groups = Groups(self._floor, self._announcer, self._later)
        self._hearing = Hearing(self._floor, self.holdings, self._announcer, self._groups)
        self._means = Means(self.book, self.holdings)
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, broker: Broker) -> None:
        """Take orders for a connected broker."""
        self._floor.stand_on(broker)
        self.holdings.begin((await broker.snapshot()).positions)

    def hear(self, report: Report) -> None:
        """Take what the broker reports: the sink of its context."""
        self._hearing.hear(report)

    def listen(self, listener: Listener) -> None:
        """Have every trade update told to somebody, on the event loop."""
        self._announcer.listeners.append(listener)

    @property
    def executions(self) -> tuple[Execution, ...]:
        """Every fill so far, the oldest first."""
        return tuple(self._hearing.executions)

    def traded(self) -> tuple[Contract, ...]:
        """Return what orders name, and what is held."""
        return (*(order.asset.contract for order in self.book if order.asset is not None), *self.holdings.contracts())

    def reset(self) -> None:
        """Forget every order and execution, as after a reset of a paper account; their ids may come again."""
        self.book.clear()
        self._floor.clear()
        self._hearing.executions.clear()

    # What follows from fills, after the report that told them

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

    async def settle(self) -> None:
        """Wait until everything has happened that followed from what has."""
        while self._tasks:
            tasks, self._tasks = self._tasks, set()
            await asyncio.gather(*tasks)

    # Orders

    async def submit(self, ticket: Ticket) -> AlpacaOrder:
        """Take an order; return it as it was accepted, before anything became of it."""
        judge(ticket)
        self._check_unused(ticket.client_order_id)
        ticket = await self._means.judge(ticket, self._floor.broker)
        order = self._families.of(ticket)
        self.book.add(order, *order.legs)
        accepted = order.as_it_is()
        at_once = order.family if order.order_class is OrderClass.OCO else (order,)
        refused = await self._floor.place(at_once, awaited=True)
        if refused is not None:
            self.book.discard(*order.family)
            raise await self._means.refusal(refused, self._floor.broker)
        await self.settle()
        return accepted

    def _check_unused(self, client_order_id: str | None) -> None:
        if client_order_id is not None and self.book.knows(client_order_id):
            raise invalid("client_order_id must be unique")

    async def replace(self, order_id: UUID, wanted: Replacement) -> AlpacaOrder:
        """Replace an order; return the new one, before anything became of it."""
        order = self.book.get(order_id)
        judge_replacement(order, wanted)
        self._check_unused(wanted.client_order_id)
        successor = self._families.successor(order, wanted)
        self.book.add(successor, *successor.legs)
        accepted = successor.as_it_is()
        working = self._floor.of(order)
        if working is None:
            self._replace_held(order, successor)
        else:
            await self._replace_working(working, order, successor)
        await self.settle()
        return accepted

    def _replace_held(self, order: AlpacaOrder, successor: AlpacaOrder) -> None:
        take_place(order, successor)
        self._announcer.move(order, Status.REPLACED)
        self._announcer.move(successor, Status.HELD)

    async def _replace_working(self, working: Working, order: AlpacaOrder, successor: AlpacaOrder) -> None:
        order.status = Status.PENDING_REPLACE
        refused = await self._floor.modify(working, successor)
        if refused is not None:
            order.status = standing(order)
            self.book.discard(successor, *successor.legs)
            raise await self._means.refusal(refused, self._floor.broker)
        if order.status is Status.PENDING_REPLACE:
            self._announcer.move(order, Status.PENDING_REPLACE)

    async def cancel(self, order_id: UUID) -> None:
        """Ask to cancel an order, and what goes with it."""
        await self._cancel(self.book.get(order_id))
        await self.settle()

    async def _cancel(self, order: AlpacaOrder) -> None:
        if order.is_mleg_leg:
            raise unprocessable("a leg of an mleg order cannot be canceled")
        if not order.is_open or order.status in {Status.PENDING_CANCEL, Status.PENDING_REPLACE}:
            raise unprocessable(f'order is already in "{order.status}" state')
        if order.status is Status.HELD:
            self._announcer.move(order, Status.CANCELED)
            self._groups.ended(order)
            return
        self._announcer.move(order, Status.PENDING_CANCEL)
        await self._floor.cancel(order)

    async def cancel_all(self) -> list[tuple[UUID, int]]:
        """Ask to cancel everything that is open; return each order's id with its status of HTTP."""
        answers: list[tuple[UUID, int]] = []
        for order in self.book.open():
            try:
                if order.is_open and order.status is not Status.PENDING_CANCEL:
                    await self._cancel(order)
                answers.append((order.order_id, 200))
            except Refusal as refusal:
                answers.append((order.order_id, 500 if refusal.status == 422 else refusal.status))
        await self.settle()
        return answers

    # Questions

    def get(self, order_id: UUID) -> AlpacaOrder:
        """Return an order by its id."""
        return self.book.get(order_id)

    def by_client_id(self, client_order_id: str) -> AlpacaOrder:
        """Return an order by its client's id."""
        return self.book.by_client_id(client_order_id)

    def spoken_for(self, asset: Asset, side: Side) -> Decimal:
        """Return how much of an asset open orders of one side still want."""
        return self._means.spoken_for(asset, side)

    def find(self, query: OrderQuery) -> list[AlpacaOrder]:
        """Return the orders that a query asks for."""
        return self.book.find(query)

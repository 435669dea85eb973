"""Looking at what TWS holds: whole lists, one after the other, and what they show of single orders."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, tzinfo
from decimal import Decimal

from v6_ib_plugin.data.accounts import Accounts
from v6_ib_plugin.numbers import bounded
from v6_ib_plugin.terms import IbContract, IbExecution
from v6_ib_plugin.trading.book import Book
from v6_ib_plugin.trading.hearing import Hearing
from v6_ib_plugin.trading.known import KnownOrder
from v6_ib_plugin.trading.legs import Legs
from v6_ib_plugin.translation.accounts import position_of
from v6_ib_plugin.translation.contracts import Known
from v6_ib_plugin.translation.executions import execution_id_of
from v6_ib_plugin.transport import Transport
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.errors import Unavailable
from v6core.identifiers import parse_order_ref
from v6core.money import ZERO
from v6core.reports import (
    BrokerPosition,
    Evidence,
    FillReport,
    OrderReport,
    RejectionReport,
    Snapshot,
)

# A market that fills all the time must not keep a look from ending; what differs then is told as drift.
_MOST_REPEATED = 3
_DECIDED_WITHIN = 5.0


class Looking:
    """Asks TWS for its lists. What they tell that was missed is reported, too.

    ``zones`` are those in which TWS may count its days: its lists of what is over begin at midnight.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        book: Book,
        hearing: Hearing,
        accounts: Accounts,
        legs: Legs,
        contract_of: Known,
        account: Callable[[], str],
        now: Callable[[], datetime],
        zones: Sequence[tzinfo],
        logger: logging.Logger,
    ) -> None:
        self._transport = transport
        self._book = book
        self._hearing = hearing
        self._accounts = accounts
        self._legs = legs
        self._contract_of = contract_of
        self._account = account
        self._now = now
        self._zones = zones
        self._logger = logger
        self._unspoken: set[int] = set()
        self._has_missed = False

    # Everything.

    async def snapshot(self) -> Snapshot:
        """Return everything that TWS holds, complete; an exception where any of its lists is not.

        Positions and executions of kinds that v6 does not trade (bonds, warrants, funds, contracts for difference) are
        not in it: each such position is told once in the log, and no order of v6's can change one.
        """
        positions = await self._positions()
        seen = await self._lists(positions)
        for _ in range(_MOST_REPEATED):
            again = await self._positions()
            if again == positions:
                break
            positions = again  # something filled between the two: positions and executions are of different moments
            seen = await self._lists(positions)
        return seen

    async def _lists(self, positions: tuple[BrokerPosition, ...]) -> Snapshot:
        shown = await self._open_orders()
        completed = await self._completed()
        fills = await self._fills()
        account = await self._accounts.account(self._account())
        midnight = self._midnight()
        return Snapshot(
            time=self._now(),
            open_orders=shown,
            completed_orders=tuple(row for row in completed if isinstance(row, OrderReport)),
            rejections=self._rejections(completed),
            fills=fills,
            positions=positions,
            account=account,
            completed_since=midnight,
            fills_since=midnight,
        )

    async def find(self, order_ref: str) -> Evidence:
        """Return all that TWS knows under a reference; two orders under it are both told.

        An exit that TWS cancelled and that is about to be sent anew is looked for once that is decided: by itself its
        end would say that nothing comes after it.
        """
        found = await self._under(order_ref)
        undecided = [known for known in self._book.register.under(order_ref) if known.withheld is not None]
        if undecided:
            await self._hearing.until(lambda: all(one.withheld is None for one in undecided), _DECIDED_WITHIN)
            found = await self._under(order_ref)
        return found

    async def _under(self, order_ref: str) -> Evidence:
        shown = await self._open_orders()
        completed = await self._completed()
        fills = await self._fills()
        orders = (*shown, *(row for row in completed if isinstance(row, OrderReport)))
        return Evidence(
            orders=tuple(row for row in orders if row.order_ref == order_ref),
            rejections=tuple(row for row in self._rejections(completed) if row.order_ref == order_ref),
            fills=tuple(row for row in fills if row.order_ref == order_ref),
        )

    # The lists.

    async def _open_orders(self) -> tuple[OrderReport, ...]:
        own = await self._transport.open_orders()
        everybody = await self._transport.all_open_orders()
        shown = (*own.orders, *everybody.orders)
        await self._legs.look_up(contract for contract, _, _ in shown)
        rows = {(order.perm_id, order.client_id, order.order_id): order for _, order, _ in shown}
        for order in rows.values():
            self._transport.at_least(order.order_id + 1 if order.client_id == self._transport.client_id else 0)
        reports = (self._book.standing_of(order) for order in rows.values())
        return tuple(report for report in reports if isinstance(report, OrderReport))

    async def _completed(self) -> list[OrderReport | RejectionReport]:
        """Return how orders ended, of which the broker tells only when it is asked."""
        told: list[OrderReport | RejectionReport] = []
        for contract, order, completion in await self._transport.completed_orders():
            told.append(self._book.completed(contract, order, completion))
        self._hearing.tell(())  # so that what is kept back is decided
        return told

    async def _fills(self) -> tuple[FillReport, ...]:
        rows = await self._transport.executions()
        # Of an execution that was corrected the list may hold what it was before, which no longer counts.
        for contract, execution, commission in sorted(rows, key=_revision, reverse=True):
            self._hearing.tell(self._book.execution(contract, execution))
            if commission is not None:
                self._hearing.tell(self._book.commission(commission))
        return self._book.executions.fills(execution.exec_id for _, execution, _ in rows)

    def _rejections(self, completed: Iterable[OrderReport | RejectionReport]) -> tuple[RejectionReport, ...]:
        rows = {row.order_ref: row for row in self._book.rejections.values()}
        rows |= {row.order_ref: row for row in completed if isinstance(row, RejectionReport)}
        return tuple(rows.values())

    async def _positions(self) -> tuple[BrokerPosition, ...]:
        rows = await self._transport.positions()
        ours = [row for row in rows if row[0] == self._account() and row[2]]
        held: dict[str, BrokerPosition] = {}
        for row in ours:
            position = self._position(*row)
            if position is not None:
                key = position.contract.key
                held[key] = _together(held[key], position) if key in held else position
        return tuple(held.values())

    def _position(
        self, account: str, contract: IbContract, quantity: Decimal, avg_cost: Decimal
    ) -> BrokerPosition | None:
        try:
            return position_of(account, contract, quantity, avg_cost, known=self._contract_of)
        except Untranslatable as error:
            if contract.con_id not in self._unspoken:
                self._unspoken.add(contract.con_id)
                self._logger.warning("a position is left out, for v6 cannot name it: %s", error)
            return None

    def _midnight(self) -> datetime:
        """Return when TWS's day began at the latest: what is over is told no further back."""
        now = self._now()
        days = (datetime.combine(now.astimezone(zone).date(), time(), zone) for zone in self._zones)
        return max(day.astimezone(UTC) for day in days)

    # Single orders.

    async def open_orders(self) -> None:
        """Hear how the open orders of this client stand, and those of all."""
        await self._open_orders()

    async def catch_up(self) -> None:
        """Hear all that happened while nobody listened: it is reported as if it had come by itself."""
        await self._positions()
        await self.orders()

    async def orders(self) -> None:
        """Hear all that TWS has of orders: what is open, what has ended, what was executed."""
        await self._open_orders()
        # How the orders of others ended is in every snapshot; of v6's own it may be what settles a doubt.
        ended = await self._completed()
        self._hearing.tell(
            row for row in ended if parse_order_ref(row.order_ref or "") and not self._book.is_withheld(row)
        )
        await self._fills()

    def note_missed(self) -> None:
        """Note that something was said and could not be read."""
        self._has_missed = True

    async def make_up(self) -> None:
        """Hear by looking what could not be read, until a look was whole and nothing was missed meanwhile.

        Where TWS's own lists hold what cannot be read, each look fails by it and calls for the next one at once: the
        pauses between them grow.
        """
        for pause in _pauses():
            self._has_missed = False
            if await self._is_caught_up() and not self._has_missed:
                return
            await asyncio.sleep(pause)

    async def _is_caught_up(self) -> bool:
        try:
            await self.catch_up()
        except Unavailable as error:
            self._logger.warning("what could not be read is not made up for yet: %s", error)
            return False
        return True

    async def settle(self, doubted: Iterable[KnownOrder]) -> None:
        """Settle what TWS said of orders that only its lists can explain."""
        orders = [known for known in doubted if not known.is_over]
        own = await self._transport.open_orders()
        listed = {order.perm_id for _, order, _ in own.orders if order.perm_id}
        missing = [known for known in orders if known.perm_id not in listed and not known.is_over]
        for known in orders:
            if known.perm_id in listed:
                self._book.acquit(known)
        if not missing:
            return
        await self._fills()
        refs = {known.order_ref for known in missing}
        ended = await self._completed()
        self._hearing.tell(row for row in ended if row.order_ref in refs and not self._book.is_withheld(row))
        for known in missing:
            if not known.is_over and not known.has_traded:
                self._hearing.tell(self._book.refuse(known))


def _pauses() -> Iterator[float]:
    """Return seconds to wait between looks: one, twice as long each time, never more than a minute."""
    return itertools.chain((1.0, 2.0, 4.0, 8.0, 16.0, 32.0), itertools.repeat(60.0))


def _revision(row: tuple[IbContract, IbExecution, object]) -> int:
    return execution_id_of(row[1].exec_id).revision


def _together(one: BrokerPosition, other: BrokerPosition) -> BrokerPosition:
    """Return two rows of one instrument as one: TWS lists it once for each number that it has."""
    quantity = one.quantity + other.quantity
    cost = one.quantity * one.avg_cost + other.quantity * other.avg_cost
    average = bounded(cost / quantity, "avg_cost") if quantity else ZERO
    return one.model_copy(update={"quantity": quantity, "avg_cost": average})

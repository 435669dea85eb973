"""What the account holds: whole lists, page by page, or an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from v6_alpaca_plugin.book import Book, Known
from v6_alpaca_plugin.records import Account, AlpacaOrder, FillActivity, Position, read
from v6_alpaca_plugin.translation.accounts import money_of, position_of
from v6_alpaca_plugin.translation.reports import listed_fill, named, standing_report
from v6_alpaca_plugin.translation.words import ENDED, REPLACED
from v6_alpaca_plugin.transport import Refused, Rest
from v6core.errors import Unavailable
from v6core.reports import FillReport, OrderReport, RejectionReport, Snapshot

_ORDERS_PER_PAGE = 500
_MOST_ROWS = 5
"""An order has four legs at most."""
_FILLS_PER_PAGE = 100
_MOST_LOOKS = 4
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Standing:
    """How orders stand: those that work, those that have ended, and those that Alpaca rejected."""

    working: tuple[OrderReport, ...]
    ended: tuple[OrderReport, ...]
    rejected: tuple[RejectionReport, ...]


class Listing:
    """Asks for orders, executions, positions and money, and tells the book of the orders that it sees."""

    def __init__(self, rest: Rest, book: Book) -> None:
        self._rest = rest
        self._book = book
        self.number: str | None = None
        """The account's number, once it was asked for: an account that positions have, their fills must have too."""

    async def snapshot(self, now: datetime, since: datetime) -> Snapshot:
        """Return everything of one moment, orders and executions since a time; Unavailable where it holds not still.

        Positions are read before and after the rest, so that what fills meanwhile is not half seen.
        """
        before = await self.positions()
        for _ in range(_MOST_LOOKS):
            known = await self.orders(since)
            fills = await self.fills(since)
            after = await self.positions()
            if [(row.symbol, row.qty) for row in before] == [(row.symbol, row.qty) for row in after]:
                account = await self.account()
                standing = self.standing(known, now)
                return Snapshot(
                    time=now,
                    open_orders=standing.working,
                    completed_orders=standing.ended,
                    rejections=standing.rejected,
                    fills=fills,
                    positions=tuple(position_of(row, account.account_number) for row in after),
                    account=money_of(account),
                    completed_since=since,
                    fills_since=since,
                )
            before = after
        raise Unavailable("the account fills faster than it can be read: no snapshot of one moment")

    async def account(self) -> Account:
        """Return the account."""
        account = read(Account, await self._rest.ask("/account"), "the account")
        self.number = account.account_number or None
        return account

    async def positions(self) -> list[Position]:
        """Return what is held."""
        rows = read(list[Position], await self._rest.ask("/positions"), "the positions")
        return sorted((row for row in rows if row.qty), key=lambda row: row.symbol)

    async def orders(self, since: datetime) -> tuple[Known, ...]:
        """Return all orders that work, and those submitted since a time whatever became of them.

        Those that work are asked for first: what ends meanwhile is in the second list.
        """
        working = await self._pages({"status": "open"})
        rest = await self._pages({"status": "all", "after": since.isoformat()})
        shown = list({order.id: order for order in (*working, *rest)}.values())
        shown += [one for order in shown for one in await self.replaced_by(order, {order.id for order in shown})]
        return tuple({known.shown.id: known for known in self._book.learn_all(shown)}.values())

    async def _pages(self, query: dict[str, Any]) -> list[AlpacaOrder]:
        """Return all rows of a list.

        A short page is no proof of the last, for legs may count as rows of their own; one is that is shorter than any
        with its legs could be that was cut off.
        """
        rows: list[AlpacaOrder] = []
        common = {"limit": _ORDERS_PER_PAGE, "direction": "asc", "nested": "true"}
        while True:
            page = read(list[AlpacaOrder], await self._rest.ask("/orders", {**common, **query}), "the orders")
            rows += page
            if not page or len(page) < _ORDERS_PER_PAGE // _MOST_ROWS - 1:
                return rows
            query = {"status": query["status"], "after_order_id": page[-1].id}

    async def replaced_by(self, order: AlpacaOrder, listed: set[str]) -> list[AlpacaOrder]:
        """Return the orders that one replaced and that no list shows, of which it still counts what they filled."""
        found: list[AlpacaOrder] = []
        while order.replaces and order.replaces not in listed and self._book.get(order.replaces) is None:
            order = await self.order(order.replaces)
            found.append(order)
        return found

    async def order(self, order_id: str) -> AlpacaOrder:
        """Return one order with its legs."""
        answer = await self._rest.ask(f"/orders/{order_id}", {"nested": "true"})
        return read(AlpacaOrder, answer, f"order {order_id}")

    async def under(self, client_order_id: str) -> AlpacaOrder | None:
        """Return the order with a client order id and its legs, or None where Alpaca has none."""
        try:
            answer = await self._rest.ask("/orders:by_client_order_id", {"client_order_id": client_order_id})
        except Refused as refusal:
            if refusal.status == _NOT_FOUND:
                return None
            raise
        return await self.order(read(AlpacaOrder, answer, f"order {client_order_id}").id)

    def standing(self, known: Sequence[Known], now: datetime) -> Standing:
        """Return how orders stand, each once; replaced ones, and replacements that are not made, say nothing."""
        working: list[OrderReport] = []
        ended: list[OrderReport] = []
        rejected: list[RejectionReport] = []
        for one in known:
            if one.is_leg or one.shown.status == REPLACED or not self._book.is_made(one):
                continue
            report = self.report(one, now)
            if isinstance(report, RejectionReport):
                rejected.append(report)
            else:
                (ended if one.shown.status in ENDED else working).append(report)
        return Standing(tuple(working), tuple(ended), tuple(rejected))

    def report(self, known: Known, now: datetime) -> OrderReport | RejectionReport:
        """Return how one order stands."""
        return standing_report(
            known.shown,
            known.order_ref,
            now,
            replaces=self._book.original(known),
            filled_before=self._book.filled_before(known),
            action=self._book.action(known.order_ref),
        )

    async def fills(self, since: datetime) -> tuple[FillReport, ...]:
        """Return all executions since a time."""
        return await self._activities({"after": since.isoformat()})

    async def fills_of(self, order_ids: Sequence[str]) -> tuple[FillReport, ...]:
        """Return all executions of some of Alpaca's orders."""
        found = [await self._activities({"order_id": order_id}) for order_id in order_ids]
        return tuple(report for reports in found for report in reports)

    async def _activities(self, query: dict[str, Any]) -> tuple[FillReport, ...]:
        rows: list[FillActivity] = []
        common = {"page_size": _FILLS_PER_PAGE, "direction": "asc", **query}
        while True:
            token = {"page_token": rows[-1].id} if rows else {}
            answer = await self._rest.ask("/account/activities/FILL", {**common, **token})
            page = read(list[FillActivity], answer, "the executions")
            rows += page
            if len(page) < _FILLS_PER_PAGE:
                return tuple([await self._listed(row) for row in rows])

    async def _listed(self, row: FillActivity) -> FillReport:
        """Return an execution under its order's reference; that of an order older than the lists is looked up."""
        owner = self._book.owner(row)
        if owner is None:
            self._book.learn(await self.order(row.order_id))
            owner = self._book.owner(row)
        return listed_fill(row, owner or named(row.order_id), self.number)

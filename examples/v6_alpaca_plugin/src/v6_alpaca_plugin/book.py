"""Which of Alpaca's orders are which of v6's, and which executions were told.

An order of v6's may be several at Alpaca: those that replaced it one after the other, and the legs of a multi-leg one.
What Alpaca shows is enough to know them again, so the book can be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from v6_alpaca_plugin.records import AlpacaOrder, FillActivity
from v6_alpaca_plugin.references import read_client_order_id
from v6_alpaca_plugin.translation.reports import named
from v6_alpaca_plugin.translation.words import ENDED, REPLACED
from v6core.contracts import OrderAction
from v6core.money import ZERO
from v6core.orders import Order
from v6core.reports import OrderReport, RejectionReport

_FAMILIES = frozenset({"bracket", "oto", "oco", "mleg"})
_TOOK_PROFIT = "limit"


@dataclass(slots=True)
class Known:
    """One of Alpaca's orders: under whose reference, as it was last shown, its legs, and what it had filled."""

    order_ref: str
    shown: AlpacaOrder
    is_leg: bool = False
    legs: tuple[AlpacaOrder, ...] = ()
    filled: Decimal = ZERO


class Book:
    """What is known of the account's orders by what Alpaca has shown of them."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._current: dict[str, str] = {}
        self._ours: dict[str, Order] = {}
        self._told: dict[str, dict[Decimal, Decimal]] = {}
        self._standings: dict[str, OrderReport | RejectionReport] = {}

    def note(self, order: Order) -> None:
        """Remember an order of ours as it is wanted."""
        if order.order_ref is not None:
            self._ours[order.order_ref] = order

    def action(self, order_ref: str) -> OrderAction | None:
        """Return which way an order of ours goes, which a multi-leg order does not show; None where it is unknown."""
        order = self._ours.get(order_ref)
        return None if order is None else order.action

    def excess(self, known: Known) -> Decimal:
        """Return by how much a replacement would fill more than is wanted, by what filled while it was asked for."""
        wanted, shown = self._ours.get(known.order_ref), known.shown
        if wanted is None or shown.replaces is None or shown.qty is None or shown.status in ENDED:
            return ZERO
        return max(self.filled_before(known) + shown.qty - wanted.quantity, ZERO)

    def get(self, order_id: str) -> Known | None:
        """Return what is known of one of Alpaca's orders."""
        return self._known.get(order_id)

    def current(self, order_ref: str) -> Known | None:
        """Return the order that stands under a reference: the last of those that replaced each other."""
        order_id = self._current.get(order_ref)
        return None if order_id is None else self._known[order_id]

    def is_strange(self, shown: AlpacaOrder) -> bool:
        """Tell whether an order is unknown and one of several that hang together: alone it does not say whose it is."""
        return shown.id not in self._known and shown.order_class in _FAMILIES and not shown.legs

    def learn(self, shown: AlpacaOrder) -> tuple[Known, ...]:
        """Take in an order as Alpaca shows it, and its legs; return those that stand on their own."""
        refs = read_client_order_id(shown.client_order_id)
        known = self._learn_one(shown, refs.own)
        if shown.is_multi_leg:
            for leg in shown.legs:
                self._learn_one(leg, known.order_ref, is_leg=True)
            return (known,)
        return (known, *(self._learn_one(leg, self._exit_ref(leg, refs.exits)) for leg in shown.legs))

    def learn_all(self, shown: Iterable[AlpacaOrder]) -> Iterator[Known]:
        """Take in several orders, those that were replaced first."""
        for order in sorted(shown, key=lambda one: one.replaces is not None):
            yield from self.learn(order)

    @staticmethod
    def _exit_ref(leg: AlpacaOrder, refs: tuple[str, ...]) -> str:
        """Return the reference of a bracket's exit: the entry names its take-profit first."""
        own = read_client_order_id(leg.client_order_id)
        if own.own in refs or not refs:
            return own.own
        return refs[0] if leg.type == _TOOK_PROFIT else refs[-1]

    def _learn_one(self, shown: AlpacaOrder, ref: str, *, is_leg: bool = False) -> Known:
        known = self._known.get(shown.id)
        if known is None:
            before = self._known.get(shown.replaces or "")
            known = Known(named(ref) if before is None else before.order_ref, shown, is_leg)
            self._known[shown.id] = known
        if not _is_older(shown, known.shown):
            known.shown = shown
        known.legs = shown.legs or known.legs
        known.filled = max(known.filled, shown.filled_qty)
        if not known.is_leg:
            self._put_in_place(known)
        return known

    def _put_in_place(self, known: Known) -> None:
        """Let the order that was made last stand under the reference."""
        if known.shown.status != REPLACED:
            if self.is_made(known):
                self._current[known.order_ref] = known.shown.id
        elif known.shown.replaced_by in self._known:
            self._current[known.order_ref] = known.shown.replaced_by

    def filled_before(self, known: Known) -> Decimal:
        """Return what the orders that an order replaced had filled."""
        return sum((before.filled for before in self._before(known)), ZERO)

    def original(self, known: Known) -> str | None:
        """Return the id of the first of the orders that replaced each other up to an order; None where it is the first.

        v6 knows that one in any case; of those between it may never have heard.
        """
        first = known.shown.replaces
        for before in self._before(known):
            first = before.shown.id
        return first

    def _before(self, known: Known) -> Iterator[Known]:
        """Yield the orders that an order replaced, the latest first."""
        while (before := self._known.get(known.shown.replaces or "")) is not None:
            yield before
            known = before

    def is_made(self, known: Known) -> bool:
        """Tell whether a replacement has taken place; an order that replaces nothing stands as it is."""
        if known.shown.replaces is None:
            return True
        before = self._known.get(known.shown.replaces)
        return before is None or before.shown.status == REPLACED

    def is_told(self, order_id: str, filled: Decimal, quantity: Decimal) -> bool:
        """Tell whether this very execution was told."""
        return self._told.get(order_id, {}).get(filled - quantity) == filled

    def is_next(self, order_id: str, filled: Decimal, quantity: Decimal) -> bool:
        """Tell whether an execution goes on where those told of its order end, so that none is missing before it."""
        return max(self._told.get(order_id, {}).values(), default=ZERO) == filled - quantity

    def is_fresh(self, order_id: str, filled: Decimal, quantity: Decimal) -> bool:
        """Tell whether an execution was not told yet, and take it as told.

        An execution is the stretch of its order's quantity that it filled; two that overlap are the same.
        """
        told = self._told.setdefault(order_id, {})
        begin = filled - quantity
        if any(begin < end and start < filled for start, end in told.items()):
            return False
        told[begin] = filled
        return True

    def is_news(self, report: OrderReport | RejectionReport) -> bool:
        """Tell whether a standing differs in more than its time from the last that was told; take it as told."""
        order_id = str(report.broker_order_id)
        last = self._standings.get(order_id)
        self._standings[order_id] = report
        return last is None or last.model_copy(update={"time": report.time}) != report

    def owner(self, activity: FillActivity) -> str | None:
        """Return the reference of the order that an execution belongs to, or None where the order was never shown."""
        known = self._known.get(activity.order_id)
        return None if known is None else known.order_ref

    def lacks_fills(self, known: Known) -> bool:
        """Tell whether a multi-leg order has filled more than the executions of its legs that were told."""
        told = ((leg, max(self._told.get(leg.id, {}).values(), default=ZERO)) for leg in known.legs)
        return any(filled < known.filled * (leg.ratio_qty or 1) for leg, filled in told)

    def legs_of(self, order_ref: str) -> tuple[str, ...]:
        """Return the ids of the orders under a reference that executions are of: of a multi-leg order its legs."""
        return tuple(
            order_id
            for order_id, known in self._known.items()
            if known.order_ref == order_ref and not known.shown.is_multi_leg
        )


def _is_older(shown: AlpacaOrder, known: AlpacaOrder) -> bool:
    """Tell whether an order was shown so before: an answer and an update may overtake each other."""
    before, after = (known.status in ENDED, known.filled_qty), (shown.status in ENDED, shown.filled_qty)
    if before != after or shown.updated_at is None or known.updated_at is None:
        return after < before
    return shown.updated_at < known.updated_at

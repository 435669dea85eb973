"""The orders that the exchange keeps, found by reference, bracket and group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from v6_paper_plugin.exchange.orders import ExchangeOrder


class Register:
    """All orders there ever were, in the order in which they came."""

    def __init__(self) -> None:
        self._by_ref: dict[str, ExchangeOrder] = {}
        self._all: list[ExchangeOrder] = []
        self._refs: dict[str, str] = {}
        self._open: dict[int, ExchangeOrder] = {}
        self._exits: dict[str, list[ExchangeOrder]] = {}
        self._groups: dict[str, list[ExchangeOrder]] = {}

    def add(self, order: ExchangeOrder) -> None:
        """Keep an order; one that is open is found among the open ones until ``end``."""
        self._by_ref[order.ref] = order
        self._all.append(order)
        if order.order_id is not None:
            self._refs[order.order_id] = order.ref
        if order.is_open:
            self._open[order.number] = order
        if order.parent_ref is not None:
            self._exits.setdefault(order.parent_ref, []).append(order)
        if order.oca_group is not None:
            self._groups.setdefault(order.oca_group, []).append(order)

    def end(self, order: ExchangeOrder) -> None:
        """Take an order from among the open ones."""
        self._open.pop(order.number, None)

    def get(self, ref: str) -> ExchangeOrder | None:
        """Return the order under a reference."""
        return self._by_ref.get(ref)

    def ref_of(self, order_id: str) -> str | None:
        """Return the reference of the order that its sender knows by an id."""
        return self._refs.get(order_id)

    def open(self) -> list[ExchangeOrder]:
        """Return the open orders, the oldest first."""
        return list(self._open.values())

    def since(self, count: int) -> list[ExchangeOrder]:
        """Return the orders after the first so many."""
        return self._all[count:]

    def exits(self, entry: ExchangeOrder) -> list[ExchangeOrder]:
        """Return the exits of a bracket's entry."""
        return self._exits.get(entry.ref, [])

    def entry(self, order: ExchangeOrder) -> ExchangeOrder | None:
        """Return the entry that an exit belongs to; None for an order that is no exit."""
        return None if order.parent_ref is None else self._by_ref.get(order.parent_ref)

    def group(self, name: str) -> list[ExchangeOrder]:
        """Return all members that a one-cancels-all group has had."""
        return self._groups.get(name, [])

    def siblings(self, order: ExchangeOrder) -> Iterator[ExchangeOrder]:
        """Yield the other open members of an order's group; a bracket's exits are one without being named so."""
        members: Iterable[ExchangeOrder] = ()
        if order.oca_group is not None:
            members = self._groups[order.oca_group]
        elif order.parent_ref is not None:
            members = self._exits[order.parent_ref]
        yield from (member for member in members if member is not order and member.is_open)

    def __iter__(self) -> Iterator[ExchangeOrder]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

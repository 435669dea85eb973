"""All orders that the desk ever took, by the names that they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from fake_alpaca.assets import Asset
from fake_alpaca.desk.records import AlpacaOrder
from fake_alpaca.desk.tickets import OrderQuery
from fake_alpaca.refusals import not_found, unprocessable


class Book:
    """The orders, each under its id and under its client's."""

    def __init__(self) -> None:
        self._orders: dict[UUID, AlpacaOrder] = {}
        self._by_client_id: dict[str, AlpacaOrder] = {}

    def __iter__(self) -> Iterator[AlpacaOrder]:
        return iter(self._orders.values())

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, *orders: AlpacaOrder) -> None:
        """Take orders in."""
        for order in orders:
            self._orders[order.order_id] = order
            self._by_client_id[order.client_order_id] = order

    def discard(self, *orders: AlpacaOrder) -> None:
        """Forget orders that were refused before anybody was told of them."""
        for order in orders:
            self._orders.pop(order.order_id, None)
            self._by_client_id.pop(order.client_order_id, None)

    def clear(self) -> None:
        """Forget every order; their ids may come again."""
        self._orders.clear()
        self._by_client_id.clear()

    def knows(self, client_order_id: str) -> bool:
        """Tell whether a client's id was ever used."""
        return client_order_id in self._by_client_id

    def get(self, order_id: UUID) -> AlpacaOrder:
        """Return an order; Refusal 404 where there is none."""
        if order_id not in self._orders:
            raise not_found(f"order not found for {order_id}")
        return self._orders[order_id]

    def by_client_id(self, client_order_id: str) -> AlpacaOrder:
        """Return the order under a client's id; Refusal 404 where there is none."""
        if client_order_id not in self._by_client_id:
            raise not_found(f"order not found for {client_order_id}")
        return self._by_client_id[client_order_id]

    def open(self) -> list[AlpacaOrder]:
        """Return the orders of which something may still become, without the contracts of multi-leg ones."""
        return [order for order in self if order.is_open and not order.is_mleg_leg]

    def find(self, query: OrderQuery) -> list[AlpacaOrder]:
        """Return the orders that a query asks for."""
        after = None if query.after_order_id is None else self._bound(query.after_order_id).number
        before = None if query.before_order_id is None else self._bound(query.before_order_id).number
        found = [
            order
            for order in self
            if _listed(order, query)
            and (after is None or order.number > after)
            and (before is None or order.number < before)
        ]
        found.sort(key=lambda order: order.number, reverse=not query.ascending)
        return found[: query.limit]

    def _bound(self, order_id: UUID) -> AlpacaOrder:
        if order_id not in self._orders:
            raise unprocessable(f"there is no order {order_id} to count from")
        return self._orders[order_id]


def _listed(order: AlpacaOrder, query: OrderQuery) -> bool:
    """Whether an order is a row of the answer, and not a leg under another row."""
    if order.is_mleg_leg or (query.nested and order.parent is not None):
        return False
    counted = order.family if query.nested and order.parent is None else (order,)
    return (
        (query.open is None or query.open == any(one.is_open for one in counted))
        and (query.after is None or order.created_at > query.after)
        and (query.until is None or order.created_at < query.until)
        and (query.side is None or order.side is query.side)
        and _of_assets(order, query)
    )


def _of_assets(order: AlpacaOrder, query: OrderQuery) -> bool:
    assets = [one.asset for one in ((order, *order.legs) if order.is_mleg else (order,)) if one.asset is not None]
    return any(
        (not query.symbols or bool(query.symbols & _names(asset)))
        and (not query.asset_classes or asset.asset_class in query.asset_classes)
        for asset in assets
    )


def _names(asset: Asset) -> frozenset[str]:
    """Return the symbols that ask for an asset; an option is asked for by its underlying's as well."""
    return frozenset({asset.symbol, asset.contract.symbol})

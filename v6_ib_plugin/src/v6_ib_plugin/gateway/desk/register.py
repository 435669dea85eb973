"""All orders that the desk ever had, found by client and order id, by reference and by the broker's id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from v6_ib_plugin.gateway.desk.orders import DeskOrder, Phase
from v6core.identifiers import printable

FIRST_PERM_ID = 1_500_000_001
_PREFIX = "gw"
_LONGEST = 128


class Register:
    """The orders, the ids that were given out, and those that were refused."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[int, int], DeskOrder] = {}
        self._by_ref: dict[str, DeskOrder] = {}
        self._by_broker_id: dict[str, DeskOrder] = {}
        self._open: dict[int, DeskOrder] = {}
        self._ended: list[DeskOrder] = []
        self._last_id: defaultdict[int, int] = defaultdict(int)
        self._refused: set[tuple[int, int]] = set()
        self._next_perm = FIRST_PERM_ID
        self._next_bound = -1

    # Ids

    def next_id(self, client_id: int) -> int:
        """Return the lowest order id that a client may use."""
        return max(self._last_id[client_id] + 1, 1)

    def roll_back(self, next_id: int) -> None:
        """Forget which ids were used from one on, as TWS does when its sequence is reset; open orders keep theirs."""
        for client_id in self._last_id:
            self._last_id[client_id] = next_id - 1
        for key, order in tuple(self._by_id.items()):
            if key[1] >= next_id and order.is_ended:
                del self._by_id[key]

    def is_used(self, client_id: int, order_id: int) -> bool:
        """Tell whether an order id was used, or is below one that was."""
        return order_id <= self._last_id[client_id]

    def use(self, client_id: int, order_id: int) -> None:
        """Count an order id, and all below it, as used."""
        self._last_id[client_id] = max(self._last_id[client_id], order_id)

    def next_perm_id(self) -> int:
        """Give out the next lasting id."""
        self._next_perm += 1
        return self._next_perm - 1

    def next_bound_id(self) -> int:
        """Give out the next order id for an order made by hand; they are negative."""
        self._next_bound -= 1
        return self._next_bound + 1

    def refuse(self, client_id: int, order_id: int) -> None:
        """Remember that an order was refused, so that its children are told that it is gone."""
        self._refused.add((client_id, order_id))

    def was_refused(self, client_id: int, order_id: int) -> bool:
        """Tell whether an order of that id was refused."""
        return (client_id, order_id) in self._refused

    # Orders

    def add(self, order: DeskOrder) -> None:
        """Keep an order; its ids are used from here on."""
        self._by_ref[order.ref] = order
        self._next_perm = max(self._next_perm, order.perm_id + 1)
        if order.order_id:
            self.bind(order)
        if order.is_ended:
            self._ended.append(order)
        else:
            self._open[order.perm_id] = order

    def bind(self, order: DeskOrder) -> None:
        """Let an order be found by the order id that it has."""
        key = (order.client_id, order.order_id)
        self._by_id[key] = order
        self.use(order.client_id, order.order_id)
        self._refused.discard(key)

    def end(self, order: DeskOrder) -> None:
        """Let an order no longer be among the open ones."""
        if self._open.pop(order.perm_id, None) is not None:
            self._ended.append(order)

    def forget(self, order: DeskOrder) -> None:
        """Forget an order that nobody but this TWS ever knew; its id stays used."""
        del self._open[order.perm_id], self._by_ref[order.ref]
        self._by_id.pop((order.client_id, order.order_id), None)
        order.phase = Phase.ENDED
        if order.parent is not None:
            order.parent.children.remove(order)

    def know(self, broker_order_id: str, order: DeskOrder) -> None:
        """Let an order be found by the id that the broker gave it."""
        self._by_broker_id[broker_order_id] = order

    def get(self, client_id: int, order_id: int) -> DeskOrder | None:
        """Return the order that a client has under an id."""
        return self._by_id.get((client_id, order_id))

    def find(self, ref: str | None, broker_order_id: str | None) -> DeskOrder | None:
        """Return the order of a report."""
        found = self._by_ref.get(ref) if ref is not None else None
        if found is None and broker_order_id is not None:
            return self._by_broker_id.get(broker_order_id)
        return found

    def listed(self, client_id: int | None = None) -> Iterator[DeskOrder]:
        """Yield the open orders that can be listed, the oldest first: of one client, or of all."""
        for order in tuple(self._open.values()):
            if order.phase is not Phase.PARKED and (client_id is None or order.client_id == client_id):
                yield order

    def open(self) -> tuple[DeskOrder, ...]:
        """Return every open order, those among them that are not transmitted."""
        return tuple(self._open.values())

    @property
    def ended(self) -> Iterable[DeskOrder]:
        """The orders that have ended, in the order in which they did."""
        return self._ended


def reference(client_id: int, order_id: int, perm_id: int, order_ref: str) -> str:
    """Return the reference under which the broker gets an order: its ids, and the client's own where it fits in."""
    ids = f"{_PREFIX}-{client_id}-{order_id}-{perm_id}"
    whole = f"{ids}-{order_ref}"
    return whole if order_ref and len(whole) <= _LONGEST and _is_printable(order_ref) else ids


def read_reference(ref: str) -> tuple[int, int, int, str] | None:
    """Return client id, order id, lasting id and the client's own reference; None for what the desk did not make."""
    prefix, *parts = ref.split("-", 4)
    if prefix != _PREFIX or len(parts) < 3 or not all(part.isdigit() for part in parts[:3]):
        return None
    client_id, order_id, perm_id = map(int, parts[:3])
    return client_id, order_id, perm_id, "".join(parts[3:])


def _is_printable(text: str) -> bool:
    try:
        printable(text, "order_ref", _LONGEST)
    except ValueError:
        return False
    return text == text.strip()

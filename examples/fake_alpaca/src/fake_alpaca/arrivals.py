"""What reached the server: every request in order, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came. ``body`` is empty where there was none that could be read."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def client_order_id(self) -> str | None:
        """The client's id that it names, in its body or in its query."""
        value = self.body.get("client_order_id", self.query.get("client_order_id"))
        return value if isinstance(value, str) else None


class Arrivals:
    """The requests so far."""

    def __init__(self) -> None:
        self._all: list[Arrival] = []

    def __iter__(self) -> Iterator[Arrival]:
        return iter(tuple(self._all))

    def __len__(self) -> int:
        return len(self._all)

    def add(self, arrival: Arrival) -> None:
        """Note a request."""
        self._all.append(arrival)

    def clear(self) -> None:
        """Forget what came."""
        self._all.clear()

    def of(self, method: str, path: str = "") -> list[Arrival]:
        """Return the requests of a method whose path begins so."""
        return [arrival for arrival in self if arrival.method == method and arrival.path.startswith(path)]

    @property
    def orders(self) -> list[str | None]:
        """The client's ids of the new orders that were sent, in order."""
        return [arrival.client_order_id for arrival in self.of("POST", "/v2/orders")]

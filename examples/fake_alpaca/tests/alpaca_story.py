"""What the tests of the server share: its market, requests of one's own, and the trade updates."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

CALL, HIGHER_CALL = "AAPL261218C00100000", "AAPL261218C00110000"
PUT, LOWER_PUT = "AAPL261218P00090000", "AAPL261218P00080000"
PRICES = {"AAPL": 100, "MSFT": 50, CALL: 5, HIGHER_CALL: 2, PUT: 4, LOWER_PUT: 1}
Ask = Callable[..., requests.Response]


@dataclass
class Updates:
    """What the stream told, as it came."""

    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def events(self) -> list[tuple[str, str]]:
        """Each event with the symbol of its order."""
        return [(message["data"]["event"], message["data"]["order"]["symbol"]) for message in self.messages]

    def of(self, order_id: object) -> list[str]:
        """Return the events of one order."""
        return [one["data"]["event"] for one in self.messages if one["data"]["order"]["id"] == str(order_id)]

    def wait(self, count: int) -> None:
        """Wait until so many have come."""
        for _ in range(2000):
            if len(self.messages) >= count:
                return
            time.sleep(0.002)
        raise AssertionError(f"{len(self.messages)} of {count} updates came: {self.events}")


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    for _ in range(2000):
        if holds():
            return
        time.sleep(0.002)
    raise AssertionError("it never came to hold")

"""Entries that were sent and never released, remembered on disk until they are: a program can die in between.

TWS keeps what was not transmitted for as long as it runs, shows it to its user and lists it to nobody. A later start
takes back what an earlier one left.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from v6_ib_plugin.trading.known import KnownOrder
from v6_ib_plugin.trading.names import OrderKey
from v6core.errors import NotSent


class Leftovers:
    """The entries under way, in a file of the broker's own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._staged: dict[str, OrderKey] = {}
        self._left: dict[str, OrderKey] | None = None

    def remember(self, entry: KnownOrder) -> None:
        """Note an entry before it is sent; NotSent where that cannot be, for nobody could take it back later."""
        if entry.key is None:
            return
        self._staged[entry.order_ref] = entry.key
        try:
            self._write()
        except OSError as error:
            self._staged.pop(entry.order_ref)
            raise NotSent(f"nothing was sent: {self._path} cannot be written ({error})", code="NOTES_FAILED") from error

    def forget(self, entry: KnownOrder) -> None:
        """Strike an entry out: it is released, or gone."""
        if self._staged.pop(entry.order_ref, None) is not None:
            self._write()

    def of(self, client_id: int) -> dict[str, int]:
        """Return what this client left behind, in earlier starts or earlier connections: numbers, by reference."""
        rows = {**self._earlier(), **self._staged}
        return {ref: key.order_id for ref, key in rows.items() if key.client_id == client_id}

    def settle(self, order_ref: str) -> None:
        """Strike out what was left behind: it was seen to."""
        rows = (self._earlier(), self._staged)
        if [row for row in rows if row.pop(order_ref, None) is not None]:
            self._write()

    def _earlier(self) -> dict[str, OrderKey]:
        if self._left is None:
            self._left = _read(self._path)
        return self._left

    def _write(self) -> None:
        rows = {**self._earlier(), **self._staged}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".tmp")
        with fresh.open("w", encoding="ascii") as file:
            json.dump(rows, file)
            file.flush()
            if rows:
                os.fsync(file.fileno())
        fresh.replace(self._path)


def _read(path: Path) -> dict[str, OrderKey]:
    try:
        rows: Any = json.loads(path.read_text(encoding="ascii"))
        return {str(ref): OrderKey(int(client), int(number)) for ref, (client, number) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}

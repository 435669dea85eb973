"""The file of children that wait for their parents.

No broker has them yet: with the gateway alone they would go, and a parent that fills after a restart would have no
exits. A line is a child as its client could send it again, or that it has ended; the last one of a child counts.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from v6_ib_plugin.gateway.desk.orders import DeskOrder
from v6_ib_plugin.gateway.wire import WireError, decode_request, encode_request, requests
from v6core.errors import ConfigurationError


class HeldFile:
    """One file, of one gateway; without a path nothing is kept."""

    def __init__(self, path: Path | None, logger: logging.Logger) -> None:
        self._path = path
        self._logger = logger

    def read(self) -> dict[str, requests.PlaceOrder]:
        """Return what was kept, by reference, and begin the file anew with that; ConfigurationError for garbage."""
        if self._path is None or not self._path.exists():
            return {}
        held: dict[str, requests.PlaceOrder] = {}
        # What stands behind the last end of a line is one that was cut off while it was written.
        lines = self._path.read_text(encoding="utf-8").split("\n")[:-1]
        for number, line in enumerate(lines, start=1):
            ref, child = self._parsed(line, number)
            held.pop(ref, None)
            if child is not None:
                held[ref] = child
        anew = self._path.with_name(f"{self._path.name}.new")
        anew.write_text("".join(_line(ref, child) for ref, child in held.items()), encoding="utf-8")
        anew.replace(self._path)
        return held

    def _parsed(self, line: str, number: int) -> tuple[str, requests.PlaceOrder | None]:
        try:
            row: dict[str, Any] = json.loads(line)
            child = None if row["fields"] is None else decode_request(row["fields"])
            if not isinstance(row["ref"], str) or not isinstance(child, requests.PlaceOrder | None):
                raise ValueError("it holds no order")  # noqa: TRY004 -- what a file holds is a value
        except (ValueError, LookupError, TypeError, WireError) as error:
            raise ConfigurationError(
                f"line {number} of {self._path} cannot be read: {error}",
                hint="it holds the exits that wait for their entries: restore it, or move it away to go on without",
            ) from error
        return row["ref"], child

    def keep(self, order: DeskOrder) -> None:
        """Keep a child as it is."""
        self._append(order.ref, requests.PlaceOrder(order.contract, order.order))

    def drop(self, ref: str) -> None:
        """Keep a child no longer."""
        self._append(ref, None)

    def _append(self, ref: str, child: requests.PlaceOrder | None) -> None:
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(ref, child))
        except OSError:
            self._logger.exception("%s cannot be written: a restart will not know of %s", self._path, ref)


def _line(ref: str, child: requests.PlaceOrder | None) -> str:
    fields = None if child is None else encode_request(child).decode().split("\0")[:-1]
    return json.dumps({"ref": ref, "fields": fields}) + "\n"

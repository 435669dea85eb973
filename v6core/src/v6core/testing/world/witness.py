"""Who watches the wire of a world: what is written before its intent is durable, and a hash over all that arrives."""

from __future__ import annotations

import hashlib
import re

from v6core.identifiers import parse_order_ref
from v6core.journal import MemoryJournal
from v6core.testing.network import SimulatedTransport

_PLACED = re.compile(rb'"order_ref":"(v6-[a-z2-7]+-[a-z2-7]+)"')


class Witness:
    """Sees every write and every arrival; ``orphans`` are references that were written before they were durable."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal
        self._trace = hashlib.sha256()
        self.orphans: list[str] = []

    def see_write(self, data: bytes) -> None:
        """Look for placements among what an engine writes."""
        if b'"do":"PLACE"' not in data:
            return
        intended = {row.order_id for row in self._journal.rows(kinds={"INTENDED"})}
        for found in _PLACED.findall(data):
            parsed = parse_order_ref(found.decode())
            if parsed is None or parsed[1] not in intended:
                self.orphans.append(found.decode())

    def see_arrival(self, at: float, transport: SimulatedTransport, data: bytes) -> None:
        """Make what arrived, where and when, part of the trace."""
        self._trace.update(f"{at:.9f} {transport.get_extra_info('sockname')[1]} ".encode())
        self._trace.update(data)

    def trace_hash(self) -> str:
        """Return the hash over all that arrived and all that the journal holds."""
        for row in self._journal.rows(after=self._journal.last_seq - 1):
            self._trace.update(row.chain.encode())
        return self._trace.hexdigest()

    def violations(self) -> list[str]:
        """Return what was seen that must not be."""
        return [f"{ref} was written to the wire before its intent was durable" for ref in self.orphans]

"""An observer: a line of CSV for each fill, written once the fill is in the journal."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from v6core import hookimpl
from v6core.events import EngineEvent, OrderEvent, ReportReceived
from v6core.reports import FillReport

COLUMNS = ("time", "execution_id", "order_id", "contract", "action", "quantity", "price")


class FillsFile:
    """A file of fills. v6 tells of each fill once, whatever the broker repeats; a combo has one per leg."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent) -> None:
        """Append a fill's line; the file begins with the names of its columns."""
        if not isinstance(event, ReportReceived) or not isinstance(event.report, FillReport):
            return
        fill = event.report.fill
        terms = (fill.contract.key, fill.action, f"{fill.quantity:f}", f"{fill.price:f}")
        row = (fill.time.isoformat(), fill.execution_id, event.order_id, *terms)
        is_new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, row] if is_new else [row])


extension = FillsFile(Path(os.environ.get("FILLS_FILE", "fills.csv")))

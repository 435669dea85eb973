"""A meddler that tells reports otherwise than they were said, and lists them so as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.saboteur import Meddler
from v6core.reports import (
    Evidence,
    FillReport,
    Report,
    Snapshot,
)

_LISTS = ("open_orders", "completed_orders", "rejections", "fills")


class Retelling(Meddler):
    """Tells reports as ``retold`` makes them, whether they are said or listed."""

    def retold(self, report: Any) -> Any:
        """Return what is told in the place of a report, None for nothing."""
        return report

    def hear(self, report: Report) -> None:
        told = self.retold(report)
        if told is not None:
            super().hear(told)

    async def snapshot(self) -> Snapshot:
        snapshot = await super().snapshot()
        return snapshot.model_copy(update={name: self._list(getattr(snapshot, name)) for name in _LISTS})

    async def find(self, order_ref: str) -> Evidence:
        found = await super().find(order_ref)
        names = ("orders", "rejections", "fills")
        return found.model_copy(update={name: self._list(getattr(found, name)) for name in names})

    def _list(self, rows: Sequence[Report]) -> tuple[Any, ...]:
        return tuple(told for told in map(self.retold, rows) if told is not None)


def with_fill(report: FillReport, **changes: Any) -> FillReport:
    return report.model_copy(update={"fill": report.fill.model_copy(update=changes)})

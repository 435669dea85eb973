"""Amounts as TWS tells them, of orders that are not ours among them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from v6core.money import LARGEST, MOST_PLACES, is_plain
from v6core.reports import FillReport, Report


def counted(filled: Decimal) -> Decimal | None:
    """Return how much is filled, or None for what no quantity can be: others' orders are told whatever they say."""
    if is_plain(filled):
        return filled
    return filled if filled.is_finite() and 0 <= filled < LARGEST and _places(filled) <= MOST_PLACES else None


def executed(before: Decimal | None, reports: Iterable[Report]) -> Decimal | None:
    """Return what an order's reported fills come to with these reports of executions; None once one was corrected."""
    for report in reports:
        if before is None or not isinstance(report, FillReport):
            return None
        before += report.fill.quantity
    return before


def _places(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)

"""What our own checks answer with: a number above its limit, and the way out of each denial."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from v6core.risk import Denial

_SET_BY = "[risk] {} in the configuration sets this limit"
_LIMITS = (
    "max_order_quantity",
    "max_contracts",
    "max_order_value",
    "max_orders_per_second",
    "max_orders_per_day",
    "max_open_orders",
    "max_position",
    "max_underlying_position",
    "max_daily_loss",
)
_HINTS = {
    "READ_ONLY": "[risk] read_only = false in the configuration lets orders out",
    "SYMBOL_DENIED": "[risk] deny in the configuration is that list",
    "SYMBOL_NOT_ALLOWED": "[risk] allow in the configuration is that list; empty, it allows all",
    "OUTSIDE_REGULAR_HOURS": "[risk] regular_hours_only = false in the configuration allows any hour",
    "PRICE_COLLAR": _SET_BY.format("price_collar or option_price_collar"),
    "DUPLICATE": _SET_BY.format("duplicate_window"),
    "NO_RATE": _SET_BY.format("max_order_value"),
    "NO_DAILY_PNL": _SET_BY.format("max_daily_loss"),
    **{name.upper(): _SET_BY.format(name) for name in _LIMITS},
}
"""The way out of a denial, by its code, where the check gives none of its own."""


def with_hint(denial: Denial) -> Denial:
    """Return a denial with the way out, where it names none itself."""
    return denial if denial.hint is not None else replace(denial, hint=_HINTS.get(denial.code))


def above(code: str, number: Decimal, limit: Decimal | None, unit: str) -> Denial | None:
    """Return the denial of a number above its limit; exactly at the limit passes, and None is no limit."""
    return None if limit is None or number <= limit else Denial(code, f"{number:f} > {limit:f} {unit}")

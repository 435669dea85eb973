"""How the fields of our records are called at ib_async, and which of them are not one field there."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

SCALE_TERMS = (
    "scalePriceAdjustValue",
    "scalePriceAdjustInterval",
    "scaleProfitOffset",
    "scaleAutoReset",
    "scaleInitPosition",
    "scaleInitFillQty",
    "scaleRandomPercent",
)
DELTA_NEUTRAL_TERMS = (
    "deltaNeutralConId",
    "deltaNeutralSettlingFirm",
    "deltaNeutralClearingAccount",
    "deltaNeutralClearingIntent",
    "deltaNeutralOpenClose",
    "deltaNeutralShortSale",
    "deltaNeutralShortSaleSlot",
    "deltaNeutralDesignatedLocation",
)
PEG_BENCH_TERMS = (
    "referenceContractId",
    "isPeggedChangeAmountDecrease",
    "peggedChangeAmount",
    "referenceChangeAmount",
    "referenceExchangeId",
)
# What ib_async keeps elsewhere, or in another form than one text.
_WINDING = frozenset(
    {
        "algo_params",
        "combo_legs",
        "combo_legs_descrip",
        "conditions",
        "contract",
        "delta_neutral_contract",
        "delta_neutral_terms",
        "order_combo_legs",
        "order_misc_options",
        "peg_bench_terms",
        "scale_price_increment",
        "scale_terms",
        "sec_id",
        "sec_id_type",
        "sec_ids",
        "smart_combo_routing_params",
        "soft_dollar_display_name",
        "soft_dollar_name",
        "soft_dollar_value",
        "trail_stop_price",
    }
)


def plain_names(record: type[Any]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a record that are one field at ib_async as well, each with its name there."""
    return tuple((field.name, _camel(field.name)) for field in fields(record) if field.name not in _WINDING)


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)

"""Which fields of an IB order v6 has no word for, and which of them change what the order does."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

from v6_ib_plugin.numbers import told
from v6_ib_plugin.terms import IbOrder

# What v6's Order says, and what belongs to the wire and to how orders hang together rather than to the order.
SAID = frozenset(
    {
        "order_id", "client_id", "perm_id", "action", "total_quantity", "order_type", "lmt_price", "aux_price", "tif",
        "oca_group", "oca_type", "account", "order_ref", "transmit", "parent_id", "outside_rth", "good_till_date",
        "trail_stop_price", "trailing_percent", "lmt_price_offset", "what_if",
    }
)  # fmt: skip
# For clearing, reporting and people, or hints about the past that TWS itself ignores: the order trades all the same.
DECORATIVE = frozenset(
    {
        "open_close", "origin", "rule80_a", "settling_firm", "clearing_account", "clearing_intent", "e_trade_only",
        "firm_quote_only", "override_percentage_constraints", "basis_points", "basis_points_type",
        "combo_legs_descrip", "algo_id", "solicited", "ext_operator", "soft_dollar_name", "soft_dollar_value",
        "soft_dollar_display_name", "mifid2_decision_maker", "mifid2_decision_algo", "mifid2_execution_trader",
        "mifid2_execution_algo", "dont_use_auto_price_for_hedge", "advanced_error_override", "manual_order_time",
        "exempt_code",
    }
)  # fmt: skip
# Beside its default, what a client or TWS writes into a field to say nothing.
_NOTHING: dict[str, tuple[Any, ...]] = {
    "display_size": (0,),
    "min_qty": (0,),
    "discretionary_amt": (0,),
    "percent_offset": (0,),
    "nbbo_price_cap": (0,),
    "starting_price": (0,),
    "stock_ref_price": (0,),
    "delta": (0,),
    "stock_range_lower": (0,),
    "stock_range_upper": (0,),
    "volatility": (0,),
    "volatility_type": (0,),
    "reference_price_type": (0,),
    "delta_neutral_order_type": ("None",),
    "delta_neutral_aux_price": (0,),
    "scale_init_level_size": (0,),
    "scale_subs_level_size": (0,),
    "scale_price_increment": (0,),
    "short_sale_slot": (1,),
    "adjusted_order_type": ("None",),
    "cash_qty": (0,),
    "use_price_mgmt_algo": (0,),
    "duration": (0,),
    "post_to_ats": (0,),
    "min_trade_qty": (0,),
    "min_compete_size": (0,),
    "compete_against_best_offset": (0,),
    "mid_offset_at_whole": (0,),
    "mid_offset_at_half": (0,),
}
# Fields that say something only beside another one, under which name they are told.
_ONLY_WITH = {
    "algo_params": "algo_strategy",
    "hedge_param": "hedge_type",
    "delta_neutral_aux_price": "delta_neutral_order_type",
    "delta_neutral_terms": "delta_neutral_order_type",
    "volatility_type": "volatility",
    "reference_price_type": "volatility",
    "continuous_update": "volatility",
    "conditions_ignore_rth": "conditions",
    "conditions_cancel_order": "conditions",
    "trigger_price": "adjusted_order_type",
    "adjusted_stop_price": "adjusted_order_type",
    "adjusted_stop_limit_price": "adjusted_order_type",
    "adjusted_trailing_amount": "adjusted_order_type",
    "adjustable_trailing_unit": "adjusted_order_type",
    "designated_location": "short_sale_slot",
    "sec_id": "sec_id_type",
    "scale_terms": "scale_price_increment",
}
# Fields that TWS writes into any order, and that count in these alone: it shows what it takes where nothing was said.
_BEST, _MIDDLE = frozenset({"PEG BEST", "PEGBEST"}), frozenset({"PEG MID", "PEGMID"})
_ONLY_FOR = {
    "min_compete_size": _BEST,
    "compete_against_best_offset": _BEST,
    "mid_offset_at_whole": _BEST | _MIDDLE,
    "mid_offset_at_half": _BEST | _MIDDLE,
}
_DEFAULTS = {field.name: field.default for field in fields(IbOrder)}


def fields_without_a_word(ib: IbOrder) -> tuple[str, ...]:
    """Return the fields of an IB order that v6 cannot say and that change what the order does, by name.

    An order with none of them means in v6 what it means at TWS; what is decorative is not told.
    """
    others = {name for name, types in _ONLY_FOR.items() if ib.order_type not in types}
    silent = SAID | DECORATIVE | _ONLY_WITH.keys() | others
    return tuple(name for name in _DEFAULTS if name not in silent and _says_something(ib, name))


def _says_something(ib: IbOrder, name: str) -> bool:
    value = getattr(ib, name)
    if name == "order_combo_legs":
        return any(price is not None for price in value)
    if isinstance(value, Decimal) and not value.is_infinite():  # infinity is a word: as far as the middle
        value = told(value)
    return value != _DEFAULTS[name] and value not in _NOTHING.get(name, ())

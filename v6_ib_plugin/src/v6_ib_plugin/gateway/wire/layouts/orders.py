"""How orders are told: by the client that places them, and by TWS while they are open and when they have ended."""

from __future__ import annotations

from decimal import Decimal

from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.gateway.wire.kinds import (
    DOUBLE,
    DOUBLE_OR_EMPTY,
    DOUBLE_OR_INFINITY,
    DOUBLE_OR_LARGEST,
    FLAG,
    ID,
    INT,
    INT_OR_EMPTY,
    INT_OR_LARGEST,
    LONG_OR_LARGEST,
    TEXT,
)
from v6_ib_plugin.gateway.wire.layout import (
    Field,
    Fixed,
    Item,
    Layout,
    Picked,
    Present,
    Several,
    Stated,
    Texts,
    TextsBy,
    Values,
    When,
    fields,
)
from v6_ib_plugin.gateway.wire.layouts.contracts import (
    LEGS,
    REQ_ID,
    asked_contract,
    known_contract,
    tag_values,
    where_bag,
)
from v6_ib_plugin.terms import (
    IbCompletion,
    IbCondition,
    IbContract,
    IbOrder,
    IbOrderState,
    IbOrderStatus,
)

CONDITION_WIDTHS = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}
"""How many fields a condition has: price, time, margin, execution, volume, percent change."""

_DELTA_NEUTRAL = (
    *("deltaNeutralConId", "deltaNeutralSettlingFirm", "deltaNeutralClearingAccount", "deltaNeutralClearingIntent"),
    *("deltaNeutralOpenClose", "deltaNeutralShortSale", "deltaNeutralShortSaleSlot", "deltaNeutralDesignatedLocation"),
)
_DELTA_NEUTRAL_TOLD_AT_THE_END = (0, 5, 6, 7)
_SCALE = (
    *("scalePriceAdjustValue", "scalePriceAdjustInterval", "scaleProfitOffset", "scaleAutoReset"),
    *("scaleInitPosition", "scaleInitFillQty", "scaleRandomPercent"),
)
_PEG_BENCH = (
    *("referenceContractId", "isPeggedChangeAmountDecrease", "peggedChangeAmount"),
    *("referenceChangeAmount", "referenceExchangeId"),
)


def _is_said(value: object) -> bool:
    return bool(value)


def _is_positive(number: Decimal | None) -> bool:
    return number is not None and number > 0


def _is_infinite(number: Decimal | None) -> bool:
    return number is not None and number.is_infinite()


def _pegs_to_best(order_type: str) -> bool:
    return order_type in {"PEG BEST", "PEGBEST"}


def _pegs_to_mid(order_type: str) -> bool:
    return order_type in {"PEG MID", "PEGMID"}


def _pegs_to_benchmark(order_type: str) -> bool:
    return order_type in {"PEG BENCH", "PEGBENCH"}


def _is_ibkr_ats(exchange: str) -> bool:
    return exchange == "IBKRATS"


def _shares_allocation(told: messages.OpenOrder) -> str:
    order = told.order
    return f"{order.perm_id}.0/{order.account}/{order.client_id}" if order.perm_id else ""


def _trails(order: IbOrder) -> str:
    return DOUBLE_OR_EMPTY.write(order.trail_stop_price if order.order_type.startswith("TRAIL") else None)


_MID_OFFSETS = fields("order", DOUBLE_OR_EMPTY, "mid_offset_at_whole", "mid_offset_at_half")

_COMBO: tuple[Item, ...] = (
    LEGS,
    Values("order.order_combo_legs", DOUBLE_OR_EMPTY),
    tag_values("order.smart_combo_routing_params"),
)
_DELTA_NEUTRAL_CONTRACT = Present("order.delta_neutral_contract", ("conId", "delta", "price"))
_SCALE_TERMS = When("order.scale_price_increment", _is_positive, (Texts("order.scale_terms", _SCALE),))
_HEDGE: tuple[Item, ...] = (
    Field("order.hedge_type", TEXT),
    When("order.hedge_type", _is_said, (Field("order.hedge_param", TEXT),)),
)
_ALGO: tuple[Item, ...] = (
    Field("order.algo_strategy", TEXT),
    When("order.algo_strategy", _is_said, (tag_values("order.algo_params"),)),
)
_PEG_BENCH_TERMS = When("order.order_type", _pegs_to_benchmark, (Texts("order.peg_bench_terms", _PEG_BENCH),))
_CONDITIONS: tuple[Item, ...] = (
    Several(
        "order.conditions", IbCondition, (Field("kind", INT), TextsBy("fields", by="kind", widths=CONDITION_WIDTHS))
    ),
    When("order.conditions", _is_said, fields("order", FLAG, "conditions_ignore_rth", "conditions_cancel_order")),
)
_LIMITS_OF_COMPETING: tuple[Item, ...] = (
    *fields("order", INT_OR_EMPTY, "min_trade_qty", "min_compete_size"),
    Field("order.compete_against_best_offset", DOUBLE_OR_INFINITY),
    *_MID_OFFSETS,
)
"""The five fields that TWS tells of every order, and a client only of the order types that have them."""

PLACE_ORDER = Layout(
    3,
    "placeOrder",
    requests.PlaceOrder,
    (
        Field("order.order_id", ID),
        *asked_contract("contract"),
        *fields("order", TEXT, "sec_id_type", "sec_id", "action"),
        Field("order.total_quantity", DOUBLE),
        Field("order.order_type", TEXT),
        *fields("order", DOUBLE_OR_EMPTY, "lmt_price", "aux_price"),
        *fields("order", TEXT, "tif", "oca_group", "account", "open_close"),
        *(Field("order.origin", INT), Field("order.order_ref", TEXT), Field("order.transmit", FLAG)),
        Field("order.parent_id", INT),
        *fields("order", FLAG, "block_order", "sweep_to_fill"),
        *(Field("order.display_size", INT_OR_EMPTY), Field("order.trigger_method", INT)),
        *fields("order", FLAG, "outside_rth", "hidden"),
        where_bag("contract", *_COMBO),
        Stated("sharesAllocation", lambda _: ""),
        Field("order.discretionary_amt", DOUBLE_OR_EMPTY),
        *fields("order", TEXT, "good_after_time", "good_till_date", "fa_group", "fa_method", "fa_percentage"),
        *(Field("order.model_code", TEXT), Field("order.short_sale_slot", INT)),
        *(Field("order.designated_location", TEXT), Field("order.exempt_code", INT), Field("order.oca_type", INT)),
        *fields("order", TEXT, "rule80_a", "settling_firm"),
        *(Field("order.all_or_none", FLAG), Field("order.min_qty", INT_OR_EMPTY)),
        Field("order.percent_offset", DOUBLE_OR_EMPTY),
        *fields("order", FLAG, "e_trade_only", "firm_quote_only"),
        *(Field("order.nbbo_price_cap", DOUBLE_OR_EMPTY), Field("order.auction_strategy", INT)),
        *fields("order", DOUBLE_OR_EMPTY, "starting_price", "stock_ref_price", "delta"),
        *fields("order", DOUBLE_OR_EMPTY, "stock_range_lower", "stock_range_upper"),
        Field("order.override_percentage_constraints", FLAG),
        *(Field("order.volatility", DOUBLE_OR_EMPTY), Field("order.volatility_type", INT_OR_EMPTY)),
        Field("order.delta_neutral_order_type", TEXT),
        Field("order.delta_neutral_aux_price", DOUBLE_OR_EMPTY),
        When("order.delta_neutral_order_type", _is_said, (Texts("order.delta_neutral_terms", _DELTA_NEUTRAL),)),
        *(Field("order.continuous_update", FLAG), Field("order.reference_price_type", INT_OR_EMPTY)),
        *fields("order", DOUBLE_OR_EMPTY, "trail_stop_price", "trailing_percent"),
        *fields("order", INT_OR_EMPTY, "scale_init_level_size", "scale_subs_level_size"),
        *(Field("order.scale_price_increment", DOUBLE_OR_EMPTY), _SCALE_TERMS),
        *fields("order", TEXT, "scale_table", "active_start_time", "active_stop_time"),
        *_HEDGE,
        Field("order.opt_out_smart_routing", FLAG),
        *fields("order", TEXT, "clearing_account", "clearing_intent"),
        *(Field("order.not_held", FLAG), _DELTA_NEUTRAL_CONTRACT, *_ALGO),
        *(Field("order.algo_id", TEXT), Field("order.what_if", FLAG), Field("order.order_misc_options", TEXT)),
        *fields("order", FLAG, "solicited", "randomize_size", "randomize_price"),
        *(_PEG_BENCH_TERMS, *_CONDITIONS),
        Field("order.adjusted_order_type", TEXT),
        *fields("order", DOUBLE_OR_EMPTY, "trigger_price", "lmt_price_offset", "adjusted_stop_price"),
        *fields("order", DOUBLE_OR_EMPTY, "adjusted_stop_limit_price", "adjusted_trailing_amount"),
        Field("order.adjustable_trailing_unit", INT),
        *fields("order", TEXT, "ext_operator", "soft_dollar_name", "soft_dollar_value"),
        Field("order.cash_qty", DOUBLE_OR_EMPTY),
        *fields("order", TEXT, "mifid2_decision_maker", "mifid2_decision_algo"),
        *fields("order", TEXT, "mifid2_execution_trader", "mifid2_execution_algo"),
        *fields("order", FLAG, "dont_use_auto_price_for_hedge", "is_oms_container", "discretionary_up_to_limit_price"),
        *fields("order", INT_OR_EMPTY, "use_price_mgmt_algo", "duration", "post_to_ats"),
        Field("order.auto_cancel_parent", FLAG),
        *fields("order", TEXT, "advanced_error_override", "manual_order_time"),
        When("contract.exchange", _is_ibkr_ats, (Field("order.min_trade_qty", INT_OR_EMPTY),)),
        When(
            "order.order_type",
            _pegs_to_best,
            (
                Field("order.min_compete_size", INT_OR_EMPTY),
                Field("order.compete_against_best_offset", DOUBLE_OR_INFINITY),
                When("order.compete_against_best_offset", _is_infinite, _MID_OFFSETS),
            ),
        ),
        When("order.order_type", _pegs_to_mid, _MID_OFFSETS),
    ),
    {"contract": IbContract, "order": IbOrder},
)

_TOLD_TERMS: tuple[Item, ...] = (
    Field("order.action", TEXT),
    Field("order.total_quantity", DOUBLE),
    Field("order.order_type", TEXT),
    *fields("order", DOUBLE_OR_EMPTY, "lmt_price", "aux_price"),
    *fields("order", TEXT, "tif", "oca_group", "account", "open_close"),
    *(Field("order.origin", INT), Field("order.order_ref", TEXT)),
)
_TOLD_ADVISOR = fields("order", TEXT, "fa_group", "fa_method", "fa_percentage", "model_code")
_TOLD_SHORT_SALE: tuple[Item, ...] = (
    *fields("order", TEXT, "good_till_date", "rule80_a"),
    *(Field("order.percent_offset", DOUBLE_OR_EMPTY), Field("order.settling_firm", TEXT)),
    *(Field("order.short_sale_slot", INT), Field("order.designated_location", TEXT), Field("order.exempt_code", INT)),
)
_TOLD_STOCK_RANGE: tuple[Item, ...] = (
    *fields("order", DOUBLE_OR_EMPTY, "starting_price", "stock_ref_price", "delta"),
    *fields("order", DOUBLE_OR_EMPTY, "stock_range_lower", "stock_range_upper"),
    Field("order.display_size", INT_OR_LARGEST),
)
_TOLD_VOLATILITY: tuple[Item, ...] = (
    *(Field("order.volatility", DOUBLE_OR_EMPTY), Field("order.volatility_type", INT_OR_EMPTY)),
    Field("order.delta_neutral_order_type", TEXT),
    Field("order.delta_neutral_aux_price", DOUBLE_OR_EMPTY),
)
_TOLD_COMBO_AND_SCALE: tuple[Item, ...] = (
    *(Field("order.combo_legs_descrip", TEXT), *_COMBO),
    *fields("order", INT_OR_LARGEST, "scale_init_level_size", "scale_subs_level_size"),
    *(Field("order.scale_price_increment", DOUBLE_OR_EMPTY), _SCALE_TERMS),
    *_HEDGE,
)
_TOLD_CLEARING: tuple[Item, ...] = (
    *fields("order", TEXT, "clearing_account", "clearing_intent"),
    *(Field("order.not_held", FLAG), _DELTA_NEUTRAL_CONTRACT, *_ALGO),
)
_TOLD_CONDITIONS: tuple[Item, ...] = (
    *fields("order", FLAG, "randomize_size", "randomize_price"),
    *(_PEG_BENCH_TERMS, *_CONDITIONS),
)
_TRAIL_STOP_PRICE = Stated("trailStopPrice", lambda told: _trails(told.order))
"""TWS tells this price twice, and the second one counts: clients take that, and it is always there."""

OPEN_ORDER = Layout(
    5,
    "openOrder",
    messages.OpenOrder,
    (
        *(Field("order.order_id", ID), *known_contract("contract"), *_TOLD_TERMS),
        *fields("order", INT, "client_id", "perm_id"),
        *fields("order", FLAG, "outside_rth", "hidden"),
        *(Field("order.discretionary_amt", DOUBLE_OR_EMPTY), Field("order.good_after_time", TEXT)),
        Stated("sharesAllocation", _shares_allocation),
        *(*_TOLD_ADVISOR, *_TOLD_SHORT_SALE, Field("order.auction_strategy", INT), *_TOLD_STOCK_RANGE),
        *fields("order", FLAG, "block_order", "sweep_to_fill", "all_or_none"),
        *(Field("order.min_qty", INT_OR_EMPTY), Field("order.oca_type", INT)),
        *fields("order", FLAG, "e_trade_only", "firm_quote_only"),
        Field("order.nbbo_price_cap", DOUBLE_OR_EMPTY),
        *(*fields("order", INT, "parent_id", "trigger_method"), *_TOLD_VOLATILITY),
        When("order.delta_neutral_order_type", _is_said, (Texts("order.delta_neutral_terms", _DELTA_NEUTRAL),)),
        *(Field("order.continuous_update", FLAG), Field("order.reference_price_type", INT_OR_EMPTY)),
        _TRAIL_STOP_PRICE,
        *fields("order", DOUBLE_OR_EMPTY, "trailing_percent", "basis_points"),
        *(Field("order.basis_points_type", INT_OR_EMPTY), *_TOLD_COMBO_AND_SCALE),
        *(Field("order.opt_out_smart_routing", FLAG), *_TOLD_CLEARING),
        *fields("order", FLAG, "solicited", "what_if"),
        Field("state.status", TEXT),
        *fields("state", DOUBLE_OR_LARGEST, "init_margin_before", "maint_margin_before", "equity_with_loan_before"),
        *fields("state", DOUBLE_OR_LARGEST, "init_margin_change", "maint_margin_change", "equity_with_loan_change"),
        *fields("state", DOUBLE_OR_LARGEST, "init_margin_after", "maint_margin_after", "equity_with_loan_after"),
        *fields("state", DOUBLE_OR_EMPTY, "commission", "min_commission", "max_commission"),
        *fields("state", TEXT, "commission_currency", "warning_text"),
        *(*_TOLD_CONDITIONS, Field("order.adjusted_order_type", TEXT)),
        *fields("order", DOUBLE_OR_LARGEST, "trigger_price", "trail_stop_price", "lmt_price_offset"),
        *fields("order", DOUBLE_OR_LARGEST, "adjusted_stop_price", "adjusted_stop_limit_price"),
        Field("order.adjusted_trailing_amount", DOUBLE_OR_LARGEST),
        Field("order.adjustable_trailing_unit", INT),
        *fields("order", TEXT, "soft_dollar_name", "soft_dollar_value", "soft_dollar_display_name"),
        Field("order.cash_qty", DOUBLE_OR_EMPTY),
        *fields("order", FLAG, "dont_use_auto_price_for_hedge", "is_oms_container", "discretionary_up_to_limit_price"),
        *fields("order", INT_OR_EMPTY, "use_price_mgmt_algo", "duration", "post_to_ats"),
        *(Field("order.auto_cancel_parent", FLAG), *_LIMITS_OF_COMPETING),
    ),
    {"contract": IbContract, "order": IbOrder, "state": IbOrderState},
)

COMPLETED_ORDER = Layout(
    101,
    "completedOrder",
    messages.CompletedOrder,
    (
        *(*known_contract("contract"), *_TOLD_TERMS, Field("order.perm_id", INT)),
        *fields("order", FLAG, "outside_rth", "hidden"),
        *(Field("order.discretionary_amt", DOUBLE_OR_EMPTY), Field("order.good_after_time", TEXT)),
        *(*_TOLD_ADVISOR, *_TOLD_SHORT_SALE, *_TOLD_STOCK_RANGE),
        *fields("order", FLAG, "sweep_to_fill", "all_or_none"),
        *(Field("order.min_qty", INT_OR_EMPTY), *fields("order", INT, "oca_type", "trigger_method")),
        *_TOLD_VOLATILITY,
        When(
            "order.delta_neutral_order_type",
            _is_said,
            (Picked("order.delta_neutral_terms", len(_DELTA_NEUTRAL), _DELTA_NEUTRAL_TOLD_AT_THE_END),),
        ),
        *(Field("order.continuous_update", FLAG), Field("order.reference_price_type", INT_OR_EMPTY)),
        *(_TRAIL_STOP_PRICE, Field("order.trailing_percent", DOUBLE_OR_EMPTY)),
        *(*_TOLD_COMBO_AND_SCALE, *_TOLD_CLEARING),
        *(Field("order.solicited", FLAG), Field("completion.status", TEXT), *_TOLD_CONDITIONS),
        *fields("order", DOUBLE_OR_LARGEST, "trail_stop_price", "lmt_price_offset"),
        Field("order.cash_qty", DOUBLE_OR_EMPTY),
        *fields("order", FLAG, "dont_use_auto_price_for_hedge", "is_oms_container"),
        *(Field("completion.auto_cancel_date", TEXT), Field("completion.filled_quantity", DOUBLE_OR_EMPTY)),
        *(Field("completion.ref_futures_con_id", INT_OR_LARGEST), Field("order.auto_cancel_parent", FLAG)),
        Field("completion.shareholder", TEXT),
        *fields("completion", FLAG, "imbalance_only", "route_marketable_to_bbo"),
        Field("completion.parent_perm_id", LONG_OR_LARGEST),
        *fields("completion", TEXT, "completed_time", "completed_status"),
        *_LIMITS_OF_COMPETING,
    ),
    {"contract": IbContract, "order": IbOrder, "completion": IbCompletion},
)

MESSAGES = (
    Layout(
        3,
        "orderStatus",
        messages.OrderStatus,
        (
            *(Field("status.order_id", ID), Field("status.status", TEXT)),
            *fields("status", DOUBLE, "filled", "remaining", "avg_fill_price"),
            *fields("status", INT, "perm_id", "parent_id"),
            *(Field("status.last_fill_price", DOUBLE), Field("status.client_id", INT)),
            *(Field("status.why_held", TEXT), Field("status.mkt_cap_price", DOUBLE)),
        ),
        {"status": IbOrderStatus},
    ),
    OPEN_ORDER,
    Layout(53, "openOrderEnd", messages.OpenOrderEnd, (Fixed("1"),)),
    Layout(
        100,
        "orderBound",
        messages.OrderBound,
        (Field("perm_id", ID), *fields("", INT, "api_client_id", "api_order_id")),
    ),
    COMPLETED_ORDER,
    Layout(102, "completedOrdersEnd", messages.CompletedOrdersEnd, ()),
)
"""The messages about orders."""

REQUESTS = (
    PLACE_ORDER,
    Layout(
        4, "cancelOrder", requests.CancelOrder, (Fixed("1"), Field("order_id", ID), Field("manual_cancel_time", TEXT))
    ),
    Layout(5, "reqOpenOrders", requests.ReqOpenOrders, (Fixed("1"),)),
    Layout(15, "reqAutoOpenOrders", requests.ReqAutoOpenOrders, (Fixed("1"), Field("bind", FLAG))),
    Layout(16, "reqAllOpenOrders", requests.ReqAllOpenOrders, (Fixed("1"),)),
    Layout(
        21,
        "exerciseOptions",
        requests.ExerciseOptions,
        (
            *(Fixed("2"), REQ_ID, *known_contract("contract")),
            *fields("", INT, "action", "quantity"),
            *(Field("account", TEXT), Field("override", FLAG)),
        ),
        {"contract": IbContract},
    ),
    Layout(58, "reqGlobalCancel", requests.ReqGlobalCancel, (Fixed("1"),)),
    Layout(99, "reqCompletedOrders", requests.ReqCompletedOrders, (Field("api_only", FLAG),)),
)
"""The requests about orders."""

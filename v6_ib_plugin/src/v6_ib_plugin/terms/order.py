"""An order with all that a TWS order can say, whether v6 has a word for it or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self


@dataclass(frozen=True, slots=True)
class TagValue:
    """A named value, as the parameters of an algo are."""

    tag: str
    value: str


@dataclass(frozen=True, slots=True)
class IbCondition:
    """A condition: its type's number (1 price, 3 time, 4 margin, 5 execution, 6 volume, 7 change) and its fields."""

    kind: int
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class IbOrder:
    """An order as TWS takes it and tells it again. What TWS alone fills in (``perm_id``) is zero until it did.

    It keeps what was given, and has the rest from its class: an order says a dozen of its more than a hundred fields,
    and several of these records are made on the way of each.
    """

    order_id: int = 0
    client_id: int = 0
    perm_id: int = 0
    action: str = ""
    total_quantity: Decimal = Decimal(0)
    order_type: str = ""
    lmt_price: Decimal | None = None
    aux_price: Decimal | None = None
    tif: str = ""
    oca_group: str = ""
    account: str = ""
    open_close: str = ""
    origin: int = 0
    order_ref: str = ""
    transmit: bool = True
    parent_id: int = 0
    block_order: bool = False
    sweep_to_fill: bool = False
    display_size: int | None = None
    trigger_method: int = 0
    outside_rth: bool = False
    hidden: bool = False
    sec_id_type: str = ""
    sec_id: str = ""
    order_combo_legs: tuple[Decimal | None, ...] = ()
    smart_combo_routing_params: tuple[TagValue, ...] = ()
    discretionary_amt: Decimal | None = None
    good_after_time: str = ""
    good_till_date: str = ""
    fa_group: str = ""
    fa_method: str = ""
    fa_percentage: str = ""
    model_code: str = ""
    short_sale_slot: int = 0
    designated_location: str = ""
    exempt_code: int = -1
    oca_type: int = 0
    rule80_a: str = ""
    settling_firm: str = ""
    all_or_none: bool = False
    min_qty: int | None = None
    percent_offset: Decimal | None = None
    e_trade_only: bool = False
    firm_quote_only: bool = False
    nbbo_price_cap: Decimal | None = None
    auction_strategy: int = 0
    starting_price: Decimal | None = None
    stock_ref_price: Decimal | None = None
    delta: Decimal | None = None
    stock_range_lower: Decimal | None = None
    stock_range_upper: Decimal | None = None
    override_percentage_constraints: bool = False
    volatility: Decimal | None = None
    volatility_type: int | None = None
    delta_neutral_order_type: str = ""
    delta_neutral_aux_price: Decimal | None = None
    delta_neutral_terms: tuple[str, ...] = ()
    continuous_update: bool = False
    reference_price_type: int | None = None
    trail_stop_price: Decimal | None = None
    trailing_percent: Decimal | None = None
    basis_points: Decimal | None = None
    basis_points_type: int | None = None
    combo_legs_descrip: str = ""
    scale_init_level_size: int | None = None
    scale_subs_level_size: int | None = None
    scale_price_increment: Decimal | None = None
    scale_terms: tuple[str, ...] = ()
    scale_table: str = ""
    active_start_time: str = ""
    active_stop_time: str = ""
    hedge_type: str = ""
    hedge_param: str = ""
    opt_out_smart_routing: bool = False
    clearing_account: str = ""
    clearing_intent: str = ""
    not_held: bool = False
    delta_neutral_contract: tuple[str, str, str] | None = None
    algo_strategy: str = ""
    algo_params: tuple[TagValue, ...] = ()
    algo_id: str = ""
    what_if: bool = False
    order_misc_options: str = ""
    solicited: bool = False
    randomize_size: bool = False
    randomize_price: bool = False
    peg_bench_terms: tuple[str, ...] = ()
    conditions: tuple[IbCondition, ...] = ()
    conditions_ignore_rth: bool = False
    conditions_cancel_order: bool = False
    adjusted_order_type: str = ""
    trigger_price: Decimal | None = None
    lmt_price_offset: Decimal | None = None
    adjusted_stop_price: Decimal | None = None
    adjusted_stop_limit_price: Decimal | None = None
    adjusted_trailing_amount: Decimal | None = None
    adjustable_trailing_unit: int = 0
    ext_operator: str = ""
    soft_dollar_name: str = ""
    soft_dollar_value: str = ""
    soft_dollar_display_name: str = ""
    cash_qty: Decimal | None = None
    mifid2_decision_maker: str = ""
    mifid2_decision_algo: str = ""
    mifid2_execution_trader: str = ""
    mifid2_execution_algo: str = ""
    dont_use_auto_price_for_hedge: bool = False
    is_oms_container: bool = False
    discretionary_up_to_limit_price: bool = False
    use_price_mgmt_algo: int | None = None
    duration: int | None = None
    post_to_ats: int | None = None
    auto_cancel_parent: bool = False
    advanced_error_override: str = ""
    manual_order_time: str = ""
    min_trade_qty: int | None = None
    min_compete_size: int | None = None
    compete_against_best_offset: Decimal | None = None
    mid_offset_at_whole: Decimal | None = None
    mid_offset_at_half: Decimal | None = None

    if not TYPE_CHECKING:  # whoever checks types knows the arguments by the fields

        def __init__(self, **given: Any) -> None:
            self._keep(given)

    def _keep(self, given: Mapping[str, Any]) -> None:
        if not given.keys() <= self.__dataclass_fields__.keys():
            unknown = ", ".join(sorted(given.keys() - self.__dataclass_fields__.keys()))
            raise TypeError(f"IbOrder has no field {unknown}")
        vars(self).update(given)

    def replace(self, **changes: Any) -> Self:
        """Return a changed copy."""
        changed = object.__new__(type(self))
        vars(changed).update(vars(self))
        changed._keep(changes)
        return changed

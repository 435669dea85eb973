"""What an order may carry for IB alone: each option is a field of an IB order, is read back, and is refused clearly."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.options.algos import TYPED, Algo
from v6_ib_plugin.terms import IbCondition, IbOrder, TagValue
from v6_ib_plugin.untranslatable import Untranslatable

PLAIN = IbOrder(action="BUY", order_type="LMT", total_quantity=Decimal(5))
TEN = "2026-01-02T15:30:00Z"


def carried(**options: Any) -> dict[str, Any]:
    """Return the fields of an IB order that these options change, once they have come back as they were."""
    said = IbOrderOptions.model_validate(options)
    order = said.onto(PLAIN)
    assert IbOrderOptions.of(order) == said
    return {name: getattr(order, name) for name in said.ib_fields()}


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({}, {}),
        ({"all_or_none": True}, {"all_or_none": True}),
        ({"hidden": True}, {"hidden": True}),
        ({"display_size": 10}, {"display_size": 10}),
        ({"min_quantity": 3}, {"min_qty": 3}),
        ({"min_trade_quantity": 5}, {"min_trade_qty": 5}),
        ({"auction_strategy": "TRANSPARENT"}, {"auction_strategy": 3}),
        ({"time_in_force": "DTC"}, {"tif": "DTC"}),
        ({"time_in_force": "minutes"}, {"tif": "Minutes"}),
        ({"good_after": TEN}, {"good_after_time": "20260102-15:30:00"}),
        ({"good_after": "20260102 10:30:00 US/Eastern"}, {"good_after_time": "20260102-15:30:00"}),
        ({"trigger_method": "double_last"}, {"trigger_method": 3}),
        ({"sweep_to_fill": True}, {"sweep_to_fill": True}),
        ({"discretionary_amount": "0.10"}, {"discretionary_amt": Decimal("0.10")}),
        ({"not_held": True}, {"not_held": True}),
        ({"cash_quantity": 500}, {"cash_qty": Decimal(500)}),
        ({"open_close": "CLOSE"}, {"open_close": "C"}),
        ({"price_management": True}, {"use_price_mgmt_algo": 1}),
        ({"short_sale_slot": 1}, {"short_sale_slot": 1}),
        (
            {"short_sale_slot": 2, "designated_location": "XYZ"},
            {"short_sale_slot": 2, "designated_location": "XYZ"},
        ),
        ({"non_guaranteed": True}, {"smart_combo_routing_params": (TagValue("NonGuaranteed", "1"),)}),
        (
            {"non_guaranteed": True, "leg_prices": [1, "-2.5"], "routing": {"LeginPrio": "1"}},
            {
                "order_combo_legs": (Decimal(1), Decimal("-2.5")),
                "smart_combo_routing_params": (TagValue("NonGuaranteed", "1"), TagValue("LeginPrio", "1")),
            },
        ),
        ({"hedge": {"kind": "DELTA"}}, {"hedge_type": "D", "hedge_param": ""}),
        ({"hedge": {"kind": "PAIR", "ratio": "0.5"}}, {"hedge_type": "P", "hedge_param": "0.5"}),
        ({"ext_operator": "me", "model_code": "m"}, {"ext_operator": "me", "model_code": "m"}),
        ({"manual_order_time": TEN}, {"manual_order_time": "20260102-15:30:00"}),
        (
            {"adjusted_stop": {"order_type": "STP LMT", "trigger_price": 5, "stop_price": 4, "stop_limit_price": 3}},
            {
                "adjusted_order_type": "STP LMT",
                "trigger_price": Decimal(5),
                "adjusted_stop_price": Decimal(4),
                "adjusted_stop_limit_price": Decimal(3),
                "adjusted_trailing_amount": None,
                "adjustable_trailing_unit": 0,
            },
        ),
        (
            {"scale": {"first_size": 5, "price_increment": "0.05", "auto_reset": True, "profit_offset": 1}},
            {
                "scale_init_level_size": 5,
                "scale_subs_level_size": None,
                "scale_price_increment": Decimal("0.05"),
                "scale_terms": ("", "", "1", "1", "", "", "0"),
                "active_start_time": "",
                "active_stop_time": "",
            },
        ),
    ],
)
def test_an_option_is_a_field_and_is_read_back(options: dict[str, Any], fields: dict[str, Any]) -> None:
    assert carried(**options) == fields


def test_that_prices_are_not_to_be_managed_is_said() -> None:
    assert IbOrderOptions(price_management=False).onto(PLAIN).use_price_mgmt_algo == 0


@pytest.mark.parametrize(
    ("algo", "params"),
    [
        ({"strategy": "Adaptive"}, {"adaptivePriority": "Normal"}),
        ({"strategy": "Adaptive", "priority": "Urgent"}, {"adaptivePriority": "Urgent"}),
        (
            {"strategy": "Twap", "strategy_type": "Midpoint", "start_time": TEN, "allow_past_end_time": True},
            {"startTime": "20260102-15:30:00", "strategyType": "Midpoint", "allowPastEndTime": "1"},
        ),
        (
            {"strategy": "Vwap", "max_rate": "0.1", "no_take_liquidity": False},
            {"maxPctVol": "0.1", "noTakeLiq": "0"},
        ),
        (
            {"strategy": "ArrivalPx", "max_rate": "0.1", "risk": "Get Done"},
            {"maxPctVol": "0.1", "riskAversion": "Get Done"},
        ),
        ({"strategy": "ClosePx", "max_rate": "0.1"}, {"maxPctVol": "0.1", "riskAversion": "Neutral"}),
        ({"strategy": "DarkIce", "display_size": 10}, {"displaySize": "10"}),
        ({"strategy": "PctVol", "rate": "0.2"}, {"pctVol": "0.2"}),
        (
            {"strategy": "PctVolPx", "rate": "0.1", "rate_change": "0.02", "min_rate": "0.05", "max_rate": "0.2"},
            {"pctVol": "0.1", "deltaPctVol": "0.02", "minPctVol4Px": "0.05", "maxPctVol4Px": "0.2"},
        ),
        ({"strategy": "PctVolSz", "start_rate": "0.1", "end_rate": "0.3"}, {"startPctVol": "0.1", "endPctVol": "0.3"}),
        ({"strategy": "PctVolTm", "start_rate": "0.1", "end_rate": "0.3"}, {"startPctVol": "0.1", "endPctVol": "0.3"}),
        (
            {"strategy": "AD", "component_size": 10, "interval": 60, "catch_up": True},
            {
                "componentSize": "10",
                "timeBetweenOrders": "60",
                "randomizeTime20": "0",
                "randomizeSize55": "0",
                "catchUp": "1",
                "waitForFill": "0",
            },
        ),
        ({"strategy": "BalanceImpactRisk", "max_rate": "0.1"}, {"maxPctVol": "0.1", "riskAversion": "Neutral"}),
        ({"strategy": "MinImpact", "max_rate": "0.1"}, {"maxPctVol": "0.1"}),
        ({"strategy": "Jefferies", "params": {"b": "2", "a": "1"}}, {"b": "2", "a": "1"}),
        ({"strategy": "Vwap", "params": {"monetaryValue": "5"}}, {"monetaryValue": "5"}),
    ],
)
def test_an_algo_is_its_strategy_and_parameters(algo: dict[str, Any], params: dict[str, str]) -> None:
    fields = carried(algo=algo)
    assert fields["algo_strategy"] == algo["strategy"]
    assert {param.tag: param.value for param in fields["algo_params"]} == params


def test_an_algo_with_a_parameter_that_is_not_typed_is_read_by_its_names() -> None:
    order = replace(PLAIN, algo_strategy="Adaptive", algo_params=(TagValue("adaptivePriority", "Idle"),))
    assert isinstance(IbOrderOptions.of(order).algo, Algo)


@pytest.mark.parametrize("strategy", TYPED)
def test_a_typed_algo_is_filed_under_its_own_name(strategy: str) -> None:
    assert TYPED[strategy].model_fields["strategy"].default == strategy


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        (
            {"condition": "price", "is_more": True, "price": "5.5", "conid": 3, "trigger_method": "LAST"},
            (1, ("a", "1", "5.5", "3", "SMART", "2")),
        ),
        ({"condition": "time", "time": TEN, "conjunction": "OR"}, (3, ("o", "1", "20260102-15:30:00"))),
        ({"condition": "margin", "is_more": False, "percent": 30}, (4, ("a", "0", "30"))),
        ({"condition": "execution", "sec_type": "STK", "symbol": "GOOG"}, (5, ("a", "STK", "SMART", "GOOG"))),
        ({"condition": "volume", "is_more": True, "volume": 9, "conid": 3}, (6, ("a", "1", "9", "3", "SMART"))),
        (
            {"condition": "percent_change", "is_more": True, "percent": "-2.5", "conid": 3},
            (7, ("a", "1", "-2.5", "3", "SMART")),
        ),
    ],
)
def test_a_condition_has_its_fields_in_the_order_of_the_wire(
    condition: dict[str, Any], fields: tuple[int, tuple[str, ...]]
) -> None:
    said = carried(conditions=[condition], conditions_cancel_order=True)
    assert said["conditions"] == (IbCondition(*fields),)
    assert said["conditions_cancel_order"] is True


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"all_or_nothing": True}, "Extra inputs"),
        ({"algo": {"strategy": "Adaptive", "priority": "Slow"}}, "'Urgent', 'Normal' or 'Patient'"),
        ({"algo": {"strategy": "Vwap"}}, "Field required"),
        ({"algo": {"strategy": "Vwap", "max_rate": 2}}, "less than or equal to 1"),
        ({"algo": {"strategy": "Foo", "bar": 1}}, "Extra inputs"),
        ({"display_size": 0}, "greater than 0"),
        ({"display_size": 5, "discretionary_amount": 1}, "not both"),
        ({"short_sale_slot": 2}, "designated_location belongs to short_sale_slot 2"),
        ({"short_sale_slot": 1, "designated_location": "X"}, "designated_location belongs to short_sale_slot 2"),
        ({"conditions_ignore_rth": True}, "need conditions"),
        ({"conditions": [{"condition": "moon"}]}, "expected tags"),
        ({"leg_prices": [1, 2]}, "non_guaranteed"),
        ({"non_guaranteed": True, "leg_prices": [1, 2, 3]}, "two legs"),
        ({"routing": {"NonGuaranteed": "1"}}, "say non_guaranteed itself"),
        ({"good_after": "20260102 10:30:00"}, "names no time zone"),
        ({"good_after": "2026-01-02T10:30:00"}, "timezone"),
        ({"hedge": {"kind": "BETA"}}, "ratio belongs to"),
        ({"adjusted_stop": {"order_type": "TRAIL", "trigger_price": 1, "stop_price": 1}}, "trailing_amount belongs"),
        ({"ext_operator": "a\x00b"}, "printable ASCII"),
        ({"cash_quantity": -1}, "must be positive"),
    ],
)
def test_what_ib_would_not_take_is_refused_in_words(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        IbOrderOptions.model_validate(options)


def test_what_tws_writes_to_say_nothing_is_no_option() -> None:
    silent = replace(
        PLAIN,
        display_size=0,
        min_qty=0,
        discretionary_amt=Decimal(0),
        cash_qty=Decimal("1.7976931348623157E308"),
        adjusted_order_type="None",
        delta_neutral_order_type="None",
        order_combo_legs=(None, None),
        scale_price_increment=Decimal(0),
        use_price_mgmt_algo=0,
        conditions_ignore_rth=True,
    )
    assert IbOrderOptions.of(silent) == IbOrderOptions()


@pytest.mark.parametrize(
    "changes",
    [
        {"trigger_method": 5},
        {"conditions": (IbCondition(2, ("a",)),)},
        {"conditions": (IbCondition(1, ("a", "1", "x", "3", "SMART", "0")),)},
        {"conditions": (IbCondition(1, ("a", "1", "5", "3", "SMART", "9")),)},
        {"hedge_type": "Z"},
        {"adjusted_order_type": "MKT"},
    ],
)
def test_what_has_no_option_is_named(changes: dict[str, Any]) -> None:
    with pytest.raises(Untranslatable):
        IbOrderOptions.of(replace(PLAIN, **changes))

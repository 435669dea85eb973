"""Orders between v6 and IB: which price stands where, times in force, groups, combos, what has no word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from v6_ib_plugin.terms import IbComboLeg, IbCondition, IbContract, IbOrder, TagValue
from v6_ib_plugin.translation.orders import ib_order, order_of, terms_of
from v6_ib_plugin.translation.wordless import DECORATIVE, SAID, fields_without_a_word
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Option, Stock
from v6core.orders import OcaType, Order, OrderType, TimeInForce

STOCK = Stock("GOOG")
IB_STOCK = IbContract(symbol="GOOG", sec_type="STK", exchange="SMART", currency="USD")
LIMIT = ib_order(Order.limit("BUY", 5, "101.50", contract=STOCK))


def order(**fields: Any) -> Order:
    return Order.model_validate(fields)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (Order.market("BUY", 1), {"order_type": "MKT"}),
        (Order.limit("BUY", 1, 10), {"order_type": "LMT", "lmt_price": 10}),
        (Order.stop("BUY", 1, 9), {"order_type": "STP", "aux_price": 9}),
        (Order.stop_limit("BUY", 1, 9, 10), {"order_type": "STP LMT", "aux_price": 9, "lmt_price": 10}),
        (Order.trailing_stop("SELL", 1, 2), {"order_type": "TRAIL", "aux_price": 2, "trailing_percent": None}),
        (
            Order.trailing_stop("SELL", 1, trail_percent=3, stop_price=95),
            {"order_type": "TRAIL", "aux_price": None, "trailing_percent": 3, "trail_stop_price": 95},
        ),
        (
            order(action="SELL", quantity=1, order_type="TRAIL_LIMIT", trail_amount=2, limit_offset="0.1"),
            {"order_type": "TRAIL LIMIT", "aux_price": 2, "lmt_price_offset": Decimal("0.1"), "lmt_price": None},
        ),
        (
            order(action="BUY", quantity=1, order_type="MARKET_IF_TOUCHED", stop_price=9),
            {"order_type": "MIT", "aux_price": 9},
        ),
        (
            order(action="BUY", quantity=1, order_type="LIMIT_IF_TOUCHED", stop_price=9, limit_price=10),
            {"order_type": "LIT", "aux_price": 9, "lmt_price": 10},
        ),
        (order(action="BUY", quantity=1, order_type="MARKET_ON_CLOSE"), {"order_type": "MOC", "tif": "DAY"}),
        (order(action="BUY", quantity=1, order_type="LIMIT_ON_CLOSE", limit_price=9), {"order_type": "LOC"}),
        (order(action="BUY", quantity=1, order_type="MARKET_ON_OPEN"), {"order_type": "MKT", "tif": "OPG"}),
        (
            order(action="BUY", quantity=1, order_type="LIMIT_ON_OPEN", limit_price=9, tif="OPG"),
            {"order_type": "LMT", "tif": "OPG", "lmt_price": 9},
        ),
        (order(action="BUY", quantity=1, order_type="MARKET_TO_LIMIT"), {"order_type": "MTL"}),
    ],
)
def test_every_type_has_its_prices_in_its_fields(sent: Order, said: dict[str, Any]) -> None:
    ib = ib_order(sent)
    assert {name: getattr(ib, name) for name in said} == said


def test_a_time_to_live_until_is_written_in_utc() -> None:
    till = datetime.fromisoformat("2026-01-02T10:30:00-05:00")
    ib = ib_order(Order.limit("BUY", 1, 10, tif="GTD", good_till=till))
    assert (ib.tif, ib.good_till_date) == ("GTD", "20260102-15:30:00")


@pytest.mark.parametrize(
    "text", ["20260102-15:30:00", "20260102 10:30:00 US/Eastern", "20260102 10:30:00", "20260102 10:30:00 EST"]
)
def test_a_time_to_live_until_is_read_in_every_form(text: str) -> None:
    terms = terms_of(replace(LIMIT, tif="GTD", good_till_date=text), zone="US/Eastern")
    assert terms.good_till == datetime(2026, 1, 2, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("oca_type", "number"),
    [(None, 1), (OcaType.CANCEL_WITH_BLOCK, 1), (OcaType.REDUCE_WITH_BLOCK, 2), (OcaType.REDUCE, 3)],
)
def test_a_group_has_a_number_for_its_type(oca_type: OcaType | None, number: int) -> None:
    ib = ib_order(Order.limit("BUY", 1, 10, oca_group="g", oca_type=oca_type))
    assert (ib.oca_group, ib.oca_type) == ("g", number)


def test_the_type_that_tws_writes_without_a_group_is_none() -> None:
    assert order_of(replace(LIMIT, oca_type=3), IB_STOCK).oca_type is None


def test_the_numbers_of_the_wire_are_given() -> None:
    ib = ib_order(Order.market("BUY", 1), order_id=7, client_id=6, parent_id=5, transmit=False, account="DU1")
    assert (ib.order_id, ib.client_id, ib.parent_id, ib.transmit, ib.account) == (7, 6, 5, False, "DU1")


def test_the_account_that_an_order_names_wins() -> None:
    assert ib_order(Order.market("BUY", 1, account="DU2"), account="DU1").account == "DU2"


def test_options_become_fields() -> None:
    ib = ib_order(Order.limit("BUY", 1, 10, options={"algo": {"strategy": "Adaptive", "priority": "Patient"}}))
    assert ib.algo_strategy == "Adaptive"
    assert ib.algo_params == (TagValue("adaptivePriority", "Patient"),)


def test_options_that_ib_has_no_field_for_are_named() -> None:
    with pytest.raises(Untranslatable, match="priority 'Slow'"):
        ib_order(Order.market("BUY", 1, options={"algo": {"strategy": "Adaptive", "priority": "Slow"}}))


def test_zeros_and_artefacts_that_the_type_does_not_read_are_not_read() -> None:
    shown = replace(LIMIT, aux_price=Decimal(0), trail_stop_price=Decimal("102.50"), trailing_percent=Decimal(0))
    terms = terms_of(shown)
    assert (terms.limit_price, terms.stop_price, terms.trail_amount) == (Decimal("101.50"), None, None)


def test_the_limit_of_a_market_order_is_not_read() -> None:
    assert terms_of(IbOrder(action="BUY", order_type="MKT", lmt_price=Decimal(0))).limit_price is None


def test_a_percentage_wins_over_the_amount_that_tws_works_out() -> None:
    trail = IbOrder(action="SELL", order_type="TRAIL", trailing_percent=Decimal(2), aux_price=Decimal("1.9"))
    assert (terms_of(trail).trail_percent, terms_of(trail).trail_amount) == (Decimal(2), None)


@pytest.mark.parametrize(("action", "limit", "offset"), [("SELL", 99, 1), ("BUY", 101, 1)])
def test_a_limit_offset_is_read_from_the_first_limit_and_stop(action: str, limit: int, offset: int) -> None:
    trail = IbOrder(
        action=action,
        order_type="TRAIL LIMIT",
        aux_price=Decimal(2),
        trail_stop_price=Decimal(100),
        lmt_price=Decimal(limit),
    )
    assert terms_of(trail).limit_offset == offset


def test_silence_about_the_time_in_force_is_the_day() -> None:
    assert terms_of(replace(LIMIT, tif="")).tif is TimeInForce.DAY


def test_an_order_at_the_open_says_neither_day_nor_open() -> None:
    terms = terms_of(replace(LIMIT, tif="OPG"))
    assert (terms.order_type, terms.tif) == (OrderType.LIMIT_ON_OPEN, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order_type": "REL"}, "order_type"),
        ({"tif": "AUC"}, "tif"),
        ({"action": "SLONG"}, "action"),
        ({"tif": "GTD", "good_till_date": "20260102 10:30:00"}, "good_till_date"),
        ({"oca_group": "g", "oca_type": 4}, "oca_type"),
        ({"total_quantity": Decimal(0)}, "quantity"),
        ({"total_quantity": Decimal("NaN")}, "total_quantity"),
        ({"lmt_price": Decimal("1E20")}, "lmt_price"),
        ({"order_ref": "a\x00b"}, "order_ref"),
    ],
)
def test_an_order_that_v6_cannot_say_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Untranslatable) as refused:
        order_of(replace(LIMIT, **changes), IB_STOCK)
    assert refused.value.field == field


def test_the_terms_of_a_stranger_are_told_as_far_as_there_are_words() -> None:
    terms = terms_of(replace(LIMIT, order_type="REL", tif="AUC"), IbContract(symbol="X", sec_type="BOND"))
    assert (terms.order_type, terms.tif, terms.contract, terms.quantity) == (None, None, None, Decimal(5))


def test_a_combo_whose_ratios_are_reduced_has_more_units_at_less() -> None:
    legs = {11: Option("A", "2026-12-18", 1, "C", conid=11), 12: Option("A", "2026-12-18", 2, "C", conid=12)}
    doubled = IbContract(
        symbol="A",
        sec_type="BAG",
        currency="USD",
        combo_legs=(IbComboLeg(con_id=11, ratio=2), IbComboLeg(con_id=12, ratio=2, action="SELL")),
    )
    terms = terms_of(replace(LIMIT, lmt_price=Decimal("-3.00")), doubled, known=legs.get)
    assert (terms.quantity, terms.limit_price) == (Decimal(10), Decimal("-1.50"))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, ()),
        ({"all_or_none": True, "hidden": True}, ("hidden", "all_or_none")),
        ({"algo_strategy": "Vwap", "algo_params": (TagValue("maxPctVol", "0.1"),)}, ("algo_strategy",)),
        ({"conditions": (IbCondition(3, ("a", "1", "20260102-15:30:00")),)}, ("conditions",)),
        ({"display_size": 0, "min_qty": 0, "discretionary_amt": Decimal(0), "cash_qty": Decimal(0)}, ()),
        ({"display_size": 10}, ("display_size",)),
        ({"cash_qty": Decimal("1.7976931348623157E308")}, ()),
        ({"delta_neutral_order_type": "None", "adjusted_order_type": "None"}, ()),
        ({"min_compete_size": 100, "compete_against_best_offset": Decimal("0.02"), "mid_offset_at_half": 1}, ()),
        ({"order_type": "PEG MID", "min_compete_size": 100, "mid_offset_at_half": 1}, ("mid_offset_at_half",)),
        (
            {"order_type": "PEG BEST", "min_compete_size": 9, "compete_against_best_offset": Decimal("Infinity")},
            ("min_compete_size", "compete_against_best_offset"),
        ),
        ({"order_combo_legs": (None, None)}, ()),
        ({"good_after_time": "20260102-15:30:00"}, ("good_after_time",)),
        ({"model_code": "m", "fa_group": "g"}, ("fa_group", "model_code")),
        ({"open_close": "O", "origin": 1, "ext_operator": "x", "clearing_intent": "IB"}, ()),
        ({"order_misc_options": "a=b;"}, ("order_misc_options",)),
    ],
)
def test_fields_that_v6_cannot_say_are_listed_where_they_matter(
    changes: dict[str, Any], fields: tuple[str, ...]
) -> None:
    assert fields_without_a_word(replace(LIMIT, **changes)) == fields


def test_every_field_that_is_said_or_decorative_is_a_field() -> None:
    assert set(IbOrder.__dataclass_fields__) >= SAID | DECORATIVE
    assert not SAID & DECORATIVE

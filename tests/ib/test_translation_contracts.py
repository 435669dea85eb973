"""Contracts between v6 and IB: spellings, what is left unsaid, combos, and what has no word."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from v6_ib_plugin.terms import IbComboLeg, IbContract
from v6_ib_plugin.translation.contracts import contract_of, ib_contract, is_combo, units_of
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import (
    Combo,
    ComboLeg,
    Contract,
    Crypto,
    Forex,
    Future,
    FutureOption,
    Index,
    Option,
    Stock,
)

CALL = Option("GOOG", "2026-12-18", 750, "CALL", conid=11)
PUT = Option("GOOG", "2026-12-18", 700, "PUT", conid=12)
OPTION = IbContract(
    con_id=11,
    symbol="GOOG",
    sec_type="OPT",
    last_trade_date_or_contract_month="20261218",
    strike=Decimal(750),
    right="C",
    multiplier="100",
    exchange="SMART",
    currency="USD",
    trading_class="GOOG",
)


def known(con_id: int) -> Contract | None:
    return {11: CALL, 12: PUT}.get(con_id)


def bag(*ratios: int) -> IbContract:
    actions = ("BUY", "SELL", "BUY", "SELL")
    legs = tuple(
        IbComboLeg(con_id=11 + number, ratio=ratio, action=actions[number], exchange="SMART")
        for number, ratio in enumerate(ratios)
    )
    return IbContract(symbol="GOOG", sec_type="BAG", currency="USD", exchange="SMART", combo_legs=legs)


@pytest.mark.parametrize(
    ("contract", "sec_type"),
    [
        (Stock("GOOG"), "STK"),
        (CALL, "OPT"),
        (Future("ES", "2026-12-18"), "FUT"),
        (FutureOption("ES", "2026-12-18", 6000, "PUT"), "FOP"),
        (Index("SPX"), "IND"),
        (Forex("EUR/USD"), "CASH"),
        (Crypto("BTC"), "CRYPTO"),
        (Combo("GOOG", [ComboLeg(CALL), ComboLeg(PUT)]), "BAG"),
    ],
)
def test_every_kind_has_a_security_type(contract: Contract, sec_type: str) -> None:
    assert ib_contract(contract).sec_type == sec_type


def test_an_option_is_written_with_all_its_terms() -> None:
    assert ib_contract(CALL) == replace(OPTION, trading_class="")


@pytest.mark.parametrize("right", ["C", "CALL", "c"])
def test_a_right_has_several_spellings(right: str) -> None:
    assert contract_of(replace(OPTION, right=right)) == CALL


@pytest.mark.parametrize("right", ["", "0", "?"])
def test_an_option_without_a_right_is_named(right: str) -> None:
    with pytest.raises(Untranslatable, match=r"right .*: an option needs a right, C or P"):
        contract_of(replace(OPTION, right=right))


def test_a_class_that_repeats_the_symbol_is_none() -> None:
    assert contract_of(OPTION) == CALL


def test_a_class_of_its_own_is_kept() -> None:
    assert contract_of(replace(OPTION, symbol="SPX", trading_class="SPXW")).trading_class == "SPXW"


def test_the_class_of_shares_tells_no_instrument_from_another() -> None:
    ib = IbContract(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD", trading_class="NMS")
    assert contract_of(ib) == Stock("AAPL")


@pytest.mark.parametrize("symbol", ["BRK.B", "BRK B"])
def test_a_class_of_shares_stands_behind_a_space_at_ib(symbol: str) -> None:
    ib = ib_contract(Stock(symbol))
    assert ib.symbol == "BRK B"
    assert contract_of(ib).symbol == "BRK.B"


def test_elsewhere_a_dot_is_a_dot() -> None:
    ib = ib_contract(Stock("RCI.B", currency="CAD", exchange="TSE"))
    assert ib.symbol == "RCI.B"
    assert contract_of(ib).symbol == "RCI.B"


def test_the_spelling_of_the_program_wins_where_the_number_is_known() -> None:
    named = Stock("BRK B", conid=11)
    ib = IbContract(con_id=11, symbol="BRK B", sec_type="STK", currency="USD")
    assert contract_of(ib, lambda con_id: named if con_id == 11 else None) is named


@pytest.mark.parametrize("contract", [Future("ES", "2026-12-18"), Index("SPX"), Crypto("BTC")])
def test_what_smart_does_not_route_has_no_exchange_until_it_is_qualified(contract: Contract) -> None:
    assert ib_contract(contract).exchange == ""
    assert contract_of(ib_contract(contract)).exchange == "SMART"


def test_a_position_without_an_exchange_is_as_usual() -> None:
    ib = IbContract(con_id=265598, symbol="AAPL", sec_type="STK", currency="USD")
    assert contract_of(ib) == Stock("AAPL", conid=265598)


@pytest.mark.parametrize(("text", "multiplier"), [("", 100), ("0", 100), ("100.0", 100), ("10", 10)])
def test_a_multiplier_is_a_text(text: str, multiplier: int) -> None:
    assert contract_of(replace(OPTION, multiplier=text)).multiplier == multiplier


def test_an_expiration_may_go_on_with_a_time() -> None:
    assert contract_of(replace(OPTION, last_trade_date_or_contract_month="20261218 08:30 US/Central")) == CALL


@pytest.mark.parametrize("padded", ["GOOG  151231C00750000", "GOOG151231C00750000"])
def test_an_option_is_read_from_its_local_symbol_alone(padded: str) -> None:
    contract = contract_of(IbContract(sec_type="OPT", local_symbol=padded, currency="USD"))
    assert contract == Option.from_occ("GOOG151231C00750000")


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("sec_type", "BOND", "sec_type"),
        ("last_trade_date_or_contract_month", "202612", "last_trade_date_or_contract_month"),
        ("last_trade_date_or_contract_month", "20261318", "last_trade_date_or_contract_month"),
        ("multiplier", "many", "multiplier"),
        ("strike", Decimal(0), "OPTION.strike"),
        ("symbol", "", "OPTION.symbol"),
        ("currency", "dollars", "OPTION.currency"),
    ],
)
def test_what_has_no_word_is_named_with_its_value(field: str, value: object, named: str) -> None:
    with pytest.raises(Untranslatable) as refused:
        contract_of(replace(OPTION, **{field: value}))  # type: ignore[arg-type]
    assert refused.value.field == named
    assert refused.value.value == value


def test_a_nul_in_a_symbol_becomes_no_field() -> None:
    with pytest.raises(Untranslatable, match="symbol"):
        contract_of(IbContract(symbol="A\x00SELL", sec_type="STK", currency="USD"))


def test_a_combo_travels_by_the_numbers_of_its_legs() -> None:
    combo = Combo("GOOG", [ComboLeg(CALL, "BUY", 1), ComboLeg(PUT, "SELL", 2)])
    assert ib_contract(combo) == bag(1, 2)
    assert contract_of(bag(1, 2), known) == combo


def test_a_leg_without_a_number_is_named() -> None:
    with pytest.raises(Untranslatable, match=r"GOOG261218C00750000.*qualify it first"):
        ib_contract(Combo("GOOG", [ComboLeg(CALL.model_copy(update={"conid": None})), ComboLeg(PUT)]))


def test_a_leg_that_nobody_knows_is_named() -> None:
    with pytest.raises(Untranslatable, match=r"combo_legs\.con_id 13"):
        contract_of(bag(1, 1, 1), known)


def test_ratios_that_can_be_reduced_are() -> None:
    combo = contract_of(bag(2, 4), known)
    assert isinstance(combo, Combo)
    assert [leg.signed_ratio for leg in combo.legs] == [1, -2]
    assert units_of(bag(2, 4)) == 2


def test_a_bag_is_a_combo_and_nothing_else_is() -> None:
    assert is_combo(bag(1, 1))
    assert not is_combo(OPTION)

"""Contracts: one text for one instrument, and nothing that is no contract."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6core.contracts import (
    Combo,
    ComboLeg,
    Contract,
    ContractDetails,
    Crypto,
    Forex,
    Future,
    FutureOption,
    Index,
    Option,
    OptionRight,
    OrderAction,
    Stock,
    TickBand,
    contract_from_json,
    parse_contract,
)
from v6core.testing import order_strategies as plausible

law = settings(deadline=None, max_examples=80)
CALL = Option("GOOG", "2026-12-18", 750, "CALL")
PUT = Option("GOOG", "2026-12-18", 700, "PUT")
FUTURE = Future("ES", "2026-12-18", multiplier=50, exchange="CME")


@law
@given(plausible.options())
def test_an_occ_symbol_comes_back(option: Option) -> None:
    found = Option.from_occ(option.occ_symbol)
    assert found.occ_symbol == option.occ_symbol
    assert (found.expiration, found.strike, found.right) == (option.expiration, option.strike, option.right)


@law
@given(plausible.singles())
def test_a_contracts_text_is_read_back_as_that_contract(contract: Contract) -> None:
    found = parse_contract(str(contract))
    assert found.model_copy(update={"exchange": contract.exchange}) == contract
    assert found.key == contract.key


@law
@given(plausible.combos())
def test_a_combos_text_is_read_back_as_the_same_instrument(combo: Combo) -> None:
    found = parse_contract(str(combo))
    assert isinstance(found, Combo)
    assert found.key == combo.key
    assert sorted(found.signed_legs, key=str) == sorted(combo.signed_legs, key=str)


@law
@given(plausible.contracts())
def test_a_contract_comes_back_from_json(contract: Contract) -> None:
    assert contract_from_json(contract.model_dump(mode="json")) == contract


@law
@given(st.text(max_size=40) | st.from_regex(r"[A-Z:/\[\],+*0-9-]{0,40}", fullmatch=True))
def test_any_text_is_a_contract_or_a_value_error(text: str) -> None:
    try:
        contract = parse_contract(text)
    except ValueError:
        return
    assert parse_contract(str(contract)).key == contract.key


@pytest.mark.parametrize(
    ("contract", "text"),
    [
        (Stock("GOOG"), "GOOG"),
        (Stock("sap", currency="EUR"), "STOCK:SAP:EUR"),
        (CALL, "GOOG261218C00750000"),
        (Option("SPX", "20261218", "2000.5", "p", trading_class="SPXW"), "OPTION:SPX:20261218:2000.5:P:USD:100:SPXW"),
        (Option("GOOG", "20261218", "0.0001", "c"), "OPTION:GOOG:20261218:0.0001:C:USD"),
        (FUTURE, "FUTURE:ES:20261218:USD:50"),
        (FutureOption("ES", "2026-12-18", 6000, "PUT", multiplier=50), "FUTURE_OPTION:ES:20261218:6000:P:USD:50"),
        (Index("SPX"), "INDEX:SPX"),
        (Forex("EUR/USD"), "EUR/USD"),
        (Forex("EUR", "GBP"), "EUR/GBP"),
        (Crypto("BTC"), "CRYPTO:BTC"),
        (Combo("GOOG", [ComboLeg(CALL), ComboLeg(PUT, "SELL", 2)]), f"COMBO:GOOG[+1*{CALL},-2*{PUT}]"),
    ],
)
def test_the_text_of_a_contract(contract: Contract, text: str) -> None:
    assert str(contract) == text
    assert parse_contract(text.lower()).key == text


@pytest.mark.parametrize("symbol", ["GOOG151231C00750000", "BRK/B"])
def test_a_share_whose_symbol_reads_as_something_else_is_written_out(symbol: str) -> None:
    assert str(Stock(symbol)) == f"STOCK:{symbol}:USD"
    assert parse_contract(str(Stock(symbol))) == Stock(symbol)


def test_routing_is_no_part_of_the_instrument() -> None:
    assert Stock("GOOG", exchange="ISLAND", primary_exchange="NASDAQ", conid=208813719).key == Stock("GOOG").key


def test_an_expiration_may_have_no_time_of_day() -> None:
    moment = datetime(2026, 12, 18, 21, tzinfo=UTC)
    assert contract_from_json({**CALL.model_dump(), "expiration": moment}).expiration == date(2026, 12, 18)  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["GOOG 261218C00750000", "goog261218c00750000", "  GOOG  261218C00750000 "])
def test_an_occ_symbol_may_be_padded(text: str) -> None:
    assert Option.from_occ(text) == CALL


def test_rights_and_actions_are_taken_in_any_case() -> None:
    assert [OptionRight(text) for text in ("c", "Call", "P", "put")] == ["CALL", "CALL", "PUT", "PUT"]
    assert (OrderAction("buy").sign, OrderAction("Sell").sign) == (1, -1)
    assert OrderAction.BUY.opposite is OrderAction.SELL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "GO\nOG",
        "GO\x00OG",
        "é",
        "X" * 25,
        "EUR/",
        "EUR/USD/GBP",
        "STOCK:",
        "STOCK:X:",
        "STOCK:X:USD:0",
        "STOCK:X:USD:nan",
        "STOCK:X:USD:1:A:B",
        "BOND:X",
        "OPTION:GOOG",
        "OPTION:GOOG:20261318:1:C",
        "OPTION:GOOG:20261218:-1:C",
        "OPTION:GOOG:20261218:1:X",
        "GOOG261318C00750000",
        "GOOG261218C00000000",
        "COMBO:X[+1*A]",
        "COMBO:X[+1*A,1*B]",
        "COMBO:X[+1*A,+0*B]",
        "COMBO:X[+99999999999*A,-1*B]",
        "COMBO:X[+1*A,-1*A]",
        "COMBO:X[+2*A,-2*B]",
        "COMBO:X[+1*INDEX:SPX,-1*B]",
        "COMBO:X[+1*STOCK:SAP:EUR,-1*B]",
        "COMBO:X[+1*COMBO:Y[+1*A,-1*B],-1*C]",
    ],
)
def test_what_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- each has words of its own; none is another exception
        parse_contract(text)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "GOOG",
        {},
        {"kind": "STOCK"},
        {"kind": "STOCK", "symbol": 5},
        {"kind": "STOCK", "symbol": "X", "colour": "red"},
        {"kind": "STOCK", "symbol": "X", "conid": -1},
        {"kind": "STOCK", "symbol": "X", "currency": "US$"},
        {"kind": "STOCK", "symbol": "X", "trading_class": "A:B"},
        {"kind": "STOCK", "symbol": "X", "exchange": "A\x1f"},
        {"kind": "OPTION", "symbol": "X", "expiration": 20261218, "strike": 1, "right": "C"},
        {"kind": "OPTION", "symbol": "X", "expiration": "20261218", "strike": float("inf"), "right": "C"},
        {"kind": "FOREX", "symbol": "EUR/USD", "currency": "GBP"},
        {"kind": "COMBO", "symbol": "X", "legs": None},
        {"kind": "COMBO", "symbol": "X", "legs": ["A", "B"]},
    ],
)
def test_data_that_describes_no_contract_is_a_value_error(data: Any) -> None:
    with pytest.raises(ValueError, match="validation error"):
        contract_from_json(data)


def test_terms_that_fit_no_occ_symbol_are_told() -> None:
    with pytest.raises(ValueError, match=r"0\.0001 does not fit an OCC symbol"):
        _ = Option("GOOG", "2026-12-18", "0.0001", "C").occ_symbol


def test_a_combo_takes_multiplier_and_currency_of_its_legs() -> None:
    combo = Combo("GOOG", [ComboLeg(Stock("GOOG"), "BUY", 100), ComboLeg(CALL, "SELL")])
    assert (combo.multiplier, combo.currency) == (Decimal(100), "USD")


def test_a_combo_is_the_same_in_any_order_of_its_legs() -> None:
    legs = [ComboLeg(CALL), ComboLeg(PUT, "SELL")]
    assert Combo("GOOG", legs).key == Combo("GOOG", legs[::-1]).key


def test_contracts_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        CALL.strike = Decimal(1)  # type: ignore[misc]


def test_ticks_may_grow_with_the_price() -> None:
    bands = (TickBand(tick=Decimal("0.05")), TickBand(from_price=Decimal(3), tick=Decimal("0.10")))
    details = ContractDetails(contract=CALL, ticks=bands)
    assert [details.tick_at(Decimal(price)) for price in ("2.95", "3", "-3.10")] == [
        Decimal("0.05"),
        Decimal("0.10"),
        Decimal("0.10"),
    ]
    assert details.on_tick(Decimal("2.95"))
    assert not details.on_tick(Decimal("3.05"))


@pytest.mark.parametrize("text", ["GOOG151231X00750000", "GOOG151231C0075000", "GOOG 15123C00750000"])
def test_a_mistyped_option_is_not_taken_for_a_share(text: str) -> None:
    with pytest.raises(ValueError, match="neither a symbol nor an OCC option symbol"):
        parse_contract(text)

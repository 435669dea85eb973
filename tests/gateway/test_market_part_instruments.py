"""Contracts and their numbers: what a client says of one, and what it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.market_ends import DAY, GOOG, on_paper, option, with_instruments
from v6_ib_plugin.gateway.market.conids import BAG_CONID, LARGEST, Conids, candidates
from v6_ib_plugin.gateway.market.instruments import Instruments
from v6_ib_plugin.gateway.market.local_symbols import local_symbol, terms_of
from v6_ib_plugin.gateway.market.refusals import Refused
from v6_ib_plugin.terms import IbComboLeg, IbContract
from v6core.broker import Broker
from v6core.contracts import Combo, Contract, Crypto, Forex, Future, FutureOption, Option, Stock
from v6core.orders import Order

FUTURE = Future("ES", DAY, multiplier=50, exchange="CME")
CONTRACTS = [
    Stock("GOOG"),
    Option("GOOG", DAY, 180, "CALL"),
    Option("GOOG", DAY, 180, "PUT"),
    FUTURE,
    FutureOption("ES", DAY, 6000, "PUT", multiplier=50, exchange="CME"),
    Forex("EUR/USD"),
    Crypto("BTC"),
]


def found(terms: IbContract) -> Contract:
    """Return what some terms describe."""
    contract: Contract = with_instruments(lambda instruments: instruments.resolve(terms))
    return contract


def refusal(terms: IbContract) -> int:
    """Return the code with which some terms are refused."""
    with pytest.raises(Refused) as caught:
        found(terms)
    return caught.value.code


def bag(legs: Iterable[IbContract], ratios: Iterable[int] = (1, 1)) -> IbContract:
    """Return the terms of a combo that buys the first leg and sells the second."""
    parts = zip(legs, ratios, ("BUY", "SELL"), strict=True)
    told = tuple(IbComboLeg(con_id=leg.con_id, ratio=n, action=action, exchange="SMART") for leg, n, action in parts)
    return IbContract(symbol="GOOG", sec_type="BAG", exchange="SMART", currency="USD", combo_legs=told)


# Numbers


@settings(deadline=None)
@given(st.text(max_size=40))
def test_a_number_is_one_that_tws_could_have_given(key: str) -> None:
    assert 1 <= next(candidates(key)) <= LARGEST


def test_the_number_of_a_contract_is_the_same_in_every_run() -> None:
    assert Conids().of(Stock("GOOG")) == 140071617


def test_a_contract_keeps_its_number_wherever_it_is_routed() -> None:
    conids = Conids()
    assert conids.of(Stock("GOOG", exchange="NYSE")) == conids.of(Stock("GOOG"))


def test_two_contracts_of_one_number_get_two(monkeypatch: pytest.MonkeyPatch) -> None:
    def colliding(_: str) -> Iterator[int]:
        return iter([7, 8])

    monkeypatch.setattr("v6_ib_plugin.gateway.market.conids.candidates", colliding)
    conids = Conids()
    assert (conids.of(Stock("GOOG")), conids.of(Stock("SPY"))) == (7, 8)


def test_a_number_leads_back_to_its_contract() -> None:
    conids = Conids()
    assert conids.contract(conids.of(Stock("GOOG"))) == Stock("GOOG")


def test_all_combos_have_the_number_that_tws_gives_them() -> None:
    combo = Combo("GOOG", [{"contract": Stock("GOOG")}, {"contract": Option("GOOG", DAY, 180, "CALL"), "ratio": 1}])
    assert Conids().of(combo) == BAG_CONID


# Local symbols


@pytest.mark.parametrize(
    ("contract", "symbol"),
    list(
        zip(
            CONTRACTS,
            ["GOOG", "GOOG  260618C00180000", "GOOG  260618P00180000", "ESM6", "ESM6 P6000", "EUR.USD", "BTC.USD"],
            strict=True,
        )
    ),
)
def test_local_symbols_are_written_as_tws_writes_them(contract: Contract, symbol: str) -> None:
    assert local_symbol(contract) == symbol


def test_the_year_of_a_futures_local_symbol_is_the_next_with_that_digit() -> None:
    terms = terms_of("ESH5", "FUT", date(2026, 6, 1))
    assert terms is not None
    assert terms.last_trade_date_or_contract_month == "202503"


@pytest.mark.parametrize("text", ["", "GOOG", "ESA6", "ES6", "GOOG  269999X00180000"])
def test_a_text_that_is_no_local_symbol_says_nothing(text: str) -> None:
    assert terms_of(text, "OPT", date(2026, 6, 1)) is None


# Finding


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
@pytest.mark.parametrize("left", ["con_id", "local_symbol", "all"])
def test_what_is_told_of_a_contract_leads_back_to_it(contract: Contract, left: str) -> None:
    async def work(instruments: Instruments) -> str:
        told = instruments.tell(contract)
        if left == "con_id":
            told = IbContract(con_id=told.con_id)
        if left == "local_symbol" and contract.kind != "FUTURE_OPTION":
            told = IbContract(local_symbol=told.local_symbol, sec_type=told.sec_type, exchange=told.exchange)
        return (await instruments.resolve(told)).key

    assert with_instruments(work) == contract.key


def test_a_number_of_an_earlier_run_is_known_again_by_its_symbol() -> None:
    told = with_instruments(_told(Option("GOOG", DAY, 180, "CALL")))
    assert found(IbContract(con_id=told.con_id, symbol="GOOG", sec_type="OPT")).key == "GOOG260618C00180000"


def _told(contract: Contract) -> Any:
    async def work(instruments: Instruments) -> IbContract:
        return instruments.tell(contract)

    return work


def test_the_number_of_what_is_held_is_known_alone() -> None:
    async def work(broker: Broker) -> str:
        share = (await broker.qualify(Stock("GOOG"))).contract
        order = Order.market("BUY", 1).replace(contract=share, order_ref="a")
        await broker.place([order])
        number = Instruments(broker).conid(share)
        return (await Instruments(broker).resolve(IbContract(con_id=number))).key

    assert on_paper(work) == "GOOG"


def test_the_exchange_that_the_client_names_stays() -> None:
    assert found(replace(GOOG, exchange="NYSE")).exchange == "NYSE"


def test_one_clients_exchange_is_not_told_to_another() -> None:
    async def work(instruments: Instruments) -> str:
        await instruments.resolve(replace(GOOG, exchange="NYSE"))
        return (await instruments.resolve(replace(GOOG, exchange=""))).exchange

    assert with_instruments(work) == "SMART"


def test_a_month_of_futures_finds_the_day_on_which_they_expire() -> None:
    terms = IbContract(symbol="ES", sec_type="FUT", last_trade_date_or_contract_month="202606", exchange="CME")
    assert found(terms) == FUTURE.model_copy(update={"exchange": "CME"})


def test_a_class_of_shares_is_found_behind_a_space() -> None:
    assert found(IbContract(symbol="BRK B", sec_type="STK", exchange="SMART", currency="USD")).symbol == "BRK.B"


@pytest.mark.parametrize(
    "terms",
    [
        option(strike=181, last_trade_date_or_contract_month="20260619"),
        IbContract(con_id=5),
        IbContract(con_id=5, symbol="GOOG", sec_type="STK"),
        replace(GOOG, exchange="NOWHERE"),
        replace(GOOG, currency="EUR"),
        IbContract(symbol="SPY", local_symbol="GOOG", sec_type="STK"),
        IbContract(local_symbol="GOOGLE", sec_type="OPT"),
        option(right=""),
        option(last_trade_date_or_contract_month="202606"),
    ],
    ids=str,
)
def test_what_no_contract_or_several_fit_is_answered_with_200(terms: IbContract) -> None:
    assert refusal(terms) == 200


@pytest.mark.parametrize(
    "terms",
    [
        IbContract(symbol="GOOG", sec_type="STOCK"),
        IbContract(sec_type="STK"),
        option(right="X"),
        option(multiplier="many"),
        IbContract(symbol="ES", sec_type="FUT", last_trade_date_or_contract_month="2026XX"),
        IbContract(symbol="GOOG", sec_type="BAG"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_answered_with_321(terms: IbContract) -> None:
    assert refusal(terms) == 321


# Combos


def test_a_combo_is_found_by_the_numbers_of_its_legs() -> None:
    async def work(instruments: Instruments) -> str:
        legs = [instruments.tell(await instruments.resolve(option(strike))) for strike in (180, 190)]
        return (await instruments.resolve(bag(legs))).key

    assert with_instruments(work) == "COMBO:GOOG[+1*GOOG260618C00180000,-1*GOOG260618C00190000]"


def test_the_legs_of_a_combo_are_found_by_numbers_of_an_earlier_run() -> None:
    legs = [with_instruments(_told(Option("GOOG", DAY, strike, "CALL"))) for strike in (180, 190)]
    assert found(bag(legs)).key == "COMBO:GOOG[+1*GOOG260618C00180000,-1*GOOG260618C00190000]"


def test_what_is_told_of_a_combo_leads_back_to_it() -> None:
    async def work(instruments: Instruments) -> bool:
        legs = [instruments.tell(await instruments.resolve(option(strike))) for strike in (180, 190)]
        combo = await instruments.resolve(bag(legs, (1, 2)))
        return (await instruments.resolve(instruments.tell(combo))) == combo

    assert with_instruments(work)


def test_a_combo_with_an_unknown_leg_is_answered_with_200() -> None:
    assert refusal(bag([IbContract(con_id=1), IbContract(con_id=2)])) == 200


@settings(deadline=None, max_examples=10)
@given(st.integers(160, 200).map(Decimal), st.sampled_from(["C", "P"]))
def test_every_option_listed_is_found_by_what_is_told_of_it(strike: Decimal, right: str) -> None:
    async def work(instruments: Instruments) -> bool:
        contract = await instruments.resolve(option(int(strike), right))
        again = await instruments.resolve(replace(instruments.tell(contract), con_id=0))
        return again == contract

    assert with_instruments(work)

"""Which of TWS's answers a contract means: one that has every term that was said, or an error. Never a guess."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from v6_ib_plugin.data.matching import chosen, route_of
from v6_ib_plugin.terms import IbContract, IbContractDetails
from v6_ib_plugin.translation.contracts import contract_of
from v6core.contracts import Future, Option, Single, Stock
from v6core.errors import Unavailable

SYMBOLS, CLASSES, PLACES = ["GOOG", "SPX", "ES"], ["", "GOOG", "SPXW", "NMS"], ["SMART", "CME", "NASDAQ"]
DAYS = ["20260116", "20260220"]

ROWS = st.builds(
    IbContractDetails,
    contract=st.builds(
        IbContract,
        con_id=st.integers(1, 4),
        symbol=st.sampled_from(SYMBOLS),
        sec_type=st.sampled_from(["STK", "OPT", "FUT", "BOND"]),
        last_trade_date_or_contract_month=st.sampled_from([*DAYS, "", "soon"]),
        strike=st.sampled_from([Decimal(100), Decimal(0)]),
        right=st.sampled_from(["C", "P", "", "?"]),
        multiplier=st.sampled_from(["", "1", "50", "100"]),
        exchange=st.sampled_from(PLACES),
        primary_exchange=st.sampled_from(["", "NASDAQ", "ARCA"]),
        currency=st.sampled_from(["USD", "EUR"]),
        trading_class=st.sampled_from(CLASSES),
    ),
    valid_exchanges=st.sampled_from(["", "SMART,NASDAQ", "CME"]),
)
SAID = {
    "currency": st.sampled_from(["USD", "EUR"]),
    "trading_class": st.sampled_from([None, "SPXW"]),
    "primary_exchange": st.sampled_from([None, "ARCA"]),
    "exchange": st.sampled_from(["SMART", "CME"]),
}
SYMBOL, DAY = st.sampled_from(SYMBOLS), st.sampled_from(DAYS)
CONTRACTS: st.SearchStrategy[Single] = st.one_of(
    st.builds(Stock, symbol=SYMBOL, **SAID),
    st.builds(Future, symbol=SYMBOL, expiration=DAY, multiplier=st.sampled_from([1, 50]), **SAID),
    st.builds(Option, symbol=SYMBOL, expiration=DAY, strike=st.just(100), right=st.sampled_from("CP"), **SAID),
)
TERMS = ("kind", "symbol", "currency", "expiration", "strike", "right")


def outcome(contract: Single, rows: list[IbContractDetails]) -> IbContractDetails | Unavailable:
    try:
        return chosen(contract, rows)
    except Unavailable as error:
        return error


@settings(deadline=None, max_examples=120)
@given(CONTRACTS, st.lists(ROWS, max_size=8))
def test_what_is_chosen_has_every_term_that_was_said(contract: Single, rows: list[IbContractDetails]) -> None:
    row = outcome(contract, rows)
    if isinstance(row, Unavailable):
        assert row.code in {"UNKNOWN_CONTRACT", "AMBIGUOUS_CONTRACT"}
        assert row.hint
        return
    found = contract_of(row.contract)
    assert all(getattr(found, term, None) == getattr(contract, term, None) for term in TERMS)
    assert contract.trading_class in {None, row.contract.trading_class}
    assert contract.primary_exchange in {None, row.contract.primary_exchange} or not row.contract.primary_exchange
    assert contract.multiplier in {found.multiplier, contract.usual_multiplier}


@settings(deadline=None, max_examples=80)
@given(CONTRACTS, ROWS)
def test_a_second_contract_that_fits_as_well_is_never_passed_over(contract: Single, row: IbContractDetails) -> None:
    if isinstance(outcome(contract, [row]), Unavailable):
        return
    twin = replace(row, contract=replace(row.contract, con_id=99))
    both = outcome(contract, [row, twin])
    assert isinstance(both, Unavailable)
    assert both.code == "AMBIGUOUS_CONTRACT"


@settings(deadline=None, max_examples=80)
@given(CONTRACTS, ROWS)
def test_an_order_goes_where_it_was_sent_or_to_where_the_contract_trades(
    contract: Single, row: IbContractDetails
) -> None:
    valid = [name for name in row.valid_exchanges.split(",") if name]
    try:
        route = route_of(contract, row)
    except Unavailable:
        assert contract.exchange not in {"SMART", *valid}
    else:
        assert not valid or route in valid
        assert contract.exchange in {route, "SMART"}

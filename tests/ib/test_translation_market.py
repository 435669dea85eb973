"""Ticks, contract details, market rules and option chains between IB and v6."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from v6_ib_plugin.terms import IbContract, IbContractDetails, OptionParameters
from v6_ib_plugin.translation.chains import chain_of, option_parameters
from v6_ib_plugin.translation.details import details_of, ib_details, rule_id_at, rule_ids, tick_bands
from v6_ib_plugin.translation.ticks import (
    GREEKS,
    SIZE_BESIDE,
    TICKS,
    DataType,
    Shown,
    TickMeaning,
    shown_price,
    tick_number,
)
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import ContractDetails, Crypto, Stock, TickBand
from v6core.quotes import ChainExpiration, OptionChain

UNSET = Decimal("1.7976931348623157E308")
STOCK = IbContractDetails(
    contract=IbContract(con_id=1, symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD"),
    min_tick=Decimal("0.01"),
    valid_exchanges="SMART,AMEX,CBOE",
    market_rule_ids="26,26,557",
    long_name="APPLE INC",
    size_increment=Decimal("0.0001"),
)


@pytest.mark.parametrize(
    ("number", "shown", "delayed"),
    [
        (1, Shown.BID, False),
        (2, Shown.ASK, False),
        (4, Shown.LAST, False),
        (0, Shown.BID_SIZE, False),
        (3, Shown.ASK_SIZE, False),
        (13, Shown.MODEL_GREEKS, False),
        (66, Shown.BID, True),
        (67, Shown.ASK, True),
        (68, Shown.LAST, True),
        (83, Shown.MODEL_GREEKS, True),
    ],
)
def test_a_tick_has_a_number_live_and_delayed(number: int, shown: Shown, *, delayed: bool) -> None:
    assert TICKS[number] == TickMeaning(shown, delayed=delayed)
    assert tick_number(shown, delayed=delayed) == number


def test_every_number_has_a_meaning_of_its_own() -> None:
    assert len(set(TICKS.values())) == len(TICKS)


def test_a_price_comes_with_its_size_and_greeks_of_four_kinds() -> None:
    assert SIZE_BESIDE[Shown.ASK] is Shown.ASK_SIZE
    assert len(GREEKS) == 4


@pytest.mark.parametrize(
    ("price", "size", "combo", "shown"),
    [
        (Decimal("1.5"), Decimal(3), False, Decimal("1.5")),
        (Decimal(-1), Decimal(0), False, None),
        (Decimal(-1), None, True, None),
        (Decimal(-1), Decimal(5), True, Decimal(-1)),
        (Decimal("-0.35"), Decimal(5), True, Decimal("-0.35")),
        (Decimal("-0.35"), Decimal(5), False, None),
        (Decimal(0), Decimal(0), False, Decimal(0)),
        (UNSET, None, False, None),
        (None, None, False, None),
    ],
)
def test_nobody_bids_where_tws_says_minus_one(
    price: Decimal | None, size: Decimal | None, shown: Decimal | None, *, combo: bool
) -> None:
    assert shown_price(price, size, combo=combo) == shown


def test_two_of_the_four_kinds_of_data_are_delayed() -> None:
    assert [kind for kind in DataType if kind.is_delayed] == [DataType.DELAYED, DataType.DELAYED_FROZEN]


def test_each_exchange_has_its_market_rule() -> None:
    assert rule_ids(STOCK) == {"SMART": 26, "AMEX": 26, "CBOE": 557}
    assert rule_id_at(STOCK, "CBOE") == 557
    assert rule_id_at(STOCK, "LSE") is None


@pytest.mark.parametrize("rules", ["26,26", "26,26,x", "26,26,\u0662"])
def test_rules_that_do_not_fit_the_exchanges_are_named(rules: str) -> None:
    with pytest.raises(Untranslatable, match="market_rule_ids"):
        rule_ids(IbContractDetails(contract=STOCK.contract, valid_exchanges="A,B,C", market_rule_ids=rules))


def test_the_bands_of_a_rule_are_the_ticks_at_prices() -> None:
    rule = [(Decimal(3), Decimal("0.05")), (Decimal(0), Decimal("0.01"))]
    details = details_of(STOCK, rule)
    assert details.contract == Stock("AAPL", conid=1)
    assert (details.tick_at(Decimal("2.99")), details.tick_at(Decimal(3))) == (Decimal("0.01"), Decimal("0.05"))


def test_without_a_rule_the_least_tick_holds() -> None:
    assert details_of(STOCK).ticks == (TickBand(tick=Decimal("0.01")),)


@pytest.mark.parametrize("rule", [[], [(Decimal(0), Decimal(0))], [(Decimal(0), Decimal(1)), (Decimal(0), Decimal(2))]])
def test_a_rule_that_is_none_is_named(rule: list[tuple[Decimal, Decimal]]) -> None:
    with pytest.raises(Untranslatable):
        tick_bands(rule)


def test_only_crypto_is_traded_in_parts() -> None:
    coin = IbContractDetails(
        contract=IbContract(symbol="BTC", sec_type="CRYPTO", exchange="PAXOS", currency="USD"),
        size_increment=Decimal("0.00000001"),
    )
    assert details_of(STOCK).quantity_step == 1
    assert details_of(coin).quantity_step == Decimal("0.00000001")
    assert isinstance(details_of(coin).contract, Crypto)


def test_details_are_told_and_read_back() -> None:
    bands = (TickBand(tick=Decimal("0.01")), TickBand(from_price=Decimal(3), tick=Decimal("0.05")))
    details = ContractDetails(contract=Stock("AAPL", conid=1), long_name="APPLE INC", ticks=bands)
    told = ib_details(details, exchanges=("SMART", "CBOE"), rule_id=32)
    assert rule_ids(told) == {"SMART": 32, "CBOE": 32}
    assert told.min_tick == Decimal("0.01")
    assert details_of(told, [(Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05"))]) == details


def row(exchange: str, trading_class: str, expirations: tuple[str, ...] = ("20261218",)) -> OptionParameters:
    return OptionParameters(
        exchange=exchange,
        underlying_con_id=1,
        trading_class=trading_class,
        multiplier="100",
        expirations=expirations,
        strikes=(Decimal(110), Decimal(100)),
    )


def test_a_chain_is_of_one_exchange_and_all_its_classes() -> None:
    rows = [row("SMART", "SPX"), row("CBOE", "SPX"), row("SMART", "SPXW", ("20261204",))]
    chain = chain_of("SPX", rows)
    assert [(listed.expiration, listed.trading_class) for listed in chain.expirations] == [
        (date(2026, 12, 4), "SPXW"),
        (date(2026, 12, 18), None),
    ]
    assert chain.expirations[0].strikes == (Decimal(100), Decimal(110))


def test_a_class_without_the_space_of_its_symbol_is_the_usual_one() -> None:
    assert chain_of("BRK.B", [row("SMART", "BRKB")]).expirations[0].trading_class is None


def test_a_chain_with_a_wrong_day_is_named() -> None:
    with pytest.raises(Untranslatable, match="expirations '202612'"):
        chain_of("SPX", [row("SMART", "SPX", ("202612",))])


def test_a_chain_is_told_by_class_and_read_back() -> None:
    strikes = (Decimal(100), Decimal(110))
    chain = OptionChain(
        symbol="SPX",
        expirations=(
            ChainExpiration(expiration=date(2026, 12, 4), strikes=strikes, trading_class="SPXW"),
            ChainExpiration(expiration=date(2026, 12, 18), strikes=strikes),
        ),
    )
    told = option_parameters(chain, underlying_con_id=1)
    assert {parameters.trading_class for parameters in told} == {"SPX", "SPXW"}
    assert chain_of("SPX", told) == chain

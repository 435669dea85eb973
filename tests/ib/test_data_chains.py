"""Option chains: of SMART where it lists any, by class, and never more than TWS tells."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ib.data_tws import CALL, GOOG, Floor, on_floor
from v6core.contracts import Contract, Future, FutureOption, OptionRight, Stock
from v6core.errors import Unavailable
from v6core.quotes import OptionChain

JAN, FEB = date(2026, 1, 16), date(2026, 2, 20)
OWN = ("SMART", 11, "GOOG", "100", 2, "20260220", "20260116", 2, "100.0", "90.0")
OTHER = ("SMART", 11, "2GOOG", "150", 1, "20260116", 1, "95.0")
CBOE = ("CBOE", 11, "GOOG", "100", 1, "20270115", 1, "50.0")


def chain(*rows: tuple[object, ...], contract: Contract = GOOG) -> OptionChain:
    async def work(at: Floor) -> OptionChain:
        at.tws.answers[78] = lambda asked: [*((75, asked[1], *row) for row in rows), (76, asked[1])]
        return await at.desk.chains.chain(contract)

    return on_floor(work)


def test_a_chain_has_the_strikes_of_each_expiration_in_order() -> None:
    found = chain(OWN)
    assert [row.expiration for row in found.expirations] == [JAN, FEB]
    assert found.expirations[0].strikes == (Decimal(90), Decimal(100))


def test_the_class_that_bears_the_symbol_is_not_named() -> None:
    found = chain(OWN)
    assert found.expirations[0].trading_class is None
    option = found.option(JAN, Decimal(100), CALL.right)
    assert option is not None
    assert option.key == CALL.key


def test_another_class_has_its_own_multiplier_and_comes_second() -> None:
    rows = [row for row in chain(OTHER, OWN).expirations if row.expiration == JAN]
    assert [(row.trading_class, row.multiplier) for row in rows] == [(None, Decimal(100)), ("2GOOG", Decimal(150))]


def test_smart_is_taken_before_the_exchange_of_the_underlying() -> None:
    nasdaq = ("NASDAQ", *CBOE[1:])
    assert chain(nasdaq, OWN, contract=Stock("GOOG", exchange="NASDAQ")).exchange == "SMART"


def test_the_exchange_of_the_underlying_is_taken_before_others() -> None:
    nasdaq = ("NASDAQ", *CBOE[1:])
    assert chain(("CBOE", *OWN[1:]), nasdaq, contract=Stock("GOOG", exchange="NASDAQ")).exchange == "NASDAQ"


def test_smart_is_taken_before_any_exchange() -> None:
    found = chain(CBOE, OWN)
    assert (found.exchange, found.expirations[-1].expiration) == ("SMART", FEB)


def test_without_smart_the_exchange_that_lists_most_is_taken() -> None:
    assert chain(("AMEX", 11, "GOOG", "100", 0, 0), CBOE).exchange == "CBOE"


def test_options_on_a_future_are_asked_for_at_its_exchange() -> None:
    async def work(at: Floor) -> list[str]:
        at.tws.answers[78] = lambda asked: [
            (75, asked[1], "CME", 14, "EW", "50", 1, "20261218", 1, "5000"),
            (76, asked[1]),
        ]
        await at.desk.chains.chain(Future("ES", "2026-12-18"))
        return at.tws.sent(78)[0]

    assert on_floor(work)[2:] == ["ES", "CME", "FUT", "14"]


ES = Future("ES", "2026-12-18")
EW = ("CME", 14, "EW", "50", 1, "20261130", 1, "6000.0")


def test_options_on_a_future_are_contracts_of_their_own_kind() -> None:
    listed = chain(EW, contract=ES).option(date(2026, 11, 30), Decimal(6000), OptionRight.PUT)
    assert listed == FutureOption("ES", "2026-11-30", 6000, "PUT", multiplier=50, exchange="CME", trading_class="EW")


def test_options_on_a_future_without_a_multiplier_have_that_of_the_future() -> None:
    bare = (*EW[:3], "", *EW[4:])
    assert chain(bare, contract=ES).expirations[0].multiplier == 50


def test_options_on_a_future_are_those_of_its_own_exchange() -> None:
    assert chain(("SMART", *EW[1:]), EW, contract=ES).exchange == "CME"


def test_an_underlying_without_options_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"^no options are listed on GOOG$"):
        chain()


def test_an_option_has_no_options_itself() -> None:
    with pytest.raises(Unavailable, match="options are listed on stocks, indices and futures"):
        chain(OWN, contract=CALL)


def test_a_chain_of_nonsense_is_refused_whole() -> None:
    bad: tuple[Any, ...] = ("SMART", 11, "GOOG", "100", 1, "someday", 1, "100.0")
    with pytest.raises(Exception, match="someday"):
        chain(bad)

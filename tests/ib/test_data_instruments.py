"""Contracts looked up at TWS: completed, on the tick of their market rule, asked for once, and never guessed."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from ib.data_tws import (
    CALL,
    CALL_ROW,
    ES_ROW,
    GOOG,
    GOOG_ROW,
    PUT,
    PUT_ROW,
    Floor,
    Market,
    on_floor,
)
from v6_ib_plugin.data.instruments import Instrument
from v6_ib_plugin.terms import IbComboLeg, IbContract
from v6core.contracts import Combo, ComboLeg, Contract, Future, Option, Stock, TickBand
from v6core.errors import NotConnected, Unavailable


def looked_up(contract: Contract, market: Market | None = None) -> Instrument:
    return on_floor(lambda at: at.desk.instruments.qualify(contract), market)


def refused(contract: Contract, market: Market | None = None) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        looked_up(contract, market)
    return caught.value


def listing(*rows: dict[str, Any]) -> Market:
    return Market(rows=list(rows))


def test_a_contract_is_completed_with_its_conid_and_primary_exchange() -> None:
    found = looked_up(GOOG)
    assert (found.contract.con_id, found.details.contract.primary_exchange) == (11, "NASDAQ")


def test_a_completed_contract_is_the_instrument_that_was_meant() -> None:
    assert looked_up(GOOG).details.contract.key == GOOG.key
    assert looked_up(CALL).details.contract.key == CALL.key


def test_ticks_are_those_of_the_rule_on_the_exchange_that_is_routed_to() -> None:
    assert looked_up(GOOG).details.ticks == (
        TickBand(from_price=Decimal(0), tick=Decimal("0.01")),
        TickBand(from_price=Decimal(3), tick=Decimal("0.05")),
    )
    direct = looked_up(Stock("GOOG", exchange="NASDAQ"))
    assert direct.details.ticks == (TickBand(tick=Decimal("0.1")),)


def test_without_a_rule_the_finest_tick_holds() -> None:
    market = listing({**GOOG_ROW, "rules": "", "min_tick": "0.005"})
    assert looked_up(GOOG, market).details.ticks == (TickBand(tick=Decimal("0.005")),)


def test_a_future_is_found_on_its_own_exchange_and_has_its_own_multiplier() -> None:
    found = looked_up(Future("ES", "2026-12-18"))
    assert (found.details.contract.exchange, found.details.contract.multiplier) == ("CME", Decimal(50))


def test_a_future_with_another_day_is_refused_with_the_days_that_there_are() -> None:
    error = refused(Future("ES", "2026-12-01"))
    assert error.code == "UNKNOWN_CONTRACT"
    assert error.hint is not None
    assert "20261218" in error.hint


def test_another_multiplier_than_the_listed_one_is_refused_by_name() -> None:
    error = refused(Future("ES", "2026-12-18", multiplier=5))
    assert "multiplier 5" in error.message
    assert "multiplier 50" in error.message


def test_what_tws_does_not_know_is_unavailable() -> None:
    error = refused(Stock("NOSUCH"))
    assert (error.code, error.message) == (
        "UNKNOWN_CONTRACT",
        "Interactive Brokers knows no NOSUCH",
    )


def test_the_exchange_is_named_where_it_was_chosen() -> None:
    assert refused(Stock("NOSUCH", exchange="ISE")).message == "Interactive Brokers knows no NOSUCH on ISE"


def test_a_stock_that_is_not_known_may_be_an_index_or_a_future() -> None:
    hint = refused(Stock("SPX")).hint
    assert hint is not None
    assert "an index is INDEX:SPX, a future FUTURE:SPX with its last day" in hint


def test_several_matches_are_named_with_the_way_out() -> None:
    weekly = {**CALL_ROW, "con_id": 99, "trading_class": "GOOGW"}
    error = refused(CALL, listing(CALL_ROW, weekly))
    assert error.code == "AMBIGUOUS_CONTRACT"
    assert "trading_class GOOG multiplier 100 conid 12" in error.message
    assert "trading_class GOOGW multiplier 100 conid 99" in error.message
    assert error.hint is not None
    assert "trading_class" in error.hint


def test_the_trading_class_tells_two_options_apart() -> None:
    weekly = {**CALL_ROW, "con_id": 99, "trading_class": "GOOGW"}
    market = listing(CALL_ROW, weekly)
    found = looked_up(CALL.model_copy(update={"trading_class": "GOOGW"}), market)
    assert found.contract.con_id == 99


def test_the_currency_tells_two_listings_apart() -> None:
    market = listing(GOOG_ROW, {**GOOG_ROW, "con_id": 77, "currency": "EUR", "primary": "IBIS"})
    assert looked_up(Stock("GOOG", currency="EUR"), market).contract.con_id == 77


def test_the_primary_exchange_tells_two_listings_apart() -> None:
    market = listing(GOOG_ROW, {**GOOG_ROW, "con_id": 77, "primary": "ARCA"})
    assert looked_up(Stock("GOOG", primary_exchange="ARCA"), market).contract.con_id == 77


def test_one_contract_listed_on_several_exchanges_is_not_ambiguous() -> None:
    market = listing(ES_ROW, {**ES_ROW, "exchange": "QBALGO"})
    assert looked_up(Future("ES", "2026-12-18"), market).contract.exchange == "CME"


def test_a_conid_of_another_instrument_is_refused() -> None:
    error = refused(Stock("MSFT", conid=11))
    assert "GOOG NASDAQ" in error.message


def test_a_conid_is_asked_for_alone() -> None:
    async def work(at: Floor) -> list[str]:
        await at.desk.instruments.qualify(Stock("GOOG", conid=11))
        return at.tws.sent(9)[0]

    assert on_floor(work)[3:6] == ["11", "", ""]


def test_an_exchange_that_does_not_take_the_contract_is_refused_with_those_that_do() -> None:
    error = refused(Stock("GOOG", exchange="LSE"))
    assert error.message == "GOOG is not traded on LSE, only on SMART, NASDAQ"


def test_a_contract_is_asked_for_once() -> None:
    async def work(at: Floor) -> int:
        for _ in range(3):
            await at.desk.instruments.qualify(GOOG)
        return at.asked(9)

    assert on_floor(work) == 1


def test_the_completed_contract_is_not_asked_for_again() -> None:
    async def work(at: Floor) -> int:
        found = await at.desk.instruments.qualify(GOOG)
        assert await at.desk.instruments.qualify(found.details.contract) is found
        return at.asked(9)

    assert on_floor(work) == 1


def test_what_was_found_long_ago_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v6_ib_plugin.data.instruments._FRESH_FOR", 0)

    async def work(at: Floor) -> int:
        await at.desk.instruments.qualify(GOOG)
        await at.desk.instruments.qualify(GOOG)
        return at.asked(9)

    assert on_floor(work) == 2


def test_questions_at_the_same_time_are_one_question() -> None:
    async def work(at: Floor) -> int:
        await asyncio.gather(*(at.desk.instruments.qualify(GOOG) for _ in range(5)))
        return at.asked(9)

    assert on_floor(work) == 1


def test_who_leaves_takes_the_answer_from_nobody_else() -> None:
    async def work(at: Floor) -> Instrument:
        first = asyncio.create_task(at.desk.instruments.qualify(GOOG))
        second = asyncio.create_task(at.desk.instruments.qualify(GOOG))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert on_floor(work).contract.con_id == 11


def test_a_contract_that_was_not_known_is_asked_for_again() -> None:
    async def work(at: Floor) -> Instrument:
        at.market.rows = []
        with pytest.raises(Unavailable):
            await at.desk.instruments.qualify(GOOG)
        at.market.rows = [GOOG_ROW]
        return await at.desk.instruments.qualify(GOOG)

    assert on_floor(work).contract.con_id == 11


def test_one_rule_is_asked_for_once() -> None:
    async def work(at: Floor) -> int:
        await asyncio.gather(*(at.desk.instruments.qualify(contract) for contract in (GOOG, CALL, PUT)))
        return at.asked(91)

    assert on_floor(work) == 1


def test_a_lost_link_ends_the_question() -> None:
    async def work(at: Floor) -> None:
        at.tws.answers.clear()
        question = asyncio.create_task(at.desk.instruments.qualify(GOOG))
        await at.tws.until_sent(9)
        at.tws.hang_up()
        with pytest.raises(NotConnected):
            await question

    on_floor(work)


COMBO = Combo("GOOG", [ComboLeg(CALL, "BUY", 2), ComboLeg(PUT, "SELL")])


def test_a_combo_is_put_together_from_its_legs_and_never_asked_for() -> None:
    async def work(at: Floor) -> tuple[Instrument, list[list[str]]]:
        return await at.desk.instruments.qualify(COMBO), at.tws.sent(9)

    found, asked = on_floor(work)
    assert found.contract.combo_legs == (
        IbComboLeg(con_id=12, ratio=2, action="BUY", exchange="SMART"),
        IbComboLeg(con_id=13, ratio=1, action="SELL", exchange="SMART"),
    )
    assert [fields[5] for fields in asked] == ["OPT", "OPT"]


def test_a_combo_moves_by_the_finest_tick_of_its_legs() -> None:
    assert looked_up(COMBO).details.ticks == (TickBand(tick=Decimal("0.01")),)


def test_a_combo_with_shares_moves_by_no_less_than_a_cent() -> None:
    covered = Combo("GOOG", [ComboLeg(GOOG, "BUY", 100), ComboLeg(CALL, "SELL")])
    market = listing({**GOOG_ROW, "min_tick": "0.0001"}, CALL_ROW)
    assert looked_up(covered, market).details.ticks == (TickBand(tick=Decimal("0.01")),)


def test_a_combo_of_futures_is_routed_to_their_exchange() -> None:
    far = {**ES_ROW, "con_id": 15, "expiry": "20270319"}
    calendar = Combo("ES", [ComboLeg(Future("ES", "2026-12-18"), "SELL"), ComboLeg(Future("ES", "2027-03-19"), "BUY")])
    bag = looked_up(calendar, listing(ES_ROW, far)).contract
    assert (bag.exchange, {leg.exchange for leg in bag.combo_legs}) == ("CME", {"CME"})


def test_a_combo_with_a_leg_that_is_not_listed_is_refused_by_that_leg() -> None:
    assert PUT.key in refused(COMBO, listing(CALL_ROW)).message


def test_the_sessions_of_a_contract_are_told_in_utc() -> None:
    sessions = looked_up(GOOG).hours.sessions
    assert [session.opens.isoformat() for session in sessions] == [
        "2026-01-05T09:00:00+00:00",
        "2026-01-07T09:00:00+00:00",
    ]


def test_what_tws_tells_by_a_known_conid_is_the_contract_that_was_looked_up() -> None:
    async def work(at: Floor) -> tuple[Contract | None, Contract]:
        found = await at.desk.instruments.qualify(GOOG)
        return at.desk.instruments.contract_of(
            IbContract(con_id=11, symbol="GOOG", sec_type="STK")
        ), found.details.contract

    told, looked = on_floor(work)
    assert told is looked


def test_what_tws_tells_by_an_unknown_conid_is_read_from_its_own_fields() -> None:
    async def work(at: Floor) -> Contract | None:
        return at.desk.instruments.contract_of(
            IbContract(
                con_id=12,
                symbol="GOOG",
                sec_type="OPT",
                last_trade_date_or_contract_month="20260116",
                strike=Decimal(100),
                right="C",
                multiplier="100",
                currency="USD",
                trading_class="GOOG",
            )
        )

    told = on_floor(work)
    assert isinstance(told, Option)
    assert (told.key, told.conid) == (CALL.key, 12)


def test_a_contract_that_v6_has_no_word_for_is_none() -> None:
    async def work(at: Floor) -> Contract | None:
        return at.desk.instruments.contract_of(IbContract(con_id=5, symbol="T 4 08/15/30", sec_type="BOND"))

    assert on_floor(work) is None


def test_a_combo_is_told_once_its_legs_are_learnt() -> None:
    bag = IbContract(
        symbol="GOOG", sec_type="BAG", currency="USD", combo_legs=(IbComboLeg(con_id=12), IbComboLeg(con_id=13))
    )

    async def work(at: Floor) -> tuple[Contract | None, Contract | None]:
        before = at.desk.instruments.contract_of(bag)
        await at.desk.instruments.learn([12, 13, 404])
        return before, at.desk.instruments.contract_of(bag)

    before, after = on_floor(work, listing(CALL_ROW, PUT_ROW))
    assert before is None
    assert isinstance(after, Combo)
    assert {leg.contract.key for leg in after.legs} == {CALL.key, PUT.key}

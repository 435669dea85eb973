"""Quotes at TWS: one line for a contract, delayed named so, ended and put again; what TWS refuses, with the way out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ib.data_tws import (
    CALL,
    GOOG,
    NOW,
    PUT,
    Floor,
    Market,
    on_floor,
    price,
    two_sides,
)
from v6_ib_plugin.data.quotes.watches import net_quote
from v6core.contracts import Combo, ComboLeg, Contract, Stock
from v6core.errors import BrokerError, NotConnected, Unavailable
from v6core.quotes import Quote

SUBSCRIBE, CANCEL = 1, 2
QUOTED = Market(ticks={"11": two_sides("99.5", "100.5", "100")})
MODEL = (21, None, 13, 0, "0.25", "0.5", "2.0", "0", "0.02", "0.1", "-0.05", "100")


def quoted(contract: Contract, market: Market = QUOTED) -> Quote:
    return on_floor(lambda at: at.desk.quotes.quote(contract), market)


def refused(answer: tuple[int, str]) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        quoted(GOOG, Market(refusals={"11": answer}))
    return caught.value


@asynccontextmanager
async def reading(at: Floor, *contracts: Contract) -> AsyncGenerator[AsyncGenerator[Quote, None], None]:
    stream = at.desk.quotes.stream(contracts)
    try:
        yield stream
    finally:
        await stream.aclose()


def test_a_quote_has_both_sides_the_last_price_and_the_time_at_which_it_came() -> None:
    quote = quoted(GOOG)
    assert (quote.bid, quote.ask, quote.last) == (Decimal("99.5"), Decimal("100.5"), Decimal(100))
    assert (quote.bid_size, quote.time, quote.delayed) == (Decimal(1), NOW, False)


def test_a_quote_is_of_the_contract_that_was_asked_for() -> None:
    assert quoted(GOOG).contract is GOOG


def test_nobody_who_bids_is_told_as_none() -> None:
    quote = quoted(GOOG, Market(ticks={"11": [price(1, -1, 0), price(2, "100.5"), price(4, 100)]}))
    assert (quote.bid, quote.bid_size, quote.ask) == (None, None, Decimal("100.5"))


def test_delayed_data_are_named_so() -> None:
    delayed = [(58, 1, None, 3), price(66, "99.5"), price(67, "100.5"), price(68, 100)]
    assert quoted(GOOG, Market(ticks={"11": delayed})).delayed


def test_an_option_has_the_greeks_of_the_model() -> None:
    greeks = quoted(CALL, Market(ticks={"12": [*two_sides(2, "2.1", 2), MODEL]})).greeks
    assert greeks is not None
    assert (greeks.implied_volatility, greeks.delta, greeks.theta) == (
        Decimal("0.25"),
        Decimal("0.5"),
        Decimal("-0.05"),
    )
    assert greeks.underlying_price == 100


def test_what_the_model_does_not_know_is_none() -> None:
    unknown = (21, None, 13, 0, "-1", "-2", "-1", "-1", "-2", "-2", "-2", "-1")
    assert quoted(CALL, Market(ticks={"12": [*two_sides(2, "2.1", 2), unknown]})).greeks is None


def test_a_contract_that_is_silent_is_unavailable() -> None:
    async def work(at: Floor) -> None:
        at.desk.quotes.patience = 0.05
        with pytest.raises(Unavailable, match=r"^no quote of GOOG came within 0.05 s$"):
            await at.desk.quotes.quote(GOOG)

    on_floor(work)


@pytest.mark.parametrize("code", [101, 200, 354, 10089, 10168, 10186, 10197])
def test_a_refusal_names_the_code_and_the_way_out(code: int) -> None:
    error = refused((code, "said so"))
    assert error.message == f"no quotes of GOOG: TWS answered {code}, said so"
    assert error.code == str(code)
    assert error.hint


def test_partly_refused_data_are_refused_where_nothing_comes() -> None:
    assert refused((10090, "Part of requested market data is not subscribed")).code == "10090"


def test_partly_refused_data_are_told_where_something_comes() -> None:
    market = Market(ticks={"11": [(4, 2, None, 10090, "part", ""), *two_sides(99, 101, 100)]})
    assert quoted(GOOG, market).bid == 99


def test_partly_refused_data_go_on_where_something_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v6_ib_plugin.data.quotes.lines._SETTLED_AFTER", 0.01)

    async def work(at: Floor) -> Decimal | None:
        async with reading(at, GOOG) as stream:
            await anext(stream)
            await asyncio.sleep(0.02)
            await at.tick(price(1, 98))
            return (await anext(stream)).bid

    market = Market(ticks={"11": [(4, 2, None, 10090, "part", ""), *two_sides(99, 101)]})
    assert on_floor(work, market) == 98


def test_a_remark_refuses_nothing() -> None:
    market = Market(ticks={"11": [(4, 2, None, 10167, "delayed data are shown", ""), *two_sides(99, 101, 100)]})
    assert quoted(GOOG, market).bid == 99


def test_the_next_question_is_answered_by_the_same_line() -> None:
    async def work(at: Floor) -> int:
        for _ in range(3):
            await at.desk.quotes.quote(GOOG)
        return at.asked(SUBSCRIBE)

    assert on_floor(work, QUOTED) == 1


def test_a_line_that_nobody_asks_of_any_longer_ends() -> None:
    async def work(at: Floor) -> int:
        at.desk.quotes.linger = 0.01
        await at.desk.quotes.quote(GOOG)
        await at.tws.until_sent(CANCEL)
        return len(at.desk.quotes.lines)

    assert on_floor(work, QUOTED) == 0


def test_a_question_that_is_cancelled_leaves_its_line() -> None:
    async def work(at: Floor) -> None:
        at.desk.quotes.linger = 0
        question = asyncio.create_task(at.desk.quotes.quote(GOOG))
        await at.tws.until_sent(SUBSCRIBE)
        question.cancel()
        await at.tws.until_sent(CANCEL)
        assert len(at.desk.quotes.lines) == 0

    on_floor(work)


def test_a_stream_tells_what_there_is_and_then_each_change() -> None:
    async def work(at: Floor) -> list[Decimal | None]:
        async with reading(at, GOOG) as stream:
            first = await anext(stream)
            await at.tick(price(1, "99.6"))
            return [first.bid, (await anext(stream)).bid]

    assert on_floor(work, QUOTED) == [Decimal("99.5"), Decimal("99.6")]


def test_half_a_quote_is_not_told_while_the_other_half_may_come() -> None:
    async def work(at: Floor) -> Quote:
        async with reading(at, GOOG) as stream:
            first = asyncio.ensure_future(anext(stream))
            await at.tick(price(1, 99))
            await at.tick(price(2, 101))
            return await first

    quote = on_floor(work)
    assert (quote.bid, quote.ask) == (Decimal(99), Decimal(101))


def test_half_a_quote_is_told_once_the_other_half_had_its_time() -> None:
    async def work(at: Floor) -> Quote:
        async with reading(at, GOOG) as stream:
            return await anext(stream)

    quote = on_floor(work, Market(ticks={"11": [price(1, 99)]}))
    assert (quote.bid, quote.ask) == (Decimal(99), None)


def test_who_reads_slowly_gets_the_latest_alone() -> None:
    async def work(at: Floor) -> Decimal | None:
        async with reading(at, GOOG) as stream:
            await anext(stream)
            for bid in range(50, 60):
                await at.tick(price(1, bid))
            return (await anext(stream)).bid

    assert on_floor(work, QUOTED) == 59


def test_only_what_has_changed_is_told() -> None:
    async def work(at: Floor) -> list[str]:
        async with reading(at, GOOG, CALL) as stream:
            first = {(await anext(stream)).contract.key for _ in range(2)}
            told: list[str] = []
            for bid in (97, 98):
                await at.tick(price(1, bid))
                told.append((await anext(stream)).contract.key)
            return [*sorted(first), *told]

    market = Market(ticks={"11": two_sides(99, 101), "12": two_sides(2, 3)})
    assert on_floor(work, market) == [GOOG.key, CALL.key, GOOG.key, GOOG.key]


def test_readers_of_one_contract_share_a_line() -> None:
    async def work(at: Floor) -> tuple[int, int]:
        async with reading(at, GOOG) as one, reading(at, GOOG) as other:
            await anext(one)
            await anext(other)
            return at.asked(SUBSCRIBE), at.asked(CANCEL)

    assert on_floor(work, QUOTED) == (1, 0)


def test_the_last_reader_ends_the_line() -> None:
    async def work(at: Floor) -> int:
        async with reading(at, GOOG) as one:
            await anext(one)
            async with reading(at, GOOG) as other:
                await anext(other)
            await at.tick(price(1, 98))
            assert (await anext(one)).bid == 98
        await at.tws.until_sent(CANCEL)
        return len(at.desk.quotes.lines)

    assert on_floor(work, QUOTED) == 0


def test_more_lines_than_there_may_be_are_refused_by_their_number() -> None:
    async def work(at: Floor) -> None:
        async with reading(at, GOOG) as stream:
            await anext(stream)
            with pytest.raises(
                Unavailable, match="1 contracts are quoted already, and market_data_lines allows no more"
            ):
                await at.desk.quotes.quote(CALL)

    on_floor(work, QUOTED, most_lines=1)


def test_a_line_that_nobody_reads_makes_room() -> None:
    async def work(at: Floor) -> int:
        await at.desk.quotes.quote(GOOG)
        await at.desk.quotes.quote(CALL)
        await at.tws.until_sent(CANCEL)
        return len(at.desk.quotes.lines)

    market = Market(ticks={"11": two_sides(99, 101, 100), "12": [*two_sides(2, 3, 2), MODEL]})
    assert on_floor(work, market, most_lines=1) == 1


def test_a_line_that_tws_ends_ends_its_stream() -> None:
    async def work(at: Floor) -> None:
        async with reading(at, GOOG) as stream:
            await anext(stream)
            await at.tick((4, 2, None, 10197, "No market data during competing live session", ""))
            with pytest.raises(Unavailable, match="10197"):
                await anext(stream)

    on_floor(work, QUOTED)


def test_a_stream_goes_on_over_another_connection() -> None:
    async def work(at: Floor) -> Quote:
        async with reading(at, GOOG) as stream:
            await anext(stream)
            at.tws.hang_up()
            while at.transport.is_connected:  # noqa: ASYNC110 -- nobody listens here
                await asyncio.sleep(0.001)
            at.market.ticks["11"] = two_sides(50, 51)
            await at.transport.open("127.0.0.1", at.tws.port, 1, 5)
            at.desk.connected("DU1234567")
            return await anext(stream)

    quote = on_floor(work, Market(ticks={"11": two_sides("99.5", "100.5", "100")}))
    assert (quote.bid, quote.last) == (Decimal(50), None)


def test_lines_that_tws_lost_are_put_again() -> None:
    async def work(at: Floor) -> int:
        async with reading(at, GOOG) as stream:
            await anext(stream)
            at.desk.data_lost()
            await at.tws.until_sent(SUBSCRIBE, 2)
            await anext(stream)
            return at.asked(CANCEL)

    assert on_floor(work, QUOTED) == 1


def test_disconnecting_ends_streams_and_leaves_nothing_behind() -> None:
    async def work(at: Floor) -> int:
        async with reading(at, GOOG) as stream:
            await anext(stream)
            at.desk.disconnected(NotConnected("disconnected"))
            with pytest.raises(BrokerError, match=r"^disconnected$"):
                await anext(stream)
        return len(at.desk.quotes.lines)

    assert on_floor(work, QUOTED) == 0


SPREAD = Combo("GOOG", [ComboLeg(CALL, "BUY"), ComboLeg(PUT, "SELL", 2)])
LEGS = {"12": two_sides("2.0", "2.2"), "13": two_sides("0.9", "1.0")}


def test_a_combo_is_quoted_as_tws_quotes_it() -> None:
    quote = quoted(SPREAD, Market(ticks={"BAG": two_sides("-0.5", "0.25")}))
    assert (quote.bid, quote.ask) == (Decimal("-0.5"), Decimal("0.25"))


def test_a_combo_that_tws_does_not_quote_is_the_net_of_its_legs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v6_ib_plugin.data.quotes.watches._COMBO_PATIENCE", 60)
    market = Market(ticks=LEGS, refusals={"BAG": (200, "No security definition")})
    quote = quoted(SPREAD, market)
    assert (quote.bid, quote.ask) == (Decimal("2.0") - 2 * Decimal("1.0"), Decimal("2.2") - 2 * Decimal("0.9"))
    assert (str(quote.contract), quote.bid_size) == (str(SPREAD), Decimal(0))


def test_a_combo_that_tws_says_nothing_of_is_the_net_of_its_legs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v6_ib_plugin.data.quotes.watches._COMBO_PATIENCE", 0.01)
    assert quoted(SPREAD, Market(ticks=LEGS)).ask == Decimal("0.4")


def test_a_combo_whose_leg_is_refused_is_refused_by_that_leg() -> None:
    market = Market(ticks=LEGS, refusals={"BAG": (200, "none"), "13": (354, "not subscribed")})
    with pytest.raises(Unavailable, match=f"no quotes of {PUT.key}: TWS answered 354"):
        quoted(SPREAD, market)


def test_a_combo_stream_ends_the_lines_of_its_legs() -> None:
    async def work(at: Floor) -> int:
        async with reading(at, SPREAD) as stream:
            await anext(stream)
            assert len(at.desk.quotes.lines) == 2
        return len(at.desk.quotes.lines)

    assert on_floor(work, Market(ticks=LEGS, refusals={"BAG": (200, "none")})) == 0


def test_a_line_that_cannot_be_put_is_not_kept() -> None:
    async def work(at: Floor) -> int:
        await at.desk.instruments.qualify(GOOG)
        await at.transport.close()
        with pytest.raises(BrokerError):
            await at.desk.quotes.quote(GOOG)
        return len(at.desk.quotes.lines)

    assert on_floor(work) == 0


def test_a_stream_of_a_contract_that_is_not_known_says_so() -> None:
    async def work(at: Floor) -> None:
        async with reading(at, GOOG, Stock("NOSUCH")) as stream:
            with pytest.raises(Unavailable, match="knows no NOSUCH"):
                await anext(stream)
        assert len(at.desk.quotes.lines) == 0

    on_floor(work, QUOTED)


LEG = st.tuples(st.sampled_from([-3, -2, -1, 1, 2, 3]), st.integers(1, 500), st.integers(0, 50))


def combo_of(ratios: list[int]) -> Combo:
    """Return a combo of calls in these ratios, and one more that keeps them in lowest terms."""
    calls = [CALL.model_copy(update={"strike": Decimal(strike)}) for strike in range(1, len(ratios) + 1)]
    legs = [
        ComboLeg(call, "BUY" if ratio > 0 else "SELL", abs(ratio)) for call, ratio in zip(calls, ratios, strict=True)
    ]
    return Combo("GOOG", [ComboLeg(PUT), *legs])


def quote_of(contract: Contract, bid: int, wide: int) -> Quote:
    return Quote(contract=contract, time=NOW, bid=Decimal(bid), ask=Decimal(bid + wide))


@settings(deadline=None, max_examples=60)
@given(st.lists(LEG, min_size=1, max_size=3))
def test_the_net_of_legs_is_their_signed_sum_at_the_side_that_takes_them(legs: list[tuple[int, int, int]]) -> None:
    combo = combo_of([ratio for ratio, _, _ in legs])
    put = quote_of(PUT, 7, 1)
    others = [quote_of(leg.contract, bid, wide) for leg, (_, bid, wide) in zip(combo.legs[1:], legs, strict=True)]
    net = net_quote(combo, [put, *others])
    assert net.ask == 8 + sum(ratio * (bid + wide if ratio > 0 else bid) for ratio, bid, wide in legs)
    assert net.bid == 7 + sum(ratio * (bid if ratio > 0 else bid + wide) for ratio, bid, wide in legs)

"""Questions: whole answers or none, whatever else comes in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ib.link_desk import until
from ib.scripted_tws import Row, ScriptedTws, commission, error, execution, open_order, order_status
from ib.transport_desk import GOOG, limit_order, ours, tells_the_time
from v6_ib_plugin.pacing import Pacer
from v6_ib_plugin.terms import (
    IbAnswer,
    IbContract,
    IbDataType,
    IbOptionTick,
    IbPnl,
    IbPriceTick,
    IbSizeTick,
    IbSnapshotEnd,
    IbTextTick,
    IbTick,
)
from v6_ib_plugin.transport import Answered, Transport
from v6core.errors import NotConnected, NotSent, Unavailable

Asks = Callable[[Transport], Awaitable[Any]]


def answer_to(request: int, rows: Callable[[str], list[Row]], ask: Asks, *, at: int = 1) -> Any:
    """Return what a question is answered with, where TWS answers the request so; ``at`` is the place of its id."""

    async def run() -> Any:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            server.answers[request] = lambda fields: rows(fields[at])
            return await ask(transport)

    return asyncio.run(run())


def test_open_orders_come_with_their_statuses() -> None:
    rows: list[Row] = [open_order(1), order_status(1, "Submitted"), (53, 1)]
    answer = answer_to(16, lambda _: rows, Transport.all_open_orders)
    ((contract, order, state),) = answer.orders
    assert (contract.symbol, order.lmt_price, order.order_ref) == ("GOOG", Decimal("101.50"), "v6-x")
    assert (state.status, answer.statuses[0].status) == ("Submitted", "Submitted")


def bond(req_id: str) -> Row:
    """Return the details of a bond."""
    return (
        18, req_id, "IBM", "BOND", "459200101", "4.15", "20390515", "20190515", "A3", "CORP", "FIXED", 0, 1, 0,
        "IBM 4.15 05/15/39", "SMART", "USD", "IBM", "IBM", 4711, "0.001", "LMT,MKT", "SMART,BOND2", "", "", 0, "",
        "INTL BUSINESS MACHINES", "", "", 0, 1, "26", "1", "1", "1",
    )  # fmt: skip


def test_the_details_of_a_bond_are_those_of_a_contract() -> None:
    rows: Callable[[str], list[Row]] = lambda req_id: [bond(req_id), (52, 1, req_id)]  # noqa: E731
    (found,) = answer_to(9, rows, lambda transport: transport.contract_details(GOOG), at=2)
    assert (found.contract.sec_type, found.contract.con_id, found.valid_exchanges) == ("BOND", 4711, "SMART,BOND2")


def test_positions_keep_the_last_of_each_contract() -> None:
    def row(quantity: int) -> Row:
        return (61, 3, "DU1", 1, "GOOG", "STK", "", "0.0", "", "", "", "USD", "GOOG", "NMS", quantity, "101.25")

    ((account, contract, quantity, cost),) = answer_to(61, lambda _: [row(5), row(7), (62, 1)], Transport.positions)
    assert (account, contract.con_id, quantity, cost) == ("DU1", 1, 7, Decimal("101.25"))


def test_executions_come_with_the_commissions_told_so_far() -> None:
    def rows(req_id: str) -> list[Row]:
        number = int(req_id)
        return [execution(number, "e1"), commission("e1", "0.35"), execution(number, "e2"), (55, 1, number)]

    first, second = answer_to(7, rows, Transport.executions, at=2)
    assert (first[2].commission, first[2].realized_pnl, second[2]) == (Decimal("0.35"), None, None)


def test_account_values_are_by_key_and_currency_and_the_subscription_is_ended() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            value = (6, 2, "CashBalance", "100.5", "USD", "DU1")
            server.answers[6] = lambda f: [value, (54, 1, "DU1")] if f[2] == "1" else []
            assert await transport.account_values("DU1") == {("CashBalance", "USD"): "100.5"}
            assert [fields[2] for fields in await server.until_sent(6, 2)] == ["1", "0"]

    asyncio.run(run())


def test_option_parameters_are_whole_rows() -> None:
    def rows(req_id: str) -> list[Row]:
        return [(75, req_id, "SMART", 208, "GOOG", "100", 2, "20261218", "20270115", 1, "750.5"), (76, req_id)]

    (row,) = answer_to(78, rows, lambda t: t.option_parameters("GOOG", "STK", 208))
    assert (row.expirations, row.strikes) == (("20261218", "20270115"), (Decimal("750.5"),))


def test_a_chain_that_announces_more_than_it_says_is_no_answer() -> None:
    def rows(req_id: str) -> list[Row]:
        return [(75, req_id, "SMART", 208, "GOOG", "100", 1, "20261218", 2, "750.5"), (76, req_id)]

    with pytest.raises(Unavailable, match="2 strikes are announced and 1 follow"):
        answer_to(78, rows, lambda t: t.option_parameters("GOOG", "STK", 208))


def test_a_market_rule_is_its_bands() -> None:
    rule = answer_to(91, lambda f: [(93, f, 2, "0", "0.01", "3", "0.05")], lambda t: t.market_rule(26))
    assert rule == ((Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05")))


def test_bars_are_what_the_wire_says() -> None:
    def rows(req_id: str) -> list[Row]:
        return [(17, req_id, "", "", 1, "1790000000", "1.10", "1.2", "1.0", "1.15", "300", "1.12", "9")]

    (bar,) = answer_to(20, rows, lambda t: t.historical_bars(GOOG))
    assert (bar.date, str(bar.open), bar.volume, bar.count) == ("1790000000", "1.10", 300, 9)


def test_the_time_is_aware() -> None:
    now = answer_to(49, lambda _: [(49, 1, 1_790_000_000)], Transport.current_time)
    assert now == datetime.fromtimestamp(1_790_000_000, UTC)


def test_a_combo_is_not_asked_about_because_tws_would_not_answer() -> None:
    with pytest.raises(Unavailable, match="no details of a combo"):
        asyncio.run(Transport().contract_details(IbContract(sec_type="BAG")))


@pytest.mark.parametrize("code", [200, 321, 504])
def test_an_error_under_its_id_fails_a_question(code: int) -> None:
    with pytest.raises(Answered) as raised:
        answer_to(9, lambda req_id: [error(int(req_id), code)], lambda t: t.contract_details(GOOG), at=2)
    assert raised.value.answer == IbAnswer(req_id=1, code=code, text="said TWS")


def test_a_notice_under_its_id_leaves_a_question_under_way() -> None:
    def rows(req_id: str) -> list[Row]:
        return [*(error(int(req_id), code) for code in (2106, 2119, 399, 10167)), (52, 1, req_id)]

    assert answer_to(9, rows, lambda t: t.contract_details(GOOG), at=2) == ()


def test_a_what_if_without_margins_is_the_answer_where_none_with_them_follows() -> None:
    def rows(req_id: str) -> list[Row]:
        return [open_order(int(req_id), what_if=True, status="PreSubmitted")]

    state = answer_to(3, rows, lambda t: t.what_if(GOOG, limit_order(1, what_if=True), deadline=0.02))
    assert (state.status, state.init_margin_change) == ("PreSubmitted", None)


def test_a_what_if_that_nobody_answers_ends_at_its_deadline() -> None:
    with pytest.raises(Unavailable, match="a what-if order"):
        answer_to(3, lambda _: [], lambda t: t.what_if(GOOG, limit_order(1, what_if=True), deadline=0.02))


def test_an_order_that_does_not_say_what_if_is_not_sent_as_one() -> None:
    with pytest.raises(NotSent, match="must say so itself"):
        asyncio.run(Transport().what_if(GOOG, limit_order(1)))


def test_a_late_answer_is_not_taken_for_that_of_the_next_question() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            with pytest.raises(Unavailable):
                await transport.open_orders(deadline=0.01)
            asked = asyncio.create_task(transport.open_orders())
            await server.until_sent(5, 2)
            server.say((53, 1), open_order(1), (53, 1))
            assert len((await asked).orders) == 1

    asyncio.run(run())


def test_a_server_that_ends_no_answer_loses_the_connection() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, ear):
            for _ in range(2):
                with pytest.raises(Unavailable):
                    await transport.positions(deadline=0.01)
            await until(lambda: bool(ear.closed))
            assert ear.closed == ["TWS leaves questions unanswered: positions"]

    asyncio.run(run())


def test_a_question_given_up_by_its_asker_leaves_nothing_behind() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            asked = asyncio.create_task(transport.contract_details(GOOG))
            await server.until_sent(9)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            server.answers[9] = lambda fields: [(52, 1, fields[2])]
            assert await transport.contract_details(GOOG) == ()

    asyncio.run(run())


@pytest.mark.parametrize("row", [("what", 1), (999, 1), (3, "x"), (61, 1)])
def test_what_cannot_be_read_is_told_and_fails_nothing_that_it_does_not_answer(row: Row) -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, ear):
            server.answers[91] = lambda f: [] if row[0] == "what" else [row, (93, f[1], 0)]  # type: ignore[index]
            if row[0] == "what":  # type: ignore[index]
                server.answers[91] = lambda _: [row]
                with pytest.raises(Unavailable, match="could not be read whole"):
                    await transport.market_rule(1)
            else:
                assert await transport.market_rule(1) == ()
            assert len(ear.undecodable) == 1

    asyncio.run(run())


def test_a_message_without_its_end_is_told() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, ear):
            server.raw(b"\0\0\0\x03abc\0\0\0\0")
            await until(lambda: len(ear.undecodable) == 2)
            assert transport.is_connected

    asyncio.run(run())


def test_frames_may_come_in_any_pieces() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            asked = asyncio.create_task(transport.current_time())
            await server.until_sent(49)
            for byte in b"\0\0\0\x10" + b"49\x001\x001790000000\0":
                server.raw(bytes([byte]))
                await asyncio.sleep(0)
            assert (await asked).year == 2026

    asyncio.run(run())


def test_an_ear_that_fails_keeps_nothing_from_the_next(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, ear):
            tells_the_time(server)

            def fail(_: IbAnswer) -> None:
                raise ValueError

            broken = type(ear)()
            broken.on_answer = fail  # type: ignore[assignment,method-assign]
            transport.listen(broken)
            last = type(ear)()
            transport.listen(last)
            server.say(error(-1, 2104))
            await transport.current_time()
            assert (len(ear.answers), len(last.answers)) == (1, 1)

    asyncio.run(run())
    assert "failed on a message of TWS" in caplog.text


def test_ids_never_go_back_over_connections() -> None:
    async def run() -> None:
        async with ScriptedTws.running(next_id=500) as server:
            transport = Transport()
            await transport.open("127.0.0.1", server.port, 7, 2)
            assert transport.next_id() == 500
            transport.at_least(600)
            await transport.close()
            server.next_id = 3
            await transport.open("127.0.0.1", server.port, 7, 2)
            assert transport.next_id() == 600
            await transport.close()

    asyncio.run(run())


def test_an_id_that_another_has_used_is_not_used_again() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            server.say(open_order(40, client_id=9), open_order(-2, client_id=0), open_order(2**31 - 2, client_id=9))
            await transport.current_time()
            assert transport.next_id() == 41

    asyncio.run(run())


TICKS: list[tuple[Row, IbTick]] = [
    (
        (1, 6, "N", 1, "101.10", "300", 3),
        IbPriceTick(tick_type=1, price=Decimal("101.10"), size=Decimal(300), attributes=3),
    ),
    ((2, 6, "N", 0, "400"), IbSizeTick(tick_type=0, size=Decimal(400))),
    ((46, 6, "N", 45, "1790000000"), IbTextTick(tick_type=45, text="1790000000")),
    ((58, 1, "N", 3), IbDataType(market_data_type=3)),
    (
        (21, "N", 13, 0, "0.25", "-2", "-1", "-1", "0.01", "-2", "-2", "101"),
        IbOptionTick(
            tick_type=13, implied_volatility=Decimal("0.25"), gamma=Decimal("0.01"), underlying_price=Decimal(101)
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "tick"), TICKS)
def test_ticks_come_as_the_wire_says_them(row: tuple[object, ...], tick: IbTick) -> None:
    async def run() -> list[IbTick]:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            ticks: list[IbTick] = []
            wanted = transport.subscribe_market_data(GOOG, "", False, ticks.append, lambda _: None)
            (sent,) = await server.until_sent(1)
            assert sent[2] == str(wanted.req_id)
            server.say(tuple(wanted.req_id if field == "N" else field for field in row))
            await transport.current_time()
            return ticks

    assert asyncio.run(run()) == [tick]


def test_a_subscription_is_cancelled_once_and_hears_nothing_afterwards() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            ticks: list[IbTick] = []
            wanted = transport.subscribe_market_data(GOOG, "", False, ticks.append, lambda _: None)
            wanted.close()
            wanted.close()
            server.say((58, 1, wanted.req_id, 3))
            await transport.current_time()
            assert (len(server.sent(2)), ticks, wanted.ended) == (1, [], True)

    asyncio.run(run())


def test_a_snapshot_ends_by_itself_and_is_not_cancelled() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            server.answers[1] = lambda fields: [(57, 1, fields[2])]
            ticks: list[IbTick] = []
            wanted = transport.subscribe_market_data(GOOG, "", True, ticks.append, lambda _: None)
            await transport.current_time()
            wanted.close()
            await transport.current_time()
            assert (ticks, server.sent(2)) == ([IbSnapshotEnd()], [])

    asyncio.run(run())


@pytest.mark.parametrize(("code", "ended"), [(354, True), (200, True), (10167, False), (10197, False)])
def test_an_answer_ends_a_subscription_unless_it_is_a_notice(code: int, ended: bool) -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            answers: list[int] = []
            server.answers[1] = lambda fields: [error(int(fields[2]), code)]
            wanted = transport.subscribe_market_data(
                GOOG, "", False, lambda _: None, lambda answer: answers.append(answer.code)
            )
            await transport.current_time()
            assert (answers, wanted.ended) == ([code], ended)

    asyncio.run(run())


def test_profit_and_loss_comes_as_decimals() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            server.answers[92] = lambda fields: [(94, fields[1], "-12.5", "3", "1.7976931348623157E308")]
            told: list[IbPnl] = []
            transport.subscribe_pnl("DU1", told.append)
            await transport.current_time()
            assert told == [IbPnl(daily=Decimal("-12.5"), unrealized=Decimal(3), realized=None)]

    asyncio.run(run())


def test_subscriptions_end_with_the_connection() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, ear):
            wanted = transport.subscribe_market_data(GOOG, "", False, lambda _: None, lambda _: None)
            await server.until_sent(1)
            server.hang_up()
            await until(lambda: bool(ear.closed))
            assert wanted.ended
            wanted.close()
            with pytest.raises(NotConnected):
                await transport.positions()
            with pytest.raises(NotSent):
                transport.subscribe_market_data(GOOG, "", False, lambda _: None, lambda _: None)

    asyncio.run(run())


def test_a_flood_of_questions_is_refused_and_an_order_still_finds_its_way() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server, Pacer(10, most_waiting=40)) as (transport, _):
            asked = [asyncio.create_task(transport.contract_details(GOOG, deadline=0.3)) for _ in range(40)]
            await server.until_sent(9, 9)
            placing = asyncio.create_task(transport.place_order(GOOG, limit_order(1000)))
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            assert sum(getattr(outcome, "code", "") == "TOO_MANY_QUESTIONS" for outcome in outcomes) == 20
            placing.cancel()
            await asyncio.gather(placing, return_exceptions=True)

    asyncio.run(run())


def test_a_question_that_waits_for_its_turn_when_the_link_goes_was_not_asked() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server, Pacer(5)) as (transport, _):
            asked = [asyncio.create_task(transport.contract_details(GOOG)) for _ in range(9)]
            await server.until_sent(9, 5)
            server.hang_up()
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {NotConnected}

    asyncio.run(run())


def test_questions_that_share_their_answers_never_overlap() -> None:
    async def run() -> None:
        async with ScriptedTws.running() as server, ours(server) as (transport, _):
            tells_the_time(server)
            asked = asyncio.gather(transport.open_orders(), transport.all_open_orders())
            await server.until_sent(5)
            await transport.current_time()
            assert server.sent(16) == []
            server.say((53, 1))
            await server.until_sent(16)
            server.say((53, 1))
            await asked

    asyncio.run(run())

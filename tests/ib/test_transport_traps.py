"""The traps of ib_async 2.1, each twice: ib_async as anybody would use it falls into it, our Transport does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from ib_async import IB, Contract, Fill, LimitOrder, Stock, StopOrder, Trade

from ib.link_desk import until
from ib.scripted_tws import (
    Row,
    ScriptedTws,
    commission,
    completed_order,
    error,
    execution,
    open_order,
    order_status,
)
from ib.transport_desk import GOOG, heard, limit_order, ours, plain, tells_the_time
from v6_ib_plugin.pacing import Pacer
from v6_ib_plugin.transport import Answered, NotOpened, Obstacle, Transport
from v6core.errors import NotConnected, NotSent, Unavailable


def scripted(test: Callable[[ScriptedTws], Awaitable[None]], **options: object) -> None:
    async def run() -> None:
        async with ScriptedTws.running(**options) as server:
            tells_the_time(server)
            await test(server)

    asyncio.run(run())


def accepts(server: ScriptedTws) -> None:
    """Let the server take every order, and show it at the market."""
    server.answers[3] = lambda f: [open_order(int(f[1])), order_status(int(f[1]), "Submitted")]


async def placed_plainly(ib: IB) -> Trade:
    trade = ib.placeOrder(Stock("GOOG", "SMART", "USD"), LimitOrder("BUY", 10, 101.5))
    await ib.reqCurrentTimeAsync()
    return trade


async def say_to_plain(ib: IB, server: ScriptedTws, *rows: Row) -> None:
    server.say(*rows)
    await ib.reqCurrentTimeAsync()


async def say_to_ours(transport: Transport, server: ScriptedTws, *rows: Row) -> None:
    server.say(*rows)
    await heard(transport)


CANCELS_FALSELY = [103, 104, 135, 161, 200, 201, 202, 460, 10006, 10147, 10148, 10149, 10311, 10318, 10329, 10349]


def test_trap_1_a_code_makes_no_working_order_cancelled() -> None:
    async def test(server: ScriptedTws) -> None:
        accepts(server)
        async with plain(server) as ib:
            ib.client.MaxRequests = 0
            for code in CANCELS_FALSELY:
                trade = await placed_plainly(ib)
                await say_to_plain(ib, server, error(trade.order.orderId, code))
                assert trade.orderStatus.status == "Cancelled"
        async with ours(server) as (transport, ear):
            await transport.place_order(GOOG, limit_order(1))
            await say_to_ours(transport, server, *(error(1, code) for code in CANCELS_FALSELY))
            assert [status.status for status in ear.statuses] == ["Submitted"]
            assert [answer.code for answer in ear.answers] == CANCELS_FALSELY

    scripted(test)


def test_trap_2_a_warning_hides_no_status() -> None:
    async def test(server: ScriptedTws) -> None:
        accepts(server)
        async with plain(server) as ib:
            for code in (110, 321, 399, 2109):
                trade = await placed_plainly(ib)
                await say_to_plain(
                    ib, server, order_status(trade.order.orderId, "Filled", filled=10, remaining=0),
                    error(trade.order.orderId, code),
                )  # fmt: skip
                assert trade.orderStatus.status == "ValidationError"
                assert not trade.isDone()
        async with ours(server) as (transport, ear):
            await say_to_ours(transport, server, order_status(1, "Filled"), error(1, 399))
            assert [status.status for status in ear.statuses] == ["Filled"]

    scripted(test)


def test_trap_3_an_order_goes_out_or_fails_but_never_both() -> None:
    async def test(server: ScriptedTws) -> None:
        accepts(server)
        async with plain(server) as ib:
            trade = await placed_plainly(ib)
            await say_to_plain(ib, server, order_status(trade.order.orderId, "Filled", filled=10, remaining=0))
            with pytest.raises(AssertionError):
                ib.placeOrder(trade.contract, trade.order)
            await ib.reqCurrentTimeAsync()
            assert len(server.sent(3)) == 2
        server.received.clear()
        async with ours(server) as (transport, _):
            await transport.place_order(GOOG, limit_order(1))
            await transport.place_order(GOOG, limit_order(1))
            with pytest.raises(NotSent):
                await transport.place_order(GOOG, limit_order(1, total_quantity=Decimal(0)))
            await heard(transport)
            assert len(server.sent(3)) == 2

    scripted(test)


def test_trap_4_a_stale_status_is_told_as_one_of_two() -> None:
    async def test(server: ScriptedTws) -> None:
        accepts(server)
        stale = [order_status(1, "Filled", filled=10, remaining=0), order_status(1, "Submitted")]
        async with plain(server) as ib:
            trade = await placed_plainly(ib)
            await say_to_plain(ib, server, *stale)
            assert trade.orderStatus.status == "Submitted"
        async with ours(server) as (transport, ear):
            await say_to_ours(transport, server, *stale)
            assert [status.status for status in ear.statuses] == ["Filled", "Submitted"]

    scripted(test)


def test_trap_5_a_fill_learnt_by_asking_is_heard() -> None:
    async def test(server: ScriptedTws) -> None:
        server.answers[7] = lambda f: [execution(int(f[2]), "e1"), (55, 1, f[2])]
        async with plain(server) as ib:
            events: list[object] = []

            def note(trade: Trade, _: Fill) -> None:
                events.append(trade)

            ib.execDetailsEvent += note
            assert len(await ib.reqExecutionsAsync()) == 1
            assert events == []
        async with ours(server) as (transport, ear):
            ((_, told, _),) = await transport.executions()
            assert [execution for _, _, execution in ear.executions] == [told]

    scripted(test)


def test_trap_6_asking_again_for_fills_keeps_their_commissions() -> None:
    async def test(server: ScriptedTws) -> None:
        asked: list[object] = []

        def answer(fields: list[str]) -> list[Row]:
            asked.append(fields)
            told = [commission("e1")] if len(asked) == 1 else []
            return [execution(int(fields[2]), "e1"), *told, (55, 1, fields[2])]

        server.answers[7] = answer
        async with plain(server) as ib:
            first, again = await ib.reqExecutionsAsync(), await ib.reqExecutionsAsync()
            assert [first[0].commissionReport.commission, again[0].commissionReport.commission] == [1.0, 0.0]
        asked.clear()
        async with ours(server) as (transport, _):
            await transport.executions()
            ((_, _, told),) = await transport.executions()
            assert told is not None
            assert told.commission == Decimal("1.00")

    scripted(test)


def test_trap_7_a_correction_is_told_with_its_own_id_and_nothing_is_added_up() -> None:
    async def test(server: ScriptedTws) -> None:
        accepts(server)
        async with plain(server) as ib:
            trade = await placed_plainly(ib)
            number = trade.order.orderId
            await say_to_plain(
                ib, server, execution(-1, "0001.01.01", order_id=number, shares=5),
                execution(-1, "0001.01.02", order_id=number, shares=4),
            )  # fmt: skip
            assert trade.filled() == 9
        async with ours(server) as (transport, ear):
            await say_to_ours(
                transport, server, execution(-1, "0001.01.01", shares=5), execution(-1, "0001.01.02", shares=4)
            )
            assert [(e.exec_id, e.shares) for _, _, e in ear.executions] == [
                ("0001.01.01", Decimal(5)),
                ("0001.01.02", Decimal(4)),
            ]

    scripted(test)


def test_trap_8_the_status_of_an_order_that_nobody_knows_is_heard() -> None:
    async def test(server: ScriptedTws) -> None:
        async with plain(server) as ib:
            events: list[object] = []
            ib.orderStatusEvent += events.append
            await say_to_plain(ib, server, order_status(77, "Filled"))
            assert events == []
        async with ours(server) as (transport, ear):
            await say_to_ours(transport, server, order_status(77, "Filled"))
            assert [status.order_id for status in ear.statuses] == [77]

    scripted(test)


def test_trap_9_what_was_heard_outlives_the_connection() -> None:
    async def test(server: ScriptedTws) -> None:
        accepts(server)
        async with plain(server) as ib:
            await placed_plainly(ib)
            server.hang_up()
            await ib.disconnectedEvent
            assert ib.trades() == []
        async with ours(server) as (transport, ear):
            await transport.place_order(GOOG, limit_order(1))
            await heard(transport)
            server.hang_up()
            await until(lambda: bool(ear.closed))
            assert len(ear.orders) == 1

    scripted(test)


BROKEN_ORDER = (5, 1, "GOOG", "STK")


def test_trap_10_an_answer_that_cannot_be_read_whole_is_none() -> None:
    async def test(server: ScriptedTws) -> None:
        server.answers[5] = lambda _: [open_order(1), BROKEN_ORDER, (53, 1)]
        async with plain(server) as ib:
            assert len(await ib.reqOpenOrdersAsync()) == 1
        async with ours(server) as (transport, ear):
            with pytest.raises(Unavailable, match="open orders could not be read whole") as raised:
                await transport.open_orders()
            assert raised.value.code == "UNDECODABLE"
            assert len(ear.undecodable) == 1

    scripted(test)


def test_trap_11_a_frame_without_end_is_not_waited_for() -> None:
    async def test(server: ScriptedTws) -> None:
        endless = b"\x7f\xff\xff\xff" + b"x" * 100_000
        async with plain(server) as ib:
            server.raw(endless)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ib.reqCurrentTimeAsync(), 0.05)
            assert ib.isConnected()
        async with ours(server) as (transport, ear):
            server.raw(endless)
            await until(lambda: bool(ear.closed))
            assert not transport.is_connected
            assert "a message of 2147483647 bytes" in ear.closed[0]

    scripted(test)


FORGED = "GOOG|STK||0|||SMART||USD|||||SELL|9999|MKT".replace("|", "\0")


def test_trap_12_a_nul_in_a_symbol_forges_no_fields() -> None:
    async def test(server: ScriptedTws) -> None:
        async with plain(server) as ib:
            ib.placeOrder(Stock(FORGED, "SMART", "USD"), LimitOrder("BUY", 1, 1))
            (sent,) = await server.until_sent(3)
            assert sent[16:19] == ["SELL", "9999", "MKT"]
        server.received.clear()
        async with ours(server) as (transport, _):
            with pytest.raises(NotSent, match="control character"):
                await transport.place_order(GOOG.__class__(symbol=FORGED, sec_type="STK"), limit_order(1))
            await heard(transport)
            assert server.sent(3) == []

    scripted(test)


@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "-5", "0"])
def test_trap_12_a_quantity_that_is_none_does_not_go_out(quantity: str) -> None:
    async def test(server: ScriptedTws) -> None:
        async with plain(server) as ib:
            ib.placeOrder(Stock("GOOG", "SMART", "USD"), LimitOrder("BUY", float(quantity), 1))
            await server.until_sent(3)
        server.received.clear()
        async with ours(server) as (transport, _):
            with pytest.raises(NotSent):
                await transport.place_order(GOOG, limit_order(1, total_quantity=Decimal(quantity)))
            await heard(transport)
            assert server.sent(3) == []

    scripted(test)


def test_trap_13_what_waits_for_its_turn_is_not_forgotten_when_the_link_goes() -> None:
    async def test(server: ScriptedTws) -> None:
        async with plain(server) as ib:
            trades = [ib.placeOrder(Stock("GOOG", "SMART", "USD"), LimitOrder("BUY", 1, 1)) for _ in range(60)]
            await server.until_sent(3, 40)
            server.hang_up()
            await ib.disconnectedEvent
            assert {trade.orderStatus.status for trade in trades} == {"PendingSubmit"}
            assert len(server.sent(3)) < 60
        server.received.clear()
        pacer = Pacer(20)
        async with ours(server, pacer) as (transport, ear):
            placing = [asyncio.create_task(transport.place_order(GOOG, limit_order(1 + n))) for n in range(30)]
            await server.until_sent(3, 20)
            server.hang_up()
            await until(lambda: bool(ear.closed))
            assert pacer.waiting == 0
            outcomes = await asyncio.gather(*placing, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes].count(NotSent) == 30 - len(server.sent(3))

    scripted(test)


def test_a_client_id_in_use_is_named_at_once() -> None:
    async def test(server: ScriptedTws) -> None:
        ib = IB()
        with pytest.raises(TimeoutError):
            await ib.connectAsync("127.0.0.1", server.port, 7, timeout=0.05)
        with pytest.raises(NotOpened) as raised:
            await Transport().open("127.0.0.1", server.port, 7, 60)
        assert raised.value.answer is not None
        assert raised.value.answer.code == 326

    scripted(test, accounts="", next_id=0, at_login=[error(-1, 326, "client id in use")])


def test_a_list_that_does_not_end_is_no_list() -> None:
    async def test(server: ScriptedTws) -> None:
        ib = IB()
        await ib.connectAsync("127.0.0.1", server.port, 7, timeout=0.05)
        assert ib.isConnected()
        ib.disconnect()
        async with ours(server) as (transport, _):
            with pytest.raises(Unavailable, match="did not answer within the deadline: positions"):
                await transport.positions(deadline=0.02)

    scripted(test)


@pytest.mark.parametrize("ask", [Transport.open_orders, Transport.all_open_orders, Transport.completed_orders])
def test_a_read_only_api_fails_the_question_that_it_does_not_answer(
    ask: Callable[[Transport], Awaitable[object]],
) -> None:
    async def test(server: ScriptedTws) -> None:
        for request in (5, 16, 99):
            server.answers[request] = lambda _: [error(-1, 321, "The API interface is currently in Read-Only mode.")]
        async with plain(server) as ib:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ib.reqOpenOrdersAsync(), 0.05)
        async with ours(server) as (transport, _):
            with pytest.raises(Answered) as raised:
                await ask(transport)
            assert raised.value.answer.code == 321

    scripted(test)


def test_open_and_all_open_orders_asked_together_are_both_answered() -> None:
    async def test(server: ScriptedTws) -> None:
        server.answers[5] = lambda _: [open_order(1), (53, 1)]
        server.answers[16] = lambda _: [open_order(1), open_order(2, client_id=8), (53, 1)]
        async with plain(server) as ib:
            both = asyncio.gather(ib.reqOpenOrdersAsync(), ib.reqAllOpenOrdersAsync())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(both, 0.05)
        async with ours(server) as (transport, _):
            mine, everybodys = await asyncio.gather(transport.open_orders(), transport.all_open_orders())
            assert [len(mine.orders), len(everybodys.orders)] == [1, 2]

    scripted(test)


def test_a_what_if_that_is_answered_with_an_error_ends() -> None:
    async def test(server: ScriptedTws) -> None:
        server.answers[3] = lambda f: [error(int(f[1]), 321, "Error validating request")]
        async with plain(server) as ib:
            asked = ib.whatIfOrderAsync(Stock("GOOG", "SMART", "USD"), LimitOrder("BUY", 1, 1))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asked, 0.05)
        async with ours(server) as (transport, _):
            with pytest.raises(Answered):
                await transport.what_if(GOOG, limit_order(1, what_if=True))

    scripted(test)


def test_a_notice_does_not_end_a_what_if() -> None:
    async def test(server: ScriptedTws) -> None:
        def answer(fields: list[str]) -> list[Row]:
            notices = [error(int(fields[1]), code) for code in (399, 2109, 10349, 10167)]
            return [*notices, open_order(int(fields[1]), what_if=True, margin="512.25")]

        server.answers[3] = answer
        async with plain(server) as ib:
            asked = ib.whatIfOrderAsync(Stock("GOOG", "SMART", "USD"), LimitOrder("BUY", 1, 1))
            state: object = await asyncio.wait_for(asked, 2)
            assert state == []
        async with ours(server) as (transport, ear):
            told = await transport.what_if(GOOG, limit_order(1, what_if=True))
            assert told.init_margin_change == Decimal("512.25")
            assert ear.orders == []

    scripted(test)


def test_a_whole_history_of_completed_orders_says_what_was_filled() -> None:
    async def test(server: ScriptedTws) -> None:
        server.answers[99] = lambda _: [completed_order(900), (102,)]
        async with plain(server) as ib:
            (trade,) = await ib.reqCompletedOrdersAsync(False)
            assert trade.orderStatus.filled == 0
        async with ours(server) as (transport, _):
            ((_, order, completion),) = await transport.completed_orders()
            assert (order.perm_id, completion.filled_quantity) == (900, Decimal(10))

    scripted(test)


def test_the_time_of_an_execution_stays_what_tws_wrote() -> None:
    async def test(server: ScriptedTws) -> None:
        server.answers[7] = lambda f: [execution(int(f[2]), "e1", time="20261122-14:30:00"), (55, 1, f[2])]
        async with ours(server) as (transport, _):
            ((_, told, _),) = await transport.executions()
            assert told.time == "20261122-14:30:00"

    scripted(test)


def test_the_stop_of_a_trailing_order_is_the_first_that_the_message_says() -> None:
    async def test(server: ScriptedTws) -> None:
        trailing = open_order(1, said={73: "95.25", 113: "102.50"})
        server.answers[5] = lambda _: [trailing, (53, 1)]
        async with plain(server) as ib:
            (trade,) = await ib.reqOpenOrdersAsync()
            assert trade.order.trailStopPrice == 102.5
        async with ours(server) as (transport, _):
            ((_, order, _),) = (await transport.open_orders()).orders
            assert order.trail_stop_price == Decimal("95.25")

    scripted(test)


def test_an_infinite_offset_goes_out_as_tws_reads_it() -> None:
    async def test(server: ScriptedTws) -> None:
        async with plain(server) as ib:
            order = StopOrder("BUY", 1, 1)
            order.orderType, order.competeAgainstBestOffset = "PEG BEST", float("inf")
            ib.placeOrder(Contract(symbol="GOOG"), order)
            (sent,) = await server.until_sent(3)
            assert "Infinite" in sent
        server.received.clear()
        async with ours(server) as (transport, _):
            best = limit_order(1, order_type="PEG BEST", compete_against_best_offset=Decimal("Infinity"))
            await transport.place_order(GOOG, best)
            (sent,) = await server.until_sent(3)
            assert sent[115] == "Infinity"

    scripted(test)


def test_questions_under_way_end_with_the_connection() -> None:
    async def test(server: ScriptedTws) -> None:
        async with ours(server) as (transport, ear):
            asked = asyncio.create_task(transport.positions())
            await server.until_sent(61)
            server.hang_up()
            with pytest.raises(NotConnected):
                await asked
            assert len(ear.closed) == 1

    scripted(test)


def test_an_order_without_a_connection_is_not_sent() -> None:
    with pytest.raises(NotSent, match="not connected"):
        asyncio.run(Transport().place_order(GOOG, limit_order(1)))


def test_a_server_that_is_too_old_is_named() -> None:
    async def test(server: ScriptedTws) -> None:
        with pytest.raises(NotOpened) as raised:
            await Transport().open("127.0.0.1", server.port, 7, 2)
        assert raised.value.obstacle is Obstacle.TOO_OLD

    scripted(test, version=150)

"""Single orders at the gateway's desk, as a client on the wire sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from gateway.desk_wire import ACME, d, floor, limit, placed, run, stop
from v6_ib_plugin.gateway.desk import Manners
from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.terms import IbContract, IbOrder, TagValue


def test_an_order_is_told_held_and_then_at_the_market() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90))
            assert client.about(1) == ["open PreSubmitted", "PreSubmitted", "open Submitted", "Submitted"]

    run(main())


def test_an_order_that_fills_at_once_is_told_as_tws_does() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 101))
            told = ["open PreSubmitted", "PreSubmitted", "exec 10", "open Filled", "Filled", "Filled", "commission"]
            assert client.about(1) == told

    run(main())


def test_how_often_a_fill_is_said_can_be_chosen() -> None:
    async def main() -> None:
        async with floor(Manners(filled_told=1)) as opened:
            client = await placed(opened, limit(1, 101))
            assert client.about(1).count("Filled") == 1

    run(main())


def test_an_order_filled_in_parts_tells_what_remains() -> None:
    async def main() -> None:
        async with floor(fills="partial", delay=0.01) as opened:
            client = await placed(opened, limit(1, 101))
            await client.status(1, "Filled")
            filled = [(told.status.filled, told.status.remaining) for told in client.all(messages.OrderStatus)]
            assert list(dict.fromkeys(filled)) == [(d(0), d(10)), (d(5), d(5)), (d(10), d(0))]

    run(main())


def test_executions_count_up_to_the_order() -> None:
    async def main() -> None:
        async with floor(fills="partial", delay=0.01) as opened:
            client = await placed(opened, limit(1, 101, order_ref="mine"))
            await client.status(1, "Filled")
            told = [(each.execution.cum_qty, each.execution.order_ref) for each in client.all(messages.ExecDetails)]
            assert told == [(d(5), "mine"), (d(10), "mine")]

    run(main())


def test_an_execution_names_its_zone() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 101))
            assert client.all(messages.ExecDetails)[0].execution.time.endswith(" US/Eastern")

    run(main())


def test_commissions_come_after_their_execution() -> None:
    async def main() -> None:
        async with floor(commission_minimum=1) as opened:
            client = await placed(opened, limit(1, 101))
            [execution], [report] = client.all(messages.ExecDetails), client.all(messages.CommissionReport)
            assert (report.commission.exec_id, report.commission.commission) == (execution.execution.exec_id, d(1))
            assert client.heard.index(execution) < client.heard.index(report)

    run(main())


def test_an_open_order_comes_back_with_what_v6_has_no_word_for() -> None:
    async def main() -> None:
        sent = limit(1, 90, order_ref="a:b", rule80_a="I", ext_operator="me", solicited=True)
        async with floor() as opened:
            client = await placed(opened, sent)
            [told] = await client.open_orders()
            assert (told.order.order_ref, told.order.rule80_a, told.order.solicited) == ("a:b", "I", True)

    run(main())


def test_an_algo_is_kept_and_told_again() -> None:
    async def main() -> None:
        params = (TagValue("adaptivePriority", "Patient"),)
        async with floor() as opened:
            client = await placed(opened, limit(1, 90, algo_strategy="Adaptive", algo_params=params))
            [told] = await client.open_orders()
            assert (told.order.algo_strategy, told.order.algo_params) == ("Adaptive", params)

    run(main())


def test_tws_writes_its_own_words_for_nothing() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90, tif=""))
            [told] = await client.open_orders()
            assert (told.order.tif, told.order.oca_type, told.order.account) == ("DAY", 3, "DUSIM0001")

    run(main())


def test_the_contract_comes_back_with_its_number() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90))
            [told] = await client.open_orders()
            assert told.contract.con_id
            assert told.contract == replace(told.contract, symbol="ACME", exchange="SMART", local_symbol="ACME")

    run(main())


def test_a_contract_is_found_by_its_number_alone() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90))
            number = (await client.open_orders())[0].contract.con_id
            client.place(limit(2, 90), contract=IbContract(con_id=number, exchange="SMART"))
            await client.status(2, "Submitted")

    run(main())


def test_a_stop_says_that_it_waits_for_its_trigger() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, stop(1, 90))
            assert (await client.status(1, "PreSubmitted")).why_held == "trigger"

    run(main())


# Changes


def test_a_change_is_told_as_the_order_with_its_new_terms() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90))
            client.place(limit(1, 91, 20))
            await client.sync()
            told = client.all(messages.OpenOrder)[-1].order
            assert (told.lmt_price, told.total_quantity) == (d(91), d(20))

    run(main())


def test_a_change_keeps_the_lasting_id() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90))
            client.place(limit(1, 91))
            await client.sync()
            assert len({told.order.perm_id for told in client.all(messages.OpenOrder)}) == 1

    run(main())


def test_a_change_can_fill_the_order() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90))
            client.place(limit(1, 101))
            await client.status(1, "Filled")

    run(main())


def test_two_changes_on_their_way_are_both_made() -> None:
    async def main() -> None:
        async with floor(latency=0.02) as opened:
            client = await placed(opened, limit(1, 90))
            client.place(limit(1, 91), limit(1, 91, 20))
            told = await client.until(messages.OpenOrder, lambda told: told.order.total_quantity == 20)
            assert told.order.lmt_price == 91

    run(main())


def test_a_filled_order_cannot_be_changed() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 101), limit(1, 102))
            assert client.codes() == [104]

    run(main())


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (limit(1, 90, action="SELL"), 105),
        (stop(1, 110, action="BUY"), 105),
        (limit(1, 90, outside_rth=True), 105),
        (limit(1, "90.005"), 110),
        (limit(1, 90, hidden=True), 201),
        (limit(1, 90, "0.5"), 201),
        (limit(1, 90, algo_strategy="Adaptive"), 440),
    ],
)
def test_a_refused_change_leaves_the_order_alive(changed: IbOrder, code: int) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90), changed)
            [told] = await client.open_orders()
            assert (client.codes(), told.order.lmt_price, told.state.status) == ([code], d(90), "Submitted")

    run(main())


def test_another_contract_is_no_change() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90))
            client.place(limit(1, 90), contract=replace(ACME, symbol="OTHER"))
            await client.answer(105)

    run(main())


# Cancels


def test_a_cancel_is_told_and_then_answered() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90))
            client.send(requests.CancelOrder(1))
            await client.answer(202)
            assert client.about(1)[-3:] == ["PendingCancel", "Cancelled", "202"]

    run(main())


@pytest.mark.parametrize(("order_id", "text"), [(7, "10147"), (1, "10148"), (2, "10148")])
def test_what_cannot_be_cancelled_is_answered(order_id: int, text: str) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 101), limit(2, 90))
            client.send(requests.CancelOrder(2), requests.CancelOrder(order_id))
            await client.sync()
            assert client.about(order_id)[-1] == text

    run(main())


def test_a_cancel_of_a_filled_order_says_that_it_has_filled() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 101))
            client.send(requests.CancelOrder(1))
            assert (await client.answer(10148)).text.endswith("state: Filled.")

    run(main())


def test_a_fill_that_overtakes_a_cancel_is_told_and_the_cancel_refused() -> None:
    async def main() -> None:
        async with floor(latency=0.02) as opened:
            client = await placed(opened, limit(1, 90))
            await client.status(1, "Submitted")
            client.send(requests.CancelOrder(1))
            await client.status(1, "PendingCancel")
            opened.price(89)
            await client.answer(10148)
            assert client.about(1)[-5:] == ["open Filled", "Filled", "Filled", "commission", "10148"]

    run(main())


def test_a_global_cancel_reaches_the_orders_of_everybody() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 90))
            other = await opened.client(2)
            other.send(requests.ReqGlobalCancel())
            await client.status(1, "Cancelled")

    run(main())


# What-if


def test_a_what_if_tells_margins_and_places_nothing() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 100, what_if=True))
            [told] = client.all(messages.OpenOrder)
            assert told.order.what_if
            assert told.state.status == "PreSubmitted"
            assert None not in (told.state.init_margin_change, told.state.equity_with_loan_after)
            assert await client.open_orders() == []

    run(main())


def test_a_what_if_does_not_use_its_id() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await placed(opened, limit(1, 100, what_if=True), limit(1, 90))
            await client.status(1, "Submitted")

    run(main())


# Warnings


def test_a_preset_warns_of_the_time_in_force_and_leaves_the_order_alive() -> None:
    async def main() -> None:
        async with floor(Manners(tif_preset=True)) as opened:
            client = await placed(opened, limit(1, 90, tif=""))
            assert client.about(1) == ["open PreSubmitted", "PreSubmitted", "10349", "open Submitted", "Submitted"]

    run(main())


@pytest.mark.parametrize(("moment", "warned"), [("2026-11-21T12:00+00:00", True), ("2026-11-20T15:00+00:00", False)])
def test_an_order_outside_trading_hours_is_warned_of(moment: str, warned: bool) -> None:
    async def main() -> None:
        async with floor(Manners(closed_market_warning=True)) as opened:
            opened.gateway.broker.now = lambda: datetime.fromisoformat(moment)  # type: ignore[method-assign]
            client = await placed(opened, limit(1, 90))
            assert ("399" in client.about(1)) is warned

    run(main())

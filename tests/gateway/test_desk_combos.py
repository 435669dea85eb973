"""Combos at the gateway's desk: BAG orders, their executions and their prices."""

from __future__ import annotations

from dataclasses import replace

from gateway.desk_wire import Floor, WireClient, d, floor, limit, run
from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.terms import IbContract, IbExecution, IbOrder, TagValue
from v6core.contracts import Option, Stock

CALL, FURTHER = (Option("ACME", "2027-01-15", strike, "C") for strike in (100, 110))


async def traded(opened: Floor, contract: IbContract, order: IbOrder) -> tuple[WireClient, list[IbExecution]]:
    client = await opened.client()
    client.place(order, contract=contract)
    await client.sync()
    return client, [told.execution for told in client.all(messages.ExecDetails)]


def test_a_combo_fill_is_one_row_of_its_own_and_one_for_each_leg() -> None:
    async def main() -> None:
        async with floor() as opened:
            client, rows = await traded(opened, opened.condor(), limit(1, -1, 3))
            assert [row.order_id for row in rows] == [1] * 5
            assert [told.contract.sec_type for told in client.all(messages.ExecDetails)] == ["BAG"] + ["OPT"] * 4

    run(main())


def test_the_rows_of_a_combo_fill_share_a_stem() -> None:
    async def main() -> None:
        async with floor() as opened:
            _, rows = await traded(opened, opened.condor(), limit(1, -1, 3))
            stems, tails = zip(*(row.exec_id.split(".", 2)[1:] for row in rows), strict=True)
            assert (len(set(stems)), tails) == (1, ("01.01", "02.01", "03.01", "04.01", "05.01"))

    run(main())


def test_the_price_of_the_combos_row_is_the_net_of_its_legs() -> None:
    async def main() -> None:
        async with floor() as opened:
            _, [own, *legs] = await traded(opened, opened.condor(), limit(1, -1, 3))
            net = sum((1 if leg.side == "BOT" else -1) * leg.price for leg in legs)
            assert own.price == net == -2

    run(main())


def test_a_sold_combo_tells_its_own_price_and_turns_its_legs_round() -> None:
    async def main() -> None:
        async with floor() as opened:
            spread = opened.combo((CALL, 1, 5), (FURTHER, -1, 2))
            _, rows = await traded(opened, spread, limit(1, 2, 3, action="SELL"))
            assert [(row.side, row.price) for row in rows] == [("SLD", d(3)), ("SLD", d(5)), ("BOT", d(2))]

    run(main())


def test_ratios_multiply_the_legs_quantities() -> None:
    async def main() -> None:
        async with floor() as opened:
            spread = opened.combo((CALL, 1, 5), (FURTHER, -2, 2))
            _, rows = await traded(opened, spread, limit(1, 1, 3))
            assert [row.shares for row in rows] == [row.cum_qty for row in rows] == [d(3), d(3), d(6)]

    run(main())


def test_a_stock_leg_weighs_by_its_multiplier() -> None:
    async def main() -> None:
        async with floor() as opened:
            covered = opened.combo((Stock("ACME"), 100, 100), (CALL, -1, 5))
            _, [own, *_] = await traded(opened, covered, limit(1, 96, 2))
            assert (own.shares, own.price) == (d(2), d(95))

    run(main())


def test_a_combo_that_fills_in_parts_has_rows_for_each() -> None:
    async def main() -> None:
        async with floor(fills="partial", delay=0.01) as opened:
            client, _ = await traded(opened, opened.condor(), limit(1, -2, 4))
            await client.status(1, "Filled")
            rows = [told.execution for told in client.all(messages.ExecDetails) if told.contract.sec_type == "BAG"]
            assert [(row.shares, row.cum_qty) for row in rows] == [(d(2), d(2)), (d(2), d(4))]

    run(main())


def test_costs_are_told_of_legs_alone() -> None:
    async def main() -> None:
        async with floor(commission_per_contract=1) as opened:
            client, [_, *legs] = await traded(opened, opened.condor(), limit(1, -1, 3))
            costs = [told.commission for told in client.all(messages.CommissionReport)]
            assert [cost.exec_id for cost in costs] == [leg.exec_id for leg in legs]
            assert {cost.commission for cost in costs} == {d(3)}

    run(main())


def test_a_combo_comes_back_with_the_clients_own_legs() -> None:
    async def main() -> None:
        params = (TagValue("NonGuaranteed", "0"),)
        async with floor() as opened:
            condor = opened.condor()
            client, _ = await traded(opened, condor, limit(1, -5, 3, smart_combo_routing_params=params))
            [told] = await client.open_orders()
            assert told.contract.combo_legs == condor.combo_legs
            assert told.order.smart_combo_routing_params == params
            assert told.order.combo_legs_descrip.count("|") == 4

    run(main())


def test_a_combos_price_can_be_changed() -> None:
    async def main() -> None:
        async with floor() as opened:
            condor = opened.condor()
            client, _ = await traded(opened, condor, limit(1, -5, 3))
            client.place(limit(1, -1, 3), contract=condor)
            await client.status(1, "Filled")

    run(main())


def test_prices_of_single_legs_are_refused_by_name() -> None:
    async def main() -> None:
        async with floor() as opened:
            order = limit(1, -1, 3, order_combo_legs=(d(1), None, None, None))
            client, _ = await traded(opened, opened.condor(), order)
            assert "orderComboLegs" in (await client.answer(201)).text

    run(main())


def test_ratios_that_could_be_lower_are_refused() -> None:
    async def main() -> None:
        async with floor() as opened:
            spread = opened.combo((CALL, 2, 5), (FURTHER, -2, 2))
            client, _ = await traded(opened, spread, limit(1, 3))
            assert "lowest terms" in (await client.answer(321)).text

    run(main())


def test_a_combo_is_in_groups_of_type_three_only() -> None:
    async def main() -> None:
        async with floor() as opened:
            client, _ = await traded(opened, opened.condor(), limit(1, -1, oca_group="one", oca_type=1))
            await client.answer(359)

    run(main())


def test_a_combo_what_if_tells_its_margins() -> None:
    async def main() -> None:
        async with floor() as opened:
            client, _ = await traded(opened, opened.condor(), limit(1, -1, what_if=True))
            [told] = client.all(messages.OpenOrder)
            assert told.state.init_margin_change

    run(main())


def test_executions_of_one_contract_kind_can_be_asked_for() -> None:
    async def main() -> None:
        async with floor() as opened:
            client, rows = await traded(opened, opened.condor(), limit(1, -1, 3))
            told = await client.ask(requests.ReqExecutions(5, sec_type="BAG"), messages.ExecDetailsEnd)
            assert told == [replace(client.all(messages.ExecDetails)[0], req_id=5)]
            assert len(rows) == 5

    run(main())

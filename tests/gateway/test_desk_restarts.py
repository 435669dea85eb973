"""What another gateway finds of an earlier one, in front of a broker that remembers: also what no broker had yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.desk_wire import GOODS, WireClient, bracket, d, executions, floor, limit, placed, run, stop
from v6_ib_plugin.gateway.market.market import Market
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import messages, requests
from v6core.errors import ConfigurationError


def test_another_gateway_finds_what_an_earlier_one_placed(tmp_path: Path) -> None:
    async def main() -> None:
        state = str(tmp_path / "state.db")
        async with floor(state=state) as opened:
            before = await placed(opened, limit(1, 101, order_ref="full"), limit(2, 90, order_ref="v6-abc"))
            first = before.all(messages.ExecDetails)[0].execution.exec_id
        async with floor(state=state) as opened:
            client = await opened.client()
            [told] = await client.open_orders()
            assert (told.order.order_id, told.order.order_ref, told.order.lmt_price) == (2, "v6-abc", d(90))
            assert [each.execution.exec_id for each in await executions(client)] == [first]
            assert [each.order.order_ref for each in await client.completed()] == ["full"]
            assert client.all(messages.NextValidId) == [messages.NextValidId(3)]

    run(main())


def test_an_order_of_an_earlier_gateway_can_be_cancelled(tmp_path: Path) -> None:
    async def main() -> None:
        state = str(tmp_path / "state.db")
        async with floor(state=state) as opened:
            await placed(opened, limit(1, 90))
        async with floor(state=state) as opened:
            client = await opened.client()
            client.send(requests.CancelOrder(1))
            await client.status(1, "Cancelled")

    run(main())


# Children that wait for their parent


async def statuses(client: WireClient) -> list[tuple[int, int, str]]:
    """Return id, parent and status of each open order."""
    found = [(told.order.order_id, told.order.parent_id, told.state.status) for told in await client.open_orders()]
    return sorted(found)


def test_children_wait_again_and_come_to_the_market_when_their_parent_is_full(tmp_path: Path) -> None:
    async def main() -> None:
        state = str(tmp_path / "state.db")
        async with floor(state=state) as opened:
            before = await statuses(await placed(opened, *bracket(1)))
        async with floor(state=state) as opened:
            client = await opened.client()
            assert await statuses(client) == before
            opened.price(98)
            await client.status(2, "Submitted")
            opened.price(111)
            await client.status(2, "Filled")
            await client.status(3, "Cancelled")

    run(main())


def test_children_come_to_the_market_whose_parent_filled_in_between(tmp_path: Path) -> None:
    async def main() -> None:
        state = str(tmp_path / "state.db")
        settings = {"fills": "realistic", "quotes": "given", "latency": 0, "margin": False, "state": state}
        async with floor(state=state) as opened:
            await placed(opened, *bracket(1))
        async with running_gateway(settings=settings, parts=[Market]) as gateway:
            gateway.broker.native.set_price(GOODS, d(98))
        async with floor(state=state) as opened:
            client = await opened.client()
            assert await statuses(client) == [(2, 0, "Submitted"), (3, 0, "PreSubmitted")]

    run(main())


def test_a_child_waits_again_as_it_was_changed_last(tmp_path: Path) -> None:
    async def main() -> None:
        state = str(tmp_path / "state.db")
        async with floor(state=state) as opened:
            client = await placed(opened, *bracket(1), stop(3, 85, parent_id=1))
        async with floor(state=state) as opened:
            client = await opened.client()
            assert [told.order.aux_price for told in await client.open_orders() if told.order.order_id == 3] == [85]

    run(main())


def test_a_child_that_was_cancelled_does_not_come_back(tmp_path: Path) -> None:
    async def main() -> None:
        state = str(tmp_path / "state.db")
        async with floor(state=state) as opened:
            client = await placed(opened, *bracket(1))
            client.send(requests.CancelOrder(1))
            await client.status(3, "Cancelled")
        async with floor(state=state) as opened:
            assert await statuses(await opened.client()) == []

    run(main())


def test_children_are_found_a_second_time(tmp_path: Path) -> None:
    async def main() -> None:
        state = str(tmp_path / "state.db")
        async with floor(state=state) as opened:
            before = await statuses(await placed(opened, *bracket(1)))
        for _ in range(2):
            async with floor(state=state) as opened:
                assert await statuses(await opened.client()) == before

    run(main())


def test_children_of_an_account_that_began_anew_are_dropped(tmp_path: Path) -> None:
    async def main() -> None:
        state = tmp_path / "state.db"
        async with floor(state=str(state)) as opened:
            await placed(opened, *bracket(1))
        state.unlink()
        async with floor(state=str(state)) as opened:
            client = await placed(opened, replace(bracket(1)[0], transmit=True))
            opened.price(98)
            await client.status(1, "Filled")
            assert await statuses(client) == []

    run(main())


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    async def main() -> None:
        state = str(tmp_path / "state.db")
        async with floor(state=state) as opened:
            before = await statuses(await placed(opened, *bracket(1)))
        with (tmp_path / "state.gateway.jsonl").open("a") as file:
            file.write('{"ref": "gw-1-')
        async with floor(state=state) as opened:
            assert await statuses(await opened.client()) == before

    run(main())


@pytest.mark.parametrize(
    "line", ["garbage", "{}", '{"ref": "gw-1-2-3", "fields": ["49", "1"]}', '{"ref": 1, "fields": null}']
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path, line: str) -> None:
    async def main() -> None:
        (tmp_path / "state.gateway.jsonl").write_text(f"{line}\n")
        with pytest.raises(ConfigurationError, match=r"line 1 of .*state\.gateway\.jsonl cannot be read"):
            async with floor(state=str(tmp_path / "state.db")):
                pass

    run(main())


def test_in_front_of_a_broker_that_keeps_nothing_nothing_is_kept() -> None:
    async def main() -> None:
        async with floor() as opened:
            assert opened.house.memory is None

    run(main())

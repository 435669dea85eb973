"""What the gateway's desk makes of a broker that fails: what is proved, what is in doubt, and how doubt ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.desk_wire import Floor, WireClient, floor, limit, run
from v6_ib_plugin.gateway.wire import messages, requests
from v6_paper_plugin.state_file import StateFile
from v6core.errors import NotSent, Unavailable
from v6core.reports import Report


def failing(opened: Floor, method: str, error: Exception, *, times: int = 1_000, after: bool = False) -> None:
    """Let the broker fail at one of its methods so often; ``after`` it did what it was asked."""
    sound: Callable[..., Any] = getattr(opened.gateway.broker, method)

    async def fail(*arguments: Any) -> Any:
        nonlocal times
        times -= 1
        if times < 0:
            return await sound(*arguments)
        if after:
            await sound(*arguments)
        raise error

    setattr(opened.gateway.broker, method, fail)


def test_an_order_that_provably_did_not_reach_the_broker_is_rejected() -> None:
    async def main() -> None:
        async with floor() as opened:
            failing(opened, "place", NotSent("the line is down"))
            client = await opened.client()
            client.place(limit(1))
            assert "the line is down" in (await client.answer(201)).text
            await client.status(1, "Inactive")

    run(main())


def test_of_an_order_in_doubt_nothing_is_told() -> None:
    async def main() -> None:
        async with floor() as opened:
            failing(opened, "place", OSError("cut in the middle"))
            client = await opened.client()
            client.place(limit(1))
            await client.sync()
            assert client.about(1) == []

    run(main())


def test_a_cancel_that_did_not_reach_the_broker_leaves_the_order_alive() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            failing(opened, "cancel", NotSent("the line is down"))
            client = await opened.client()
            client.place(limit(1, 90))
            client.send(requests.CancelOrder(1))
            await client.answer(161)
            [told] = await client.open_orders()
            assert told.state.status == "Submitted"

    run(main())


def test_a_change_that_did_not_reach_the_broker_is_refused() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            failing(opened, "modify", NotSent("the line is down"))
            client = await opened.client()
            client.place(limit(1, 90), limit(1, 91))
            await client.answer(201)
            [told] = await client.open_orders()
            assert told.order.lmt_price == 90

    run(main())


def test_a_global_cancel_that_failed_can_be_asked_for_again() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            failing(opened, "cancel_everything", NotSent("the line is down"))
            client = await opened.client()
            client.place(limit(1, 90))
            client.send(requests.ReqGlobalCancel())
            await client.answer(161)
            client.send(requests.CancelOrder(1))
            await client.status(1, "Cancelled")

    run(main())


# Doubt

CUT = Unavailable("cut in the middle")


async def resting(opened: Floor) -> WireClient:
    """Return a client that has an order at the market."""
    opened.price(100)
    client = await opened.client()
    client.place(limit(1, 90))
    await client.status(1, "Submitted")
    return client


def silence(opened: Floor) -> None:
    """Let the broker report nothing any more."""
    broker: Any = opened.gateway.broker
    broker._context = replace(broker._context, report=_unheard)


def _unheard(_: Report) -> None:
    """Pass nothing on."""


async def listed(client: WireClient) -> list[tuple[int, str]]:
    """Return the open orders, and how each stands."""
    return [(told.order.order_id, told.state.status) for told in await client.open_orders()]


def test_an_order_in_doubt_is_listed_as_pending() -> None:
    async def main() -> None:
        async with floor() as opened:
            failing(opened, "place", CUT)
            client = await opened.client()
            client.place(limit(1, 90))
            assert await listed(client) == [(1, "PendingSubmit")]

    run(main())


def test_an_order_that_arrived_all_the_same_is_found_at_once() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            failing(opened, "place", CUT, after=True)
            client = await opened.client()
            client.place(limit(1, 90))
            await client.status(1, "Submitted")

    run(main())


def test_a_cancel_ends_an_order_in_doubt_that_the_broker_never_had() -> None:
    async def main() -> None:
        async with floor() as opened:
            failing(opened, "place", CUT)
            client = await opened.client()
            client.place(limit(1, 90))
            client.send(requests.CancelOrder(1))
            await client.status(1, "Cancelled")
            await client.answer(202)
            assert await listed(client) == []

    run(main())


def test_a_refused_cancel_of_an_order_in_doubt_that_is_there_leaves_it_alive() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            client = await opened.client()
            failing(opened, "find", CUT, times=1)
            failing(opened, "cancel", NotSent("the line is down"), times=1)
            silence(opened)
            failing(opened, "place", CUT, after=True)
            client.place(limit(1, 90))
            client.send(requests.CancelOrder(1))
            await client.answer(161)
            assert await listed(client) == [(1, "Submitted")]

    run(main())


def test_an_order_in_doubt_stays_so_while_the_broker_does_not_answer() -> None:
    async def main() -> None:
        async with floor() as opened:
            failing(opened, "place", CUT)
            failing(opened, "find", CUT)
            client = await opened.client()
            client.place(limit(1, 90))
            client.send(requests.CancelOrder(1))
            assert await listed(client) == [(1, "PendingSubmit")]

    run(main())


def test_a_cancel_in_doubt_can_be_asked_for_again() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await resting(opened)
            failing(opened, "cancel", CUT, times=1)
            client.send(requests.CancelOrder(1))
            assert await listed(client) == [(1, "PendingCancel")]
            client.send(requests.CancelOrder(1))
            await client.status(1, "Cancelled")

    run(main())


def test_a_global_cancel_in_doubt_can_be_asked_for_again() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await resting(opened)
            failing(opened, "cancel_everything", CUT, times=1)
            client.send(requests.ReqGlobalCancel(), requests.ReqGlobalCancel())
            await client.status(1, "Cancelled")

    run(main())


def test_a_change_in_doubt_hides_none_that_follow() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await resting(opened)
            failing(opened, "modify", CUT, times=1)
            client.place(limit(1, 91), limit(1, 92))
            await client.until(messages.OpenOrder, lambda told: told.order.lmt_price == 92)

    run(main())


def test_a_change_that_was_made_all_the_same_is_told() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await resting(opened)
            failing(opened, "modify", CUT, after=True)
            client.place(limit(1, 91))
            await client.until(messages.OpenOrder, lambda told: told.order.lmt_price == 91)

    run(main())


def test_what_a_broken_state_file_left_in_doubt_is_told_once_it_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with floor(state=str(tmp_path / "state.db")) as opened:
            client = await resting(opened)
            with monkeypatch.context() as broken:
                broken.setattr(StateFile, "write", _full)
                client.place(limit(2, 90))
                assert await listed(client) == [(1, "Submitted"), (2, "PendingSubmit")]
            client.place(limit(3, 90))
            await client.status(2, "Submitted")
            await client.status(3, "Submitted")

    run(main())


def _full(*_: object) -> None:
    raise Unavailable("the disk is full")

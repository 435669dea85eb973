"""The link mends itself, and is up only after a complete look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ib.link_desk import LinkDesk, linked, until
from ib.scripted_tws import Row, ScriptedTws, error
from v6_ib_plugin.link import pause_before
from v6core.errors import NotSent
from v6core.reports import LinkState

UP, DEGRADED, DOWN = LinkState.UP, LinkState.DEGRADED, LinkState.DOWN
LOST = error(-1, 1100, "Connectivity between IB and TWS has been lost.")
BROKEN = error(-1, 2110, "Connectivity between TWS and server is broken.")
RESTORED_LOST = error(-1, 1101, "Connectivity restored, data lost.")
RESTORED = error(-1, 1102, "Connectivity restored, data maintained.")


def linked_to(
    test: Callable[[ScriptedTws, LinkDesk], Awaitable[None]], *, settings: dict[str, Any] | None = None, **options: Any
) -> None:
    async def run() -> None:
        before = asyncio.all_tasks()
        async with ScriptedTws.running(**options) as server:
            async with linked(server, **(settings or {})) as desk:
                await test(server, desk)
            assert not {task for task in asyncio.all_tasks() - before if "TWS link" in task.get_name()}

    asyncio.run(run())


def test_the_link_is_up_once_all_has_been_looked_at() -> None:
    async def test(_: ScriptedTws, desk: LinkDesk) -> None:
        assert (desk.states, desk.looks) == ([UP], 1)
        desk.link.require_ready()

    linked_to(test)


def test_opening_twice_and_closing_twice_change_nothing() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        await desk.link.open()
        assert server.logins == 1
        await desk.link.close()
        await desk.link.close()
        assert desk.states == [UP]

    linked_to(test)


def test_a_link_that_was_closed_can_be_opened_again() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        await desk.link.close()
        await desk.link.open()
        assert (server.logins, desk.states) == (2, [UP, UP])

    linked_to(test)


@pytest.mark.parametrize("lost", [LOST, BROKEN])
def test_new_orders_are_refused_while_tws_has_lost_ib(lost: Row) -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.say(lost)
        await desk.until(UP, DEGRADED)
        with pytest.raises(NotSent, match="the link to TWS is DEGRADED") as raised:
            desk.link.require_ready()
        assert raised.value.code == "LINK_DEGRADED"
        assert desk.looks == 1

    linked_to(test)


@pytest.mark.parametrize("restored", [RESTORED_LOST, RESTORED])
def test_all_is_looked_at_again_before_the_link_is_up_again(restored: Row) -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.say(LOST)
        await desk.until(UP, DEGRADED)
        server.answers[61] = lambda _: ()
        server.say(restored)
        await server.until_sent(61, 2)
        assert desk.states == [UP, DEGRADED]
        server.say((62, 1))
        await desk.until(UP, DEGRADED, UP)
        assert desk.looks == 2

    linked_to(test)


def test_what_is_lost_during_the_look_keeps_the_link_from_being_up() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.answers[61] = lambda _: [LOST, (62, 1)]
        server.say(LOST, RESTORED)
        await until(lambda: desk.looks == 2)
        await desk.transport.current_time()
        assert desk.states == [UP, DEGRADED]

    linked_to(test)


def test_a_restoration_during_the_look_makes_it_begin_again() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.answers[61] = lambda _: ()
        server.say(RESTORED)
        await server.until_sent(61, 2)
        server.say(LOST, RESTORED)
        server.answers[61] = lambda _: [(62, 1)]
        server.say((62, 1))
        await desk.until(UP, DEGRADED, UP)
        assert desk.looks == 3

    linked_to(test)


def test_ib_lost_before_the_first_look_ends_leaves_the_link_degraded() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        assert desk.states == [DEGRADED]
        server.say(RESTORED)
        await desk.until(DEGRADED, UP)

    linked_to(test, at_login=[LOST])


def test_a_connection_that_goes_is_opened_again_and_looked_at() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.hang_up()
        await desk.until(UP, DOWN, UP)
        assert (server.logins, desk.looks) == (2, 2)

    linked_to(test)


def test_what_1100_said_is_forgotten_with_its_connection() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.say(LOST)
        await desk.until(UP, DEGRADED)
        server.hang_up()
        await desk.until(UP, DEGRADED, DOWN, UP)

    linked_to(test)


def test_attempts_go_on_while_the_login_fails() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.at_login = (error(-1, 326, "client id in use"),)
        server.accounts = ""
        server.hang_up()
        await until(lambda: server.logins >= 4)
        server.at_login, server.accounts = (), "DU1234567"
        await desk.until(UP, DOWN, UP)
        assert desk.attempts == sorted(set(desk.attempts))
        assert len(desk.attempts) >= 3

    linked_to(test)


def test_another_account_behind_the_same_port_is_not_traded() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.accounts = "U1234567"
        server.hang_up()
        await until(lambda: server.logins >= 3)
        assert desk.states == [UP, DOWN]
        assert desk.link.account == "DU1234567"

    linked_to(test)


def test_a_look_that_fails_opens_the_connection_again() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.answers[61] = lambda _: [(61, "broken"), (62, 1)]
        server.say(RESTORED)
        await desk.until(UP, DEGRADED, DOWN)
        server.answers[61] = lambda _: [(62, 1)]
        await desk.until(UP, DEGRADED, DOWN, UP)

    linked_to(test)


@pytest.mark.parametrize("code", [1300, 502, 504])
def test_what_says_that_the_connection_is_over_ends_it(code: int) -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.say(error(-1, code, "Please reconnect on the new port - 4321"))
        await desk.until(UP, DOWN, UP)
        assert desk.reports[1].detail == f"Please reconnect on the new port - 4321 ({code})"

    linked_to(test)


def test_a_half_open_connection_is_noticed_by_the_heart_beat() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        await server.until_sent(49, 2)
        server.answers[49] = lambda _: ()
        await desk.until(UP, DOWN)
        assert "has not said anything for 0.02 s" in desk.reports[1].detail

    linked_to(test, settings={"heartbeat": 0.02})


def test_whoever_talks_is_alive_even_if_he_does_not_answer() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.answers[49] = lambda _: [(8, 1, "10:00")]
        await server.until_sent(49, 2)
        assert (desk.states, server.logins) == ([UP], 1)

    linked_to(test, settings={"heartbeat": 0.02})


def test_closing_while_mending_ends_the_mending() -> None:
    async def test(server: ScriptedTws, desk: LinkDesk) -> None:
        server.accounts = ""
        server.hang_up()
        await desk.until(UP, DOWN)
        await desk.link.close()
        assert not desk.transport.is_connected

    linked_to(test, settings={"connect_timeout": 0.5})


@given(attempt=st.integers(0, 5000), chance=st.floats(0, 1, exclude_max=True))
def test_pauses_are_a_second_at_first_and_never_more_than_thirty(attempt: int, chance: float) -> None:
    assert 1 <= pause_before(attempt, chance) <= 30
    assert pause_before(0, chance) < 1.5
    assert pause_before(attempt, 0.0) <= pause_before(attempt + 1, 0.0)


def test_programs_that_lost_the_same_tws_do_not_come_back_together() -> None:
    assert pause_before(9, 0.1) != pause_before(9, 0.9)

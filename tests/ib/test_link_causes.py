"""Connecting answers with the cause, each with a stable code and a way out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from ib.link_desk import linked, refused
from ib.scripted_tws import Handler, ScriptedTws, error, listening
from v6core.errors import BrokerError


async def _silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def _speaks_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await reader.read()


async def _speaks_http_once_asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.write(b"<!DOCTYPE HTML><p>Bad request syntax</p>")


async def _speaks_ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await reader.read()


async def _greets_wrongly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\0\0\0\x05a\0b\0c")
    await reader.read()


async def _hangs_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def told(asking: Awaitable[BrokerError]) -> BrokerError:
    async def run() -> BrokerError:
        return await asking

    error = asyncio.run(run())
    assert error.hint
    return error


async def refused_by(handler: Handler, **settings: Any) -> BrokerError:
    async with listening(handler) as port:
        return await refused(port, **settings)


async def refused_after(rows: tuple[Any, ...] = (), *, scripted: dict[str, Any], **settings: Any) -> BrokerError:
    async with ScriptedTws.running(at_login=rows, **scripted) as server:
        server.answers[61] = lambda _: [(62, 1)]
        return await refused(server.port, **settings)


async def unused_port() -> int:
    async with listening(_silent) as port:
        return port


def test_nothing_listens() -> None:
    async def ask() -> BrokerError:
        return await refused(await unused_port())

    error = told(ask())
    assert error.code == "NOTHING_LISTENS"
    assert "nothing listens on 127.0.0.1:" in error.message
    assert "ActiveX and Socket Clients" in str(error.hint)


@pytest.mark.parametrize("handler", [_speaks_http, _speaks_http_once_asked, _speaks_ssh, _greets_wrongly])
def test_another_protocol_on_the_port(handler: Handler) -> None:
    error = told(refused_by(handler, connect_timeout=0.05))
    assert error.code == "NOT_TWS"
    assert "neither TWS nor IB Gateway" in error.message


def test_silence() -> None:
    error = told(refused_by(_silent, connect_timeout=0.02))
    assert error.code == "SILENT"
    assert "whether the connection is to be accepted" in str(error.hint)


def test_hanging_up_without_a_word() -> None:
    assert told(refused_by(_hangs_up)).code == "HUNG_UP"


def test_a_client_id_in_use_is_told_at_once_and_by_its_number() -> None:
    rows = (error(-1, 326, "Unable to connect as the client id is already in use."),)
    cause = told(refused_after(rows, scripted={"accounts": "", "next_id": 0}, client_id=33, connect_timeout=60.0))
    assert cause.code == "CLIENT_ID_IN_USE"
    assert "client id 33 is in use" in cause.message


@pytest.mark.parametrize("scripted", [{"accounts": ""}, {"next_id": 0}])
def test_a_login_that_is_not_finished(scripted: dict[str, Any]) -> None:
    assert told(refused_after(scripted=scripted, connect_timeout=0.05)).code == "LOGIN_UNFINISHED"


@pytest.mark.parametrize("rows", [(error(-1, 503, "The TWS is out of date"),), ()])
def test_a_version_that_is_too_old(rows: tuple[Any, ...]) -> None:
    scripted: dict[str, Any] = {"accounts": "", "next_id": 0} if rows else {"version": 156}
    assert told(refused_after(rows, scripted=scripted)).code == "TOO_OLD"


def test_a_disclaimer_that_waits() -> None:
    rows = (error(-1, 10141, "Paper trading disclaimer must first be accepted for API connection."),)
    assert told(refused_after(rows, scripted={"accounts": ""})).code == "DISCLAIMER"


def test_any_other_refusal_is_told_in_its_own_words() -> None:
    rows = (error(-1, 507, "Bad message length"),)
    cause = told(refused_after(rows, scripted={"accounts": ""}))
    assert cause.code == "REFUSED_BY_TWS"
    assert "error 507: Bad message length" in cause.message


def test_a_read_only_api() -> None:
    async def ask() -> BrokerError:
        async with ScriptedTws.running() as server:
            read_only = error(-1, 321, "The API interface is currently in Read-Only mode.")
            server.answers[5] = lambda _: [read_only]
            server.answers[61] = lambda _: [(62, 1)]
            return await refused(server.port, asks_for_orders=True)

    cause = told(ask())
    assert cause.code == "READ_ONLY_API"
    assert "Read-Only API" in str(cause.hint)


@pytest.mark.parametrize(
    ("accounts", "settings", "code", "named"),
    [
        ("DU1,DU2", {"account": "DU3"}, "ACCOUNT_NOT_THERE", "DU1, DU2"),
        ("U1,U2", {"account": "U3", "live": True}, "ACCOUNT_NOT_THERE", "U1, U2"),
        ("DU1", {"account": "U3", "live": True}, "PAPER_ACCOUNT", "DU1"),
        ("U1", {"account": "DU3"}, "LIVE_ACCOUNT", "U1"),
        ("U1", {}, "LIVE_ACCOUNT", "U1"),
        ("DU1,DU2", {}, "ACCOUNT_NOT_NAMED", "DU1, DU2"),
        ("F123,U1,U2", {"account": "U1", "live": True}, "ADVISOR_LOGIN", "F123"),
        ("DF123,DU1", {"account": "DU1"}, "ADVISOR_LOGIN", "DF123"),
        ("DF123A", {}, "ADVISOR_LOGIN", "DF123A"),
    ],
)
def test_an_account_that_is_not_the_one_meant(accounts: str, settings: dict[str, Any], code: str, named: str) -> None:
    cause = told(refused_after(scripted={"accounts": accounts}, **settings))
    assert cause.code == code
    assert named in cause.message


@pytest.mark.parametrize(
    ("accounts", "settings", "traded"),
    [
        ("DU1", {}, "DU1"),
        ("DU1,DU2", {"account": "DU2"}, "DU2"),
        ("U1,U2", {"account": "U2", "live": True}, "U2"),
    ],
)
def test_the_account_that_is_meant_is_traded(accounts: str, settings: dict[str, Any], traded: str) -> None:
    async def run() -> str:
        async with ScriptedTws.running(accounts=accounts) as server, linked(server, **settings) as desk:
            return desk.link.account

    assert asyncio.run(run()) == traded


@pytest.mark.parametrize(("chosen", "number"), [("frozen", "2"), ("delayed", "3"), ("DELAYED_FROZEN", "4")])
def test_the_market_data_that_the_configuration_wants_is_asked_for(chosen: str, number: str) -> None:
    async def run() -> list[list[str]]:
        async with ScriptedTws.running() as server, linked(server, market_data_type=chosen):
            return await server.until_sent(59)

    assert asyncio.run(run()) == [["59", "1", number]]


def test_a_refused_link_leaves_no_task_and_no_connection() -> None:
    async def run() -> None:
        before = asyncio.all_tasks()
        await refused_after(scripted={"accounts": "U1"})
        assert asyncio.all_tasks() == before

    asyncio.run(run())

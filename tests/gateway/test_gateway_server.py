from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ib_async import IB, MarketOrder, Stock

from gateway.raw_tws import RawTws, connected, eventually, greeted, kinds, place, started, tcp
from v6_ib_plugin.gateway import connection
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.part import Handler
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import encode_request, frames, messages, requests
from v6core.errors import ConfigurationError, NotConnected


def on(work: Callable[[Gateway], Awaitable[Any]], **options: Any) -> Any:
    """Run something on a gateway of its own."""

    async def within() -> Any:
        async with running_gateway(**options) as gateway:
            return await work(gateway)

    return asyncio.run(within())


# The greeting


def test_the_server_is_of_version_178() -> None:
    async def work(gateway: Gateway) -> Any:
        async with greeted(gateway) as client:
            return await client.fields()

    version, time = on(work)
    assert version == "178"
    assert time


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP"),
        (b"API\0\0\0\0\x09v179..225", "179"),
        (b"API\0\0\0\0\x05hello", "hello"),
        (b"API\0\xff\xff\xff\xff", "greeting"),
    ],
)
def test_who_does_not_greet_as_a_tws_client_is_closed_with_a_line_in_the_log(
    told: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(gateway: Gateway) -> Any:
        async with tcp(gateway) as client:
            client.write(told)
            return await client.next()

    assert on(work) is None
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert why in warnings[0]


def test_nothing_is_sent_before_start_api() -> None:
    async def work(gateway: Gateway) -> Any:
        async with greeted(gateway) as client:
            await client.fields()
            return await client.is_silent()

    assert on(work)


def test_a_greeting_that_comes_byte_by_byte_with_the_start_behind_it_is_understood() -> None:
    async def work(gateway: Gateway) -> Any:
        async with tcp(gateway) as client:
            start = frames.framed(encode_request(requests.StartApi(1)))
            for byte in frames.greeting(frames.Greeting(100, 225)) + start:
                client.write(bytes([byte]))
                await asyncio.sleep(0)
            await client.fields()
            return await client.next()

    assert on(work) == messages.ManagedAccounts("DUSIM0001")


def test_a_client_that_says_nothing_is_closed_with_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "_GREETING_WITHIN", 0.01)

    async def work(gateway: Gateway) -> Any:
        async with tcp(gateway) as client:
            return await client.next()

    assert on(work) is None
    assert "has not greeted" in caplog.text


def test_a_client_that_begins_without_start_api_is_closed() -> None:
    async def work(gateway: Gateway) -> Any:
        async with greeted(gateway) as client:
            await client.fields()
            client.send(requests.ReqCurrentTime())
            return await client.next()

    assert on(work) is None


# The start


def test_a_start_is_answered_by_the_accounts_the_next_id_and_the_data_farms() -> None:
    async def work(gateway: Gateway) -> Any:
        async with started(gateway) as client:
            return await client.until_time()

    accounts, next_id, *notices = on(work)
    assert accounts == messages.ManagedAccounts("DUSIM0001")
    assert next_id == messages.NextValidId(1)
    assert [notice.answer.code for notice in notices] == [2104, 2106, 2158]


def test_the_account_is_the_one_that_was_said() -> None:
    async def work(gateway: Gateway) -> Any:
        async with started(gateway) as client:
            return await client.find(messages.ManagedAccounts)

    assert on(work, account="DUTEST") == messages.ManagedAccounts("DUTEST")


@pytest.mark.parametrize("account", ["U123", "F123", "DUA,DUB", "DU SIM", "PAPER-1", "DU", "", "du123", "DU1\n"])
def test_an_account_whose_name_does_not_say_that_it_is_not_real_is_refused(account: str) -> None:
    async def work(_: Gateway) -> None:
        raise AssertionError("it listens")

    with pytest.raises(ConfigurationError, match="programs would take it for real money") as caught:
        on(work, account=account)
    assert caught.value.hint == (
        "choose a name like those of IB's paper accounts: DU, letters and digits, as in DUSIM0001"
    )


@pytest.mark.parametrize("account", ["DU1234567", "DF12", "DUSIM2"])
def test_the_names_of_paper_accounts_are_taken(account: str) -> None:
    async def work(gateway: Gateway) -> str:
        return gateway.account

    assert on(work, account=account) == account


def test_a_client_id_in_use_is_answered_326_and_closed_and_the_first_client_stays() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway, 5) as first:
            async with started(gateway, 5) as second:
                told = await second.to_the_end()
            return told, await first.until_time(), tuple(gateway.clients)

    told, others, clients = on(work)
    assert [message.answer.code for message in told] == [326]
    assert others == []
    assert clients == (5,)


def test_a_client_id_is_free_again_when_its_client_has_gone() -> None:
    async def work(gateway: Gateway) -> Any:
        for _ in range(2):
            async with connected(gateway, 5):
                pass
            await eventually(lambda: not gateway.clients)

    on(work)


def test_clients_stand_in_the_order_in_which_they_came() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway, 7), connected(gateway, 3):
            return tuple(gateway.clients), [session.client_id for session in gateway.clients.sessions()]

    assert on(work) == ((7, 3), [7, 3])


# Requests


class Workshop:
    """A part of a test's own, which takes the requests for news."""

    def __init__(self, _: House) -> None:
        self.order: list[str] = []

    def handlers(self) -> dict[type[requests.Request], Handler]:
        return {
            requests.ReqNewsProviders: self._slow,
            requests.ReqIds: self._fast,
            requests.ReqFamilyCodes: self._broken,
        }

    async def _slow(self, session: Session, _: Any) -> None:
        await asyncio.sleep(0.01)
        session.send(messages.NextValidId(1))

    def _fast(self, session: Session, _: Any) -> None:
        session.send(messages.NextValidId(2))

    def _broken(self, session: Session, _: Any) -> None:
        raise RuntimeError(r"a \u0041 fault")

    def on_report(self, report: Any) -> None:
        raise RuntimeError("deaf")

    def on_connect(self, session: Session) -> None: ...
    def on_disconnect(self, session: Session) -> None: ...
    async def stop(self) -> None: ...


def test_the_requests_of_a_session_are_answered_one_after_the_other() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(requests.ReqNewsProviders(), requests.ReqIds())
            return await client.until_time()

    assert on(work, parts=(Workshop,)) == [messages.NextValidId(1), messages.NextValidId(2)]


def test_a_slow_request_of_one_session_does_not_hold_up_another() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway, 1) as slow, connected(gateway, 2) as fast:
            slow.send(requests.ReqNewsProviders())
            fast.send(requests.ReqIds())
            told = await fast.find(messages.NextValidId)
            return told, await slow.find(messages.NextValidId)

    assert on(work, parts=(Workshop,)) == (messages.NextValidId(2), messages.NextValidId(1))


def test_a_handler_that_fails_is_logged_with_its_request_and_answered(caplog: pytest.LogCaptureFixture) -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(requests.ReqFamilyCodes())
            return await client.until_time()

    (told,) = on(work, parts=(Workshop,))
    assert (told.answer.req_id, told.answer.code) == (-1, 322)
    assert "ReqFamilyCodes" in told.answer.text
    assert "\\" not in told.answer.text
    assert any("ReqFamilyCodes" in record.getMessage() and record.exc_info for record in caplog.records)


def test_a_part_that_fails_on_a_report_keeps_it_from_nobody(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Any] = []

    class Listener(Workshop):
        def handlers(self) -> dict[type[requests.Request], Handler]:
            return {}

        def on_report(self, report: Any) -> None:
            heard.append(report)

    async def work(gateway: Gateway) -> Any:
        await asyncio.sleep(0)

    on(work, parts=(Workshop, Listener))
    assert heard
    assert any("Workshop failed" in record.getMessage() for record in caplog.records)


def test_a_request_that_nobody_takes_is_answered_politely() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(requests.ReqNewsArticle(4, "a", "b"))
            client.write(frames.framed(b"999\x001\x00"))
            return await client.until_time()

    first, second = on(work, parts=())
    assert (first.answer.req_id, first.answer.code) == (4, 322)
    assert (second.answer.req_id, second.answer.code) == (-1, 322)
    assert "999" in second.answer.text


@pytest.mark.parametrize(
    ("payload", "about"),
    [
        (b"22\x007\x00", 7),
        (b"52\x002\x007\x00", 7),
        (b"52\x002\x00", -1),
        (b"22\x00seven\x00", -1),
        (b"24\x001\x00", -1),
    ],
)
def test_a_question_without_a_layout_is_answered_by_its_id_where_that_is_known(payload: bytes, about: int) -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.write(frames.framed(payload))
            return await client.until_time()

    (told,) = on(work, parts=())
    assert (told.answer.req_id, told.answer.code) == (about, 322)


def test_what_cannot_be_decoded_closes_its_connection_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway, 1) as bad, connected(gateway, 2) as good:
            bad.write(frames.framed(b"4\x001\x00no number\x00\x00"))
            return await bad.to_the_end(), await good.until_time()

    assert on(work) == ([], [])
    assert any("cancelOrder" in record.getMessage() for record in caplog.records)


def test_what_came_before_garbage_in_one_segment_is_answered() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.write(frames.framed(encode_request(requests.ReqCurrentTime())) + b"\xff" * 8)
            return kinds(await client.to_the_end())

    assert on(work) == ["CurrentTime"]


def test_the_time_is_the_brokers() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(requests.ReqCurrentTime())
            told = await client.find(messages.CurrentTime)
            return told.time, gateway.broker.now().timestamp()

    told, now = on(work, settings={"fills": "realistic", "quotes": "synthetic"})
    assert abs(told - now) <= 1


def test_accounts_and_log_level_can_be_asked_for_and_said() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(requests.SetServerLogLevel(5), requests.ReqManagedAccts(), requests.StartApi(1))
            return await client.until_time()

    assert on(work) == [messages.ManagedAccounts("DUSIM0001")]


@pytest.mark.parametrize(
    ("request_", "about"),
    [(place(1), 1), (requests.CancelOrder(1), 1), (requests.ReqGlobalCancel(), -1), (requests.ReqOpenOrders(), -1)],
)
def test_a_read_only_gateway_refuses_orders_and_their_lists(request_: requests.Request, about: int) -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(request_)
            return await client.until_time()

    (told,) = on(work, read_only=True)
    assert (told.answer.req_id, told.answer.code) == (about, 321)
    assert "Read-Only" in told.answer.text


def test_a_client_whose_greeting_fails_is_closed_and_its_id_is_free(caplog: pytest.LogCaptureFixture) -> None:
    class Rude(Workshop):
        def on_connect(self, session: Session) -> None:
            raise RuntimeError("no")

    async def work(gateway: Gateway) -> Any:
        async with started(gateway) as client:
            return kinds(await client.to_the_end()), tuple(gateway.clients)

    assert on(work, parts=(Rude,)) == (["ManagedAccounts"], ())
    assert "serving it failed" in caplog.text


def test_a_client_that_does_not_read_is_cut_off_loudly(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("v6_ib_plugin.gateway.peer.MOST_UNREAD", 10_000)

    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            session = gateway.clients[1]
            while not session.is_closed:
                session.error(-1, 2100, "x" * 10_000)
            session.error(-1, 2100, "nobody hears this")
            await eventually(lambda: not gateway.clients)
            client.close()

    on(work)
    assert any("does not read" in record.getMessage() for record in caplog.records)


def test_a_client_that_goes_in_the_midst_of_an_order_harms_nobody() -> None:
    async def work(gateway: Gateway) -> Any:
        async with connected(gateway, 1) as client:
            whole = frames.framed(encode_request(place(1)))
            client.write(whole[: len(whole) // 2])
        async with connected(gateway, 2) as other:
            return await other.until_time()

    assert on(work) == []


@given(st.lists(st.integers(1, 400), max_size=6))
@settings(max_examples=15, deadline=None)
def test_however_requests_are_cut_into_segments_they_are_answered_alike(cuts: list[int]) -> None:
    asked = (requests.ReqIds(), place(1, price="50"), requests.ReqManagedAccts(), requests.ReqOpenOrders())

    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            data = b"".join(frames.framed(encode_request(request)) for request in asked)
            places = [0, *sorted({cut for cut in cuts if cut < len(data)}), len(data)]
            for start, end in pairwise(places):
                client.write(data[start:end])
                await asyncio.sleep(0)
            return kinds(await client.until_time())

    answers = [kind for kind in on(work, settings={"fills": "never"}) if kind not in {"OpenOrder", "OrderStatus"}]
    assert answers == ["NextValidId", "ManagedAccounts", "OpenOrderEnd"]


def test_who_asks_much_at_once_keeps_nobody_waiting() -> None:
    async def answers(client: RawTws, count: int) -> None:
        for _ in range(count):
            await client.find(messages.CurrentTime)

    async def work(gateway: Gateway) -> Any:
        async with connected(gateway, 1) as many, connected(gateway, 2) as one:
            many.send(*[requests.ReqCurrentTime()] * 200)
            one.send(requests.ReqCurrentTime())
            all_of_them = asyncio.ensure_future(answers(many, 200))
            await answers(one, 1)
            overtaken = not all_of_them.done()
            await all_of_them
            return overtaken

    assert on(work)


# From start to end


def test_a_gateway_that_ends_cuts_its_clients() -> None:
    async def within() -> Any:
        async with running_gateway() as gateway:
            client = await tcp(gateway).__aenter__()
            client.write(frames.greeting(frames.Greeting(100, 225)))
            await client.fields()
        try:
            return await client.next()
        finally:
            client.close()

    assert asyncio.run(within()) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", ""])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback only"):
        on(_nothing, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_every_loopback_address_will_do(host: str) -> None:
    on(_nothing, host=host)


def test_a_port_that_is_taken_is_told() -> None:
    async def work(gateway: Gateway) -> Any:
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{gateway.port}") as told:
            async with running_gateway(port=gateway.port):
                pass
        assert told.value.hint == "another program has the port; say another with --port, or 0 for a free one"

    on(work)


def test_a_gateway_that_cannot_listen_leaves_its_broker_disconnected() -> None:
    async def work(gateway: Gateway) -> Any:
        second = Gateway(lambda _: gateway.broker, port=gateway.port)
        with pytest.raises(ConfigurationError):
            await second.start()
        with pytest.raises(NotConnected):
            await gateway.broker.snapshot()

    on(work)


async def _nothing(_: Gateway) -> None:
    """Do nothing."""


# A client that nobody here wrote


def test_ib_async_connects_trades_and_reads_back() -> None:
    async def work(gateway: Gateway) -> Any:
        ib = IB()
        await ib.connectAsync(gateway.host, gateway.port, clientId=1, timeout=2)
        trade = ib.placeOrder(Stock("GOOG", "SMART", "USD"), MarketOrder("BUY", 2))
        await eventually(trade.isDone)
        fills = await ib.reqExecutionsAsync()
        ib.disconnect()
        return trade.orderStatus, fills

    status, fills = on(work, prices={"GOOG": 740})
    assert (status.status, status.avgFillPrice) == ("Filled", 740)
    assert [fill.execution.shares for fill in fills] == [2]

"""Trade updates: what is told on the WebSocket, when, and in what form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from alpaca.trading.models import TradeUpdate
from websockets.asyncio.client import connect

from alpaca_story import PRICES, Ask, Updates
from fake_alpaca.desk.updates import TradeUpdate as TradeUpdateOfDesk
from fake_alpaca.testing import MORNING, AlpacaThread, running_alpaca
from v6core.clock import SimulatedClock, SteppingClock

LIMIT = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "limit", "limit_price": "95", "time_in_force": "day"}


def test_a_fill_is_told_with_its_execution(ask: Ask, updates: Updates) -> None:
    ask("POST", "/v2/orders", json={**LIMIT, "limit_price": "100"})
    updates.wait(2)
    data = updates.messages[1]["data"]
    assert (data["event"], data["qty"], data["price"], data["position_qty"]) == ("fill", "10", "100", "10")
    assert data["order"]["status"] == "filled"


def test_parts_are_told_one_by_one(alpaca: AlpacaThread, ask: Ask, updates: Updates) -> None:
    ask("POST", "/v2/orders", json=LIMIT)
    alpaca.set_quote("AAPL", 94, 95, ask_size=4)
    alpaca.set_quote("AAPL", 94, 95, ask_size=50)
    updates.wait(3)
    fills = [message["data"] for message in updates.messages[1:]]
    assert [(fill["event"], fill["qty"], fill["position_qty"]) for fill in fills] == [
        ("partial_fill", "4", "4"),
        ("fill", "6", "10"),
    ]
    assert len({fill["execution_id"] for fill in fills}) == 2


def test_a_cancel_is_told_as_pending_and_as_done(ask: Ask, updates: Updates) -> None:
    order = ask("POST", "/v2/orders", json=LIMIT).json()
    ask("DELETE", f"/v2/orders/{order['id']}")
    updates.wait(3)
    assert updates.of(order["id"]) == ["new", "pending_cancel", "canceled"]


def test_a_replacement_is_told_of_both_orders(ask: Ask, updates: Updates) -> None:
    old = ask("POST", "/v2/orders", json=LIMIT).json()
    new = ask("PATCH", f"/v2/orders/{old['id']}", json={"limit_price": "94"}).json()
    updates.wait(3)
    assert (updates.of(old["id"]), updates.of(new["id"])) == (["new", "replaced"], ["new"])
    assert updates.messages[1]["data"]["order"]["replaced_by"] == new["id"]


def test_a_refused_order_is_told_to_nobody(ask: Ask, updates: Updates) -> None:
    ask("POST", "/v2/orders", json={**LIMIT, "qty": "1000000"})
    ask("POST", "/v2/orders", json=LIMIT)
    updates.wait(1)
    assert [message["data"]["order"]["qty"] for message in updates.messages] == ["10"]


def test_a_refused_replacement_is_told_to_nobody(ask: Ask, updates: Updates) -> None:
    order = ask("POST", "/v2/orders", json=LIMIT).json()
    assert ask("PATCH", f"/v2/orders/{order['id']}", json={"qty": "1000000"}).status_code == 403
    ask("DELETE", f"/v2/orders/{order['id']}")
    updates.wait(3)
    assert [event for event, _ in updates.events] == ["new", "pending_cancel", "canceled"]


def test_the_official_client_reads_every_update(ask: Ask, updates: Updates) -> None:
    ask("POST", "/v2/orders", json={**LIMIT, "limit_price": "100"})
    updates.wait(2)
    assert [TradeUpdate(**message["data"]).order.symbol for message in updates.messages] == ["AAPL", "AAPL"]


# The protocol


def talk(server: AlpacaThread, *messages: dict[str, Any]) -> list[Any]:
    """Say some things on the stream, and return what was answered to each."""

    async def within() -> list[Any]:
        async with connect(server.stream_url) as socket:
            answers: list[Any] = []
            for message in messages:
                await socket.send(json.dumps(message))
                answers.append(await asyncio.wait_for(socket.recv(), 5))
            return answers

    return asyncio.run(within())


def auth(server: AlpacaThread, **keys: str) -> dict[str, Any]:
    right = {"key_id": server.keys.key_id, "secret_key": server.keys.secret_key}
    return {"action": "authenticate", "data": {**right, **keys}}


LISTEN = {"action": "listen", "data": {"streams": ["trade_updates", "weather"]}}


def test_answers_are_binary_frames(alpaca: AlpacaThread) -> None:
    assert all(isinstance(answer, bytes) for answer in talk(alpaca, auth(alpaca), LISTEN))


def test_a_client_is_told_what_it_may_listen_to(alpaca: AlpacaThread) -> None:
    authorized, listening = (json.loads(answer) for answer in talk(alpaca, auth(alpaca), LISTEN))
    assert authorized == {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}
    assert listening == {"stream": "listening", "data": {"streams": ["trade_updates"]}}


def test_wrong_keys_hear_nothing(alpaca: AlpacaThread) -> None:
    authorized, listening = (json.loads(one) for one in talk(alpaca, auth(alpaca, secret_key="x"), LISTEN))
    assert authorized["data"]["status"] == "unauthorized"
    assert "error" in listening["data"]
    assert alpaca.alpaca.listening == 0


# What takes its time


class Slow:
    """A server whose market is a minute away, on a clock that the test turns."""

    def __init__(self, server: AlpacaThread, clock: SimulatedClock) -> None:
        self.server = server
        self._clock = clock

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        keys = {"APCA-API-KEY-ID": self.server.keys.key_id, "APCA-API-SECRET-KEY": self.server.keys.secret_key}
        answer = requests.request(method, self.server.url + path, json=body, headers=keys, timeout=10)
        return answer.json() if answer.text else None

    def status(self, order: dict[str, Any]) -> str:
        return str(self.ask("GET", f"/v2/orders/{order['id']}")["status"])

    def wait_a_minute(self) -> None:
        self._clock.advance(60)
        self.server.run(self.server.alpaca.broker.snapshot)  # a broker that is asked comes up to the clock


@pytest.fixture
def slow() -> Generator[Slow]:
    clock = SimulatedClock(datetime(2026, 11, 23, 15, 0, tzinfo=UTC))
    with running_alpaca(prices=PRICES, settings={"latency": 60}, clock=clock) as server:
        yield Slow(server, clock)


@pytest.fixture
def resting(slow: Slow) -> dict[str, Any]:
    order: dict[str, Any] = slow.ask("POST", "/v2/orders", LIMIT)
    slow.wait_a_minute()
    return order


def test_a_cancel_is_pending_while_it_is_on_its_way(slow: Slow, resting: dict[str, Any]) -> None:
    slow.ask("DELETE", f"/v2/orders/{resting['id']}")
    assert slow.status(resting) == "pending_cancel"
    slow.wait_a_minute()
    assert slow.status(resting) == "canceled"


def test_a_cancel_that_comes_after_the_fill_is_rejected(slow: Slow, resting: dict[str, Any]) -> None:
    slow.ask("DELETE", f"/v2/orders/{resting['id']}")
    slow.server.set_price("AAPL", 95)
    slow.wait_a_minute()
    assert slow.status(resting) == "filled"


def test_an_order_that_is_about_to_be_replaced_cannot_be_cancelled(slow: Slow, resting: dict[str, Any]) -> None:
    new = slow.ask("PATCH", f"/v2/orders/{resting['id']}", {"limit_price": "94"})
    assert slow.ask("DELETE", f"/v2/orders/{resting['id']}")["code"] == 42210000
    assert (slow.status(resting), slow.status(new)) == ("pending_replace", "pending_new")
    slow.wait_a_minute()
    assert (slow.status(resting), slow.status(new)) == ("replaced", "new")


def test_a_replacement_that_comes_after_the_fill_is_rejected(slow: Slow, resting: dict[str, Any]) -> None:
    new = slow.ask("PATCH", f"/v2/orders/{resting['id']}", {"limit_price": "94"})
    slow.server.set_price("AAPL", 95)
    slow.wait_a_minute()
    assert (slow.status(resting), slow.status(new)) == ("filled", "rejected")


def test_what_is_on_its_way_is_told_as_pending_and_then_as_refused(slow: Slow, resting: dict[str, Any]) -> None:
    told: list[tuple[str, str]] = []
    slow.server.alpaca.desk.listen(lambda update: told.append((str(update.order.order_id), update.event.value)))
    new = slow.ask("PATCH", f"/v2/orders/{resting['id']}", {"limit_price": "94"})
    slow.server.set_price("AAPL", 95)
    slow.wait_a_minute()
    assert told == [(resting["id"], "pending_replace"), (resting["id"], "fill"), (new["id"], "rejected")]


def test_a_fill_is_told_with_the_time_at_which_it_happened() -> None:
    async def overnight() -> None:
        clock = SteppingClock(MORNING)
        async with running_alpaca(settings={"hours": "regular"}, clock=clock) as alpaca:
            told: list[TradeUpdateOfDesk] = []
            alpaca.desk.listen(told.append)
            clock.advance(8 * 3600)  # the session is over by then
            await alpaca.place_by_hand(**{**LIMIT, "limit_price": "101"})
            clock.advance(16 * 3600)  # and the next one has opened
            alpaca.broker.native.catch_up()
            await alpaca.settle()
            (execution,) = alpaca.desk.executions
            assert (told[-1].event, told[-1].timestamp) == ("fill", execution.time)
            assert execution.time < alpaca.now() - timedelta(minutes=10)

    asyncio.run(overnight())

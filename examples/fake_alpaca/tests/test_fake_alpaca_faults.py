"""What can be made to go wrong, and what the server remembers of what reached it."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime

import pytest
import requests

from alpaca_story import PRICES, Ask, Updates, until
from fake_alpaca.testing import AlpacaThread, running_alpaca
from v6core.clock import SimulatedClock

ORDER = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "limit", "limit_price": "95", "time_in_force": "day"}
MINE = {**ORDER, "client_order_id": "mine"}


def ids(ask: Ask) -> list[str]:
    return [order["client_order_id"] for order in ask("GET", "/v2/orders", params={"status": "all"}).json()]


@pytest.mark.parametrize(("processed", "known"), [(True, ["mine"]), (False, [])])
def test_an_answer_is_lost_after_the_order_was_taken_or_before(
    alpaca: AlpacaThread, ask: Ask, processed: bool, known: list[str]
) -> None:
    alpaca.alpaca.faults.lose_answer("POST", processed=processed)
    with pytest.raises(requests.ConnectionError):
        ask("POST", "/v2/orders", json=MINE)
    assert ids(ask) == known


@pytest.mark.parametrize(("processed", "status"), [(True, "canceled"), (False, "new")])
def test_the_answer_of_a_cancel_is_lost(alpaca: AlpacaThread, ask: Ask, processed: bool, status: str) -> None:
    order = ask("POST", "/v2/orders", json=ORDER).json()
    alpaca.alpaca.faults.lose_answer("DELETE", processed=processed)
    with pytest.raises(requests.ConnectionError):
        ask("DELETE", f"/v2/orders/{order['id']}")
    assert ask("GET", f"/v2/orders/{order['id']}").json()["status"] == status


def test_the_answer_of_a_replacement_is_lost(alpaca: AlpacaThread, ask: Ask) -> None:
    order = ask("POST", "/v2/orders", json=ORDER).json()
    alpaca.alpaca.faults.lose_answer("PATCH")
    with pytest.raises(requests.ConnectionError):
        ask("PATCH", f"/v2/orders/{order['id']}", json={"limit_price": "94"})
    assert ask("GET", f"/v2/orders/{order['id']}").json()["status"] == "replaced"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_is_answered_and_nothing_done(alpaca: AlpacaThread, ask: Ask, status: int) -> None:
    alpaca.alpaca.faults.answer(status, "POST")
    assert ask("POST", "/v2/orders", json=MINE).status_code == status
    assert ids(ask) == []


def test_a_fault_happens_as_often_as_it_was_asked_for(alpaca: AlpacaThread, ask: Ask) -> None:
    alpaca.alpaca.faults.answer(503, "GET", "/v2/account", times=2)
    assert [ask("GET", path).status_code for path in ("/v2/account", "/v2/clock", "/v2/account", "/v2/account")] == [
        503, 200, 503, 200,
    ]  # fmt: skip


def test_what_hangs_is_reset_when_it_is_released(alpaca: AlpacaThread, ask: Ask) -> None:
    alpaca.alpaca.faults.hang("POST", processed=True)
    with pytest.raises(requests.Timeout):
        requests.post(f"{alpaca.url}/v2/orders", json=MINE, headers=headers(alpaca), timeout=0.05)
    assert ids(ask) == ["mine"]
    alpaca.call(alpaca.alpaca.faults.release)


def headers(server: AlpacaThread) -> dict[str, str]:
    return {"APCA-API-KEY-ID": server.keys.key_id, "APCA-API-SECRET-KEY": server.keys.secret_key}


def test_an_answer_comes_late(alpaca: AlpacaThread, ask: Ask) -> None:
    alpaca.alpaca.faults.delay(0.02, "GET")
    answer = ask("GET", "/v2/clock")
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.02


# The stream


def test_a_client_comes_back_after_the_stream_has_broken_off(alpaca: AlpacaThread, ask: Ask, updates: Updates) -> None:
    alpaca.call(alpaca.alpaca.faults.drop_streams)
    until(lambda: alpaca.alpaca.listening == 1)
    ask("POST", "/v2/orders", json=ORDER)
    updates.wait(1)


def test_what_happens_in_silence_is_never_told(alpaca: AlpacaThread, ask: Ask, updates: Updates) -> None:
    alpaca.alpaca.faults.silence()
    ask("POST", "/v2/orders", json=MINE)
    alpaca.alpaca.faults.silence(on=False)
    ask("POST", "/v2/orders", json={**ORDER, "client_order_id": "loud"})
    updates.wait(1)
    assert updates.messages[0]["data"]["order"]["client_order_id"] == "loud"


def test_an_update_is_told_twice(alpaca: AlpacaThread, ask: Ask, updates: Updates) -> None:
    alpaca.alpaca.faults.duplicate()
    ask("POST", "/v2/orders", json=ORDER)
    updates.wait(2)
    assert updates.messages[0] == updates.messages[1]


def test_updates_are_withheld_until_they_are_delivered(alpaca: AlpacaThread, ask: Ask, updates: Updates) -> None:
    alpaca.alpaca.faults.withhold()
    ask("POST", "/v2/orders", json={**ORDER, "limit_price": "100"})
    assert updates.messages == []
    alpaca.call(alpaca.alpaca.faults.deliver)
    updates.wait(2)


def test_updates_are_told_again_the_last_first(alpaca: AlpacaThread, ask: Ask, updates: Updates) -> None:
    ask("POST", "/v2/orders", json={**ORDER, "limit_price": "100"})
    updates.wait(2)
    alpaca.call(alpaca.alpaca.faults.repeat)
    updates.wait(4)
    assert updates.messages[2:] == updates.messages[1::-1]


# What reached it


def test_arrivals_tell_what_reached_the_server_and_in_which_order(alpaca: AlpacaThread, ask: Ask) -> None:
    alpaca.alpaca.faults.answer(500, "POST")
    for name in ("first", "second"):
        ask("POST", "/v2/orders", json={**ORDER, "client_order_id": name})
    ask("GET", "/v2/orders:by_client_order_id", params={"client_order_id": "second"})
    assert alpaca.arrivals.orders == ["first", "second"]
    assert [arrival.client_order_id for arrival in alpaca.arrivals.of("GET")] == ["second"]


def test_an_order_is_placed_by_somebody_else(alpaca: AlpacaThread, ask: Ask) -> None:
    alpaca.run(lambda: alpaca.alpaca.place_by_hand(**ORDER))
    (name,) = ids(ask)
    assert len(name) == 36
    assert alpaca.arrivals.orders == []


def test_a_reset_account_knows_no_orders_and_takes_their_ids_again(alpaca: AlpacaThread, ask: Ask) -> None:
    ask("POST", "/v2/orders", json=MINE)
    alpaca.call(alpaca.alpaca.desk.reset)
    assert ids(ask) == []
    assert ask("POST", "/v2/orders", json=MINE).status_code == 200


# The limit


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 11, 23, 15, 0, 30, tzinfo=UTC))


@pytest.fixture
def limited(clock: SimulatedClock) -> Generator[AlpacaThread]:
    with running_alpaca(prices=PRICES, clock=clock, requests_per_minute=2) as server:
        yield server


def test_more_requests_than_the_minute_has_are_refused(limited: AlpacaThread) -> None:
    answers = [requests.get(f"{limited.url}/v2/clock", headers=headers(limited), timeout=10) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].headers["X-RateLimit-Reset"] == str(int(datetime(2026, 11, 23, 15, 1, tzinfo=UTC).timestamp()))


def test_the_next_minute_has_requests_again(limited: AlpacaThread, clock: SimulatedClock) -> None:
    for _ in range(3):
        requests.get(f"{limited.url}/v2/clock", headers=headers(limited), timeout=10)
    clock.advance(30)
    assert requests.get(f"{limited.url}/v2/clock", headers=headers(limited), timeout=10).status_code == 200


def test_a_day_order_expires_with_its_day(clock: SimulatedClock) -> None:
    with running_alpaca(prices=PRICES, clock=clock) as server:
        order = requests.post(f"{server.url}/v2/orders", json=ORDER, headers=headers(server), timeout=10).json()
        clock.advance(86_400)
        server.set_price("AAPL", 99)
        found = requests.get(f"{server.url}/v2/orders/{order['id']}", headers=headers(server), timeout=10).json()
    assert (found["status"], found["expired_at"] is not None) == ("expired", True)

"""What the account cannot carry, and who may not ask: the status of HTTP, the code and the words."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from alpaca_story import CALL, HIGHER_CALL, Ask
from fake_alpaca.testing import AlpacaThread

SHARES = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day"}
OPTION = {**SHARES, "symbol": CALL, "qty": "1"}


def leg(symbol: str, side: str, ratio: str = "1") -> dict[str, str]:
    return {"symbol": symbol, "side": side, "ratio_qty": ratio}


SPREAD: dict[str, Any] = {
    "qty": "1", "type": "limit", "limit_price": "3", "time_in_force": "day", "order_class": "mleg",
    "legs": [leg(CALL, "buy"), leg(HIGHER_CALL, "sell")],
}  # fmt: skip


def answer(ask: Ask, body: object) -> tuple[int, int]:
    answered = ask("POST", "/v2/orders", json=body)
    return answered.status_code, answered.json()["code"]


def test_an_order_beyond_the_buying_power_is_forbidden(ask: Ask) -> None:
    answered = ask("POST", "/v2/orders", json={**SHARES, "qty": "100000"})
    assert answered.status_code == 403
    assert answered.json() == {"code": 40310000, "message": "insufficient buying power", "buying_power": "200000.00"}


def test_more_than_is_held_cannot_be_sold_in_one_order(ask: Ask) -> None:
    ask("POST", "/v2/orders", json=SHARES)
    answered = ask("POST", "/v2/orders", json={**SHARES, "side": "sell", "qty": "15"})
    assert answered.status_code == 403
    assert answered.json()["message"] == "insufficient qty available for order (requested: 15, available: 10)"


def test_what_an_open_order_sells_already_cannot_be_sold_again(ask: Ask) -> None:
    ask("POST", "/v2/orders", json=SHARES)
    ask("POST", "/v2/orders", json={**SHARES, "side": "sell", "type": "limit", "limit_price": "120"})
    answered = ask("POST", "/v2/orders", json={**SHARES, "side": "sell", "qty": "1"})
    assert (answered.status_code, answered.json()["held_for_orders"]) == (403, "10")


@pytest.mark.parametrize(("symbol", "words"), [(CALL, "covered call"), ("AAPL261218P01500000", "cash-secured put")])
def test_an_option_that_nothing_covers_cannot_be_sold(ask: Ask, symbol: str, words: str) -> None:
    answered = ask("POST", "/v2/orders", json={**OPTION, "symbol": symbol, "side": "sell"})
    assert (answered.status_code, answered.json()["code"]) == (403, 40310000)
    assert words in answered.json()["message"]


def test_a_call_is_covered_by_shares(ask: Ask) -> None:
    ask("POST", "/v2/orders", json={**SHARES, "qty": "100"})
    assert ask("POST", "/v2/orders", json={**OPTION, "side": "sell"}).status_code == 200


def test_a_spread_cannot_be_left_short_of_its_cover(ask: Ask) -> None:
    ask("POST", "/v2/orders", json=SPREAD)
    assert answer(ask, {**OPTION, "side": "sell"}) == (403, 40310000)


@pytest.mark.parametrize(
    "headers",
    [{}, {"APCA-API-KEY-ID": "PKFAKE0000000000"}, {"APCA-API-KEY-ID": "other", "APCA-API-SECRET-KEY": "fake-alpaca"}],
    ids=["none", "no secret", "other keys"],
)
def test_wrong_keys_are_not_authorized(alpaca: AlpacaThread, headers: dict[str, str]) -> None:
    answered = requests.get(f"{alpaca.url}/v2/account", headers=headers, timeout=10)
    assert (answered.status_code, answered.json()["code"]) == (401, 40110000)


def test_what_is_not_served_is_not_found(ask: Ask) -> None:
    assert ask("GET", "/v2/wallets").status_code == 404

"""Which fields go together, judged by the request alone: one server serves all these tests."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from alpaca_story import CALL, HIGHER_CALL, LOWER_PUT, PRICES, PUT, Ask
from fake_alpaca.testing import AlpacaThread, running_alpaca


@pytest.fixture(scope="module")
def alpaca() -> Generator[AlpacaThread]:
    with running_alpaca(prices=PRICES) as server:
        yield server


SHARES = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day"}
OPTION = {**SHARES, "symbol": CALL, "qty": "1"}
BRACKET = {
    **SHARES, "type": "limit", "limit_price": "100", "order_class": "bracket",
    "take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "90"},
}  # fmt: skip


def leg(symbol: str, side: str, ratio: str = "1") -> dict[str, str]:
    return {"symbol": symbol, "side": side, "ratio_qty": ratio}


SPREAD: dict[str, Any] = {
    "qty": "1", "type": "limit", "limit_price": "3", "time_in_force": "day", "order_class": "mleg",
    "legs": [leg(CALL, "buy"), leg(HIGHER_CALL, "sell")],
}  # fmt: skip


def answer(ask: Ask, body: object) -> tuple[int, int]:
    answered = ask("POST", "/v2/orders", json=body)
    return answered.status_code, answered.json()["code"]


@pytest.mark.parametrize(
    "change",
    [
        {"type": "lmt"},
        {"side": "long"},
        {"time_in_force": "gtd"},
        {"time_in_force": None},
        {"side": None},
        {"symbol": None},
        {"qty": "0"},
        {"qty": "-1"},
        {"qty": "many"},
        {"qty": None},
        {"colour": "red"},
        {"type": "limit", "limit_price": "0"},
        {"extended_hours": "perhaps"},
    ],
    ids=str,
)
def test_a_field_that_cannot_be_read_is_refused(ask: Ask, change: dict[str, Any]) -> None:
    assert answer(ask, {**SHARES, **change}) == (422, 40010001)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "limit"},
        {"type": "stop"},
        {"type": "stop_limit", "stop_price": "90"},
        {"limit_price": "100"},
        {"stop_price": "100"},
        {"trail_percent": "1"},
        {"type": "trailing_stop"},
        {"type": "trailing_stop", "trail_price": "1", "trail_percent": "1"},
        {"type": "limit", "limit_price": "100.001"},
        {"type": "limit", "limit_price": "0.99999"},
        {"extended_hours": True},
        {"type": "limit", "limit_price": "100", "time_in_force": "ioc", "extended_hours": True},
        {"time_in_force": "opg"},
        {"time_in_force": "cls"},
        {"take_profit": {"limit_price": "110"}},
        {"legs": [leg(CALL, "buy")]},
        {"position_intent": "sell_to_close"},
        {"advanced_instructions": {"algorithm": "DMA"}},
    ],
    ids=str,
)
def test_fields_that_do_not_go_together_are_refused(ask: Ask, change: dict[str, Any]) -> None:
    assert answer(ask, {**SHARES, **change}) == (422, 42210000)


@pytest.mark.parametrize(
    "change",
    [
        {"time_in_force": "ioc"},
        {"type": "trailing_stop", "trail_price": "1"},
        {"type": "limit", "limit_price": "5", "extended_hours": True},
        {"qty": "1.5"},
        {"order_class": "bracket", "take_profit": {"limit_price": "9"}, "stop_loss": {"stop_price": "1"}},
        {"position_intent": "buy_to_close"},
    ],
    ids=str,
)
def test_options_take_less_than_shares(ask: Ask, change: dict[str, Any]) -> None:
    assert answer(ask, {**OPTION, **change}) == (422, 42210000)


@pytest.mark.parametrize("tif", ["day", "gtc"])
def test_options_are_good_for_the_day_or_until_canceled(ask: Ask, tif: str) -> None:
    body = {**OPTION, "type": "limit", "limit_price": "1", "time_in_force": tif}
    assert ask("POST", "/v2/orders", json=body).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"take_profit": None},
        {"stop_loss": None},
        {"take_profit": {"limit_price": "100"}},
        {"stop_loss": {"stop_price": "100"}},
        {"order_class": "oto"},
        {"order_class": "oco", "stop_loss": None},
        {"order_class": "oco", "type": "market", "limit_price": None},
        {"time_in_force": "fok"},
        {"extended_hours": True},
    ],
    ids=str,
)
def test_a_group_has_what_it_needs_on_the_right_sides(ask: Ask, change: dict[str, Any]) -> None:
    assert answer(ask, {**BRACKET, **change}) == (422, 42210000)


@pytest.mark.parametrize(
    "change",
    [
        {"legs": [leg(CALL, "buy")]},
        {"legs": [leg(CALL, "buy"), leg(CALL, "sell")]},
        {"legs": [leg(s, "buy") for s in (CALL, HIGHER_CALL, PUT, LOWER_PUT, "AAPL261218C00120000")]},
        {"legs": [leg(CALL, "buy", "2"), leg(HIGHER_CALL, "sell", "2")]},
        {"legs": [leg(CALL, "buy", "1.5"), leg(HIGHER_CALL, "sell")]},
        {"legs": [leg("AAPL", "buy"), leg(HIGHER_CALL, "sell")]},
        {"legs": [leg(CALL, "buy"), leg("MSFT261218C00110000", "sell")]},
        {"time_in_force": "gtc"},
        {"type": "stop", "stop_price": "3", "limit_price": None},
        {"symbol": "AAPL", "side": "buy"},
        {"qty": "0.5"},
    ],
    ids=str,
)
def test_a_multi_leg_order_has_two_to_four_different_options_in_lowest_terms(ask: Ask, change: dict[str, Any]) -> None:
    assert answer(ask, {**SPREAD, **change}) == (422, 42210000)


def test_a_body_that_is_no_json_is_refused(ask: Ask) -> None:
    answered = ask("POST", "/v2/orders", data=b"{")
    assert (answered.status_code, answered.json()["code"]) == (400, 40010000)

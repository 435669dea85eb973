"""Every answer of a whole story, and every trade update of it, held against Alpaca's own OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest

from alpaca_document import DEVIATIONS, Document
from alpaca_story import CALL, HIGHER_CALL, LOWER_PUT, PUT, Ask, Updates
from fake_alpaca.testing import AlpacaThread

SPREAD = [
    {"symbol": CALL, "ratio_qty": "1", "side": "buy", "position_intent": "buy_to_open"},
    {"symbol": HIGHER_CALL, "ratio_qty": "1", "side": "sell", "position_intent": "sell_to_open"},
]


def order(symbol: str | None = "AAPL", side: str | None = "buy", **members: Any) -> dict[str, Any]:
    named = {"symbol": symbol, "side": side} if symbol is not None else {}
    return {**named, "qty": "10", "type": "market", "time_in_force": "day", **members}


class Story:
    """Asks, and holds each answer against the document."""

    def __init__(self, ask: Ask, document: Document) -> None:
        self._ask = ask
        self.document = document
        self.problems: list[str] = []

    def ask(self, method: str, path: str, status: int = 200, **named: Any) -> Any:
        answer = self._ask(method, path, **named)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        body = answer.json() if answer.text else None
        self.problems += self.document.problems(method, path, status, body)
        return body

    def place(self, **members: Any) -> Any:
        return self.ask("POST", "/v2/orders", json=order(**members))

    def look(self) -> None:
        self.ask("GET", "/v2/orders", params={"status": "all", "nested": "true", "limit": "500"})
        self.ask("GET", "/v2/orders", params={"status": "all"})
        self.ask("GET", "/v2/positions")
        self.ask("GET", "/v2/account")
        self.ask("GET", "/v2/account/activities")


@pytest.fixture
def story(ask: Ask, document: Document) -> Story:
    return Story(ask, document)


def trade(story: Story, alpaca: AlpacaThread) -> None:
    """One of everything that can become of an order."""
    story.place(client_order_id="filled")
    story.place(type="limit", limit_price="90", client_order_id="resting", extended_hours=True)
    resting = story.ask("GET", "/v2/orders:by_client_order_id", params={"client_order_id": "resting"})
    replaced = story.ask("PATCH", f"/v2/orders/{resting['id']}", json={"limit_price": "91"})
    story.ask("GET", f"/v2/orders/{resting['id']}")
    story.ask("DELETE", f"/v2/orders/{replaced['id']}", 204)
    exits = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "90", "limit_price": "89"}}
    bracket = story.place(type="limit", limit_price="100", time_in_force="gtc", order_class="bracket", **exits)
    story.ask("GET", f"/v2/orders/{bracket['id']}", params={"nested": "true"})
    story.place(type="limit", limit_price="80", order_class="oto", stop_loss={"stop_price": "70"})
    story.place(type="stop", stop_price="120")
    story.place(type="trailing_stop", trail_percent="5")
    story.place(type="trailing_stop", trail_price="3.5")
    story.place(symbol=CALL, qty="1", type="limit", limit_price="5")
    story.place(symbol=None, qty="2", type="limit", limit_price="3", order_class="mleg", legs=SPREAD)
    story.place(symbol=None, qty="1", type="limit", limit_price="0.5", order_class="mleg", legs=SPREAD)
    story.look()
    alpaca.set_price("AAPL", 111)
    story.look()


def read(story: Story) -> None:
    """Everything that is asked without changing anything."""
    story.ask("GET", "/v2/positions/AAPL")
    story.ask("GET", "/v2/account/activities/FILL", params={"direction": "asc", "page_size": "2"})
    story.ask("GET", "/v2/assets")
    story.ask("GET", "/v2/assets/AAPL")
    story.ask("GET", "/v2/clock")
    story.ask("GET", "/v2/calendar", params={"start": "2026-11-02", "end": "2026-12-31"})
    story.ask("GET", "/v2/options/contracts", params={"underlying_symbols": "AAPL", "limit": "7"})
    story.ask("GET", f"/v2/options/contracts/{PUT}")
    story.ask("GET", "/v2/stocks/quotes/latest", params={"symbols": "AAPL,MSFT"})
    story.ask("GET", "/v2/stocks/AAPL/quotes/latest")
    story.ask("GET", "/v2/stocks/snapshots", params={"symbols": "AAPL"})
    story.ask("GET", "/v1beta1/options/quotes/latest", params={"symbols": f"{PUT},{LOWER_PUT}"})
    story.ask("GET", "/v1beta1/options/snapshots", params={"symbols": PUT})
    story.ask("GET", "/v1beta1/options/snapshots/AAPL", params={"expiration_date": "2026-12-18", "limit": "5"})


def leave(story: Story) -> None:
    """Cancel everything and close what is held."""
    story.ask("DELETE", "/v2/orders", 207)
    story.ask("DELETE", "/v2/positions/AAPL", params={"percentage": "50"})
    story.ask("DELETE", "/v2/positions", 207, params={"cancel_orders": "true"})
    story.look()


def refuse(story: Story) -> None:
    story.ask("POST", "/v2/orders", 422, json=order(type="limit"))
    story.ask("POST", "/v2/orders", 403, json=order(qty="1000000"))


def test_every_answer_is_as_the_document_says(story: Story, alpaca: AlpacaThread) -> None:
    trade(story, alpaca)
    read(story)
    refuse(story)
    leave(story)
    assert story.problems == []


def test_every_order_in_a_trade_update_is_as_the_document_says(
    story: Story, alpaca: AlpacaThread, updates: Updates, document: Document
) -> None:
    trade(story, alpaca)
    leave(story)
    updates.wait(30)
    schema = {"$ref": "#/components/schemas/Order"}
    orders = [message["data"]["order"] for message in updates.messages]
    assert [problem for one in orders for problem in document.against("trading-api", schema, one)] == []


def test_an_answer_has_no_member_that_the_document_does_not_know(story: Story, alpaca: AlpacaThread) -> None:
    trade(story, alpaca)
    schemas = story.document.files["trading-api"]["components"]["schemas"]
    orders: list[dict[str, Any]] = story.ask("GET", "/v2/orders", params={"status": "all", "nested": "true"})
    members = {name for order in orders for name in order}
    members |= {name for order in orders for name in _members_of(order["legs"] or [])}
    account, positions = story.ask("GET", "/v2/account"), story.ask("GET", "/v2/positions")
    assert members <= set(schemas["Order"]["properties"])
    assert set(account) <= set(schemas["Account"]["properties"])
    assert set(positions[0]) <= set(schemas["Position"]["properties"])


def _members_of(legs: list[dict[str, Any]]) -> set[str]:
    return {name for leg in legs for name in leg}


def test_the_document_breaks_itself_where_the_known_deviations_are_and_nowhere_else(document: Document) -> None:
    examples = document.files["trading-api"]["components"]["examples"]
    own = examples["MultilegOptionsOrderResponse"]["value"]
    empty = {name for each in (own, *own["legs"]) for name, value in each.items() if value == ""}
    assert empty == set(DEVIATIONS)
    assert document.against("trading-api", {"$ref": "#/components/schemas/Order"}, own) == []


def test_a_wrong_answer_is_noticed(document: Document) -> None:
    wrong = {"id": "no id", "notional": None, "type": "market", "time_in_force": "day", "limit_price": 3.5}
    problems = document.problems("POST", "/v2/orders", 200, wrong)
    assert [problem.split(":")[0] for problem in sorted(problems)] == ["$.id", "$.limit_price"]

"""The story of ``v6 demo`` runs on all three brokers by changing one word of the configuration."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from end_to_end.demo_worlds import BROKERS, configuration, demo_on

Document = dict[str, Any]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    folder = tmp_path_factory.mktemp("brokers")
    return {word: demo_on(word, folder / word) for word in BROKERS}


@pytest.fixture(params=BROKERS)
def document(request: pytest.FixtureRequest, documents: dict[str, Document]) -> Document:
    return documents[request.param]


def sent(document: Document) -> list[tuple[str, ...]]:
    """Return what was sent, in its order, without prices, times and names."""
    return [
        (order["contract"]["kind"], order["action"], order["quantity"], order["order_type"])
        for order in document["orders"]
    ]


def reckoned(document: Document) -> Decimal:
    """Return the cash at the end from nothing but the cash at the start and the fills."""
    cash = Decimal(document["cash_start"])
    for fill in document["fills"]:
        value = Decimal(fill["quantity"]) * Decimal(fill["price"]) * Decimal(fill["contract"]["multiplier"])
        cash -= (value if fill["action"] == "BUY" else -value) + Decimal(fill["commission"])
    return cash


def test_the_configurations_differ_in_one_word() -> None:
    dry, *others = [configuration(word).split() for word in BROKERS]
    for words in others:
        assert sum(mine != first for mine, first in zip(words, dry, strict=True)) == 1


def test_each_ran_at_the_broker_that_was_chosen(documents: dict[str, Document]) -> None:
    assert [document["broker"] for document in documents.values()] == list(BROKERS)


def test_it_ends_flat(document: Document) -> None:
    assert document["positions"] == []


def test_no_invariant_is_broken(document: Document) -> None:
    assert document["invariants_checked"] > 100
    assert (document["invariants_broken"], document["broken"]) == (0, [])


def test_the_cash_is_that_of_the_fills_to_the_cent(document: Document) -> None:
    assert Decimal(document["cash_end"]) == reckoned(document)
    assert Decimal(document["commissions"]) == sum(Decimal(fill["commission"]) for fill in document["fills"])


def test_the_steps_are_the_same_in_the_same_order(documents: dict[str, Document]) -> None:
    first, *others = [[step["title"] for step in document["steps"]] for document in documents.values()]
    assert len(first) == 4
    assert others == [first, first]


def test_the_same_orders_are_sent_in_the_same_order(documents: dict[str, Document]) -> None:
    first, *others = map(sent, documents.values())
    assert others == [first, first]


def test_nothing_is_left_out(document: Document) -> None:
    assert document["notes"] == []


def test_a_condor_its_roll_and_its_close_are_one_order_of_four_legs_each(document: Document) -> None:
    combos = [order for order in document["orders"] if order["contract"]["kind"] == "COMBO"]
    assert [(len(order["contract"]["legs"]), order["status"]) for order in combos] == [(4, "FILLED")] * 3


def test_one_exit_of_the_bracket_ends_the_other(document: Document) -> None:
    entry, *exits = document["orders"][:3]
    assert {order["parent_order_id"] for order in exits} == {entry["order_id"]}
    assert sorted(order["status"] for order in exits) == ["CANCELLED", "FILLED"]


def test_the_bracket_has_the_times_in_force_that_its_broker_takes(documents: dict[str, Document]) -> None:
    found = {word: tuple(order["tif"] for order in document["orders"][:3]) for word, document in documents.items()}
    assert found == {"dry": ("DAY", "GTC", "GTC"), "ib": ("DAY", "GTC", "GTC"), "alpaca": ("DAY", "DAY", "DAY")}

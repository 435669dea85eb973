"""How an order stands and how it ended: TWS's words and v6's."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from v6_ib_plugin.terms import IbCompletion, IbOrderStatus
from v6_ib_plugin.translation.statuses import (
    Ending,
    Outcome,
    Standing,
    completion_of,
    ib_order_status,
    ib_reported_status,
    ib_status,
    outcome_of,
    standing_of,
)
from v6core.orders import Order, OrderStatus
from v6core.reports import ReportedStatus


def order(status: str, **fields: Any) -> Order:
    return Order.limit("BUY", 5, 10, status=status, **fields)


FILLED = {"filled_quantity": 5, "avg_fill_price": "9.5", "filled_at": datetime(2026, 1, 2, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("word", "filled", "standing"),
    [
        ("ApiPending", 0, Standing(ReportedStatus.SUBMITTED)),
        ("PreSubmitted", 0, Standing(ReportedStatus.SUBMITTED)),
        ("PreSubmitted", 2, Standing(ReportedStatus.PARTIALLY_FILLED)),
        ("Submitted", 0, Standing(ReportedStatus.SUBMITTED, working=True)),
        ("Submitted", 2, Standing(ReportedStatus.PARTIALLY_FILLED, working=True)),
        ("ApiCancelled", 0, Standing(ReportedStatus.CANCELLED)),
        ("Cancelled", 2, Standing(ReportedStatus.CANCELLED)),
        ("Filled", 5, Standing(ReportedStatus.FILLED)),
        ("Inactive", 0, Standing(ReportedStatus.INACTIVE)),
        ("ValidationError", 0, Standing(ReportedStatus.UNKNOWN, word="ValidationError")),
        ("cancelled", 0, Standing(ReportedStatus.UNKNOWN, word="cancelled")),
    ],
)
def test_a_status_word_is_told(word: str, filled: int, standing: Standing) -> None:
    assert standing_of(word, Decimal(filled)) == standing


@pytest.mark.parametrize("word", ["PendingSubmit", "PendingCancel", ""])
def test_what_was_asked_says_nothing_of_how_it_stands(word: str) -> None:
    assert standing_of(word) is None


def test_an_unknown_word_is_shown_safely() -> None:
    standing = standing_of("Odd\x1b[2J")
    assert standing is not None
    assert standing.word == "Odd\\x1b[2J"


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        (order("PENDING_SUBMIT"), "PendingSubmit"),
        (order("IN_DOUBT"), "PendingSubmit"),
        (order("SUBMITTED"), "PreSubmitted"),
        (order("SUBMITTED", working=True), "Submitted"),
        (order("SUBMITTED", working=True, pending_cancel="SENT"), "PendingCancel"),
        (order("INACTIVE"), "Inactive"),
        (order("REJECTED"), "Inactive"),
        (order("EXPIRED"), "Cancelled"),
        (order("CANCELLED", pending_cancel="SENT"), "Cancelled"),
        (order("FILLED", **FILLED), "Filled"),
    ],
)
def test_a_v6_order_has_a_status_word(shown: Order, word: str) -> None:
    assert ib_status(shown) == word


@pytest.mark.parametrize("status", OrderStatus)
def test_every_status_has_a_word_that_is_read_back(status: OrderStatus) -> None:
    word = ib_status(order(status, **(FILLED if status is OrderStatus.FILLED else {})))
    read = standing_of(word)
    assert read is None or read.status is not ReportedStatus.UNKNOWN


@pytest.mark.parametrize("status", [status for status in ReportedStatus if status is not ReportedStatus.EXPIRED])
@pytest.mark.parametrize("working", [True, False])
def test_what_a_broker_reports_is_told_and_read_back(status: ReportedStatus, *, working: bool) -> None:
    filled = Decimal(1) if status is ReportedStatus.PARTIALLY_FILLED else Decimal(0)
    read = standing_of(ib_reported_status(status, working=working), filled)
    assert read is not None
    assert read.status is (ReportedStatus.SUBMITTED if status is ReportedStatus.UNKNOWN else status)


def test_a_partly_filled_order_is_told_with_its_figures() -> None:
    part = order("PARTIALLY_FILLED", working=True, filled_quantity=2, avg_fill_price="9.5")
    assert ib_order_status(part, order_id=7, perm_id=8, client_id=6) == IbOrderStatus(
        order_id=7,
        status="Submitted",
        filled=Decimal(2),
        remaining=Decimal(3),
        avg_fill_price=Decimal("9.5"),
        perm_id=8,
        client_id=6,
    )


@pytest.mark.parametrize(
    ("status", "text", "ending"),
    [
        ("Cancelled", "Cancelled by Trader", Ending.CANCELLED),
        ("Filled", "Filled Size: 26", Ending.FILLED),
        ("", "Filled Size: 26", Ending.FILLED),
        ("Cancelled", "Expired", Ending.EXPIRED),
        ("Cancelled", "Rejected by System: no margin", Ending.REJECTED),
        ("Inactive", "", Ending.REJECTED),
        ("ApiCancelled", "", Ending.CANCELLED),
        ("", "cancelled by System", Ending.CANCELLED),
        ("Submitted", "", Ending.UNKNOWN),
    ],
)
def test_a_completed_order_tells_how_it_ended(status: str, text: str, ending: Ending) -> None:
    completion = IbCompletion(status=status, completed_status=text, filled_quantity=Decimal(26))
    assert outcome_of(completion) == Outcome(ending, Decimal(26), text)


@pytest.mark.parametrize(
    ("ended", "ending"),
    [
        (order("FILLED", **FILLED), Ending.FILLED),
        (order("CANCELLED"), Ending.CANCELLED),
        (order("CANCELLED", reason="out of hours"), Ending.CANCELLED),
        (order("EXPIRED"), Ending.EXPIRED),
        (order("REJECTED", reason="no margin"), Ending.REJECTED),
    ],
)
def test_how_a_v6_order_ended_is_told_and_read_back(ended: Order, ending: Ending) -> None:
    told = outcome_of(completion_of(ended))
    assert (told.ending, told.filled) == (ending, ended.filled_quantity)


def test_a_filled_order_tells_its_size_as_tws_does() -> None:
    assert completion_of(order("FILLED", **FILLED)).completed_status == "Filled Size: 5"

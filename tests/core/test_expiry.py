"""Until when an order of a day can work, and when the same order may go out again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from v6core.capabilities import SubmitIdentity
from v6core.contracts import Contract, Forex, Stock
from v6core.events import DoubtRaised, OrderIntended
from v6core.lifecycle import fold
from v6core.orders import Order, OrderStatus
from v6core.reconciliation import day_is_over, may_resend
from v6core.testing import scripted_capabilities

GOOG = Stock("GOOG")


def at(text: str) -> datetime:
    """Return a time in UTC; New York is five hours behind it in winter."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day_order(contract: Contract = GOOG, tif: str = "DAY") -> Order:
    return Order.limit("BUY", 1, 100, tif=tif).replace(contract=contract)


@pytest.mark.parametrize(
    ("sent", "still", "over"),
    [
        ("2026-12-01T15:00", "2026-12-02T00:59", "2026-12-02T01:01"),  # within the session: to 20:00 that day
        ("2026-12-01T12:00", "2026-12-02T00:59", "2026-12-02T01:01"),  # before the open: likewise
        ("2026-12-01T21:30", "2026-12-03T00:59", "2026-12-03T01:01"),  # after the close: through the next session
        ("2026-12-04T22:00", "2026-12-08T00:59", "2026-12-08T01:01"),  # Friday evening: through Monday
        ("2026-11-26T15:00", "2026-11-28T00:59", "2026-11-28T01:01"),  # Thanksgiving: through Friday
    ],
)
def test_a_us_order_of_a_day_ends_with_the_hours_of_its_session(sent: str, still: str, over: str) -> None:
    assert not day_is_over(day_order(), at(sent), at(still))
    assert day_is_over(day_order(), at(sent), at(over))


def test_what_trades_elsewhere_is_given_five_days() -> None:
    order = day_order(Forex("EUR", "USD"))
    assert not day_is_over(order, at("2026-12-01T15:00"), at("2026-12-06T14:59"))
    assert day_is_over(order, at("2026-12-01T15:00"), at("2026-12-06T15:01"))


def test_an_order_good_until_cancelled_is_never_over_by_the_clock() -> None:
    assert not day_is_over(day_order(tif="GTC"), at("2026-12-01T15:00"), at("2027-12-01T15:00"))


def test_a_day_that_no_table_knows_is_given_five_days() -> None:
    assert not day_is_over(day_order(), at("2040-12-03T15:00"), at("2040-12-08T14:00"))
    assert day_is_over(day_order(), at("2040-12-03T15:00"), at("2040-12-08T16:00"))


ENFORCED = {"submit_identity": SubmitIdentity.ENFORCED}
WINDOW = {"submit_identity": SubmitIdentity.WINDOW, "identity_window": 20}


@pytest.mark.parametrize(
    ("abilities", "age", "expected"),
    [
        (ENFORCED, 29, True),
        (ENFORCED, 30, False),
        (WINDOW, 9.9, True),
        (WINDOW, 10, False),
        ({"submit_identity": SubmitIdentity.QUERYABLE}, 0, False),
        ({"submit_identity": SubmitIdentity.NONE}, 0, False),
    ],
)
def test_what_is_in_doubt_goes_out_again_only_where_a_second_one_is_refused(
    abilities: dict[str, object], age: float, expected: bool
) -> None:
    order, now = day_order(), at("2026-12-01T15:00")
    sent = OrderIntended(time=now, order_id=order.order_id, order=order)
    doubt = DoubtRaised(time=now, order_id=order.order_id, reason="?")
    capabilities = scripted_capabilities(**abilities)
    assert may_resend(fold([sent, doubt]), capabilities, age=age, window=30) is expected
    assert fold([sent]).status is OrderStatus.PENDING_SUBMIT
    assert not may_resend(fold([sent]), capabilities, age=age, window=30)

"""Orders and brackets: every rule that needs no market."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from v6core.contracts import Combo, ComboLeg, Option, Stock
from v6core.orders import Anomaly, BracketOrder, OcaType, Order, OrderStatus, OrderType, TimeInForce
from v6core.testing import order_strategies as plausible

law = settings(deadline=None, max_examples=80)
NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
SPREAD = Combo(
    "GOOG", [ComboLeg(Option("GOOG", "20261218", 750, "C")), ComboLeg(Option("GOOG", "20261218", 760, "C"), "SELL")]
)
LIMITED = ("LIMIT", "STOP_LIMIT", "LIMIT_IF_TOUCHED", "LIMIT_ON_CLOSE", "LIMIT_ON_OPEN")
STOPPED = ("STOP", "STOP_LIMIT", "MARKET_IF_TOUCHED", "LIMIT_IF_TOUCHED")


def order(kind: str = "MARKET", **fields: Any) -> Order:
    """Return an order of a kind with what that kind needs, and these fields over it; None leaves one out."""
    given: dict[str, Any] = {"action": "BUY", "quantity": 10, "order_type": kind}
    given |= {"limit_price": "10"} if kind in LIMITED else {}
    given |= {"stop_price": "9"} if kind in STOPPED else {}
    given |= {"trail_amount": "1"} if kind in {"TRAIL", "TRAIL_LIMIT"} else {}
    given |= {"limit_offset": "0.1"} if kind == "TRAIL_LIMIT" else {}
    return Order.model_validate({name: value for name, value in (given | fields).items() if value is not None})


@law
@given(plausible.orders())
def test_an_order_comes_back_from_json(drawn: Order) -> None:
    text = drawn.model_dump_json()
    found = Order.model_validate_json(text)
    assert found == drawn
    assert found.model_dump_json() == text


@law
@given(plausible.orders())
def test_a_copy_without_changes_is_equal_and_validated(drawn: Order) -> None:
    assert drawn.replace() == drawn
    with pytest.raises(ValueError, match="quantity must be positive"):
        drawn.replace(quantity=0)


@law
@given(plausible.brackets())
def test_a_bracket_comes_back_from_json(bracket: BracketOrder) -> None:
    assert BracketOrder.model_validate_json(bracket.model_dump_json()) == bracket


@pytest.mark.parametrize("kind", list(OrderType))
def test_every_type_can_be_made_from_what_it_needs(kind: OrderType) -> None:
    assert order(kind).order_type is kind


def test_the_constructors_read_well() -> None:
    assert Order.market("BUY", 10).order_type is OrderType.MARKET
    limit = Order.limit("sell", 5, "101.50", tif="gtc")
    assert (limit.action, str(limit.limit_price), limit.tif) == ("SELL", "101.50", "GTC")
    assert Order.stop("SELL", 5, 99).stop_price == 99
    both = Order.stop_limit("SELL", 5, stop_price=99, limit_price=98)
    assert both.stop_price == 99
    assert both.limit_price == 98
    assert Order.trailing_stop("SELL", 5, trail_percent="2.5").trail_percent == Decimal("2.5")


def test_a_new_order_has_an_id_of_its_own_and_the_defaults() -> None:
    one, other = Order.market("BUY", 1), Order.market("BUY", 1)
    assert one.order_id != other.order_id
    assert (one.tif, one.status) == (TimeInForce.DAY, OrderStatus.CREATED)
    assert one.remaining_quantity == 1


@pytest.mark.parametrize("quantity", [0, -1, "-0.5", "0"])
def test_quantity_must_be_positive(quantity: object) -> None:
    with pytest.raises(ValueError, match="quantity must be positive"):
        order(quantity=quantity)


BAD_NUMBERS: list[object] = [
    "NaN",
    "inf",
    float("nan"),
    float("-inf"),
    "1e400",
    10**14,
    "ten",
    "",
    True,
    [],
    {},
    object(),
    b"1",
]


@pytest.mark.parametrize("value", BAD_NUMBERS)
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("MARKET", "quantity"),
        ("LIMIT", "limit_price"),
        ("STOP", "stop_price"),
        ("TRAIL", "trail_amount"),
        ("TRAIL_LIMIT", "limit_offset"),
    ],
)
def test_bad_numbers_are_refused_by_name(kind: str, name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        order(kind, **{name: value})


@pytest.mark.parametrize("kind", LIMITED)
def test_a_limit_order_needs_a_limit_price(kind: str) -> None:
    with pytest.raises(ValueError, match=f"a {kind} order needs a limit_price"):
        order(kind, limit_price=None)


@pytest.mark.parametrize("kind", STOPPED)
def test_a_stop_order_needs_a_stop_price(kind: str) -> None:
    with pytest.raises(ValueError, match=f"a {kind} order needs a stop_price"):
        order(kind, stop_price=None)


@pytest.mark.parametrize("kind", sorted(set(OrderType) - set(LIMITED)))
def test_no_other_type_takes_a_limit_price(kind: str) -> None:
    with pytest.raises(ValueError, match=f"a {kind} order takes no limit_price"):
        order(kind, limit_price="10")


@pytest.mark.parametrize("kind", sorted(set(OrderType) - {*STOPPED, "TRAIL", "TRAIL_LIMIT"}))
def test_no_other_type_takes_a_stop_price(kind: str) -> None:
    with pytest.raises(ValueError, match=f"a {kind} order takes no stop_price"):
        order(kind, stop_price="10")


@pytest.mark.parametrize(
    ("kind", "fields", "complaint"),
    [
        ("TRAIL", {"trail_amount": None}, "needs exactly one of trail_amount and trail_percent"),
        ("TRAIL", {"trail_percent": "2"}, "needs exactly one of trail_amount and trail_percent"),
        ("TRAIL", {"trail_amount": None, "trail_percent": "100"}, "trail_percent must be below 100"),
        ("TRAIL", {"trail_amount": "0"}, "trail_amount must be positive"),
        ("TRAIL", {"limit_offset": "1"}, "takes no limit_offset"),
        ("TRAIL_LIMIT", {"limit_offset": None}, "needs a limit_offset"),
        ("TRAIL_LIMIT", {"limit_offset": "-1"}, "limit_offset must not be negative"),
        ("LIMIT", {"trail_amount": "1"}, "takes no trail_amount"),
        ("MARKET", {"tif": "GTD"}, "a GTD order needs good_till"),
        ("MARKET", {"tif": "GTD", "good_till": datetime(2026, 1, 5)}, "timezone"),  # noqa: DTZ001 -- naive on purpose
        ("MARKET", {"tif": "GTD", "good_till": "soon"}, "good_till"),
        ("MARKET", {"tif": "GTD", "good_till": NOW, "created_at": NOW}, "is not in the future"),
        ("MARKET", {"good_till": NOW}, "good_till belongs to tif GTD, not DAY"),
        ("MARKET", {"oca_type": "REDUCE"}, "oca_type needs an oca_group"),
        ("MARKET", {"action": "HOLD"}, "BUY"),
        ("MARKET", {"tif": "FOREVER"}, "DAY"),
        ("PEGGED", {}, "LIMIT"),
        ("MARKET", {"order_id": "7"}, "UUID"),
        ("MARKET", {"colour": "red"}, "Extra inputs"),
        ("MARKET", {"conid": -1}, "conid"),
        ("MARKET", {"contract": "GOOG"}, "contract"),
        ("MARKET", {"account": "DU1\x1f"}, "printable ASCII"),
        ("MARKET", {"strategy_id": ""}, "must not be empty"),
        ("MARKET", {"oca_group": "x" * 129}, "at most 128"),
    ],
)
def test_rules_are_told_in_words(kind: str, fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        order(kind, **fields)


@pytest.mark.parametrize("price", ["0", "-1.25"])
def test_only_a_combos_price_may_be_zero_or_less(price: str) -> None:
    assert order("LIMIT", limit_price=price, contract=SPREAD).limit_price == Decimal(price)
    for kind, name in (("LIMIT", "limit_price"), ("STOP", "stop_price")):
        with pytest.raises(ValueError, match=f"{name} must be positive"):
            order(kind, contract=Stock("GOOG"), **{name: price})


def test_good_till_is_kept_in_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=-5)))
    found = order(tif="GTD", good_till=local).good_till
    assert found is not None
    assert (found, found.tzinfo) == (NOW, UTC)


FILLED: dict[str, Any] = {"status": "FILLED", "filled_quantity": 10, "avg_fill_price": "10", "filled_at": NOW}


def filled(**fields: Any) -> Order:
    return order("MARKET", **(FILLED | fields))


def test_what_was_filled_agrees_with_the_status() -> None:
    assert filled().remaining_quantity == 0
    with pytest.raises(ValueError, match="a FILLED order needs filled_at"):
        filled(filled_at=None)
    with pytest.raises(ValueError, match="filled whole, not 9 of 10"):
        filled(filled_quantity=9)
    with pytest.raises(ValueError, match="filled_quantity 11 is above quantity 10"):
        filled(filled_quantity=11)
    assert filled(filled_quantity=11, anomalies=("OVERFILL",)).remaining_quantity == 0
    with pytest.raises(ValueError, match="avg_fill_price belongs to a filled_quantity"):
        order(filled_quantity=3)
    with pytest.raises(ValueError, match="avg_fill_price belongs to a filled_quantity"):
        order(avg_fill_price=3)


@pytest.mark.parametrize("status", list(OrderStatus))
def test_what_remains_is_zero_once_it_has_ended(status: OrderStatus) -> None:
    part: dict[str, Any] = {"filled_quantity": 4, "avg_fill_price": "10"}
    found = order(**(FILLED if status is OrderStatus.FILLED else {**part, "status": status}))
    assert found.remaining_quantity == (0 if status.is_terminal else 6)
    assert status.is_open is (not status.is_terminal and status is not OrderStatus.CREATED)


def test_anomalies_stand_in_one_order_once_each() -> None:
    found = order(anomalies=("RESURRECTED", "LATE_FILL", "LATE_FILL"))
    assert found.anomalies == (Anomaly.LATE_FILL, Anomaly.RESURRECTED)


def test_enums_are_taken_in_any_case_and_written_in_capitals() -> None:
    found = order("market if touched", stop_price="9", tif="gtc", action=" sell ", oca_group="g", oca_type="reduce")
    assert found.order_type is OrderType.MARKET_IF_TOUCHED
    assert (found.action, found.tif, found.oca_type) == ("SELL", TimeInForce.GTC, OcaType.REDUCE)
    assert '"SELL"' in found.model_dump_json()


def test_orders_and_their_options_do_not_change() -> None:
    found = order(options={"algo": "Adaptive"})
    with pytest.raises(ValueError, match="frozen"):
        found.quantity = Decimal(1)  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.options["algo"] = "x"  # type: ignore[index]


# Brackets

ENTRY = Order.limit("BUY", 10, "100")
TARGET, STOP = Order.limit("SELL", 10, "110"), Order.stop("SELL", 10, "95")


def test_a_bracket_needs_an_exit_and_an_entry() -> None:
    with pytest.raises(ValueError, match="a bracket needs a take_profit, a stop_loss or both"):
        BracketOrder(ENTRY)
    with pytest.raises(ValueError, match="parent_order"):
        BracketOrder.model_validate({"take_profit": TARGET})


def test_a_bracket_may_have_one_exit_or_both() -> None:
    assert len(BracketOrder(ENTRY, TARGET).orders) == len(BracketOrder(ENTRY, stop_loss=STOP).orders) == 2
    assert [one.order_id for one in BracketOrder(ENTRY, TARGET, STOP).orders] == [
        ENTRY.order_id,
        TARGET.order_id,
        STOP.order_id,
    ]


def test_exits_outlive_the_day_unless_told_otherwise() -> None:
    bracket = BracketOrder(ENTRY, TARGET.replace(tif="DAY"), STOP)
    assert [one.tif for one in bracket.orders] == ["DAY", "DAY", "GTC"]


@pytest.mark.parametrize(
    ("take_profit", "stop_loss", "complaint"),
    [
        (TARGET.replace(action="BUY"), None, "take_profit must be a SELL, opposite to the entry"),
        (None, STOP.replace(quantity=9), "stop_loss quantity 9 must be the entry's, 10"),
        (STOP, None, "take_profit must be one of LIMIT"),
        (None, TARGET, "stop_loss must be one of STOP"),
        (TARGET.replace(limit_price="99"), None, "take_profit 99 must be above entry 100 for a BUY entry"),
        (TARGET.replace(limit_price="100"), None, "take_profit 100 must be above entry 100"),
        (None, STOP.replace(stop_price="100"), "entry 100 must be above stop_loss 100"),
        (TARGET, STOP.replace(order_id=TARGET.order_id), "order_ids of their own"),
    ],
)
def test_rules_of_a_bracket(take_profit: Order | None, stop_loss: Order | None, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        BracketOrder(ENTRY, take_profit, stop_loss)


def test_prices_of_a_sold_entry_are_the_other_way_round() -> None:
    entry = ENTRY.replace(action="SELL")
    assert BracketOrder(entry, Order.limit("BUY", 10, "90"), Order.stop("BUY", 10, "105")).parent_order == entry
    with pytest.raises(ValueError, match="entry 100 must be below stop_loss 95 for a SELL entry"):
        BracketOrder(entry, stop_loss=Order.stop("BUY", 10, "95"))


def test_exits_of_an_entry_at_market_still_stand_in_order() -> None:
    with pytest.raises(ValueError, match="take_profit 90 must be above stop_loss 95"):
        BracketOrder(Order.market("BUY", 10), TARGET.replace(limit_price="90"), STOP)


def test_the_entry_is_never_in_the_group_of_its_exits() -> None:
    inside = ENTRY.replace(oca_group="g")
    with pytest.raises(ValueError, match="would cancel its own protection"):
        BracketOrder(inside, TARGET, STOP, "g")
    with pytest.raises(ValueError, match="would cancel its own protection"):
        BracketOrder(inside, TARGET.replace(oca_group="g"))
    assert BracketOrder(inside, TARGET, STOP, "exits").parent_order == inside


def test_the_exits_share_one_group() -> None:
    with pytest.raises(ValueError, match="share one oca_group, not g, h"):
        BracketOrder(ENTRY, TARGET.replace(oca_group="g"), STOP, "h")

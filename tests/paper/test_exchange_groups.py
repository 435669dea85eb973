"""Brackets and one-cancels-all groups, one fact each."""

from __future__ import annotations

from decimal import Decimal

import pytest

from paper.exchange_bench import FAR, GOOG, NEAR, Bench, facts, minute, order, row, tape
from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6core.orders import OcaType, TimeInForce

GTC = TimeInForce.GTC


def bracket(quantity: int = 10, limit: str = "100.10") -> list[ExchangeOrder]:
    return [
        order("BUY", quantity, ref="entry", limit_price=limit, tif=GTC),
        order("SELL", quantity, ref="take", limit_price="101", parent_ref="entry", tif=GTC),
        order("SELL", quantity, ref="stop", stop_price="99", parent_ref="entry", tif=GTC),
    ]


def prices(*quotes: tuple[object, object, int], contract: object = GOOG) -> Bench:
    """Return an exchange where the stock shows these quotes, one a minute, with the same size on both sides."""
    return Bench(tape(row(at, GOOG, bid, ask, size, size) for at, (bid, ask, size) in enumerate(quotes)))


RISES = ((100, "100.10", 1000), ("101.50", "101.60", 1000))
FALLS = ((100, "100.10", 1000), ("98.50", "98.60", 1000))


def test_exits_are_held_until_the_entry_fills() -> None:
    bench = prices(RISES[0], RISES[0])
    bench.place(*bracket(limit="99.50"))
    assert [bench[ref].is_working for ref in ("entry", "take", "stop")] == [True, False, False]


def test_exits_work_once_the_entry_has_filled() -> None:
    bench = prices(RISES[0], RISES[0])
    bench.place(*bracket())
    assert [bench[ref].workable for ref in ("take", "stop")] == [10, 10]


def test_one_exit_fills_and_the_other_is_cancelled() -> None:
    bench = prices(*RISES)
    bench.place(*bracket())
    bench.exchange.advance(minute(2))
    assert bench.status("entry", "take", "stop") == ["FILLED", "FILLED", "CANCELLED"]
    assert bench.position() == 0


def test_the_stop_protects_when_the_price_falls() -> None:
    bench = prices(*FALLS)
    bench.place(*bracket())
    bench.exchange.advance(minute(2))
    assert bench.status("take", "stop") == ["CANCELLED", "FILLED"]
    assert bench.prices("stop") == [("SELL", "10", "98.50")]


def test_exits_cover_what_the_entry_has_filled() -> None:
    bench = prices((100, "100.10", 4), (100, "100.20", 4))
    bench.place(*bracket())
    assert [bench[ref].workable for ref in ("entry", "take", "stop")] == [6, 4, 4]


def test_an_entry_cancelled_in_part_leaves_exits_for_what_it_filled() -> None:
    bench = prices((100, "100.10", 4), (100, "100.20", 4))
    bench.place(*bracket())
    bench.exchange.cancel("entry")
    assert [facts(bench[ref].quantity, bench[ref].is_working) for ref in ("take", "stop")] == [(4, True), (4, False)]


def test_an_entry_cancelled_unfilled_takes_its_exits_with_it() -> None:
    bench = prices(RISES[0], RISES[0])
    bench.place(*bracket(limit="99"))
    bench.exchange.cancel("entry")
    assert bench.status("entry", "take", "stop") == ["CANCELLED"] * 3


def test_an_entry_refused_refuses_its_exits() -> None:
    bench = prices(RISES[0])
    bench.place(*bracket(limit="100.001"))
    assert bench.status("entry", "take", "stop") == ["REJECTED"] * 3
    assert "its unit was refused" in (bench["stop"].reason or "")


def test_an_exit_without_its_entry_is_refused() -> None:
    bench = prices(RISES[0])
    bench.place(order("SELL", 1, ref="exit", limit_price=101, parent_ref="nobody"))
    assert bench["exit"].code == "NO_ENTRY"


def test_exits_filled_while_the_entry_still_works_cover_what_fills_later() -> None:
    bench = prices((100, "100.10", 4), ("101.50", "101.60", 4), (100, "100.10", 6), (98, "98.10", 6))
    bench.place(*bracket())
    bench.exchange.advance(minute(4))
    assert bench.prices("take") == [("SELL", "4", "101.50")]
    assert bench.prices("stop") == [("SELL", "6", "98.00")]
    assert bench.position() == 0


def test_a_fill_of_a_cancelling_group_cancels_the_rest_of_it_however_small() -> None:
    bench = prices((100, "100.10", 3))
    for ref in ("one", "two"):
        bench.place(order("BUY", 10, ref=ref, limit_price=100 if ref == "one" else "100.10", oca_group="g", tif=GTC))
    assert facts(bench["two"].filled, bench["one"].status) == (3, "CANCELLED")


@pytest.mark.parametrize("kind", [OcaType.REDUCE, OcaType.REDUCE_WITH_BLOCK])
def test_a_fill_of_a_reducing_group_is_taken_off_the_others(kind: OcaType) -> None:
    bench = prices((100, "100.10", 3))
    for ref, limit in (("one", "100"), ("two", "100.10")):
        bench.place(order("BUY", 10, ref=ref, limit_price=limit, oca_group="g", oca_type=kind, tif=GTC))
    assert facts(bench["two"].filled, bench["one"].quantity, bench["one"].is_open) == (3, 7, True)


def test_of_two_members_that_one_quote_reaches_the_better_price_fills_alone() -> None:
    bench = prices((100, "100.10", 1000), (98, "98.10", 1000))
    for ref, limit in (("one", "99"), ("two", "99.50")):
        bench.place(order("BUY", 10, ref=ref, limit_price=limit, oca_group="g", tif=GTC))
    bench.exchange.advance(minute(2))
    assert bench.status("one", "two") == ["CANCELLED", "FILLED"]


def test_members_on_other_contracts_are_cancelled_before_their_quote_is_matched() -> None:
    rows = [row(at, contract, bid, ask) for at, bid, ask in ((0, 5, 6), (1, 2, 3)) for contract in (NEAR, FAR)]
    bench = Bench(tape(rows))
    bench.place(
        order("BUY", 1, FAR, ref="far", limit_price=4, oca_group="g"),
        order("BUY", 1, NEAR, ref="near", limit_price=4, oca_group="g"),
    )
    bench.exchange.advance(minute(2))
    assert bench.status("near", "far") == ["FILLED", "CANCELLED"]


def test_a_group_that_has_filled_takes_no_more_members() -> None:
    bench = prices(RISES[0])
    bench.place(order("BUY", 1, ref="one", oca_group="g"))
    bench.place(order("BUY", 1, ref="two", oca_group="g"))
    assert bench["two"].code == "OCA_FILLED"


def test_a_group_has_one_type() -> None:
    bench = prices(RISES[0])
    bench.place(order("BUY", 1, ref="one", limit_price=90, oca_group="g", oca_type=OcaType.REDUCE))
    bench.place(order("BUY", 1, ref="two", limit_price=90, oca_group="g"))
    assert bench["two"].code == "OCA_TYPES"


def test_cancelling_a_member_leaves_the_others() -> None:
    bench = prices(RISES[0])
    for ref in ("one", "two"):
        bench.place(order("BUY", 1, ref=ref, limit_price=90, oca_group="g"))
    bench.exchange.cancel("one")
    assert bench.status("one", "two") == ["CANCELLED", "SUBMITTED"]


def test_a_modified_exit_stays_in_its_group() -> None:
    bench = prices(*RISES)
    bench.place(*bracket())
    bench.exchange.change("take", {"limit_price": Decimal("101.20")})
    bench.exchange.advance(minute(2))
    assert bench.status("take", "stop") == ["FILLED", "CANCELLED"]


def test_exits_are_siblings_after_a_restart() -> None:
    bench = prices(*RISES)
    bench.place(*bracket())
    bench.restart()
    bench.exchange.advance(minute(2))
    assert bench.status("take", "stop") == ["FILLED", "CANCELLED"]


def test_an_entry_that_expires_unfilled_takes_its_exits_with_it() -> None:
    bench = prices(RISES[0], RISES[0])
    entry, *exits = bracket(limit="99")
    entry.tif = TimeInForce.DAY
    bench.place(entry, *exits)
    bench.exchange.advance(minute(600))
    assert bench.status("entry", "take", "stop") == ["EXPIRED", "CANCELLED", "CANCELLED"]

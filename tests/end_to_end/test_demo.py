"""``v6 demo``: on a made-up day, on real quotes, on other brokers; its books, and the checks that look at them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from end_to_end.v6_calls import Called, one_sentence, shared_quotes, v6, v6_json
from v6core.cli.demo.choices import expirations_to_open, expirations_to_roll_to, side_that_is_tested
from v6core.cli.demo.invariants import INVARIANTS, Audit, Books, audit
from v6core.contracts import OptionRight, Stock
from v6core.events import Event, OrderIntended, ReportReceived, event_to_json
from v6core.fills import Fill
from v6core.journal import Entry, MemoryJournal
from v6core.lifecycle import fold
from v6core.orders import Anomaly, Order, OrderStatus
from v6core.positions import Position
from v6core.quotes import ChainExpiration, OptionChain
from v6core.reports import FillReport
from v6core.strategies import iron_condor

KEYS = {
    "broker",
    "orders",
    "fills",
    "positions",
    "cash_start",
    "cash_end",
    "commissions",
    "invariants_checked",
    "invariants_broken",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the document of the demo as it comes."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("synthetic"))
    try:
        document: dict[str, Any] = v6_json("demo")
    finally:
        os.chdir(before)
    return document


def _assert_balanced(document: dict[str, Any]) -> None:
    """Reckon the cash anew, from nothing but the document."""
    cash = Decimal(document["cash_start"])
    for fill in document["fills"]:
        sign = 1 if fill["action"] == "BUY" else -1
        multiplier = Decimal(fill["contract"]["multiplier"])
        cash -= sign * Decimal(fill["quantity"]) * Decimal(fill["price"]) * multiplier + Decimal(fill["commission"])
    assert cash == Decimal(document["cash_end"])
    assert sum(Decimal(fill["commission"]) for fill in document["fills"]) == Decimal(document["commissions"])


def _kinds(document: dict[str, Any]) -> list[str]:
    return [order["contract"]["kind"] for order in document["orders"]]


def test_it_ends_flat_and_balanced(synthetic: dict[str, Any]) -> None:
    assert synthetic.keys() >= KEYS
    assert synthetic["positions"] == []
    _assert_balanced(synthetic)


def test_it_checks_many_invariants_and_breaks_none(synthetic: dict[str, Any]) -> None:
    assert synthetic["invariants_checked"] > 50
    assert sum(synthetic["checks"].values()) == synthetic["invariants_checked"]
    assert (synthetic["invariants_broken"], synthetic["broken"]) == (0, [])
    assert len(synthetic["checks"]) == len(INVARIANTS)


def test_one_exit_of_the_bracket_cancels_the_other(synthetic: dict[str, Any]) -> None:
    entry, *exits = synthetic["orders"][:3]
    assert entry["status"] == "FILLED"
    assert {order["parent_order_id"] for order in exits} == {entry["order_id"]}
    assert sorted(order["status"] for order in exits) == ["CANCELLED", "FILLED"]


def test_condor_roll_and_close_are_one_combo_order_each(synthetic: dict[str, Any]) -> None:
    assert _kinds(synthetic)[3:] == ["COMBO"] * 3
    assert {order["status"] for order in synthetic["orders"][3:]} == {"FILLED"}
    assert [len(order["contract"]["legs"]) for order in synthetic["orders"][3:]] == [4, 4, 4]


def test_the_roll_moves_one_side_to_a_later_expiration(synthetic: dict[str, Any]) -> None:
    legs = [leg["contract"] for leg in synthetic["orders"][4]["contract"]["legs"]]
    assert len({leg["right"] for leg in legs}) == 1
    assert len({leg["expiration"] for leg in legs}) == 2
    assert len({leg["strike"] for leg in legs}) == 2


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert v6("demo", "--json", "--seed", "3").out == v6("demo", "--json", "--seed", "3").out


def test_another_seed_gives_another_day(synthetic: dict[str, Any]) -> None:
    other = v6_json("demo", "--seed", "3", "--symbol", "TSLA")
    assert other["fills"] != synthetic["fills"]
    _assert_balanced(other)


def test_it_says_it_all_in_forty_lines_of_eighty_columns() -> None:
    lines = v6("demo").out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    for word in ("sent", "filled", "commission", "CANCELLED", "position  flat", "cash", "invariants, 0 broken"):
        assert any(word in line for line in lines)


def test_it_leaves_the_user_s_state_and_folder_alone() -> None:
    Path("v6.toml").write_text('[brokers.dry]\nplugin = "paper"\nstate = "mine.json"\ncash = 50_000\n')
    v6_json("place", "GOOG", "buy", "1")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert v6_json("demo")["cash_start"] == "50000"
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_it_runs_beside_an_engine_and_in_a_halted_folder() -> None:
    v6_json("halt", "not the demo's business")
    assert v6("demo").status == 0


def _on_file(name: str, symbol: str) -> dict[str, Any]:
    document: dict[str, Any] = v6_json("demo", "--quotes", shared_quotes(name), "--symbol", symbol)
    return document


def test_on_real_options_it_does_the_whole_story() -> None:
    document = _on_file("goog-2015-12-24.csv.gz", "GOOG")
    assert _kinds(document) == ["STOCK"] * 3 + ["COMBO"] * 3
    assert sorted(order["status"] for order in document["orders"][1:3]) == ["CANCELLED", "FILLED"]
    assert (document["positions"], document["invariants_broken"], document["notes"]) == ([], 0, [])
    _assert_balanced(document)


def test_on_real_options_nothing_is_opened_that_expires_that_day() -> None:
    document = _on_file("goog-2015-12-24.csv.gz", "GOOG")
    legs = [leg["contract"] for order in document["orders"][3:] for leg in order["contract"]["legs"]]
    assert "2015-12-24" not in {leg["expiration"] for leg in legs}


def test_where_no_options_are_it_does_the_bracket_and_says_so() -> None:
    document = _on_file("spy-2013-10-07..10.csv.gz", "SPY")
    assert _kinds(document) == ["STOCK"] * 3
    assert document["notes"] == ["no iron condor and no roll: paper lists no options on SPY"]
    assert document["positions"] == []
    _assert_balanced(document)


HEADER = "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"
OPEN = datetime(2026, 6, 1, 13, 30, tzinfo=UTC)


def _file(rows: dict[int, tuple[str, str]]) -> Path:
    """Write a day of SPY: bid and offer by the minute."""
    lines = [
        f"{OPEN + timedelta(minutes=m):%Y-%m-%dT%H:%M:%SZ},stock,SPY,,,,{b},50,{a},50" for m, (b, a) in rows.items()
    ]
    path = Path("day.csv")
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def _on_day(rows: dict[int, tuple[str, str]]) -> Called:
    return v6("demo", "--quotes", _file(rows), "--symbol", "SPY", "--json")


def test_a_day_that_reaches_no_exit_is_closed_at_the_market() -> None:
    called = _on_day(dict.fromkeys(range(1, 300), ("600.00", "600.02")))
    assert (called.status, called.document["positions"]) == (0, [])
    assert called.document["notes"][0].startswith("neither exit was reached in 90 minutes")
    assert [order["status"] for order in called.document["orders"]] == ["FILLED", "CANCELLED", "CANCELLED", "FILLED"]


def test_a_day_without_quotes_on_both_sides_is_refused() -> None:
    called = v6("demo", "--quotes", _file({1: ("600.00", ""), 2: ("600.00", "")}), "--symbol", "SPY")
    assert called.status == 1
    assert one_sentence(called) == "nobody bid and offered SPY for 60 minutes"


def test_a_symbol_that_is_not_in_the_file_is_refused() -> None:
    called = v6("demo", "--quotes", _file({1: ("600.00", "600.02")}), "--symbol", "QQQ")
    assert called.status == 1
    assert one_sentence(called) == "paper lists no QQQ"


def test_a_limit_of_the_configuration_denies_the_demo_too() -> None:
    Path("v6.toml").write_text('[risk]\ndeny = ["SPY"]\n')
    called = v6("demo", "--json")
    assert (called.status, called.out, called.error["sent"]) == (3, "", False)


def test_what_was_done_before_a_denial_is_told() -> None:
    Path("v6.toml").write_text("[risk]\nmax_contracts = 0.5\n")
    called = v6("demo")
    assert called.status == 3
    assert "CANCELLED by that fill" in called.out
    assert called.err.startswith("v6: MAX_CONTRACTS")


def test_quotes_of_the_configuration_are_taken() -> None:
    _file(dict.fromkeys(range(1, 300), ("600.00", "600.02")))
    Path("v6.toml").write_text('[brokers.dry]\nplugin = "paper"\nquotes = "replay:day.csv"\n')
    document = v6_json("demo", "--symbol", "SPY")
    assert (document["quotes"], len(document["orders"])) == ("day.csv", 4)


LIVE_BROKER = """
import asyncio
from dataclasses import replace

from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.capabilities import CAPABILITIES
from v6_paper_plugin.settings import PaperSettings
from v6core import BrokerSpec, hookimpl
from v6core.clock import SimulatedLoop
from v6core.fills import Commission
from v6core.reports import CommissionReport, FillReport

LIVE = CAPABILITIES.model_copy(update={{"simulated": {simulated}}})
LATE = {late}


class Live(PaperBroker):
    def __init__(self, settings, context):
        super().__init__(settings, replace(context, report=self._report))
        self._sink = context.report

    @property
    def capabilities(self):
        return LIVE

    async def snapshot(self):
        seen = await super().snapshot()
        return seen.model_copy(update={{"account": seen.account.model_copy(update={{"paper": {paper}}})}})

    def _report(self, report):
        if not isinstance(report, FillReport) or LATE is None:
            return self._sink(report)
        fill = report.fill
        cost = Commission(execution_id=fill.execution_id, amount=fill.commission, currency=fill.currency)
        self._sink(report.model_copy(update={{"fill": fill.model_copy(update={{"commission": None}})}}))
        tell = self._sink, CommissionReport(time=report.time, commission=cost)
        asyncio.get_running_loop().call_later(LATE, *tell)


@hookimpl
def v6_brokers():
    return [BrokerSpec("live", PaperSettings, LIVE, Live, event_loop=lambda _: SimulatedLoop)]
"""
OTHER_BROKER = '[brokers.live]\nplugin = "live.py"\nfills = "realistic"\nspeed = "max"\n'


def _other_broker(*, simulated: bool, paper: bool | None = True, late: float | None = None) -> None:
    """Put down a broker; ``late`` is after how many seconds it tells what a fill cost."""
    Path("live.py").write_text(LIVE_BROKER.format(simulated=simulated, paper=paper, late=late))
    Path("v6.toml").write_text(OTHER_BROKER)


@pytest.mark.parametrize("paper", [False, None])
def test_in_an_account_that_is_not_said_to_be_paper_it_asks_first(paper: bool | None) -> None:
    _other_broker(simulated=False, paper=paper)
    called = v6("demo", "--json")
    assert (called.status, called.error["code"], called.error["sent"]) == (3, "REAL_MONEY", False)
    assert v6_json("orders") == []


def test_in_the_paper_account_of_a_real_broker_it_runs() -> None:
    _other_broker(simulated=False, paper=True)
    assert v6_json("demo")["positions"] == []


def test_commissions_that_come_after_their_fills_are_waited_for() -> None:
    _other_broker(simulated=True, late=1.5)
    document = v6_json("demo")
    costs = [line["text"] for step in document["steps"] for line in step["lines"] if line["kind"] == "COST"]
    assert len(costs) == 5
    assert not [text for text in costs if text.endswith("commission 0.00") or "not told" in text]
    _assert_balanced(document)


def test_commissions_that_do_not_come_are_told_as_missing() -> None:
    _other_broker(simulated=True, late=100_000)
    told = v6("demo", "--json")
    assert "commission 0.00, 1 of 1 not told yet" in told.out


def test_on_another_broker_the_same_story_runs() -> None:
    _other_broker(simulated=True)
    document = v6_json("demo")
    assert (document["broker"], len(document["orders"]), document["positions"]) == ("live", 6, [])
    _assert_balanced(document)
    assert len(v6_json("orders")) == 6


def test_quotes_are_refused_for_another_broker() -> None:
    _other_broker(simulated=True)
    called = v6("demo", "--seed", "3")
    assert called.status == 2
    assert "are for the paper broker" in one_sentence(called)


# Its choices.

TODAY = date(2026, 6, 1)


def _days(rows: tuple[ChainExpiration, ...]) -> list[int]:
    return [(row.expiration - TODAY).days for row in rows]


def _chain(*days: int) -> OptionChain:
    rows = [ChainExpiration(expiration=TODAY + timedelta(days=day), strikes=(Decimal(1),)) for day in days]
    return OptionChain(symbol="SPY", expirations=tuple(rows))


def test_what_expires_today_is_opened_only_where_there_is_nothing_else() -> None:
    assert _days(expirations_to_open(_chain(0, 2, 7, 14, 21), TODAY)) == [7, 14, 2, 0]
    assert _days(expirations_to_open(_chain(0, 7), TODAY)) == [0]


def test_the_last_expiration_is_not_opened_for_it_could_not_be_rolled() -> None:
    assert _days(expirations_to_open(_chain(7), TODAY)) == []


def test_a_roll_goes_about_a_week_on_or_else_to_any_later_day() -> None:
    assert _days(expirations_to_roll_to(_chain(3, 7, 9, 13, 14), TODAY + timedelta(days=7))) == [13, 14, 9]


def test_the_tested_side_is_the_one_whose_short_strike_is_nearer() -> None:
    condor = iron_condor("SPY", "2026-06-12", 570, 580, 620, 630)
    assert side_that_is_tested(condor, Decimal(590)) is OptionRight.PUT
    assert side_that_is_tested(condor, Decimal(611)) is OptionRight.CALL


# The checks themselves: each finds what it is for.


def _books() -> Books:
    """Return the books of one order, bought and sold again."""
    orders: list[Order] = []
    fills: list[Fill] = []
    journal = MemoryJournal()
    for number, action in enumerate(("BUY", "SELL"), 1):
        order_id = UUID(int=number, version=4)
        order = Order.limit(
            action,
            10,
            100,
            order_id=order_id,
            contract=Stock("GOOG"),
            order_ref=f"ref-{number}",
            created_at=OPEN,
        )
        fill = Fill(
            execution_id=f"X{number}",
            contract=Stock("GOOG"),
            action=order.action,
            quantity=Decimal(10),
            price=Decimal(100),
            commission=Decimal(1),
            time=OPEN,
        )
        report = FillReport(time=OPEN, order_ref=order.order_ref, fill=fill)
        events: tuple[Event, ...] = (
            OrderIntended(time=OPEN, order_id=order_id, order=order),
            ReportReceived(time=OPEN, order_id=order_id, report=report),
        )
        journal.append([Entry(kind=e.event, time=e.time, payload=event_to_json(e), order_id=order_id) for e in events])
        state = fold(events)  # type: ignore[arg-type]  # both are events of an order
        orders.append(state.order)
        fills += state.fills
    return Books(
        journal=journal,
        orders=tuple(orders),
        fills=tuple(fills),
        positions=(),
        cash_start=Decimal(1000),
        cash_end=Decimal(998),
    )


def _broken(books: Books) -> set[str]:
    found: Audit = audit(books)
    return {text.partition(":")[0] for text in found.broken}


def test_whole_books_break_nothing() -> None:
    assert _broken(_books()) == set()


def test_a_cent_too_many_breaks_the_cash() -> None:
    assert _broken(replace(_books(), cash_end=Decimal("998.01"))) == {"cash_is_balanced"}


def test_a_position_left_breaks_flatness() -> None:
    left = Position(contract=Stock("GOOG"), quantity=Decimal(1), avg_cost=Decimal(1))
    assert _broken(replace(_books(), positions=(left,))) == {"everything_is_flat"}


def test_a_lost_fill_breaks_the_sums() -> None:
    books = _books()
    found = _broken(replace(books, fills=books.fills[:1]))
    assert {"fills_add_up", "commissions_add_up", "everything_is_flat", "cash_is_balanced"} <= found


def test_a_doubled_fill_is_noticed() -> None:
    books = _books()
    assert "executions_count_once" in _broken(replace(books, fills=(*books.fills, books.fills[0])))


def test_a_changed_fill_is_not_the_reported_one() -> None:
    books = _books()
    changed = books.fills[0].replace(price=Decimal(99))
    assert "reports_are_of_fills" in _broken(replace(books, fills=(changed, books.fills[1])))


def _with_first(**changes: Any) -> Books:
    books = _books()
    first, *rest = books.orders
    return replace(books, orders=(first.replace(**changes), *rest))


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"status": OrderStatus.CANCELLED}, "replay_is_live"),
        ({"status": OrderStatus.CANCELLED}, "ends_are_final"),
        ({"status": OrderStatus.PARTIALLY_FILLED, "filled_at": None}, "orders_have_ended"),
        ({"order_ref": "ref-2"}, "references_are_unique"),
        ({"anomalies": (Anomaly.LATE_FILL,)}, "nothing_is_odd"),
        ({"limit_price": "99.99"}, "limits_are_kept"),
        ({"commission": Decimal(2)}, "commissions_add_up"),
        ({"created_at": OPEN + timedelta(seconds=1)}, "fills_come_after_orders"),
        ({"quantity": 5, "anomalies": (Anomaly.OVERFILL,)}, "never_more_than_ordered"),
        ({"order_id": UUID(int=9, version=4)}, "intent_comes_first"),
        ({"parent_order_id": UUID(int=2, version=4)}, None),
    ],
)
def test_a_changed_order_is_noticed(changes: dict[str, Any], check: str | None) -> None:
    found = _broken(_with_first(**changes))
    assert check in found if check is not None else "replay_is_live" in found


@pytest.mark.parametrize(("seconds", "broken"), [(3, set[str]()), (4, {"fills_come_after_orders"})])
def test_clocks_that_agree_to_seconds_are_not_held_to_less(seconds: int, broken: set[str]) -> None:
    books = replace(_with_first(created_at=OPEN + timedelta(seconds=seconds)), clocks_agree=timedelta(seconds=3))
    assert _broken(books) & {"fills_come_after_orders"} == broken


def test_exits_beyond_their_entry_are_noticed() -> None:
    books = _books()
    entry, leaving = books.orders
    short = entry.replace(status=OrderStatus.CANCELLED, filled_quantity=0, avg_fill_price=None, filled_at=None)
    orders = (short, leaving.replace(parent_order_id=entry.order_id))
    assert "exits_stay_within_entries" in _broken(replace(books, orders=orders, fills=books.fills[1:]))


def test_two_exits_that_both_filled_are_noticed() -> None:
    books = _books()
    entry, leaving = books.orders
    both = [leaving.replace(order_id=UUID(int=n, version=4), parent_order_id=entry.order_id) for n in (3, 4)]
    assert "one_exit_ends_the_other" in _broken(replace(books, orders=(entry, *both)))


def test_a_journal_that_was_changed_is_noticed() -> None:
    class Changed(MemoryJournal):
        def rows(self, *args: Any, **kwargs: Any) -> Any:
            for row in super().rows(*args, **kwargs):
                yield row._replace(payload=row.payload.replace("GOOG", "GOGO")) if row.seq == 1 else row

    books = _books()
    changed = Changed()
    changed.append([Entry(row.kind, row.time, row.payload, row.order_id) for row in books.journal.rows()])
    assert "replay_is_live" in _broken(replace(books, journal=changed))


def test_the_document_is_plain_json(synthetic: dict[str, Any]) -> None:
    assert json.loads(json.dumps(synthetic)) == synthetic
    assert isinstance(synthetic["cash_end"], str)

"""Reading: the journal beside a running engine, configuration, brokers, quotes, chains, files of quotes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from end_to_end.v6_calls import one_sentence, shared_quotes, v6, v6_json
from faults.engine_process import running
from v6core import Order, Stock, connect
from v6core.blocking import BlockingEngine
from v6core.contracts import OrderAction
from v6core.engine.offline import OfflineJournal
from v6core.events import DoubtRaised, ForeignReported, OrderIntended, PositionsTaken
from v6core.fills import Fill
from v6core.identifiers import RandomIds, make_order_ref
from v6core.journal import Entry, SqliteJournal
from v6core.reports import BrokerPosition, FillReport

JOURNAL = Path(".v6/journal.db")
HEADER = "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"
SYNTHETIC = '[brokers.dry]\nplugin = "paper"\nfills = "realistic"\nspeed = "max"\n'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def running_engine() -> Iterator[None]:
    """Hold the journal as another engine would, with one order in it."""
    v6_json("place", "GOOG", "buy", "10", "--limit", "740")
    with closing(SqliteJournal.open(JOURNAL, ids=RandomIds())):
        yield


@pytest.mark.parametrize("command", ["orders", "fills", "journal show"])
def test_without_a_journal_there_is_nothing_and_no_error(command: str) -> None:
    assert v6_json(*command.split()) == []
    assert not JOURNAL.exists()


@pytest.mark.parametrize("command", ["orders", "fills", "journal show", "journal verify"])
@pytest.mark.usefixtures("running_engine")
def test_the_journal_is_read_beside_a_running_engine(command: str) -> None:
    assert v6_json(*command.split())


NEEDS_THE_BROKER = ["account", "quote GOOG", "chain GOOG", "preview GOOG buy 1", "place GOOG buy 1", "cancel --all"]


@pytest.mark.parametrize("command", NEEDS_THE_BROKER)
@pytest.mark.usefixtures("running_engine")
def test_what_needs_the_broker_says_who_asks_it_and_the_way_out(command: str) -> None:
    called = v6(*command.split(), "--json")
    assert (called.status, called.error["code"], called.error["sent"]) == (1, "JOURNAL_LOCKED", False)
    assert str(os.getpid()) in called.error["error"]
    assert called.error["error"].endswith("asks the broker alone")
    assert f"stop it and call v6 {command.split(maxsplit=1)[0]} again" in called.error["hint"]


def _positions_beside(engine: BlockingEngine) -> dict[str, Any]:
    """Return what is held by the journal, which must be what the engine is told by the broker."""
    told: dict[str, Any] = v6_json("positions")
    assert told["source"] == "JOURNAL"
    assert told["positions"] == [row.model_dump(mode="json") for row in engine.positions()]
    return told


def test_positions_beside_a_running_engine_are_what_the_fills_come_to() -> None:
    with connect() as engine:
        assert _positions_beside(engine)["positions"] == []
        bought = engine.place_order(Stock("GOOG"), Order.market("BUY", 10))
        assert bought.filled_at is not None
        told = _positions_beside(engine)
        assert [(row["contract"]["symbol"], row["quantity"]) for row in told["positions"]] == [("GOOG", "10")]
        assert (told["taken"], told["in_doubt"]) == (None, 0)
        assert datetime.fromisoformat(told["as_of"]) >= bought.filled_at


def test_positions_beside_a_running_engine_are_split_by_strategy() -> None:
    with connect() as engine:
        for order in (Order.market("BUY", 10), Order.market("BUY", 4, strategy_id="mine"), Order.market("SELL", 3)):
            engine.place_order(Stock("GOOG"), order)
        told = _positions_beside(engine)
    assert [(row["strategy_id"], row["quantity"]) for row in told["positions"]] == [("mine", "4"), (None, "7")]


def test_positions_beside_a_running_engine_say_as_of_when_and_from_where() -> None:
    with connect() as engine:
        engine.place_order(Stock("GOOG"), Order.market("BUY", 10))
        _, row, *lines = v6("positions").out.splitlines()
    assert row.split()[:3] == ["GOOG", "10", "100"]
    assert lines[0].startswith(f"by the journal: an engine of this very process ({os.getpid()})")
    assert lines[-2].endswith(" UTC, when the broker was last heard")
    assert lines[-1] == "counted from the fills in the journal alone"


def test_positions_beside_another_process_are_told_even_if_it_is_blocked() -> None:
    with running("blocked"):
        told = v6_json("positions")
    assert (told["source"], told["positions"]) == ("JOURNAL", [])


TAKEN_AT = datetime(2026, 12, 1, 15, tzinfo=UTC)


@pytest.fixture
def taken() -> Iterator[OfflineJournal]:
    """Hold a journal in which the broker's positions, 30 GOOG and 5 MSFT, are not explained by any fill."""
    v6_json("place", "GOOG", "buy", "10")
    rows = tuple(
        BrokerPosition(contract=Stock(symbol), quantity=Decimal(quantity), avg_cost=Decimal("90.5"), account="PAPER-1")
        for symbol, quantity in (("GOOG", 30), ("MSFT", 5))
    )
    with OfflineJournal.open(JOURNAL, "paper") as journal:
        journal.write(PositionsTaken(time=TAKEN_AT, positions=rows))
        yield journal


def _fills(journal: OfflineJournal, quantity: int) -> None:
    fill = Fill(
        execution_id="theirs",
        contract=Stock("GOOG"),
        action=OrderAction.BUY,
        quantity=Decimal(quantity),
        price=Decimal(95),
        time=TAKEN_AT,
        account="PAPER-1",
    )
    report = FillReport(time=TAKEN_AT, broker_order_id="x", fill=fill)
    journal.write(ForeignReported(time=TAKEN_AT + timedelta(minutes=1), report=report))


def _held() -> list[tuple[str, str, str | None]]:
    return [(row["contract"]["symbol"], row["quantity"], row["avg_cost"]) for row in v6_json("positions")["positions"]]


@pytest.mark.usefixtures("taken")
def test_positions_by_the_journal_are_those_last_taken_from_the_broker() -> None:
    assert v6_json("positions")["taken"] == "2026-12-01T15:00:00Z"
    assert _held() == [("GOOG", "30", "90.5"), ("MSFT", "5", "90.5")]
    assert "counted from the broker's positions of 2026-12-01 15:00:00 UTC and the fills since" in v6("positions").out


def test_fills_since_then_are_added_and_a_cost_that_nobody_told_is_left_out(taken: OfflineJournal) -> None:
    _fills(taken, 2)
    assert _held() == [("GOOG", "32", None), ("MSFT", "5", "90.5")]
    assert v6_json("positions")["as_of"] == "2026-12-01T15:01:00Z"
    assert "GOOG            32         -" in v6("positions").out


def test_positions_by_the_journal_tell_of_orders_in_doubt(taken: OfflineJournal) -> None:
    order = Order.market("BUY", 1, contract=Stock("GOOG"))
    bound = order.replace(order_ref=make_order_ref(taken.record.engine_id, order.order_id))
    taken.write(
        OrderIntended(time=TAKEN_AT, order_id=bound.order_id, order=bound),
        DoubtRaised(time=TAKEN_AT, order_id=bound.order_id, reason="no answer"),
    )
    assert v6_json("positions")["in_doubt"] == 1
    assert "in doubt beside them: 1" in v6("positions").out


@pytest.mark.usefixtures("taken")
def test_of_a_broker_that_the_journal_never_heard_no_position_is_told() -> None:
    Path("v6.toml").write_text('broker = "dry"\n' + SYNTHETIC)
    called = v6("positions", "--json")
    assert (called.status, called.out, called.error["code"]) == (1, "", "JOURNAL_LOCKED")


def test_the_journal_shows_the_intent_before_any_report() -> None:
    order = v6_json("place", "GOOG", "buy", "10")
    rows = v6_json("journal", "show", "--order", order["order_id"])
    assert [row["kind"] for row in rows][:2] == ["INTENDED", "REPORTED"]
    assert rows[0]["event"]["order"]["quantity"] == "10"


def test_the_journal_is_shown_in_part() -> None:
    v6_json("place", "GOOG", "buy", "10")
    rows = v6_json("journal", "show")
    assert v6_json("journal", "show", "--last", "2") == rows[-2:]
    assert v6_json("journal", "show", "--after", "3") == rows[3:]
    assert {row["kind"] for row in v6_json("journal", "show", "--kind", "reported")} == {"REPORTED"}


def test_a_whole_journal_verifies() -> None:
    v6_json("place", "GOOG", "buy", "10")
    found = v6_json("journal", "verify")
    assert (found["ok"], found["rows"]) == (True, len(v6_json("journal", "show")))


def test_a_changed_journal_does_not_verify() -> None:
    v6_json("place", "GOOG", "buy", "10")
    with closing(sqlite3.connect(JOURNAL)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE rows SET payload = replace(payload, '\"10\"', '\"99\"') WHERE kind = 'INTENDED'")
    called = v6("journal", "verify", "--json")
    assert (called.status, called.document["ok"], called.error["code"]) == (1, False, "JOURNAL_CORRUPT")


def test_a_row_that_is_sealed_and_says_nothing_of_v6_does_not_verify() -> None:
    v6_json("place", "GOOG", "buy", "10")
    with closing(SqliteJournal.open(JOURNAL, ids=RandomIds())) as journal:
        journal.append([Entry("STARTED", datetime(2026, 12, 1, tzinfo=UTC), '{"event":"STARTED","broker":7}')])
        last = journal.last_seq
    called = v6("journal", "verify", "--json")
    assert (called.status, called.document["ok"], called.document["first_bad"]) == (1, False, last)


def test_a_file_that_is_no_journal_is_refused() -> None:
    JOURNAL.parent.mkdir(mode=0o700)
    JOURNAL.write_text("not a journal")
    JOURNAL.chmod(0o600)
    for command in ("orders", "place GOOG buy 1"):
        called = v6(*command.split())
        assert called.status == 1
        assert "not a whole v6 journal" in one_sentence(called)


def test_init_writes_a_file_that_v6_takes() -> None:
    written = v6_json("init")
    shown = v6_json("config", "show")
    assert (shown["path"], shown["broker"]) == (written["path"], "dry")


def test_init_never_overwrites() -> None:
    Path("v6.toml").write_text("# mine\n")
    called = v6("init")
    assert called.status == 2
    assert "not overwritten" in one_sentence(called)
    assert Path("v6.toml").read_text() == "# mine\n"


def test_init_writes_where_config_says() -> None:
    v6_json("init", "--config", "other.toml", "--plugin", "ib")
    assert v6_json("config", "show", "--config", "other.toml")["broker"] == "ib"


def test_the_configuration_is_shown_with_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    v6_json("init")
    monkeypatch.setenv("V6_RISK__MAX_CONTRACTS", "7")
    rows = {row["key"]: row for row in v6_json("config", "show", "--broker", "dry")["settings"]}
    assert (rows["broker"]["source"], rows["broker"]["name"]) == ("OPTION", "--broker")
    assert (rows["risk.max_contracts"]["value"], rows["risk.max_contracts"]["source"]) == ("7", "ENVIRONMENT")
    assert (rows["brokers.dry.cash"]["source"], rows["brokers.dry.cash"]["line"]) == ("FILE", 5)
    assert rows["risk.price_collar"]["source"] == "DEFAULT"


def test_secrets_are_not_shown() -> None:
    Path("v6.toml").write_text('[brokers.x]\nplugin = "paper"\napi_key = "hunter2"\n')
    assert "hunter2" not in v6("config", "show").out


def test_the_schema_knows_the_installed_plugins() -> None:
    assert '"const": "paper"' in v6("config", "schema").out


def test_brokers_are_listed_without_importing_their_plugins() -> None:
    code = (
        "import sys\nfrom v6core.cli.program import program\n"
        "try: program.main(['brokers', '--json'])\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith(('v6_paper_plugin', 'v6_ib_plugin'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_brokers_tells_what_is_configured_and_installed() -> None:
    v6_json("init")
    found = v6_json("brokers")
    assert [(row["name"], row["chosen"]) for row in found["brokers"]] == [("dry", True), ("paper", False)]
    assert {"ib", "paper"} <= {row["plugin"] for row in found["installed"]}


def test_a_named_broker_tells_what_it_does_in_an_order_that_repeats() -> None:
    found = v6_json("brokers", "paper")
    assert found["capabilities"]["simulated"] is True
    kinds = [row["order_types"] for row in found["capabilities"]["orders"]]
    assert kinds == [sorted(row) for row in kinds]
    assert "max combo legs" in v6("brokers", "paper").out


def test_a_quote_is_shown_with_its_age() -> None:
    Path("v6.toml").write_text(SYNTHETIC)
    quote = v6_json("quote", "SPY")
    assert float(quote["bid"]) < float(quote["ask"])
    assert quote["age"] == 0


def test_a_chain_is_shown_by_expirations_strikes_and_quotes() -> None:
    Path("v6.toml").write_text(SYNTHETIC)
    chain = v6_json("chain", "SPY")
    day = chain["expirations"][-1]["expiration"]
    row = v6_json("chain", "SPY", "--expiration", chain["expirations"][0]["expiration"], "--quotes")
    assert len(row["quotes"]) == 2 * len(row["strikes"])
    assert v6("chain", "SPY", "--expiration", day).out.startswith(f"SPY {day}: ")


def _quotes(*rows: str) -> Path:
    path = Path("quotes.csv")
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


STOCK = "2026-06-01T13:3{}:00Z,stock,SPY,,,,600.0{},100,600.10,200"


def test_replay_tells_what_is_in_a_file() -> None:
    option = "2026-06-01T13:33:00Z,option,SPY,2026-06-05,600,call,1.10,5,1.20,5"
    found = v6_json("replay", _quotes(STOCK.format(1, 1), STOCK.format(2, 2), option))
    assert (found["rows"], found["first"], found["last"]) == (3, "2026-06-01T13:31:00Z", "2026-06-01T13:33:00Z")
    assert found["symbols"] == {"SPY": {"stock_rows": 2, "option_rows": 1, "expirations": {"2026-06-05": 1}}}


def test_replay_runs_through_the_quotes_between_two_times() -> None:
    path = _quotes(*(STOCK.format(minute, minute) for minute in range(1, 6)))
    limits = ("--from", "2026-06-01T13:32:00Z", "--to", "2026-06-01T13:34:00Z")
    found = v6_json("replay", path, "--symbol", "SPY", *limits)
    assert [quote["bid"] for quote in found["quotes"]] == ["600.02", "600.03", "600.04"]


def test_replay_of_a_symbol_that_is_not_there_fails() -> None:
    called = v6("replay", _quotes(STOCK.format(1, 1)), "--symbol", "FOO", "--json")
    assert (called.status, called.out) == (1, "")


def test_replay_takes_real_quotes() -> None:
    found = v6_json("replay", shared_quotes("goog-2015-12-24.csv.gz"), "--symbol", "GOOG")
    assert (found["rows"], len(found["symbols"]["GOOG"]["expirations"])) == (47586, 5)
    assert found["quotes"][0]["time"] == "2015-12-24T14:31:00Z"

"""Reading: the journal beside a running engine, configuration, brokers, quotes, chains, files of quotes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from end_to_end.v6_calls import one_sentence, shared_quotes, v6, v6_json
from v6core.identifiers import RandomIds
from v6core.journal import Entry, SqliteJournal

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


@pytest.mark.parametrize("command", ["positions", "account", "quote GOOG", "place GOOG buy 1", "cancel --all"])
@pytest.mark.usefixtures("running_engine")
def test_what_needs_the_engine_says_who_holds_the_journal(command: str) -> None:
    called = v6(*command.split(), "--json")
    assert (called.status, called.error["code"], called.error["sent"]) == (1, "JOURNAL_LOCKED", False)
    assert str(os.getpid()) in called.error["error"]


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

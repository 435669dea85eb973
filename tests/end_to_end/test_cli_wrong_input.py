"""Whatever is wrong with what is typed or configured: one sentence, the right status, nothing lost."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from end_to_end.v6_calls import one_sentence, v6, v6_json

QUOTES = (
    "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"
    "2026-06-01T13:31:00Z,stock,SPY,,,,600,100,600.10,100\n"
    "2026-06-01T13:32:00Z,stock,SPY,,,,600,100,600.10,100\n"
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


WRONG = [
    ("place GOOG buy ten", "quantity must be a number, not 'ten'"),
    ("place GOOG buy nan", "quantity must be finite, not NaN"),
    ("place GOOG buy inf", "quantity must be finite, not Infinity"),
    ("place GOOG buy 0", "quantity must be positive, not 0"),
    ("place GOOG buy -5", "a number below zero cannot stand here"),
    ("place GOOG buy 1e20", "quantity must be below 10000000000000"),
    ("place GOOG buy 0.00000000001", "at most 10 decimal places"),
    ("place GOOG hold 5", "'hold' is none of buy, sell"),
    ("place GOOG buy", "Missing argument 'QUANTITY'"),
    ("place GOOG buy 5 6", "unexpected extra argument"),
    ("place G;O buy 5", "symbol must be letters, digits"),
    ("place FOO:BAR buy 5", "'FOO' is no kind of contract"),
    ("place GOOG buy 5 --limit -1", "limit_price must be positive, not -1"),
    ("place GOOG buy 5 --limit nan", "limit_price must be finite"),
    ("place GOOG buy 5 --type limit", "a LIMIT order needs a limit_price"),
    ("place GOOG buy 5 --type market --limit 5", "a MARKET order takes no limit_price"),
    ("place GOOG buy 5 --type magic", "'magic' is none of market, limit"),
    ("place GOOG buy 5 --trail 1 --trail-percent 2", "exactly one of trail_amount and trail_percent"),
    ("place GOOG buy 5 --tif gtd", "a GTD order needs good_till"),
    ("place GOOG buy 5 --tif gtd --good-till 2026-12-18", "a time needs its zone"),
    ("place GOOG buy 5 --tif gtd --good-till soon", "a time is like"),
    ("place GOOG buy 5 --tif gtd --good-till 2001-01-01T00:00:00Z", "not in the future"),
    ("place GOOG buy 5 --wait -1", "seconds must be from 0"),
    ("place GOOG buy 5 --order-id 7", "'7' is not a valid UUID"),
    ("place GOOG buy 5 --limit 10 --take-profit 9", "take_profit 9 must be above entry 10"),
    ("place GOOG buy 5 --strike 100", "an option needs --expiration, --strike and --right"),
    ("place GOOG buy 5 --expiration 2026-02-30 --strike 1 --right c", "a day is like 2026-12-18"),
    ("place EUR/USD buy 5 --expiration 2026-02-27 --strike 1 --right c", "no stock or index"),
    ("place COMBO:SPY[+1*SPY] buy 1", "a combo needs at least two legs"),
    ("preview GOOG buy nan", "quantity must be finite"),
    ("modify 1234", "nothing to modify was given"),
    ("modify 1234 --quantity 0", "quantity must be positive"),
    ("modify xyz --limit 5", "an order id is a UUID"),
    ("cancel", "give one ORDER_ID, or --all"),
    ("cancel 1234 --all", "give one ORDER_ID, or --all"),
    ("cancel 1234 --strategy s", "give one ORDER_ID, or --all"),
    ("cancel 12", "an order id is a UUID"),
    ("orders nonsense", "an order id is a UUID"),
    ("fills --order nonsense", "an order id is a UUID"),
    ("quote", "Missing argument 'CONTRACT'"),
    ("quote Ä", "contract must be printable ASCII"),
    ("chain SPY --quotes", "--quotes needs --expiration"),
    ("chain SPY --expiration tomorrow", "a day is like"),
    ("open condor SPY --expiration 2030-01-18 --strikes 1", "'condor' is none of vertical-spread"),
    ("open iron-condor SPY --strikes 1,2,3,4", "Missing option '--expiration'"),
    ("open iron-condor SPY --expiration 2030-01-18 --strikes 1,2", "takes 4 strikes"),
    ("open iron-condor SPY --expiration 2030-01-18 --strikes 4,3,2,1", "long_put 4 must be below short_put 3"),
    ("open iron-condor SPY --expiration 2030-01-18 --strikes a,b,c,d", "strike must be a number, not 'a'"),
    ("open iron-condor SPY --expiration 2030-01-18 --strikes 1,2,3,4 --right put", "takes no --right"),
    ("open iron-condor SPY --expiration 2030-01-18 --strikes 1,2,3,4 --sell", "takes no --sell"),
    ("open iron-condor SPY --expiration 2030-01-18 --strikes 1,2,3,4 --quantity 0", "not in the range"),
    ("open calendar-spread SPY --expiration 2030-01-18 --right put --strikes 1", "takes --expiration 2 times"),
    ("open vertical SPY --expiration 2030-01-18 --strikes 1,2", "needs --right"),
    ("close", "Missing argument 'STRATEGY_ID'"),
    ("close x --limit nan", "limit must be finite"),
    ("roll x", "Missing option '--dte'"),
    ("roll x --dte -3", "not in the range"),
    ("roll x --dte 7 --strike-offset much", "strike_offset must be a number"),
    ("roll x --dte 7 --right both", "'both' is none of call, put"),
    ("replay", "Missing argument 'FILE'"),
    ("replay nowhere.csv", "there is no file nowhere.csv"),
    ("replay . --symbol SPY", ". is a folder, not a file of quotes"),
    ("replay /dev/null", "/dev/null is no regular file"),
    ("demo --quotes . --symbol SPY", ". is a folder, not a file of quotes"),
    ("demo --quotes nowhere.csv --symbol SPY", "there is no file of quotes nowhere.csv"),
    ("demo --quotes nowhere.csv", "--quotes needs --symbol"),
    ("demo --seed six", "'six' is not a valid integer"),
    ("demo --symbol !", "symbol must be letters"),
    ("journal show --last 0", "not in the range"),
    ("journal show --kind zz", "'zz' is not one of 'intended'"),
    ("journal show --order nonsense", "an order id is a UUID"),
    ("brokers nobody", "no plugin provides 'nobody'"),
    ("init --plugin nope", "no plugin provides 'nope'"),
    ("init --plugin ../x", "a plugin's name is letters"),
    ("orders --config nowhere.toml", "there is no configuration file nowhere.toml"),
    ("orders --broker nobody", "there is no broker 'nobody'"),
]


@pytest.mark.parametrize(("line", "sentence"), WRONG, ids=[line for line, _ in WRONG])
def test_wrong_usage_is_told_in_one_sentence_and_changes_nothing(line: str, sentence: str) -> None:
    called = v6(*line.split())
    assert called.status == 2
    assert sentence in one_sentence(called)
    assert v6_json("fills") == []


def test_an_empty_symbol_is_none() -> None:
    called = v6("demo", "--symbol", "")
    assert (called.status, one_sentence(called)) == (2, "symbol must not be empty")


UNKNOWN = [
    ("cancel 12345678", "UNKNOWN_ORDER"),
    ("modify 12345678 --limit 5", "UNKNOWN_ORDER"),
    ("orders 12345678", "UNKNOWN_ORDER"),
    ("close nothing", "NO_STRATEGY"),
    ("roll nothing --dte 7", "NO_STRATEGY"),
]


@pytest.mark.parametrize(("line", "code"), UNKNOWN, ids=[line for line, _ in UNKNOWN])
def test_what_is_not_known_fails_without_anything_being_sent(line: str, code: str) -> None:
    called = v6(*line.split(), "--json")
    assert (called.status, called.error["code"], called.error["sent"]) == (1, code, False)


def test_a_beginning_of_several_ids_names_none() -> None:
    for last in "12":
        v6_json("place", "GOOG", "buy", "1", "--order-id", f"abcd0000-0000-4000-8000-00000000000{last}")
    called = v6("orders", "abcd")
    assert called.status == 2
    assert "begins 2 order ids" in one_sentence(called)


BROKEN = [
    ("broker = \n", "v6.toml line 1: this is not TOML"),
    ('brokr = "dry"\n', 'did you mean "broker"?'),
    ('[brokers.dry]\nplugin = "papr"\n', "no plugin provides 'papr'"),
    ('[brokers.dry]\nplugin = "paper"\nfils = "never"\n', 'has no key "fils"; did you mean "fills"?'),
    ('[brokers.dry]\nplugin = "paper"\nfills = "sometimes"\n', "fills must be one of"),
    ('[brokers.dry]\nplugin = "paper"\ncash = nan\n', "cash must be finite"),
    ('[brokers.dry]\nplugin = "paper"\nquotes = "replay:nowhere.csv"\n', "nowhere.csv"),
    ('[brokers.dry]\nplugin = "paper"\nquotes = "broker:other"\n', "no broker 'other'"),
    ('extensions = ["guard"]\n', "no plugin provides 'guard'"),
    ("[risk]\nmax_order_value = -1\n", "max_order_value must be 0"),
    ("\x00\xff", ""),
]


@pytest.mark.parametrize(("text", "sentence"), BROKEN)
@pytest.mark.parametrize("command", ["place GOOG buy 1", "demo"])
def test_a_broken_configuration_is_told_before_anything_starts(text: str, sentence: str, command: str) -> None:
    Path("v6.toml").write_text(text, encoding="latin-1")
    called = v6(*command.split())
    assert called.status == 2
    assert sentence in one_sentence(called)


DAMAGED = [
    (b"", "is empty"),
    (b"\x1f\x8b\x08nonsense", ""),
    (gzip.compress(QUOTES.encode() * 50, mtime=0)[:60], ""),
    (b"\xff\xfe\x00\x01", ""),
    (QUOTES.replace("time,", "when,").encode(), "time"),
    (QUOTES.replace("600,100,600.10", "nan,100,600.10", 1).encode(), ":2"),
    (QUOTES.replace("600,100,600.10", "-1,100,600.10", 1).encode(), ":2"),
    (QUOTES.replace("13:32", "13:30").encode(), "sorted by time"),
    (QUOTES.replace("13:32", "13:31").encode(), "second row"),
    (QUOTES.replace("Z,", ",", 1).encode(), "zone"),
    (QUOTES.replace("stock", "bond").encode(), "kind must be stock or option"),
    (QUOTES.replace("SPY,,,,600", "SPY,,,,600,1,2,3", 1).encode(), ":2"),
    (QUOTES.replace("2026-06-01", "2026-06-06").encode(), "no quote within a trading session"),
]


@pytest.mark.parametrize(("content", "sentence"), DAMAGED)
@pytest.mark.parametrize("command", ["replay q.csv", "demo --quotes q.csv --symbol SPY"])
def test_a_damaged_file_of_quotes_is_refused(content: bytes, sentence: str, command: str) -> None:
    Path("q.csv").write_bytes(content)
    called = v6(*command.split())
    assert called.status == 2
    assert sentence in one_sentence(called)


@pytest.fixture
def read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which nothing can be made, also for root."""
    if os.name != "posix" or not Path("/proc/self").is_dir():
        pytest.skip("there is no folder here in which nobody can write")
    monkeypatch.chdir("/proc/self")
    monkeypatch.setenv("V6_CONFIG", "")
    return tmp_path


@pytest.mark.parametrize("command", ["place GOOG buy 1", "positions", "halt stop", "init"])
@pytest.mark.usefixtures("read_only_folder")
def test_a_read_only_folder_is_told(command: str) -> None:
    called = v6(*command.split(), "--json")
    assert (called.status, called.out, called.error["sent"]) == (1, "", False)
    assert called.error["error"]


@pytest.mark.parametrize("command", ["orders", "fills", "journal show", "journal verify", "config show", "brokers"])
@pytest.mark.usefixtures("read_only_folder")
def test_reading_works_in_a_read_only_folder(command: str) -> None:
    assert v6(*command.split()).status == 0

"""Replayed files: the recorded days as they were, and one clear sentence for each way in which a file is at fault."""

import gzip
import importlib.util
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from v6_paper_plugin.market import Tape, Tick
from v6_paper_plugin.market.replay import ReplayMarket
from v6core.contracts import Option, Stock
from v6core.errors import ConfigurationError
from v6core.sessions import session_on

DATA = Path(os.environ.get("V6_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "market"
HEADER = "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"
STOCK = "2026-06-01T13:31:00Z,stock,GOOG,,,,180.1,200,180.2,300\n"
OPTION = "2026-06-01T13:31:00Z,option,GOOG,2026-06-12,180,call,3.1,20,3.2,30\n"
LATER = "2026-06-01T13:32:00Z,stock,GOOG,,,,180.3,100,180.4,100\n"
GOOG = Stock("GOOG")
CALL = Option("GOOG", "2026-06-12", 180, "CALL")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def recorded(name: str) -> ReplayMarket:
    if not (DATA / name).exists():
        pytest.skip(f"no {name} in {DATA}: set V6_TEST_DATA to the folder that holds market/")
    return ReplayMarket(DATA / name)


@pytest.fixture(scope="module")
def goog() -> ReplayMarket:
    return recorded("goog-2015-12-24.csv.gz")


@pytest.fixture(scope="module")
def spy() -> ReplayMarket:
    return recorded("spy-2013-10-07..10.csv.gz")


def written(folder: Path, *rows: str) -> ReplayMarket:
    path = folder / "quotes.csv"
    path.write_text("".join(rows), encoding="utf-8")
    return ReplayMarket(path)


def test_every_row_within_the_session_ticks(goog: ReplayMarket) -> None:
    tape = Tape(goog, goog.start)
    for contract in goog.contracts():
        tape.watch(contract)
    assert (sum(1 for _ in tape.take(goog.end)), goog.passed_over) == (47_563, 23)


def test_the_half_day_ends_at_one_and_the_rows_after_it_are_passed_over(goog: ReplayMarket) -> None:
    last = goog.tick(GOOG, goog.end + timedelta(hours=5))
    assert (goog.start, goog.end) == (moment("2015-12-24T14:30"), moment("2015-12-24T18:00"))
    assert last is not None
    assert (last.time, last.bid, last.ask) == (goog.end, Decimal("748.1"), Decimal("748.38"))


def test_the_first_row_is_the_first_tick(goog: ReplayMarket) -> None:
    call = Option("GOOG", "2015-12-24", 690, "CALL")
    tick = next(goog.ticks(call, goog.start))
    assert tick == Tick(moment("2015-12-24T14:31"), call, Decimal("57.5"), Decimal(2), Decimal("60.6"), Decimal(10))
    assert goog.tick(call, tick.time - timedelta(seconds=1)) is None


def test_the_chain_is_what_the_file_lists(goog: ReplayMarket) -> None:
    chain = goog.chain("goog", goog.start)
    assert [(f"{row.expiration:%m%d}", len(row.strikes)) for row in chain.expirations] == [
        ("1224", 45),
        ("1231", 42),
        ("0108", 39),
        ("0115", 49),
        ("0122", 44),
    ]
    assert {(row.strikes[0], row.strikes[-1]) for row in chain.expirations} == {(Decimal(690), Decimal(810))}


def test_the_chain_forgets_what_expired(goog: ReplayMarket) -> None:
    assert goog.chain("GOOG", goog.end + timedelta(days=1)).expirations[0].expiration == date(2015, 12, 31)


def test_four_days_are_four_sessions(spy: ReplayMarket) -> None:
    assert spy.passed_over == 0
    assert sum(1 for _ in spy.ticks(Stock("SPY"), spy.start)) == 1560
    days = [spy.start]
    while (session := spy.next_session(days[-1])) is not None:
        days.append(session.open)
    assert [day.day for day in days] == [7, 8, 9, 10]


def test_resumed_anywhere_the_ticks_are_those_of_the_run_through(spy: ReplayMarket) -> None:
    through = list(spy.ticks(Stock("SPY"), spy.start))
    for stop in (0, 389, 390, 1000, 1559):
        assert list(spy.ticks(Stock("SPY"), through[stop].time)) == through[stop + 1 :]


def test_an_option_is_settled_by_the_stock_of_the_file(tmp_path: Path) -> None:
    assert written(tmp_path, HEADER, STOCK, OPTION).underlying(CALL) == GOOG
    assert written(tmp_path, HEADER, OPTION).underlying(CALL) is None


def test_what_the_file_does_not_list_is_not_known(tmp_path: Path) -> None:
    market = written(tmp_path, HEADER, STOCK)
    assert market.details(CALL) is None
    assert market.tick(CALL, market.end) is None
    assert list(market.ticks(CALL, market.start)) == []
    assert market.chain("GOOG", market.start).expirations == ()


def test_sessions_are_the_days_of_the_file(tmp_path: Path) -> None:
    market = written(tmp_path, HEADER, STOCK)
    assert market.session(market.start) == session_on(date(2026, 6, 1))
    assert market.session(market.end) is None
    assert market.next_session(market.end) is None


@pytest.mark.parametrize(("bid", "size"), [("", ""), ("0", "5"), ("0.00", ""), ("", "7"), ("3.1", "0")])
def test_a_bid_of_nothing_is_nobody_bidding(tmp_path: Path, bid: str, size: str) -> None:
    market = written(tmp_path, HEADER, OPTION.replace("3.1,20", f"{bid},{size}"))
    tick = market.tick(CALL, market.end)
    assert tick is not None
    assert (tick.bid, tick.bid_size, tick.ask) == (None, Decimal(0), Decimal("3.2"))


def test_columns_come_in_any_order_and_others_are_passed_over(tmp_path: Path) -> None:
    market = written(
        tmp_path,
        "note,ask,ask_size,bid,bid_size,symbol,kind,expiration,strike,right,time\n",
        "x,180.2,300,180.1,200,GOOG,stock,,,,2026-06-01T09:31:00-04:00\n",
    )
    assert market.tick(GOOG, market.end) == ReplayMarket(_plain(tmp_path)).tick(GOOG, market.end)


def _plain(folder: Path) -> Path:
    path = folder / "plain.csv"
    path.write_text(HEADER + STOCK, encoding="utf-8")
    return path


def test_terms_written_in_two_ways_are_one_contract(tmp_path: Path) -> None:
    again = OPTION.replace("13:31", "13:32").replace(",180,call", ",180.00,C").replace("2026-06-12", "20260612")
    market = written(tmp_path, HEADER, OPTION, again)
    first, second = market.ticks(CALL, market.start)
    assert first.contract is second.contract
    assert len(market.contracts()) == 1


def test_a_quote_at_the_close_counts_and_one_after_it_does_not(tmp_path: Path) -> None:
    market = written(tmp_path, HEADER, STOCK.replace("13:31:00", "20:00:00"), LATER.replace("13:32:00", "20:00:01"))
    assert [tick.time for tick in market.ticks(GOOG, market.start)] == [moment("2026-06-01T20:00")]
    assert market.passed_over == 1


FAULTS = {
    "empty": ("", "quotes.csv is empty"),
    "blank": ("\n\n", "quotes.csv is empty"),
    "header alone": (HEADER, "has a header and no quotes"),
    "missing columns": (HEADER.replace("bid_size,", "").replace("right,", ""), "csv:1: no column right, bid_size"),
    "doubled column": (HEADER.replace("\n", ",bid\n"), "csv:1: more than one column bid"),
    "short row": (HEADER + STOCK + "2026-06-01T13:32:00Z,stock,GOOG\n", "csv:3: 3 fields under 10 columns"),
    "garbled price": (HEADER + STOCK.replace("180.1", "18o.1"), "csv:2: bid must be a number, not '18o.1'"),
    "not a number": (HEADER + STOCK.replace("180.2", "NaN"), "csv:2: ask must be finite, not NaN"),
    "infinite": (HEADER + STOCK.replace("180.2", "inf"), "csv:2: ask must be finite"),
    "negative price": (HEADER + STOCK.replace("180.1", "-1"), "csv:2: bid must not be negative, not -1"),
    "negative size": (HEADER + STOCK.replace("200", "-200"), "csv:2: bid_size must not be negative, not -200"),
    "missing size": (HEADER + STOCK.replace("300", ""), "csv:2: ask_size is missing while ask is 180.2"),
    "unsorted": (HEADER + LATER + STOCK, "csv:3: rows must be sorted by time: 2026-06-01T13:31:00Z follows"),
    "doubled row": (HEADER + STOCK + STOCK, "csv:3: GOOG has a second row for 2026-06-01T13:31:00Z"),
    "unknown kind": (HEADER + STOCK.replace("stock", "bond"), "csv:2: kind must be stock or option, not 'bond'"),
    "garbled time": (HEADER + STOCK.replace("13:31", "13:61"), "csv:2: time must be like"),
    "time without zone": (HEADER + STOCK.replace("Z", ""), "csv:2: time must say its zone"),
    "stock with strike": (HEADER + STOCK.replace(",,,,", ",,5,,"), "csv:2: a stock has no expiration"),
    "option without strike": (HEADER + OPTION.replace(",180,", ",,"), "csv:2: strike must be a number, not ''"),
    "unknown right": (
        HEADER + OPTION.replace("call", "cal"),
        "csv:2: right: Input should be 'CALL' or 'PUT', not 'cal'",
    ),
    "quoted after expiry": (HEADER + OPTION.replace("06-12", "05-29"), "csv:2: GOOG260529C00180000 is quoted after it"),
    "no symbol": (HEADER + STOCK.replace("GOOG", ""), "csv:2: symbol must not be empty"),
    "no session": (HEADER + STOCK.replace("06-01", "06-06"), "has no quote within a trading session"),
    "year unknown": (HEADER + STOCK.replace("2026", "1999"), "sessions are known from 2010-01-01 to 2032-12-31"),
    "endless field": (HEADER + "2" * 200_000 + "\n", "csv:2: field larger than field limit"),
    "open quotation mark": (HEADER + STOCK.replace("GOOG", '"GOOG'), "csv:2: unexpected end of data"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_at_fault_is_refused_in_one_sentence(tmp_path: Path, fault: str) -> None:
    text, sentence = FAULTS[fault]
    with pytest.raises(ConfigurationError) as refusal:
        written(tmp_path, text)
    assert sentence in refusal.value.message
    assert refusal.value.message.startswith(str(tmp_path))
    assert "\n" not in refusal.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no file of quotes at .*gone\.csv"):
        ReplayMarket(tmp_path / "gone.csv")


def test_a_folder_is_no_file_of_quotes(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        ReplayMarket(tmp_path)


def test_a_gzip_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv.gz"
    path.write_bytes(gzip.compress((HEADER + STOCK).encode())[:-9])
    with pytest.raises(ConfigurationError, match="cut short or damaged"):
        ReplayMarket(path)


def test_a_gzip_with_flipped_bytes_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress((HEADER + STOCK).encode()))
    packed[-7] ^= 0xFF
    path = tmp_path / "quotes.csv.gz"
    path.write_bytes(packed)
    with pytest.raises(ConfigurationError, match="cannot be read: CRC check failed"):
        ReplayMarket(path)


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv"
    path.write_bytes(HEADER.encode() + STOCK.replace("GOOG", "GÖÖG").encode("latin-1"))
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        ReplayMarket(path)


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pyarrow is not installed") as refusal:
        ReplayMarket(tmp_path / "quotes.parquet")
    assert refusal.value.hint == "pip install 'v6-paper-plugin[parquet]'"


def test_parquet_replays_as_the_same_csv(tmp_path: Path) -> None:
    csv = pytest.importorskip("pyarrow.csv", reason="the extra parquet is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    market = written(tmp_path, HEADER, STOCK, OPTION, LATER)
    parquet.write_table(csv.read_csv(market.path), tmp_path / "quotes.parquet")
    same = ReplayMarket(tmp_path / "quotes.parquet")
    assert same.contracts() == market.contracts()
    for contract in market.contracts():
        assert list(same.ticks(contract, same.start)) == list(market.ticks(contract, market.start))


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    path = tmp_path / "quotes.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(ConfigurationError, match="no readable Parquet"):
        ReplayMarket(path)

"""Files of recorded quotes: CSV, CSV in gzip or Parquet, a row for each change of a contract's best bid and offer.

The columns, in any order; others are passed over:

    time        ISO 8601 with its zone; rows are sorted by it, and a contract has one row for a time
    kind        stock or option
    symbol      expiration, strike, right (call, put): the terms of an option; empty for a stock
    bid, ask    per share; empty or 0 where nobody bids or offers; a crossed market is taken as it was
    bid_size    ask_size: in shares for a stock, in contracts for an option; beside a price they are needed

A file is read once from front to back. Whatever is wrong with it raises ConfigurationError with its line, because a
market with holes in it would fill orders at prices that never were.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from v6_paper_plugin.market.tape import Tick
from v6core.contracts import Contract, Option, Stock
from v6core.errors import ConfigurationError
from v6core.money import ZERO, to_decimal
from v6core.sessions import trading_day

COLUMNS = ("time", "kind", "symbol", "expiration", "strike", "right", "bid", "bid_size", "ask", "ask_size")
_GZIP_MAGIC = b"\x1f\x8b"
_HINT = f"a file of quotes is CSV, CSV in gzip or Parquet with the columns {', '.join(COLUMNS)}"


def read_ticks(path: Path) -> Iterator[Tick]:
    """Yield a file's ticks in order, contracts interned; ConfigurationError with the line where it is at fault."""
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)
    with _faults_named(path):
        number, header = next(rows, (0, ()))
        if not header:
            raise ConfigurationError(f"{path} is empty", hint=_HINT)
        places = _places(path, header)
        reader = _RowReader()
        for number, row in rows:  # noqa: B007 -- the message needs the last one
            try:
                if len(row) != len(header):
                    raise ValueError(f"{len(row)} fields under {len(header)} columns")
                yield reader.tick([row[place] for place in places])
            except ValueError as error:
                raise ConfigurationError(f"{path}:{number}: {_sentence(error)}", hint=_HINT) from None
        if not reader.rows:
            raise ConfigurationError(f"{path} has a header and no quotes", hint=_HINT)


@contextmanager
def _faults_named(path: Path) -> Generator[None, None, None]:
    """Say of which file it is that the operating system, gzip or the decoder complains."""
    try:
        yield
    except FileNotFoundError:
        raise ConfigurationError(f"there is no file of quotes at {path}", hint=_HINT) from None
    except (EOFError, zlib.error) as error:
        raise ConfigurationError(f"{path} is cut short or damaged: {error}", hint="fetch it again") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text: {error.reason}", hint=_HINT) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", hint=_HINT) from None


def _places(path: Path, header: Sequence[str]) -> list[int]:
    names = [name.strip().lower() for name in header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ConfigurationError(f"{path}:1: no column {', '.join(missing)}", hint=_HINT)
    doubled = [name for name in COLUMNS if names.count(name) > 1]
    if doubled:
        raise ConfigurationError(f"{path}:1: more than one column {', '.join(doubled)}", hint=_HINT)
    return [names.index(name) for name in COLUMNS]


def _sentence(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    if first["type"] == "value_error":
        return first["msg"].removeprefix("Value error, ")
    return f"{first['loc'][-1]}: {first['msg']}, not {first['input']!r}"


def _csv_rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield each row with its line, the header first."""
    with path.open("rb") as file:
        magic = file.read(2)
        file.seek(0)
        binary: Any = gzip.GzipFile(fileobj=file) if magic == _GZIP_MAGIC else file
        with TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            try:
                for row in reader:
                    if row:
                        yield reader.line_num, row
            except csv.Error as error:
                raise ConfigurationError(f"{path}:{reader.line_num}: {error}", hint=_HINT) from None


def _parquet_rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield each row with its number as a line of the same table in CSV would have it, the header first."""
    try:
        parquet = import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"{path} is Parquet, and pyarrow is not installed", hint="pip install 'v6-paper-plugin[parquet]'"
        ) from None
    try:
        with parquet.ParquetFile(path) as file:
            names = [name for name in file.schema_arrow.names if name in COLUMNS]
            yield 1, names
            rows: Iterable[tuple[Any, ...]] = (
                row
                for batch in file.iter_batches(columns=names)
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
            )
            for number, row in enumerate(rows, 2):
                yield number, [_as_text(value) for value in row]
    except import_module("pyarrow").ArrowException as error:
        raise ConfigurationError(f"{path} is no readable Parquet file: {error}", hint=_HINT) from None


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


class _RowReader:
    """Turns rows into ticks. Texts repeat, so each is parsed once and its object shared."""

    def __init__(self) -> None:
        self.rows = 0
        self._time_text = ""
        self._time = datetime.min.replace(tzinfo=UTC)
        self._prices: dict[str, Decimal | None] = {}
        self._sizes: dict[str, Decimal | None] = {}
        self._contracts: dict[tuple[str, ...], Contract] = {}
        self._by_key: dict[str, Contract] = {}
        self._latest: dict[str, datetime] = {}

    def tick(self, row: Sequence[str]) -> Tick:
        """Return the tick of a row whose fields are in the order of COLUMNS; ValueError where it is at fault."""
        time_text, *terms, bid_text, bid_size_text, ask_text, ask_size_text = row
        if time_text != self._time_text:
            self._take_time(time_text)
        contract = self._contract(tuple(terms))
        bid, bid_size = self._side("bid", bid_text, bid_size_text)
        ask, ask_size = self._side("ask", ask_text, ask_size_text)
        self.rows += 1
        return Tick(self._time, contract, bid, bid_size, ask, ask_size)

    def _take_time(self, text: str) -> None:
        try:
            time = datetime.fromisoformat(text.strip())
        except ValueError:
            raise ValueError(f"time must be like 2026-06-01T13:31:00Z, not {text[:40]!r}") from None
        if time.tzinfo is None:
            raise ValueError(f"time must say its zone, as in 2026-06-01T13:31:00Z, not {text[:40]!r}")
        time = time.astimezone(UTC)
        if time < self._time:
            raise ValueError(f"rows must be sorted by time: {time:%Y-%m-%dT%H:%M:%SZ} follows {self._time_text}")
        self._time, self._time_text = time, text

    def _contract(self, terms: tuple[str, ...]) -> Contract:
        contract = self._contracts.get(terms)
        if contract is None:
            contract = _contract_of(*terms)
            # Terms written in two ways, as 750 and 750.0, are one contract and one object.
            contract = self._contracts[terms] = self._by_key.setdefault(contract.key, contract)
        latest = self._latest.get(contract.key)
        if latest == self._time:
            raise ValueError(f"{contract.key} has a second row for {self._time_text}")
        if isinstance(contract, Option) and latest is None and contract.expiration < trading_day(self._time):
            raise ValueError(f"{contract.key} is quoted after it expired")
        self._latest[contract.key] = self._time
        return contract

    def _side(self, side: str, price_text: str, size_text: str) -> tuple[Decimal | None, Decimal]:
        price, size = self._prices.get(price_text), self._sizes.get(size_text)
        if price is None and price_text not in self._prices:
            price = self._prices[price_text] = _amount(price_text, side)
        if size is None and size_text not in self._sizes:
            size = self._sizes[size_text] = _amount(size_text, f"{side}_size")
        if not price:
            return None, ZERO
        if size is None:
            raise ValueError(f"{side}_size is missing while {side} is {price_text}")
        return (price, size) if size else (None, ZERO)


def _amount(text: str, what: str) -> Decimal | None:
    if not text.strip():
        return None
    amount = to_decimal(text, what)
    if amount < 0:
        raise ValueError(f"{what} must not be negative, not {text}")
    return amount


def _contract_of(kind: str, symbol: str, expiration: str, strike: str, right: str) -> Contract:
    match kind.strip().lower():
        case "stock":
            if expiration or strike or right:
                raise ValueError(f"a stock has no expiration, strike or right: {expiration},{strike},{right}")
            return Stock(symbol)
        case "option":
            return Option(symbol, expiration, strike, right)
        case _:
            raise ValueError(f"kind must be stock or option, not {kind[:40]!r}")

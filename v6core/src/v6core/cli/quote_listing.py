"""What a file of recorded quotes lists, counted from its columns; whether it is sound is the broker's to say."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, field
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(slots=True)
class SymbolListing:
    """One symbol of a file: rows of its stock and of its options, the options by expiration."""

    stock_rows: int = 0
    option_rows: int = 0
    options: dict[str, set[tuple[str, str]]] = field(default_factory=dict[str, set[tuple[str, str]]])

    @property
    def document(self) -> dict[str, Any]:
        """The listing as a document."""
        expirations = {day: len(terms) for day, terms in sorted(self.options.items())}
        return {"stock_rows": self.stock_rows, "option_rows": self.option_rows, "expirations": expirations}


@dataclass(slots=True)
class QuoteListing:
    """A file: its rows, its first and last time, its symbols."""

    rows: int = 0
    first: str = ""
    last: str = ""
    symbols: dict[str, SymbolListing] = field(default_factory=dict[str, SymbolListing])

    def take(self, row: dict[str, str]) -> None:
        """Count a row."""
        self.rows += 1
        self.first, self.last = self.first or row["time"], row["time"]
        listing = self.symbols.setdefault(row["symbol"], SymbolListing())
        if row["kind"].strip().lower() == "stock":
            listing.stock_rows += 1
            return
        listing.option_rows += 1
        listing.options.setdefault(row["expiration"], set()).add((row["strike"], row["right"]))

    @property
    def end(self) -> datetime:
        """The time of the last row."""
        return datetime.fromisoformat(self.last)


def why_no_file(path: Path, what: str = "file of quotes") -> str:
    """Return what a path is that was taken for a file."""
    if path.is_dir():
        return f"{path} is a folder, not a file of quotes"
    return f"{path} is no regular file" if path.exists() else f"there is no {what} {path}"


def listing_of(path: Path) -> QuoteListing:
    """Return what a file that a broker has taken lists; a usage error for Parquet, which is not CSV."""
    if path.suffix == ".parquet":
        raise click.UsageError(f"{path} is Parquet; v6 replay reads CSV, plain or in gzip")
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        with TextIOWrapper(gzip.open(raw) if packed else raw, encoding="utf-8-sig", newline="") as text:
            listing = QuoteListing()
            for row in csv.DictReader(text):
                listing.take(row)
    return listing

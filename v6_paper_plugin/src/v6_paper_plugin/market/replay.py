"""The recorded market: the quotes of a file, played back at the times they were made.

What ticks outside the sessions of v6core.sessions is passed over, as a stock's quotes after an early close are: options
do not trade then, and no order that is good for the regular hours may fill. ``passed_over`` counts it. The file is
checked whole before the first quote is given, and kept as columns that share their times, prices and sizes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice, repeat
from pathlib import Path

from v6_paper_plugin.market.listing import usual_details
from v6_paper_plugin.market.quote_file import read_ticks
from v6_paper_plugin.market.tape import Tick
from v6core.contracts import Contract, ContractDetails, Option, Stock
from v6core.errors import ConfigurationError
from v6core.quotes import ChainExpiration, OptionChain
from v6core.sessions import Session, session_on, trading_day


@dataclass(slots=True)
class _Series:
    """The ticks of one contract, by column."""

    details: ContractDetails
    times: list[datetime] = field(default_factory=list[datetime])
    bids: list[Decimal | None] = field(default_factory=list[Decimal | None])
    bid_sizes: list[Decimal] = field(default_factory=list[Decimal])
    asks: list[Decimal | None] = field(default_factory=list[Decimal | None])
    ask_sizes: list[Decimal] = field(default_factory=list[Decimal])

    def append(self, tick: Tick) -> None:
        self.times.append(tick.time)
        self.bids.append(tick.bid)
        self.bid_sizes.append(tick.bid_size)
        self.asks.append(tick.ask)
        self.ask_sizes.append(tick.ask_size)

    def ticks(self, first: int, stop: int | None = None) -> Iterator[Tick]:
        return map(
            Tick,
            islice(self.times, first, stop),
            repeat(self.details.contract),
            islice(self.bids, first, stop),
            islice(self.bid_sizes, first, stop),
            islice(self.asks, first, stop),
            islice(self.ask_sizes, first, stop),
        )


class ReplayMarket:
    """The market of one file in the format of ``quote_file``; ConfigurationError where the file is at fault."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.passed_over = 0
        self._series: dict[str, _Series] = {}
        self._sessions: list[Session] = []
        self._chains: dict[str, OptionChain] = {}
        self._load()
        if not self._sessions:
            raise ConfigurationError(f"{self.path} has no quote within a trading session")

    def _load(self) -> None:
        session: Session | None = None
        time: datetime | None = None
        # One object per contract comes from the reader, so its identity finds its series without its text.
        by_identity: dict[int, _Series] = {}
        for tick in read_ticks(self.path):
            if tick.time != time:
                time = tick.time
                session = self._session_of(time)
            if session is None:
                self.passed_over += 1
                continue
            series = by_identity.get(id(tick.contract))
            if series is None:
                series = by_identity[id(tick.contract)] = _Series(usual_details(tick.contract))
                self._series[tick.contract.key] = series
            series.append(tick)

    def _session_of(self, time: datetime) -> Session | None:
        """Return the session that a tick belongs to, its close included; ConfigurationError where none is known."""
        if not (self._sessions and self._sessions[-1].day == trading_day(time)):
            try:
                session = session_on(trading_day(time))
            except ValueError as error:
                raise ConfigurationError(f"{self.path}: {error}") from None
            if session is None or not session.open <= time <= session.close:
                return None
            self._sessions.append(session)
        latest = self._sessions[-1]
        return latest if latest.open <= time <= latest.close else None

    @property
    def start(self) -> datetime:
        """The open of the first session that has quotes."""
        return self._sessions[0].open

    @property
    def end(self) -> datetime:
        """The close of the last session that has quotes."""
        return self._sessions[-1].close

    def contracts(self) -> tuple[Contract, ...]:
        """Return whatever is quoted, in the order in which it first was."""
        return tuple(series.details.contract for series in self._series.values())

    def session(self, at: datetime) -> Session | None:
        """Return the session open at a moment, or None."""
        return next((session for session in self._sessions if at in session), None)

    def next_session(self, after: datetime) -> Session | None:
        """Return the first session with quotes that opens later than a moment, or None after the last."""
        return next((session for session in self._sessions if session.open > after), None)

    def details(self, contract: Contract) -> ContractDetails | None:
        """Return a contract of the file, or None for any other."""
        series = self._series.get(contract.key)
        return None if series is None else series.details

    def underlying(self, contract: Contract) -> Contract | None:
        """Return the stock that settles an option, or None where the file does not quote it."""
        if not isinstance(contract, Option):
            return None
        details = self.details(Stock(contract.symbol))
        return None if details is None else details.contract

    def chain(self, symbol: str, at: datetime) -> OptionChain:
        """Return the options that the file lists on a symbol, without those that expired before the moment's day."""
        name = Stock(symbol).symbol
        if name not in self._chains:
            self._chains[name] = self._listed(name)
        return self._chains[name].since(trading_day(at))

    def _listed(self, symbol: str) -> OptionChain:
        options = [
            contract for contract in self.contracts() if isinstance(contract, Option) and contract.symbol == symbol
        ]
        rows = [
            ChainExpiration(
                expiration=day, strikes=tuple(sorted({option.strike for option in options if option.expiration == day}))
            )
            for day in sorted({option.expiration for option in options})
        ]
        return OptionChain(symbol=symbol, expirations=tuple(rows))

    def tick(self, contract: Contract, at: datetime) -> Tick | None:
        """Return the latest quote at or before a moment, or None before the first."""
        series = self._series.get(contract.key)
        if series is None:
            return None
        place = bisect_right(series.times, at.astimezone(UTC))
        return next(series.ticks(place - 1, place)) if place else None

    def ticks(self, contract: Contract, after: datetime) -> Iterator[Tick]:
        """Yield the quotes later than a moment."""
        series = self._series.get(contract.key)
        return iter(()) if series is None else series.ticks(bisect_right(series.times, after.astimezone(UTC)))

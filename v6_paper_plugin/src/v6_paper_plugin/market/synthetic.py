"""The synthetic market: endless trading days with stocks, options and futures, all of it decided by a seed.

Prices follow ``paths`` (geometric Brownian motion through the sessions of v6core.sessions), options are worth
Black–Scholes on the arbitrage-free volatilities of ``surface``, and ``instruments`` quotes them around that. There is
one interest rate and there are no dividends, underlyings do not move together, and everything trades in the hours of
US stocks, currencies and futures too.

Every symbol is listed. Those that people know have plausible prices, the others one that comes from seed and symbol.
A chain lists the strikes around the day's opening price; a strike of the same lattice beyond them is quoted as well,
so that an option held stays quoted wherever the price goes.

A quote depends on seed, start, step, contract and time alone. It is computed in floats and rounded to ticks, and may
be kept only as what it is: a Decimal.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import sha256
from math import sqrt

from v6_paper_plugin.market.instruments import Instrument, future_behind, instrument, path_name
from v6_paper_plugin.market.listing import expirations, strikes_between
from v6_paper_plugin.market.paths import Path, Sessions
from v6_paper_plugin.market.surface import Surface
from v6_paper_plugin.market.tape import Tick
from v6core.contracts import Contract, ContractDetails, FutureOption, Option, Stock
from v6core.quotes import ChainExpiration, OptionChain
from v6core.sessions import Session, trading_day

DEFAULT_START = date(2026, 6, 1)
"""The first session, unless another is asked for: fixed, so that a demo shows the same day on any day."""
_KNOWN = {
    "SPY": (600.0, 0.16),
    "QQQ": (520.0, 0.20),
    "IWM": (220.0, 0.22),
    "SPX": (6000.0, 0.16),
    "ES": (6000.0, 0.16),
    "AAPL": (230.0, 0.27),
    "MSFT": (430.0, 0.24),
    "GOOG": (180.0, 0.29),
    "GOOGL": (180.0, 0.29),
    "AMZN": (210.0, 0.32),
    "META": (600.0, 0.34),
    "NVDA": (140.0, 0.45),
    "TSLA": (300.0, 0.55),
    "EUR/USD": (1.10, 0.08),
    "GBP/USD": (1.28, 0.08),
    "USD/JPY": (150.0, 0.10),
    "CRYPTO:BTC": (60_000.0, 0.60),
    "CRYPTO:ETH": (3_000.0, 0.70),
}
_IMPLIED_OVER_REALISED = 1.1
_SHORTEST_SESSION = 1800  # a step divides this, and so each session from open to close


def _uniform(text: str) -> float:
    """Return a number from 0 to 1 that a text decides."""
    return int.from_bytes(sha256(text.encode()).digest()[:6], "big") / 2**48


def _character(name: str, seed: str) -> tuple[float, float]:
    """Return a path's price at the start and its annual volatility."""
    if name in _KNOWN:
        price, volatility = _KNOWN[name]
        return price * (0.98 + 0.04 * _uniform(f"{seed}|{name}|price")), volatility
    level, unrest = _uniform(f"{seed}|{name}|price"), _uniform(f"{seed}|{name}|volatility")
    price = 0.5 * 4**level if "/" in name else 20.0 * 20**level
    return price, 0.2 + 0.3 * unrest


class SyntheticMarket:
    """A market made from a seed: the same seed, start and step give the same quotes to the byte.

    ``step`` is the time between two quotes of a contract in seconds and divides half an hour.
    Raises ValueError for a start that is no trading day.
    """

    def __init__(self, seed: int | str = 6, *, start: date = DEFAULT_START, step: int = 5) -> None:
        if step < 1 or _SHORTEST_SESSION % step:
            raise ValueError(f"step must be a number of seconds that divides {_SHORTEST_SESSION}, not {step}")
        self._sessions = Sessions(start, step)
        if self._sessions[0].day != start:
            raise ValueError(f"start must be a trading day: {start} is none, {self._sessions[0].day} is the next")
        self._seed = str(seed)
        self._paths: dict[str, Path] = {}
        self._surfaces: dict[str, Surface] = {}
        self._instruments: dict[str, Instrument | None] = {}
        self._chain = lru_cache(maxsize=64)(self._chain_on)

    @property
    def start(self) -> datetime:
        """The open of the first session."""
        return self._sessions[0].open

    @property
    def end(self) -> datetime | None:
        """None: day follows day until the calendar of sessions ends, which raises ValueError."""
        return None

    def session(self, at: datetime) -> Session | None:
        """Return the session open at a moment, or None."""
        number = self._sessions.number_at(at)
        return self._sessions[number] if number >= 0 and at in self._sessions[number] else None

    def next_session(self, after: datetime) -> Session:
        """Return the first session that opens later than a moment."""
        return self._sessions[self._sessions.number_at(after) + 1]

    def details(self, contract: Contract) -> ContractDetails | None:
        """Return what is known of a contract, or None where the synthetic market does not list it."""
        listed = self._instrument(contract)
        return None if listed is None else listed.details

    def underlying(self, contract: Contract) -> Contract | None:
        """Return the stock or future that settles an option, or None."""
        if isinstance(contract, Option):
            return self._known(Stock(contract.symbol))
        return self._known(future_behind(contract)) if isinstance(contract, FutureOption) else None

    def _known(self, contract: Contract) -> Contract | None:
        details = self.details(contract)
        return None if details is None else details.contract

    def chain(self, symbol: str, at: datetime) -> OptionChain:
        """Return the options listed on a symbol on the day of a moment; before the first open, those of that day."""
        stock = Stock(symbol)
        return self._chain(stock.symbol, max(0, self._sessions.number_at(at)), trading_day(at))

    def _chain_on(self, symbol: str, number: int, day: date) -> OptionChain:
        session = self._sessions[number]
        spot = self._path(symbol).open_price(number)
        volatility = self._surface(symbol).far_volatility
        rows: list[ChainExpiration] = []
        for expiration in expirations(max(day, session.day)):
            years = max((expiration - session.day).days, 1) / 365
            width = min(0.75, 0.05 + 3 * volatility * sqrt(years))
            strikes = tuple(strikes_between(spot * (1 - width), spot * (1 + width)))
            rows.append(ChainExpiration(expiration=expiration, strikes=strikes))
        return OptionChain(symbol=symbol, expirations=tuple(rows))

    def tick(self, contract: Contract, at: datetime) -> Tick | None:
        """Return the quote that holds at a moment: after a close, that of the close."""
        listed, at = self._instrument(contract), at.astimezone(UTC)
        if listed is None:
            return None
        expires = listed.expires()
        at = at if expires is None else min(at, expires)
        number = self._sessions.number_at(at)
        if number < 0:
            return None
        session = self._sessions[number]
        step = min((at - session.open) // self._sessions.step, self._sessions.steps(session))
        return self._tick(listed, number, step)

    def ticks(self, contract: Contract, after: datetime) -> Iterator[Tick]:
        """Yield a quote for each step of each session after a moment, until the contract expires."""
        listed, after = self._instrument(contract), after.astimezone(UTC)
        if listed is None:
            return
        number = max(0, self._sessions.number_at(after))
        step = max(0, (after - self._sessions[number].open) // self._sessions.step + 1)
        while listed.expiration is None or self._sessions[number].day <= listed.expiration:
            for k in range(step, self._sessions.steps(self._sessions[number]) + 1):
                yield self._tick(listed, number, k)
            number, step = number + 1, 0

    def _tick(self, listed: Instrument, number: int, step: int) -> Tick:
        contract = listed.details.contract
        time = self._sessions[number].open + step * self._sessions.step
        return listed.tick(self._path(path_name(contract)).prices(number)[step], time, self._seed)

    def _instrument(self, contract: Contract) -> Instrument | None:
        key = contract.key
        if key not in self._instruments:
            listed = instrument(contract, self._surface(path_name(contract)))
            expired = listed is not None and listed.expiration is not None and listed.expiration < self.start.date()
            self._instruments[key] = None if expired else listed
        return self._instruments[key]

    def _path(self, name: str) -> Path:
        if name not in self._paths:
            price, volatility = _character(name, self._seed)
            self._paths[name] = Path(name, self._seed, self._sessions, base_price=price, volatility=volatility)
        return self._paths[name]

    def _surface(self, name: str) -> Surface:
        if name not in self._surfaces:
            self._surfaces[name] = Surface(_IMPLIED_OVER_REALISED * _character(name, self._seed)[1])
        return self._surfaces[name]

"""The market of a dry run: prices and quotes that a program or its configuration gives.

A price given for a contract holds until something else is given; its quote is that price on both sides, for more than
anybody wants. A contract without one is worth ``default_price``. A quote given for a contract has two sides with their
sizes and the time at which it was given; it holds as long, and each regular session opens with it afresh. Nothing ticks
of itself, so ``ticks`` is empty: ``give`` and ``quote`` return the tick that they make, for whoever runs the exchange
to hand on. With hours "all" a session is a whole day in New York, so that a dry run works on a Sunday; with "regular"
sessions are those of US stocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Literal

from v6_paper_plugin.market.listing import usual_details, week_ends
from v6_paper_plugin.market.tape import Tick
from v6core.contracts import Contract, ContractDetails, Future, FutureOption, Option, Stock, parse_contract
from v6core.money import ZERO, plain, to_decimal
from v6core.quotes import ChainExpiration, OptionChain
from v6core.sessions import NEW_YORK, Session, next_session, session_at, session_on, trading_day

DEFAULT_PRICE = Decimal(100)
_DEFAULT_START = datetime(2026, 6, 1, 13, 30, tzinfo=UTC)
_LISTED = timedelta(days=731)
_PLENTY = Decimal(1_000_000)
Amount = Decimal | float | str
Hours = Literal["all", "regular"]


@cache
def _grid() -> ChainExpiration:
    """Return the strikes of every expiration: half points to 1,000, then steps of 5 to 10,000."""
    halves = (Decimal(n) / 2 for n in range(1, 2001))
    fives = (Decimal(n) for n in range(1005, 10_001, 5))
    return ChainExpiration(expiration=date.max, strikes=(*halves, *fives))


@lru_cache(maxsize=64)
def _chain(symbol: str, day: date) -> OptionChain:
    days = week_ends(day, day + _LISTED)
    # The strikes are one tuple, checked once: a hundred expirations of them would take a second to check.
    return OptionChain(
        symbol=symbol, expirations=tuple(_grid().model_copy(update={"expiration": expiration}) for expiration in days)
    )


def _day(day: date) -> Session:
    opens, closes = (datetime.combine(day + timedelta(days=n), time(), NEW_YORK).astimezone(UTC) for n in (0, 1))
    return Session(day, opens, closes)


class GivenMarket:
    """Prices by contract, keyed in ``prices`` by the contract's text; ValueError for one that is not positive."""

    def __init__(
        self,
        prices: Mapping[str, Amount] | None = None,
        *,
        default_price: Amount = DEFAULT_PRICE,
        start: datetime = _DEFAULT_START,
        hours: Hours = "all",
    ) -> None:
        self.start = start.astimezone(UTC)
        self._hours = hours
        self._default_price = _positive(default_price, "default_price")
        self._listed: dict[str, ContractDetails] = {}
        self._prices: dict[str, Decimal] = {}
        self._quotes: dict[str, Tick] = {}
        self._saved: dict[str, Any] = {"prices": {}, "quotes": {}}
        for text, price in (prices or {}).items():
            contract = parse_contract(text)
            self._prices[contract.key] = _positive(price, f"price of {contract.key}")

    @property
    def end(self) -> datetime | None:
        """None: given prices hold for ever."""
        return None

    def price(self, contract: Contract) -> Decimal:
        """Return the last price given for a contract, else the default."""
        return self._prices.get(contract.key, self._default_price)

    def give(self, contract: Contract, price: Amount, at: datetime) -> Tick:
        """Set a contract's price from a moment on, and return the tick that this is; ValueError for a combo."""
        known = self._single(contract)
        self._prices[known.key] = _positive(price, f"price of {known.key}")
        self._quotes.pop(known.key, None)
        self._saved["quotes"].pop(known.key, None)
        self._saved["prices"][known.key] = plain(self._prices[known.key])
        return self._tick(known, at)

    def quote(
        self,
        contract: Contract,
        bid: Amount | None,
        ask: Amount | None,
        *,
        bid_size: Amount | None = None,
        ask_size: Amount | None = None,
        at: datetime,
    ) -> Tick:
        """Set a contract's two sides from a moment on, and return the tick that this is.

        On a side that is None nobody is there; one without a size is there for more than anybody wants. ValueError for
        a bid above the ask, for what is not positive, and for a combo.
        """
        known = self._single(contract)
        sides = _side(known, "bid", bid, bid_size), _side(known, "ask", ask, ask_size)
        tick = Tick(at.astimezone(UTC), known, *sides[0], *sides[1])
        if tick.bid is not None and tick.ask is not None and tick.bid > tick.ask:
            raise ValueError(f"the quote of {known.key} is crossed: bid {tick.bid:f} is above ask {tick.ask:f}")
        self._quotes[known.key] = tick
        self._saved["quotes"][known.key] = _as_json(tick)
        return tick

    def has_quote(self, contract: Contract) -> bool:
        """Tell whether a contract shows a quote that was given, and not a price."""
        return contract.key in self._quotes

    def _single(self, contract: Contract) -> Contract:
        details = self.details(contract)
        if details is None:
            raise ValueError(f"give the legs of {contract.key} their prices: a combo has none of its own")
        return details.contract

    def save(self) -> dict[str, Any]:
        """Return as JSON the prices and quotes that were given since the market was made."""
        return self._saved

    def load(self, saved: Mapping[str, Any], at: datetime) -> None:
        """Give again what ``save`` returned: the prices from a moment on, the quotes from theirs."""
        for text, price in saved["prices"].items():
            self.give(parse_contract(text), price, at)
        for text, (given, bid, bid_size, ask, ask_size) in saved["quotes"].items():
            moment = datetime.fromisoformat(given)
            self.quote(parse_contract(text), bid, ask, bid_size=bid_size, ask_size=ask_size, at=moment)

    def session(self, at: datetime) -> Session | None:
        """Return the session that a moment lies in: with all hours, its day in New York."""
        return session_at(at) if self._hours == "regular" else _day(trading_day(at))

    def next_session(self, after: datetime) -> Session | None:
        """Return the session that follows a moment: with all hours, the next day in New York."""
        return next_session(after) if self._hours == "regular" else _day(trading_day(after) + timedelta(days=1))

    def details(self, contract: Contract) -> ContractDetails | None:
        """Return any single contract as it is, with the ticks usual for its kind; None for a combo."""
        if contract.kind == "COMBO":
            return None
        if contract.key not in self._listed:
            self._listed[contract.key] = usual_details(contract)
        return self._listed[contract.key]

    def underlying(self, contract: Contract) -> Contract | None:
        """Return the stock, or the future of the same expiration, that settles an option; None for what is none."""
        match contract:
            case Option():
                details = self.details(Stock(contract.symbol, currency=contract.currency))
            case FutureOption():
                future = Future(
                    contract.symbol, contract.expiration, multiplier=contract.multiplier, currency=contract.currency
                )
                details = self.details(future)
            case _:
                return None
        return None if details is None else details.contract

    def chain(self, symbol: str, at: datetime) -> OptionChain:
        """Return options on any symbol: for two years each week's last trading day, strikes from 0.5 to 10,000."""
        return _chain(Stock(symbol).symbol, trading_day(at))

    def tick(self, contract: Contract, at: datetime) -> Tick | None:
        """Return the quote that was given for a contract, else its price as bid and offer; None for a combo."""
        if contract.kind == "COMBO":
            return None
        given = self._quotes.get(contract.key)
        return self._tick(contract, at) if given is None else self._afresh(given, at)

    def _afresh(self, tick: Tick, at: datetime) -> Tick:
        """Return a given quote as the session shows it, its close included: one that is older, from the open on."""
        session = session_on(trading_day(at)) if self._hours == "regular" else None
        if session is None or not tick.time < session.open <= at <= session.close:
            return tick
        return tick._replace(time=session.open)

    def _tick(self, contract: Contract, at: datetime) -> Tick:
        details, price = self.details(contract), self.price(contract)
        known = contract if details is None else details.contract
        return Tick(at.astimezone(UTC), known, price, _PLENTY, price, _PLENTY)

    def ticks(self, contract: Contract, after: datetime) -> Iterator[Tick]:  # noqa: ARG002 -- Market's signature
        """Yield nothing: what a program will give is not known beforehand."""
        return iter(())


def _positive(value: Amount, what: str) -> Decimal:
    price = to_decimal(value, what)
    if price <= 0:
        raise ValueError(f"{what} must be positive, not {price:f}")
    return price


def _side(contract: Contract, side: str, price: Amount | None, size: Amount | None) -> tuple[Decimal | None, Decimal]:
    """Return the price and the size of one side of a quote; where nobody is there, no size."""
    if price is None:
        return None, ZERO
    shown = _PLENTY if size is None else _positive(size, f"{side}_size of {contract.key}")
    return _positive(price, f"{side} of {contract.key}"), shown


def _as_json(tick: Tick) -> list[str | None]:
    sides = ((tick.bid, tick.bid_size), (tick.ask, tick.ask_size))
    numbers = [number for price, size in sides for number in (price, None if price is None else size)]
    return [tick.time.isoformat(), *(None if number is None else plain(number) for number in numbers)]

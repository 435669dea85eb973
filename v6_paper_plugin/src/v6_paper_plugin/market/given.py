"""The market of a dry run: prices that a program or its configuration gives, around the clock.

A price given for a contract holds until another is given; a contract without one is worth ``default_price``. Its quote
is that price on both sides. Nothing ticks of itself, so ``ticks`` is empty: ``give`` returns the tick that it makes,
for whoever runs the exchange to hand on. A session is a whole day in New York, so that a dry run works on a Sunday.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache

from v6_paper_plugin.market.listing import usual_details, week_ends
from v6_paper_plugin.market.tape import Tick
from v6core.contracts import Contract, ContractDetails, Future, FutureOption, Option, Stock, parse_contract
from v6core.money import to_decimal
from v6core.quotes import ChainExpiration, OptionChain
from v6core.sessions import NEW_YORK, Session, trading_day

DEFAULT_PRICE = Decimal(100)
_DEFAULT_START = datetime(2026, 6, 1, 13, 30, tzinfo=UTC)
_LISTED = timedelta(days=731)
_PLENTY = Decimal(1_000_000)


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
        prices: Mapping[str, Decimal | float | str] | None = None,
        *,
        default_price: Decimal | float | str = DEFAULT_PRICE,
        start: datetime = _DEFAULT_START,
    ) -> None:
        self.start = start.astimezone(UTC)
        self._default_price = _positive(default_price, "default_price")
        self._listed: dict[str, ContractDetails] = {}
        self._prices: dict[str, Decimal] = {}
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

    def give(self, contract: Contract, price: Decimal | float | str, at: datetime) -> Tick:
        """Set a contract's price from a moment on, and return the tick that this is; ValueError for a combo."""
        if contract.kind == "COMBO":
            raise ValueError(f"give the legs of {contract.key} their prices: a combo has none of its own")
        self._prices[contract.key] = _positive(price, f"price of {contract.key}")
        return self._tick(contract, at)

    def session(self, at: datetime) -> Session | None:
        """Return the day in New York that a moment lies in."""
        return _day(trading_day(at))

    def next_session(self, after: datetime) -> Session | None:
        """Return the day in New York that follows a moment's."""
        return _day(trading_day(after) + timedelta(days=1))

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
        """Return a contract's price as its bid and its offer; None for a combo."""
        return None if contract.kind == "COMBO" else self._tick(contract, at)

    def _tick(self, contract: Contract, at: datetime) -> Tick:
        details, price = self.details(contract), self.price(contract)
        known = contract if details is None else details.contract
        return Tick(at.astimezone(UTC), known, price, _PLENTY, price, _PLENTY)

    def ticks(self, contract: Contract, after: datetime) -> Iterator[Tick]:  # noqa: ARG002 -- Market's signature
        """Yield nothing: what a program will give is not known beforehand."""
        return iter(())


def _positive(value: Decimal | float | str, what: str) -> Decimal:
    price = to_decimal(value, what)
    if price <= 0:
        raise ValueError(f"{what} must be positive, not {price:f}")
    return price

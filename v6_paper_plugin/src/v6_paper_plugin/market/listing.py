"""What is listed: expirations on trading days, strikes on a lattice that does not move with the price, usual ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from v6core.contracts import Contract, ContractDetails, TickBand
from v6core.sessions import LAST_DAY, last_session, session_on, sessions

_STEPS = ((25, Decimal("0.5")), (1000, Decimal(1)), (10_000, Decimal(5)))
_WIDEST_STEP = Decimal(50)
_DAILIES, _WEEKLIES, _MONTHLIES = 5, 8, 13

# SEC rule 612: a share is quoted in cents, below one dollar in hundredths of a cent.
_SHARES = (TickBand(tick=Decimal("0.0001")), TickBand(from_price=Decimal(1)))
_CURRENCIES = (TickBand(tick=Decimal("0.00005")),)
_SATOSHI = Decimal("0.00000001")


def usual_details(contract: Contract) -> ContractDetails:
    """Return a contract with the ticks that are usual for its kind: cents, but for penny shares and for currencies."""
    if contract.kind == "STOCK":
        return ContractDetails(contract=contract, ticks=_SHARES)
    if contract.kind == "FOREX":
        return ContractDetails(contract=contract, ticks=_CURRENCIES)
    step = _SATOSHI if contract.kind == "CRYPTO" else Decimal(1)
    return ContractDetails(contract=contract, quantity_step=step)


def strike_step(strike: Decimal) -> Decimal:
    """Return how far apart strikes are listed at a level: 0.5 below 25, 1 below 1,000, 5 below 10,000, then 50."""
    return next((step for below, step in _STEPS if strike < below), _WIDEST_STEP)


def is_strike(strike: Decimal) -> bool:
    """Tell whether a strike lies on the lattice."""
    return strike > 0 and strike % strike_step(strike) == 0


def strikes_between(low: float, high: float) -> Iterator[Decimal]:
    """Yield the lattice's strikes from a price to a price."""
    start = Decimal(max(int(low), 1))
    strike = start - start % strike_step(start) or strike_step(start)
    while strike <= high:
        if strike >= low:
            yield strike
        strike += strike_step(strike)


def week_ends(first: date, last: date) -> Iterator[date]:
    """Yield the last trading day of each week, Friday or the day before a holiday on it, within both days."""
    friday = first + timedelta(days=(4 - first.weekday()) % 7)
    while friday - timedelta(days=4) <= last and friday <= LAST_DAY:
        day = last_session(friday).day
        if first <= day <= last:
            yield day
        friday += timedelta(days=7)


def is_monthly(day: date) -> bool:
    """Tell whether the standard monthly options expire on a day: the third Friday, or the trading day before it."""
    friday = day + timedelta(days=(4 - day.weekday()) % 7)
    return 15 <= friday.day <= 21 and session_on(day) is not None and last_session(friday).day == day


@lru_cache(maxsize=64)
def expirations(day: date) -> tuple[date, ...]:
    """Return what is listed on a day: the next five trading days, eight weeks of Fridays, a year of third Fridays."""
    last = min(LAST_DAY, day + timedelta(days=31 * _MONTHLIES))
    dailies = _first(_DAILIES, (session.day for session in sessions(day, last)))
    weeklies = _first(_WEEKLIES, week_ends(day, last))
    monthlies = _first(_MONTHLIES, (end for end in week_ends(day, last) if is_monthly(end)))
    return tuple(sorted({*dailies, *weeklies, *monthlies}))


def _first(count: int, days: Iterable[date]) -> list[date]:
    return [day for _, day in zip(range(count), days, strict=False)]

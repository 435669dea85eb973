"""What each leg of a roll becomes: an option that is listed, expires after today and is not the one that is held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from v6core.contracts import Option, OptionRight
from v6core.money import ZERO, plain, to_decimal
from v6core.planning.refusals import PlanningCode, PlanningError
from v6core.quotes import ChainExpiration, OptionChain
from v6core.strategies import LegSpec, Strategy

StrikeOffset = Decimal | int | float | str | Mapping[OptionRight, Decimal | int | float | str]
Only = OptionRight | str | Collection[LegSpec]
_NEAR: Final = timedelta(days=20)
# Monthly expirations lie at most 35 days apart, so one of them is always nearer than this.


@dataclass(frozen=True, slots=True)
class Listing:
    """The options that a strategy can roll into: those of its multiplier that expire after ``today``."""

    chain: OptionChain
    today: date
    multiplier: Decimal

    def nearest(self, day: date) -> date:
        """Return the listed expiration nearest to a day, the earlier of two equally near.

        PlanningError where that is further off than 20 days and than a quarter of the days to the one asked for.
        """
        days = {row.expiration for row in self._rows()}
        if day <= self.today or not days:
            raise PlanningError(
                PlanningCode.ROLL_EXPIRED_TARGET,
                f"a roll goes to an expiration after today, {self.today}, and {day} is asked for; "
                f"{self.chain.symbol} lists {_some(days)}",
            )
        found = min(days, key=lambda listed: (abs((listed - day).days), listed))
        if abs(found - day) > max(_NEAR, (day - self.today) / 4):
            raise PlanningError(
                PlanningCode.ROLL_UNKNOWN_EXPIRATION,
                f"{self.chain.symbol} lists no expiration near {day}, {(day - self.today).days} days from today; "
                f"the nearest is {found}, {(found - self.today).days} days from today",
                hint=f"ask for what is listed: {_some(days)}",
            )
        return found

    def check(self, leg: LegSpec) -> LegSpec:
        """Return an option leg as it is listed, in its own trading class where that has it, or say what is nearest."""
        assert leg.expiration is not None
        assert leg.strike is not None
        if leg.expiration <= self.today:
            raise PlanningError(
                PlanningCode.ROLL_EXPIRED_TARGET, f"the target {leg.expiration} is not after today, {self.today}"
            )
        rows = [row for row in self._rows() if row.expiration == leg.expiration]
        if not rows:
            raise PlanningError(
                PlanningCode.ROLL_UNKNOWN_EXPIRATION,
                f"{self.chain.symbol} lists no {leg.expiration} with multiplier {plain(self.multiplier)}; "
                f"it lists {_some(row.expiration for row in self._rows())}",
            )
        fitting = [row for row in rows if leg.strike in row.strikes]
        if not fitting:
            strikes = {strike for row in rows for strike in row.strikes}
            raise PlanningError(
                PlanningCode.ROLL_UNKNOWN_STRIKE,
                f"{self.chain.symbol} {leg.expiration} lists no strike {plain(leg.strike)}; "
                f"nearest are {_around(leg.strike, strikes)}",
            )
        classes = {row.trading_class for row in fitting}
        if leg.trading_class is None or leg.trading_class in classes or None in classes:
            return leg
        return leg.replace(trading_class=min(name for name in classes if name is not None))

    def _rows(self) -> list[ChainExpiration]:
        return [
            row for row in self.chain.expirations if row.expiration > self.today and row.multiplier == self.multiplier
        ]


def legs_to_roll(strategy: Strategy, only: Only | None) -> tuple[LegSpec, ...]:
    """Return the option legs of a strategy, of one right or among those given; shares stay as they are."""
    if only is None:
        return strategy.option_legs
    if isinstance(only, str):
        legs = tuple(leg for leg in strategy.option_legs if leg.right is OptionRight(only))
    else:
        unknown = [leg for leg in only if leg not in strategy.option_legs]
        if unknown:
            raise PlanningError(
                PlanningCode.ROLL_UNKNOWN_LEG, f"no option leg of {strategy.strategy_id}: {described(unknown[0])}"
            )
        legs = tuple(leg for leg in strategy.option_legs if leg in only)
    if not legs:
        raise PlanningError(PlanningCode.ROLL_UNKNOWN_LEG, f"{strategy.strategy_id} has no such leg to roll: {only!r}")
    return legs


def targets_of(
    legs: Collection[LegSpec], listing: Listing, new_dte: int, strike_offset: StrikeOffset = 0
) -> dict[LegSpec, LegSpec]:
    """Return what each leg rolls to: the listed expiration nearest to today + ``new_dte`` days, strikes moved.

    Legs of several expirations keep their distance: the earliest goes there, the others as many days after it as they
    were. A leg that is already what an earlier one rolls to is left as it is: so a roll that filled in part is resumed.
    """
    day = listing.nearest(_after(listing.today, new_dte))
    first = min(leg.expiration for leg in legs if leg.expiration is not None)
    offset_of = _offsets(strike_offset)
    aimed = {_terms(_moved(leg, day, offset_of)) for leg in legs if leg.expiration == first and first != day}
    found: dict[LegSpec, LegSpec] = {}
    for leg in legs:
        assert leg.expiration is not None
        if _terms(leg) in aimed:
            found[leg] = leg
        else:
            moved_day = day if leg.expiration == first else listing.nearest(day + (leg.expiration - first))
            found[leg] = listing.check(_moved(leg, moved_day, offset_of))
    return found


def _after(today: date, days: int) -> date:
    return today + timedelta(days=min(days, (date.max - today).days))


def why_unlisted(contract: Option, chain: OptionChain, today: date) -> str | None:
    """Return why there is no such option to open, and what is listed nearest to it; None where it is listed."""
    days = {row.expiration for row in chain.expirations if row.expiration >= today}
    strikes = {strike for row in chain.expirations if row.expiration == contract.expiration for strike in row.strikes}
    if contract.expiration < today:
        return f"{contract.key} expired on {contract.expiration}; {chain.symbol} lists {_some(days)}"
    if contract.expiration not in days:
        nearest = sorted(days, key=lambda listed: abs(listed - contract.expiration))[:4]
        return f"{chain.symbol} lists no {contract.expiration}; nearest are {_some(nearest)}"
    if contract.strike not in strikes:
        around = _around(contract.strike, strikes)
        return f"{chain.symbol} {contract.expiration} lists no strike {plain(contract.strike)}; nearest are {around}"
    return None


def _terms(leg: LegSpec) -> tuple[object, ...]:
    return leg.right, leg.strike, leg.expiration, leg.action


def _offsets(strike_offset: StrikeOffset) -> Mapping[OptionRight, Decimal]:
    if isinstance(strike_offset, Mapping):
        by_right: defaultdict[OptionRight, Decimal] = defaultdict(lambda: ZERO)
        by_right.update(
            {OptionRight(right): to_decimal(value, "strike_offset") for right, value in strike_offset.items()}
        )
        return by_right
    return dict.fromkeys(OptionRight, to_decimal(strike_offset, "strike_offset"))


def _moved(leg: LegSpec, day: date, offset_of: Mapping[OptionRight, Decimal]) -> LegSpec:
    assert leg.right is not None
    assert leg.strike is not None
    strike = leg.strike + offset_of[leg.right]
    if strike <= 0:
        raise PlanningError(
            PlanningCode.ROLL_UNKNOWN_STRIKE, f"the offset takes strike {plain(leg.strike)} to {plain(strike)}"
        )
    return leg.replace(expiration=day, strike=strike)


def described(leg: LegSpec) -> str:
    """Return a leg in words: ``SELL 580 PUT 2026-12-18``."""
    if leg.right is None or leg.strike is None:
        return f"{leg.action} shares"
    return f"{leg.action} {plain(leg.strike)} {leg.right} {leg.expiration}"


def _some(days: Iterable[date]) -> str:
    named = sorted(set(days))
    more = f" and {len(named) - 6} more" if len(named) > 6 else ""
    return ", ".join(str(day) for day in named[:6]) + more if named else "nothing after today"


def _around(strike: Decimal, strikes: Iterable[Decimal]) -> str:
    nearest = sorted(set(strikes), key=lambda listed: (abs(listed - strike), listed))[:4]
    return ", ".join(plain(listed) for listed in sorted(nearest)) or "none"

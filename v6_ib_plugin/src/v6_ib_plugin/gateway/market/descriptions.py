"""What a client says of a contract: held against what is listed, and made a contract of where it is complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from v6_ib_plugin.gateway.market.refusals import invalid, no_definition
from v6_ib_plugin.gateway.market.venues import FUTURES, FutureTerms, currency_at, future_terms
from v6_ib_plugin.terms import IbContract
from v6_ib_plugin.translation.contracts import contract_of
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Contract, FutureOption, Option, OptionRight
from v6core.money import plain
from v6core.quotes import ChainExpiration, OptionChain

_NO_RIGHT = {"", "0", "?"}
_RIGHTS = {"C": OptionRight.CALL, "CALL": OptionRight.CALL, "P": OptionRight.PUT, "PUT": OptionRight.PUT}
_QUARTERS_LISTED = 8


def merged(first: IbContract, second: IbContract) -> IbContract:
    """Return both descriptions as one; Refused where they contradict each other."""
    if not fits(second, first):
        raise no_definition()
    empty = IbContract()
    names = [
        name for name in IbContract.__dataclass_fields__ if getattr(first, name) in (getattr(empty, name), "0", "?")
    ]
    return replace(first, **{name: getattr(second, name) for name in names})


_COMPARED = ("symbol", "sec_type", "currency", "trading_class")


def fits(told: IbContract, wanted: IbContract) -> bool:
    """Tell whether a contract is as a description wants it, in whatever both say."""
    for name in _COMPARED:
        # A class of shares is written behind a space here and behind a dot there.
        said, asked = (str(getattr(each, name)).upper().replace(".", " ") for each in (told, wanted))
        if said and asked and said != asked:
            return False
    expiration, strike, right = told.last_trade_date_or_contract_month, told.strike, told.right
    asked_day = wanted.last_trade_date_or_contract_month.replace("-", "")[:8]
    return (
        (not expiration or expiration.startswith(asked_day) or asked_day.startswith(expiration))
        and (not wanted.strike or not strike or strike == wanted.strike)
        and (wanted.right in _NO_RIGHT or not right or wanted.right[:1].upper() == right)
        and (not wanted.multiplier or not told.multiplier or _number(wanted.multiplier) == Decimal(told.multiplier))
    )


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def complete_contract(wanted: IbContract) -> Contract:
    """Return the contract of complete terms; Refused where v6 has no such contract."""
    symbol, sec_type = wanted.symbol.upper(), wanted.sec_type
    usual = future_terms(symbol) if sec_type in {"FUT", "FOP"} else None
    terms = replace(
        wanted,
        con_id=0,
        symbol=symbol,
        # What is listed is listed wherever it is routed; the client's exchange is put back afterwards.
        exchange="" if usual is None else usual.exchange if symbol in FUTURES else wanted.exchange or usual.exchange,
        primary_exchange="",
        multiplier=wanted.multiplier or ("" if usual is None else plain(usual.multiplier)),
        trading_class=wanted.trading_class.upper(),
        currency=wanted.currency.upper() or _currency(wanted, usual),
    )
    try:
        return contract_of(terms)
    except Untranslatable:
        raise no_definition() from None


def _currency(wanted: IbContract, usual: FutureTerms | None) -> str:
    if usual is not None:
        return usual.currency
    return currency_at(wanted.exchange.upper()) if wanted.sec_type == "STK" else "USD"


def names_a_day(wanted: IbContract) -> bool:
    """Tell whether a description says the day of the expiration, not only its month."""
    return len(wanted.last_trade_date_or_contract_month.replace("-", "")) >= 8


def listed_rows(chain: OptionChain, wanted: IbContract) -> Iterator[ChainExpiration]:
    """Yield the rows of a chain that a description fits, with the strikes that it fits."""
    month = wanted.last_trade_date_or_contract_month.replace("-", "")
    trading_class = wanted.trading_class.upper()
    for row in chain.expirations:
        if not f"{row.expiration:%Y%m%d}".startswith(month):
            continue
        if trading_class in {"", row.trading_class or chain.symbol} and (
            not wanted.multiplier or _number(wanted.multiplier) == row.multiplier
        ):
            strikes = row.strikes if not wanted.strike else tuple(s for s in row.strikes if s == wanted.strike)
            yield row.model_copy(update={"strikes": strikes})


def row_options(chain: OptionChain, row: ChainExpiration, wanted: IbContract) -> Iterator[Option | FutureOption]:
    """Yield the options of one row that a description fits."""
    rights = list(OptionRight) if wanted.right in _NO_RIGHT else [_RIGHTS[wanted.right.upper()]]
    for right in rights if row.strikes else ():
        first = chain.option(row.expiration, row.strikes[0], right)
        if first is not None:
            yield from (first.model_copy(update={"strike": strike}) for strike in row.strikes)


def check(wanted: IbContract) -> None:
    """Refuse with 321 what no contract could be."""
    if wanted.right not in _NO_RIGHT and wanted.right.upper() not in _RIGHTS:
        raise invalid(f"Please enter a valid right, P or C, not {wanted.right!r}")
    if wanted.multiplier and _number(wanted.multiplier) is None:
        raise invalid(f"Please enter a valid multiplier, not {wanted.multiplier!r}")


def is_complete(wanted: IbContract) -> bool:
    """Tell whether an option is described with its day, its strike and its right."""
    return names_a_day(wanted) and bool(wanted.strike) and wanted.right not in _NO_RIGHT


def month_of(text: str) -> date:
    """Return the first day of a contract month; Refused with 321 where the text is none."""
    digits = text.replace("-", "")
    try:
        return date(int(digits[:4]), int(digits[4:6] or "1"), 1)
    except ValueError:
        raise invalid(f"{text!r} is no contract month like 202612") from None


def quarters(today: date) -> list[date]:
    """Return the quarterly months in which futures expire from a day on."""
    months = (date(today.year + n // 4, n % 4 * 3 + 3, 1) for n in range(_QUARTERS_LISTED + 4))
    return [month for month in months if month >= today.replace(day=1)][:_QUARTERS_LISTED]


def days_of(first: date) -> Iterable[date]:
    """Return the days of a month: the third Friday, the day before it, then all others."""
    friday = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
    usual = (friday, friday - timedelta(days=1))
    days = [first + timedelta(days=n) for n in range(31)]
    return (*usual, *(day for day in days if day.month == first.month and day not in usual))

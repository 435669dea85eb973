"""The local symbols of contracts: the OCC symbol padded to 21 places, month codes of futures, ``EUR.USD`` of pairs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

from v6_ib_plugin.terms import IbContract
from v6core.contracts import Contract, Crypto, Forex, Future, FutureOption, Option
from v6core.money import plain

_MONTHS = "FGHJKMNQUVXZ"
_OCC = re.compile(r"([A-Z0-9.]{1,6}) *([0-9]{6})([CP])([0-9]{8})")
_FUTURE = re.compile(rf"([A-Z0-9]+?)([{_MONTHS}])([0-9])")
_FUTURE_OPTION = re.compile(rf"([A-Z0-9]+?)([{_MONTHS}])([0-9]) ([CP])([0-9.]+)")


def local_symbol(contract: Contract) -> str:
    """Return a contract's local symbol; empty for a combo's own, which its symbol stands for."""
    match contract:
        case Option():
            return _occ(contract)
        case Future():
            return _future(contract.symbol, contract.expiration)
        case FutureOption():
            right, strike = contract.right[0], plain(contract.strike.normalize())
            return f"{_future(contract.symbol, contract.expiration)} {right}{strike}"
        case Forex() | Crypto():
            return f"{contract.symbol}.{contract.currency}"
        case _:
            return contract.symbol


def _occ(option: Option) -> str:
    try:
        symbol = option.occ_symbol
    except ValueError:
        return option.symbol
    return f"{symbol[:-15]:<6}{symbol[-15:]}"


def _future(symbol: str, expiration: date) -> str:
    return f"{symbol}{_MONTHS[expiration.month - 1]}{expiration.year % 10}"


def terms_of(local: str, sec_type: str, today: date) -> IbContract | None:
    """Return the terms that a local symbol says, or None where it is none of that type; years are near today's."""
    text = local.strip().upper()
    match sec_type:
        case "OPT" if found := _OCC.fullmatch(text):
            return _option_terms(found)
        case "FUT" if found := _FUTURE.fullmatch(text):
            return _future_terms(found, sec_type, today)
        case "FOP" if found := _FUTURE_OPTION.fullmatch(text):
            strike = Decimal(found[5]) if found[5].count(".") <= 1 and found[5] != "." else Decimal(0)
            return replace(_future_terms(found, sec_type, today), right=found[4], strike=strike)
        case "CASH" | "CRYPTO" if text.count(".") == 1:
            symbol, currency = text.split(".")
            return IbContract(symbol=symbol, currency=currency, sec_type=sec_type)
        case "STK" | "IND":
            return IbContract(symbol=text, sec_type=sec_type)
        case _:
            return None


def _option_terms(found: re.Match[str]) -> IbContract:
    return IbContract(
        symbol=found[1],
        sec_type="OPT",
        last_trade_date_or_contract_month=f"20{found[2]}",
        right=found[3],
        strike=Decimal(found[4]) / 1000,
    )


def _future_terms(found: re.Match[str], sec_type: str, today: date) -> IbContract:
    month, digit = _MONTHS.index(found[2]) + 1, int(found[3])
    # One digit of a year: the first such year from last year on.
    year = next(year for year in range(today.year - 1, today.year + 9) if year % 10 == digit)
    return IbContract(symbol=found[1], sec_type=sec_type, last_trade_date_or_contract_month=f"{year}{month:02d}")

"""Where contracts of each kind trade, as TWS would list it, and what is usual for the futures that people know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from v6_ib_plugin.terms import IbContract

_STOCKS = "SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,NASDAQ,ISLAND,DRCTEDGE,BEX,BATS,EDGEA,BYX,IEX,EDGX,PEARL,MEMX,IBKRATS"
_OPTIONS = "SMART,AMEX,CBOE,PHLX,PSE,ISE,BOX,BATS,NASDAQOM,CBOE2,NASDAQBX,MIAX,GEMINI,EDGX,MERCURY,PEARL,EMERALD,MEMX"
_FUTURES = "CME,CBOT,NYMEX,COMEX,CFE,ECBOT,GLOBEX,EUREX,ICEUS,QBALGO"

STOCKS_ABROAD = {
    "EUR": ("IBIS", "IBIS2", "FWB", "SBF", "AEB", "BVME", "BM"),
    "GBP": ("LSE",),
    "CHF": ("EBS",),
    "CAD": ("TSE",),
    "JPY": ("TSEJ",),
    "HKD": ("SEHK",),
    "AUD": ("ASX",),
}
"""By currency, where stocks that are not quoted in dollars trade beside SMART; the first is where most are listed."""

EXCHANGES = {
    "STK": tuple(_STOCKS.split(",")),
    "OPT": tuple(_OPTIONS.split(",")),
    "IND": ("CBOE", "NASDAQ", "NYSE", "RUSSELL", "SMART"),
    "CASH": ("IDEALPRO", "IBFX", "SMART"),
    "CRYPTO": ("PAXOS", "ZEROHASH", "SMART"),
    "FUT": (*_FUTURES.split(","), "SMART"),
    "FOP": (*_FUTURES.split(","), "SMART"),
}
"""By security type, where an order may be routed; the first is where it goes unless something else is said. Stocks are
those in dollars."""


@dataclass(frozen=True, slots=True)
class FutureTerms:
    """What is usual for the futures of one symbol."""

    exchange: str
    multiplier: Decimal
    name: str
    underlying: str = "IND"
    currency: str = "USD"


FUTURES = {
    "ES": FutureTerms("CME", Decimal(50), "E-mini S&P 500"),
    "MES": FutureTerms("CME", Decimal(5), "Micro E-Mini S&P 500 Stock Price Index"),
    "NQ": FutureTerms("CME", Decimal(20), "E-mini NASDAQ 100"),
    "MNQ": FutureTerms("CME", Decimal(2), "Micro E-Mini Nasdaq-100 Index"),
    "RTY": FutureTerms("CME", Decimal(50), "E-Mini Russell 2000 Index"),
    "YM": FutureTerms("CBOT", Decimal(5), "E-mini Dow $5"),
    "ZN": FutureTerms("CBOT", Decimal(1000), "10 Year US Treasury Note", "BOND"),
    "CL": FutureTerms("NYMEX", Decimal(1000), "Light Sweet Crude Oil", "CMDTY"),
    "GC": FutureTerms("COMEX", Decimal(100), "Gold", "CMDTY"),
    "VIX": FutureTerms("CFE", Decimal(1000), "CBOE Volatility Index"),
    "DAX": FutureTerms("EUREX", Decimal(25), "DAX Performance Index", currency="EUR"),
    "ESTX50": FutureTerms("EUREX", Decimal(10), "Dow Jones Euro STOXX50", currency="EUR"),
}
"""What a request that leaves exchange or multiplier out means."""

_OTHER_FUTURE = FutureTerms("CME", Decimal(1), "")


def future_terms(symbol: str) -> FutureTerms:
    """Return what is usual for a symbol's futures: CME, a multiplier of one, for a symbol that is not in the table."""
    return FUTURES.get(symbol, _OTHER_FUTURE)


def home(sec_type: str, symbol: str) -> str:
    """Return where a contract trades unless something else is said."""
    return future_terms(symbol).exchange if sec_type in {"FUT", "FOP"} else EXCHANGES[sec_type][0]


def venues(contract: IbContract) -> tuple[str, ...]:
    """Return where an order in a contract may be routed, its home first; of a future that nobody knows, its own."""
    sec_type, symbol = contract.sec_type, contract.symbol
    if sec_type in {"FUT", "FOP"}:
        own = "" if symbol in FUTURES else contract.exchange
        return (own or home(sec_type, symbol), "QBALGO")
    if sec_type == "STK" and contract.currency not in {"", "USD"}:
        return ("SMART", *STOCKS_ABROAD.get(contract.currency, ()))
    return EXCHANGES[sec_type]


def takes(exchange: str, wanted: IbContract) -> bool:
    """Tell whether an exchange trades what is described, in the currency that is."""
    if wanted.sec_type == "STK" and exchange != "SMART":
        return exchange in venues(replace(wanted, currency=wanted.currency.upper() or currency_at(exchange)))
    return exchange in EXCHANGES[wanted.sec_type]


def currency_at(exchange: str) -> str:
    """Return in what a stock is quoted on an exchange, unless something else is said."""
    return next((currency for currency, names in STOCKS_ABROAD.items() if exchange in names), "USD")


def primary_exchange(currency: str) -> str:
    """Return where a stock is listed, of those in a currency; nothing where nobody knows."""
    return "NASDAQ" if currency == "USD" else next(iter(STOCKS_ABROAD.get(currency, ())), "")

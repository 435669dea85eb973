"""What the laws of the translation draw from: orders that are declared, and records as anybody may send them."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from ib.works import SAMPLES
from v6_ib_plugin.capabilities import CAPABILITIES
from v6_ib_plugin.options.work import WORKS
from v6_ib_plugin.terms import IbCondition, TagValue
from v6core.contracts import Combo, ComboLeg, Contract, Crypto, Forex, Future, FutureOption, Index, Option
from v6core.orders import Order, OrderType, TimeInForce
from v6core.testing import order_strategies

_Record = TypeVar("_Record")

WORDS = [
    "", "0", "?", "None", "C", "P", "CALL", "BUY", "SELL", "SSHORT", "BOT", "SLD", "STK", "OPT", "FUT", "FOP", "IND",
    "CASH", "CRYPTO", "BAG", "BOND", "USD", "EUR", "SMART", "BRK B", "BRK.B", "100", "1.0", "MKT", "LMT", "STP",
    "STP LMT", "TRAIL", "TRAIL LIMIT", "MIT", "LIT", "MOC", "LOC", "MTL", "DAY", "GTC", "GTD", "IOC", "FOK", "OPG",
    "AUC", "DTC", "Minutes", *WORKS, "20261218", "202612", "20261318", "20260102-15:30:00", "20260102 10:30:00",
    "20260102 10:30:00 US/Eastern",
    "20260102 25:30:00 EST", "1767367800", "99999999999", "1.7976931348623157E308", "nan", "Infinity", "-1", "1E400",
    "GOOG  151231C00750000", "0000e0d5.6578.01.01", "Cancelled", "Filled", "Inactive", "Filled Size: 26", "Adaptive",
    "Vwap", "a", "o", "D", "B", "\x00SELL", "\N{SNOWMAN}",
]  # fmt: skip
texts = st.sampled_from(WORDS) | st.text(max_size=12)
numbers = st.one_of(
    st.sampled_from([Decimal(0), Decimal(-1), Decimal(1), Decimal("1.7976931348623157E308"), Decimal("1E-400")]),
    st.decimals(-1000, 1000, places=2),
    st.decimals(),
)
integers = st.sampled_from([0, 1, -1, 2, 3, 7, 100, 2**31 - 1, 2**63 - 1]) | st.integers(-5, 20)


def records(kind: type[_Record], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[_Record]:
    """Return arbitrary records of a kind: every field of its type, nothing else promised."""
    hints = typing.get_type_hints(kind)
    drawn = {field.name: given.get(field.name, _values(hints[field.name])) for field in fields(kind)}  # type: ignore[arg-type]
    return st.builds(kind, **drawn)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: texts,
        int: integers,
        bool: st.booleans(),
        Decimal: numbers,
        type(None): st.none(),
        TagValue: st.builds(TagValue, texts, texts),
        IbCondition: st.builds(IbCondition, integers, st.lists(texts, max_size=7).map(tuple)),
    }
    if hint in simple:
        return simple[hint]
    inner = typing.get_args(hint)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return st.one_of(*(_values(part) for part in inner))
    if len(inner) == 2 and inner[1] is Ellipsis:
        return st.lists(_values(inner[0]), max_size=3).map(tuple)
    return st.tuples(*(_values(part) for part in inner)) if inner else records(hint)


@st.composite
def spoiled(draw: st.DrawFn, sound: st.SearchStrategy[_Record]) -> _Record:
    """Draw a sound record with up to three of its fields replaced by anything of their type."""
    record = draw(sound)
    hints = typing.get_type_hints(type(record))
    names = draw(st.lists(st.sampled_from(sorted(hints)), max_size=3, unique=True))
    return replace(record, **{name: draw(_values(hints[name])) for name in names})  # type: ignore[type-var]


def numbered(contract: Contract) -> Contract:
    """Return a contract as qualified: with a conid, and in a combo one for each leg."""
    if not isinstance(contract, Combo):
        return contract.model_copy(update={"conid": conid(contract)})
    legs = [ComboLeg(numbered(leg.contract), leg.action, leg.ratio) for leg in contract.legs]
    return Combo(contract.symbol, legs, exchange=contract.exchange)


def conid(contract: Contract) -> int:
    """Return a number that is the contract's own."""
    return int.from_bytes(contract.key.encode(), "big") % (2**31 - 1) or 1


def canonical(contract: Contract) -> bool:
    """Tell whether a contract is spelled as IB tells it again: no class that only repeats the symbol."""
    return not isinstance(contract, Option) or contract.trading_class != contract.symbol


_terms = {
    "symbol": order_strategies.symbols,
    "expiration": order_strategies.expirations,
    "multiplier": order_strategies.multipliers,
}
CONTRACTS: dict[str, st.SearchStrategy[Contract]] = {
    "STOCK": order_strategies.stocks(),
    "OPTION": order_strategies.options().filter(canonical),
    "FUTURE": st.builds(Future, **_terms, exchange=st.just("CME")),
    "FUTURE_OPTION": st.builds(FutureOption, **_terms, strike=order_strategies.strikes, right=order_strategies.rights),
    "INDEX": st.builds(Index, symbol=order_strategies.symbols),
    "FOREX": st.builds(Forex, symbol=order_strategies.currencies, currency=st.just("CHF")),
    "CRYPTO": st.builds(Crypto, symbol=order_strategies.symbols),
    "COMBO": order_strategies.combos(),
}
"""Contracts of each kind, spelled as IB tells them again."""


@st.composite
def declared_orders(draw: st.DrawFn) -> Order:
    """Draw an order of any type, kind and time in force that the capabilities declare."""
    row = draw(st.sampled_from(CAPABILITIES.orders))
    kind = draw(st.sampled_from(sorted(row.kinds)))
    order_type = draw(st.sampled_from(sorted(row.order_types)))
    order = draw(order_strategies.orders(CONTRACTS[kind].map(numbered), st.just(order_type)))
    tif = draw(st.sampled_from(sorted(row.tifs)))
    till = order_strategies.START + timedelta(minutes=5) if tif is TimeInForce.GTD else None
    group = draw(st.none() | st.just("g"))
    return order.replace(
        tif=tif,
        good_till=till,
        oca_group=group,
        oca_type=None if group is None else draw(st.sampled_from(sorted(CAPABILITIES.oca_types))),
        outside_rth=draw(st.booleans()),
    )


@st.composite
def worked_orders(draw: st.DrawFn) -> Order:
    """Draw an order of a type or time in force that options alone have a word for, with numbers of its own."""
    sample = draw(st.sampled_from(list(SAMPLES.values())))
    low, high = sorted(draw(st.lists(order_strategies.prices, min_size=2, max_size=2, unique=True)))
    ranged = {"range_low": str(low), "range_high": str(high)}
    said = dict(sample.options)
    if "work_as" in said:
        said["work_as"] = {
            name: ranged.get(name, str(draw(order_strategies.prices)) if _is_price(name, value) else value)
            for name, value in said["work_as"].items()
        }
    prices = {name: draw(order_strategies.prices) for name in sample.terms if name.endswith("_price")}
    return sample.order.replace(contract=numbered(sample.contract), options=said, **prices)


def _is_price(name: str, value: object) -> bool:
    return name != "trail_percent" and isinstance(value, str) and value.replace(".", "", 1).isdigit()


def at_the_open(order_type: OrderType) -> bool:
    """Tell whether this type lives at the open alone, so that DAY and OPG say the same of it."""
    return order_type in {OrderType.MARKET_ON_OPEN, OrderType.LIMIT_ON_OPEN}

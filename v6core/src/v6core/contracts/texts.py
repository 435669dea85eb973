"""Any contract, from its text and from JSON."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from v6core.contracts.combos import Combo, ComboLeg
from v6core.contracts.sides import OrderAction
from v6core.contracts.singles import (
    NEARLY_OCC,
    OCC_SYMBOL,
    BaseContract,
    Crypto,
    Forex,
    Future,
    FutureOption,
    Index,
    Option,
    Stock,
)
from v6core.identifiers import printable

_COMBO = re.compile(r"COMBO:([^\[\]]+)\[(.+)\]")
_COMBO_LEG = re.compile(r"([+-][0-9]{1,6})\*(.+)")

Contract = Annotated[
    Stock | Option | Future | FutureOption | Index | Forex | Crypto | Combo, Field(discriminator="kind")
]
"""Whatever can be named in an order or asked a quote of."""

_BY_KIND: dict[str, type[BaseContract]] = {
    kind.kind_name: kind for kind in (Stock, Option, Future, FutureOption, Index, Forex, Crypto)
}
_CONTRACT: TypeAdapter[Contract] = TypeAdapter(Contract)


def contract_from_json(data: Any) -> Contract:
    """Return the contract that a JSON object describes; its ``kind`` says which it is."""
    return _CONTRACT.validate_python(data)


def parse_contract(text: str) -> Contract:
    """Return the contract that a text names: ``GOOG``, ``GOOG151231C00750000``, ``EUR/USD``, or ``str(contract)``.

    Raises ValueError with the forms that it takes.
    """
    cleaned = printable(text, "contract", 4096).strip().upper()
    if combo := _COMBO.fullmatch(cleaned):
        return Combo(combo[1], tuple(_parse_leg(part) for part in combo[2].split(",")))
    if ":" in cleaned:
        return _parse_long(cleaned)
    if OCC_SYMBOL.fullmatch(cleaned):
        return Option.from_occ(cleaned)
    if "/" in cleaned:
        return Forex(cleaned)
    if NEARLY_OCC.search(cleaned):
        raise ValueError(f"{text!r} is neither a symbol nor an OCC option symbol like GOOG151231C00750000")
    return Stock(cleaned)


def _parse_leg(text: str) -> ComboLeg:
    match = _COMBO_LEG.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"a combo's leg is like +1*GOOG151231C00750000, not {text!r}")
    ratio = int(match[1])
    return ComboLeg(parse_contract(match[2]), OrderAction.BUY if ratio > 0 else OrderAction.SELL, abs(ratio))


def _parse_long(text: str) -> Contract:
    kind, *rest = text.split(":")
    cls = _BY_KIND.get(kind)
    if cls is None:
        raise ValueError(f"{kind!r} is no kind of contract: {', '.join(_BY_KIND)}, or COMBO:SYMBOL[+1*LEG,-1*LEG]")
    names = ["symbol"]
    if "expiration" in cls.model_fields:
        names.append("expiration")
    if "strike" in cls.model_fields:
        names += ["strike", "right"]
    names += ["currency", "multiplier", "trading_class"]
    if len(rest) > len(names):
        raise ValueError(f"{text!r} has too many parts; {kind} takes {':'.join(names)}")
    return contract_from_json({"kind": kind, **dict(zip(names, rest, strict=False))})

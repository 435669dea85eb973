"""Contracts: v6's kinds and IB's security types.

Of one instrument there are several spellings: IB's ``BRK B`` is v6's ``BRK.B``, a class that only repeats the symbol
is none, and what is not routed yet has no exchange. Where the number of a contract is known already, ``known`` gives
the contract as the program named it, and its spelling wins.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from v6_ib_plugin.numbers import number_of
from v6_ib_plugin.terms import IbComboLeg, IbContract
from v6_ib_plugin.times import day_of, day_text
from v6_ib_plugin.untranslatable import Untranslatable, translating
from v6core.contracts import (
    Combo,
    ComboLeg,
    Contract,
    Future,
    FutureOption,
    Option,
    OptionRight,
    OrderAction,
    contract_from_json,
)
from v6core.contracts.singles import OCC_SYMBOL
from v6core.money import plain

Known = Callable[[int], Contract | None]
"""The contract that has a number, as the program named it, or None where none is known."""

SECURITY_TYPES = {
    "STOCK": "STK",
    "OPTION": "OPT",
    "FUTURE": "FUT",
    "FUTURE_OPTION": "FOP",
    "INDEX": "IND",
    "FOREX": "CASH",
    "CRYPTO": "CRYPTO",
    "COMBO": "BAG",
}
_KINDS = {security_type: kind for kind, security_type in SECURITY_TYPES.items()}
# SMART routes none of these: v6's usual exchange means "where it is listed", for which IB has no word but silence.
_NOT_SMART = frozenset({"FUT", "FOP", "IND", "CRYPTO"})
_OPTIONS = frozenset({"OPT", "FOP"})
_DATED = _OPTIONS | {"FUT"}
# The class of these is how an exchange groups its shares (NMS, SCM) and tells no instrument from another.
_CLASSED = _DATED
_RIGHTS = {"C": OptionRight.CALL, "CALL": OptionRight.CALL, "P": OptionRight.PUT, "PUT": OptionRight.PUT}
_NO_RIGHT = frozenset({"", "0", "?"})
_ACTIONS = {"BUY": OrderAction.BUY, "SELL": OrderAction.SELL, "SSHORT": OrderAction.SELL}
_SHARE_CLASS = re.compile(r"[A-Z0-9]+([. ][A-Z0-9]+)+")


def nothing_known(con_id: int) -> Contract | None:  # noqa: ARG001 -- a Known
    """Know no contract by its number."""
    return None


def is_combo(contract: IbContract) -> bool:
    """Tell whether this is a combo: an execution in it is the combo's own row beside those of its legs."""
    return contract.sec_type == "BAG"


def ib_contract(contract: Contract) -> IbContract:
    """Return the contract as IB takes it. A combo's legs need their conid: Untranslatable names one that has none."""
    if isinstance(contract, Combo):
        return _bag(contract)
    security_type = SECURITY_TYPES[contract.kind]
    return IbContract(
        con_id=contract.conid or 0,
        symbol=_ib_symbol(contract.symbol, security_type, contract.currency),
        sec_type=security_type,
        last_trade_date_or_contract_month=_expiration(contract),
        strike=contract.strike if isinstance(contract, Option | FutureOption) else Decimal(0),
        right=contract.right[0] if isinstance(contract, Option | FutureOption) else "",
        multiplier=_multiplier_text(contract),
        exchange="" if contract.exchange == "SMART" and security_type in _NOT_SMART else contract.exchange,
        primary_exchange=contract.primary_exchange or "",
        currency=contract.currency,
        trading_class=contract.trading_class or "",
    )


def _bag(combo: Combo) -> IbContract:
    return IbContract(
        symbol=_ib_symbol(combo.symbol, "BAG", combo.currency),
        sec_type="BAG",
        exchange=combo.exchange,
        primary_exchange=combo.primary_exchange or "",
        currency=combo.currency,
        combo_legs=tuple(_ib_leg(leg, combo.exchange) for leg in combo.legs),
    )


def _ib_leg(leg: ComboLeg, exchange: str) -> IbComboLeg:
    if not leg.contract.conid:
        raise Untranslatable("conid", leg.contract.key, "IB knows a leg by its conid alone: qualify it first")
    return IbComboLeg(con_id=leg.contract.conid, ratio=leg.ratio, action=leg.action.value, exchange=exchange)


def _expiration(contract: Contract) -> str:
    return day_text(contract.expiration) if isinstance(contract, Future | Option | FutureOption) else ""


def _multiplier_text(contract: Contract) -> str:
    # A multiplier of one is IB's silence, but for an option, whose usual one is another.
    if contract.multiplier == 1 and not isinstance(contract, Option):
        return ""
    return plain(contract.multiplier.normalize())


def _ib_symbol(symbol: str, security_type: str, currency: str) -> str:
    if _has_share_classes(security_type, currency) and _SHARE_CLASS.fullmatch(symbol):
        return symbol.replace(".", " ")
    return symbol


def _has_share_classes(security_type: str, currency: str) -> bool:
    """Tell whether IB writes a class of shares behind a space here, and a dot as everybody else does elsewhere."""
    return currency == "USD" and security_type in {"STK", "OPT", "BAG"}


def contract_of(ib: IbContract, known: Known = nothing_known) -> Contract:
    """Return the contract in v6's words; Untranslatable names the field that has none.

    The legs of a combo are found by their numbers in ``known``. A ratio that is not in lowest terms is reduced: what a
    quantity is multiplied and a price divided by is ``units_of``.
    """
    if is_combo(ib):
        return _combo(ib, known)
    named = known(ib.con_id) if ib.con_id else None
    return named if named is not None else _single(_completed(ib))


def units_of(ib: IbContract) -> int:
    """Return how many units of v6's combo one of IB's is: the common divisor of its ratios; 1 for a single."""
    return math.gcd(*(leg.ratio for leg in ib.combo_legs)) or 1


def _single(ib: IbContract) -> Contract:
    kind = _KINDS.get(ib.sec_type)
    if kind is None:
        raise Untranslatable("sec_type", ib.sec_type, f"v6 trades {', '.join(_KINDS)} and no other kind")
    fields: dict[str, Any] = {"kind": kind, "symbol": _v6_symbol(ib), "conid": ib.con_id or None}
    fields |= {name: value for name, value in _given(ib).items() if value is not None}
    with translating(f"a contract {ib.sec_type} {ib.symbol}"):
        return contract_from_json(fields)


def _given(ib: IbContract) -> dict[str, Any]:
    return {
        "exchange": ib.exchange or None,
        "primary_exchange": ib.primary_exchange or None,
        "currency": ib.currency or None,
        "multiplier": _multiplier(ib),
        "trading_class": _trading_class(ib),
        "expiration": _day(ib) if ib.sec_type in _DATED else None,
        "strike": ib.strike if ib.sec_type in _OPTIONS else None,
        "right": right_of(ib) if ib.sec_type in _OPTIONS else None,
    }


def _v6_symbol(ib: IbContract) -> str:
    if _has_share_classes(ib.sec_type, ib.currency or "USD"):
        return re.sub(r" +", ".", ib.symbol.strip())
    return ib.symbol


def _multiplier(ib: IbContract) -> Decimal | None:
    number = number_of(ib.multiplier, "multiplier")
    return number or None


def _trading_class(ib: IbContract) -> str | None:
    repeats = re.sub(r"[. ]", "", ib.symbol) == re.sub(r"[. ]", "", ib.trading_class)
    return None if repeats or ib.sec_type not in _CLASSED else ib.trading_class or None


def _day(ib: IbContract) -> date:
    return day_of(ib.last_trade_date_or_contract_month, field="last_trade_date_or_contract_month")


def right_of(ib: IbContract) -> OptionRight:
    """Return the right of an option: C, P, CALL, PUT. Raises Untranslatable for anything else."""
    right = _RIGHTS.get(ib.right.upper())
    if right is None:
        why = "an option needs a right, C or P" if ib.right in _NO_RIGHT else "it is neither C nor P"
        raise Untranslatable("right", ib.right, why)
    return right


def _completed(ib: IbContract) -> IbContract:
    """Return an option's contract with what only its local symbol says, as where a client names it by that alone."""
    found = OCC_SYMBOL.fullmatch(ib.local_symbol.strip().upper()) if ib.sec_type == "OPT" else None
    if found is None or ib.last_trade_date_or_contract_month:
        return ib
    return IbContract(
        con_id=ib.con_id,
        symbol=ib.symbol or found[1],
        sec_type=ib.sec_type,
        last_trade_date_or_contract_month=f"20{found[2]}",
        strike=Decimal(found[4]) / 1000,
        right=found[3],
        multiplier=ib.multiplier,
        exchange=ib.exchange,
        primary_exchange=ib.primary_exchange,
        currency=ib.currency,
        local_symbol=ib.local_symbol,
        trading_class=ib.trading_class or found[1],
    )


def _combo(ib: IbContract, known: Known) -> Combo:
    divisor = units_of(ib)
    legs = [_leg(leg, divisor, known) for leg in ib.combo_legs]
    exchange = {"exchange": ib.exchange} if ib.exchange else {}
    with translating(f"a combo of {ib.symbol}"):
        return Combo.model_validate({"symbol": _v6_symbol(ib), "legs": legs, **exchange})


def _leg(leg: IbComboLeg, divisor: int, known: Known) -> dict[str, Any]:
    contract = known(leg.con_id)
    if contract is None:
        raise Untranslatable("combo_legs.con_id", leg.con_id, "no contract with this number is known")
    return {"contract": contract, "action": action_of(leg.action, "combo_legs.action"), "ratio": leg.ratio // divisor}


def action_of(text: str, field: str = "action") -> OrderAction:
    """Return the side of an order or leg. Raises Untranslatable."""
    action = _ACTIONS.get(text.strip().upper())
    if action is None:
        raise Untranslatable(field, text, "it is neither BUY nor SELL")
    return action

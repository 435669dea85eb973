"""What TWS is asked to find a contract, and which of its answers is the one that was meant. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from v6_ib_plugin.terms import IbContract, IbContractDetails
from v6_ib_plugin.translation.contracts import contract_of, ib_contract
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Combo, Contract, Single
from v6core.errors import Unavailable
from v6core.money import plain

_ANYWHERE = "SMART"
_TERMS = ("expiration", "strike", "right")
_MOST_NAMED = 5


def question_of(contract: Single) -> IbContract:
    """Return what TWS is asked. The multiplier is compared afterwards, so that another one can be named."""
    if contract.conid:
        return IbContract(con_id=contract.conid)
    return replace(ib_contract(contract), multiplier="")


def month_of(asked: IbContract) -> IbContract | None:
    """Return the question for all that a contract month lists, or None where there is no month to ask for."""
    month = asked.last_trade_date_or_contract_month[:6]
    return replace(asked, last_trade_date_or_contract_month=month) if month and asked.sec_type == "FUT" else None


def chosen(contract: Single, rows: Sequence[IbContractDetails]) -> IbContractDetails:
    """Return the one row that a contract means; Unavailable where none or several fit, naming them and the way out."""
    if not rows:
        raise unknown(contract)
    fitting = _fitting(contract, rows)
    if not fitting:
        raise _otherwise(contract, rows)
    if len({row.contract.con_id for row in fitting}) > 1:
        raise _ambiguous(contract, fitting)
    return next((row for row in fitting if row.contract.exchange == contract.exchange), fitting[0])


def route_of(contract: Single, row: IbContractDetails) -> str:
    """Return the exchange that orders go to; Unavailable where the one asked for does not take them."""
    told = [name.strip() for name in row.valid_exchanges.split(",") if name.strip()]
    exchanges = told or [row.contract.exchange or contract.exchange]
    if contract.exchange in exchanges:
        return contract.exchange
    if contract.exchange != _ANYWHERE:
        raise Unavailable(
            f"{contract.key} is not traded on {contract.exchange}, only on {', '.join(exchanges[:20])}",
            code="UNKNOWN_CONTRACT",
        )
    return row.contract.exchange if row.contract.exchange in exchanges else exchanges[0]


def unknown(contract: Contract, instead: Iterable[IbContractDetails] = ()) -> Unavailable:
    """Return the error for a contract that TWS does not know; ``instead`` is what its month lists."""
    days = sorted({row.contract.last_trade_date_or_contract_month for row in instead})
    hint = "check the symbol, the currency and the exchange, or give the conid"
    if contract.kind == "STOCK":
        hint = f"{hint}; an index is INDEX:{contract.symbol}, a future FUTURE:{contract.symbol} with its last day"
    if days:
        hint = f"what there is in that month has its last day on {', '.join(days[:_MOST_NAMED])}: give that day"
    elif contract.kind in {"OPTION", "FUTURE_OPTION"}:
        hint = "ask for the option chain: not every strike is listed for every expiration"
    where = "" if contract.exchange == _ANYWHERE else f" on {contract.exchange}"
    return Unavailable(f"Interactive Brokers knows no {contract.key}{where}", code="UNKNOWN_CONTRACT", hint=hint)


def _fitting(contract: Single, rows: Sequence[IbContractDetails]) -> list[IbContractDetails]:
    same = [row for row in rows if _is_same(contract, row)]
    if contract.trading_class is not None:
        same = [row for row in same if row.contract.trading_class == contract.trading_class]
    if contract.primary_exchange is not None:
        same = [row for row in same if row.contract.primary_exchange in {contract.primary_exchange, ""}]
    exact = [row for row in same if _multiplier(row) == contract.multiplier]
    # What was left at its usual value was not said: futures rarely have a multiplier of 1.
    unsaid = contract.multiplier == contract.usual_multiplier
    return exact or (same if unsaid else [])


def named_by(told: IbContract) -> Single | None:
    """Return the contract in v6's words, or None where v6 has none for it."""
    try:
        found = contract_of(told)
    except Untranslatable:
        return None
    return None if isinstance(found, Combo) else found


def _is_same(contract: Single, row: IbContractDetails) -> bool:
    found = named_by(row.contract)
    if found is None or found.kind != contract.kind or found.currency != contract.currency:
        return False
    told = all(getattr(found, name, None) == getattr(contract, name, None) for name in _TERMS)
    return told and _letters(found.symbol) == _letters(contract.symbol)


def _letters(symbol: str) -> str:
    """Return a symbol without what is spelt differently: BRK B, BRK.B."""
    return "".join(filter(str.isalnum, symbol))


def _multiplier(row: IbContractDetails) -> object:
    found = named_by(row.contract)
    return None if found is None else found.multiplier


def _otherwise(contract: Single, rows: Sequence[IbContractDetails]) -> Unavailable:
    wanted = f"multiplier {plain(contract.multiplier)}"
    wanted += "" if contract.trading_class is None else f", trading_class {contract.trading_class}"
    wanted += "" if contract.primary_exchange is None else f", primary_exchange {contract.primary_exchange}"
    return Unavailable(
        f"Interactive Brokers knows no {contract.key} with {wanted}, but {_named(rows)}",
        code="UNKNOWN_CONTRACT",
        hint="give the terms of one of these, or its conid alone with its own symbol",
    )


def _ambiguous(contract: Single, rows: Sequence[IbContractDetails]) -> Unavailable:
    return Unavailable(
        f"{contract.key} names several contracts at Interactive Brokers: {_named(rows)}",
        code="AMBIGUOUS_CONTRACT",
        hint="say which by primary_exchange, trading_class or multiplier, or by its conid",
    )


def _named(rows: Sequence[IbContractDetails]) -> str:
    by_conid = {row.contract.con_id: row for row in rows}
    texts = [_described(row) for row in list(by_conid.values())[:_MOST_NAMED]]
    more = len(by_conid) - len(texts)
    return "; ".join(texts) + (f"; and {more} more" if more > 0 else "")


def _described(row: IbContractDetails) -> str:
    found = row.contract
    parts = [
        found.local_symbol or found.symbol,
        found.last_trade_date_or_contract_month,
        found.primary_exchange or found.exchange,
        found.trading_class and f"trading_class {found.trading_class}",
        found.multiplier and f"multiplier {found.multiplier}",
        f"conid {found.con_id}",
    ]
    return " ".join(part for part in parts if part)

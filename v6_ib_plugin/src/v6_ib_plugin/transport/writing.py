"""Terms to the fields of a request, checked before they can reach the wire.

A control character would forge fields (every field ends with a NUL), a number that is not finite or a quantity that is
not positive would be taken for something else: such a request is refused with NotSent, and nothing of it is written.
"""

# ib_async's classes are annotated as floats where it takes any number, and in part not at all.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields as fields_of
from decimal import Decimal
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from ib_async.contract import ComboLeg, Contract, DeltaNeutralContract
from ib_async.contract import TagValue as NativeTagValue
from ib_async.objects import SoftDollarTier
from ib_async.order import Order, OrderComboLeg, OrderCondition
from ib_async.util import UNSET_DOUBLE, UNSET_INTEGER

from v6_ib_plugin.terms import IbComboLeg, IbCondition, IbContract, IbOrder, TagValue
from v6_ib_plugin.transport import numbers
from v6_ib_plugin.transport.names import DELTA_NEUTRAL_TERMS, PEG_BENCH_TERMS, SCALE_TERMS, plain_names
from v6core.errors import NotSent

_ORDER_OURS, _ORDER_THEIRS = zip(*plain_names(IbOrder), strict=True)
_ORDER_VALUES = attrgetter(*_ORDER_OURS)
# What the encoder reads of an order that has no field of ours, or none by itself.
_DEFAULTS = {name: value for name, value in vars(Order()).items() if name not in _ORDER_THEIRS}
_CONTRACT_NAMES = plain_names(IbContract)
_LEG_NAMES = plain_names(IbComboLeg)
# Only this order type says "up to the mid price" by an infinite offset.
_UP_TO_MID = ("PEG BEST", "PEGBEST")


def native_contract(contract: IbContract) -> Contract:
    """Return a contract as ib_async's encoder takes it."""
    made = Contract()
    for name, theirs in _CONTRACT_NAMES:
        setattr(made, theirs, getattr(contract, name))
    made.comboLegs = [_leg(leg) for leg in contract.combo_legs]
    return made


def native_order(contract: IbContract, order: IbOrder) -> tuple[Contract, SimpleNamespace]:
    """Return a contract and an order as ib_async's encoder takes them, an order that ``check_order`` found sound."""
    # The encoder reads attributes: an Order of ib_async's would be built twice as slowly and hold nothing more.
    made = SimpleNamespace(**_DEFAULTS)
    vars(made).update(zip(_ORDER_THEIRS, _ORDER_VALUES(order), strict=True))
    made.trailStopPrice = _or_unset(order.trail_stop_price)
    made.scalePriceIncrement = _or_unset(order.scale_price_increment)
    made.orderComboLegs = [OrderComboLeg(_or_unset(price)) for price in order.order_combo_legs]
    made.smartComboRoutingParams = _tags(order.smart_combo_routing_params)
    made.algoParams = _tags(order.algo_params)
    made.orderMiscOptions = order.order_misc_options
    made.conditions = [_condition(condition) for condition in order.conditions]
    made.softDollarTier = SoftDollarTier(order.soft_dollar_name, order.soft_dollar_value, "")
    _set_together(made, SCALE_TERMS, order.scale_terms)
    _set_together(made, DELTA_NEUTRAL_TERMS, order.delta_neutral_terms)
    _set_together(made, PEG_BENCH_TERMS, order.peg_bench_terms)
    return _contract_of(contract, order), made


def text_of(fields: Sequence[Any], *, make_empty: bool = True) -> str:
    """Return a request as it goes over the wire, each field ended by a NUL; NotSent where a field would be unsound."""
    texts = [field if field.__class__ is str else "" if field is None else field_text(field) for field in fields]
    if not make_empty:
        texts = [text or _unset(field) for text, field in zip(texts, fields, strict=True)]
    message = "\0".join(texts) + "\0"
    within_contracts = 11 * len([field for field in fields if isinstance(field, Contract)])
    if message.count("\0") != len(texts) + within_contracts or not is_plain(message.replace("\0", "")):
        raise _forged(texts)
    if "Infinity" in texts and not any(kind in texts for kind in _UP_TO_MID):
        raise NotSent(f"request {texts[0]} holds an infinite number", code="NOT_FINITE")
    return message


def check_order(order: IbOrder) -> None:
    """Return where an order has a number and a quantity that TWS can take; else NotSent."""
    # The largest int stands for none at all.
    if not 0 < order.order_id < UNSET_INTEGER:
        raise NotSent(f"an order needs an id from 1 to 2147483646, not {order.order_id}", code="NO_ORDER_ID")
    # An order for an amount of money has no quantity.
    if not order.total_quantity.is_finite() or order.total_quantity < 0:
        raise _not_positive(order.total_quantity)
    if order.total_quantity == 0 and order.cash_qty is None:
        raise _not_positive(order.total_quantity)


def _not_positive(quantity: Decimal) -> NotSent:
    return NotSent(f"the quantity of an order must be positive and finite, not {quantity}", code="BAD_QUANTITY")


def _contract_of(contract: IbContract, order: IbOrder) -> Contract:
    made = native_contract(contract)
    made.secIdType, made.secId = order.sec_id_type, order.sec_id
    if order.delta_neutral_contract is not None:
        con_id, delta, price = order.delta_neutral_contract
        made.deltaNeutralContract = DeltaNeutralContract(con_id, delta, price)  # type: ignore[arg-type]  # text as it is
    return made


def _leg(leg: IbComboLeg) -> ComboLeg:
    made = ComboLeg()
    for name, theirs in _LEG_NAMES:
        setattr(made, theirs, getattr(leg, name))
    return made


def _tags(rows: Iterable[TagValue]) -> list[NativeTagValue]:
    return [NativeTagValue(row.tag, row.value) for row in rows]


def _condition(condition: IbCondition) -> OrderCondition:
    try:
        kind: Any = OrderCondition.createClass(condition.kind)  # type: ignore[no-untyped-call]
    except KeyError:
        raise NotSent(f"there is no condition of type {condition.kind}", code="BAD_CONDITION") from None
    if len(fields_of(kind)) != 1 + len(condition.fields):
        raise NotSent(
            f"a condition of type {condition.kind} has {len(fields_of(kind)) - 1} fields, not {len(condition.fields)}",
            code="BAD_CONDITION",
        )
    made: OrderCondition = kind(condition.kind, *condition.fields)
    return made


def _set_together(made: SimpleNamespace, names: Sequence[str], texts: Sequence[str]) -> None:
    if not texts:
        return
    if len(texts) != len(names):
        raise NotSent(f"{', '.join(names)} stand together: {len(names)} values, not {len(texts)}", code="BAD_TERMS")
    for name, text in zip(names, texts, strict=True):
        setattr(made, name, text)


def _or_unset(value: Decimal | None) -> Decimal | float:
    return UNSET_DOUBLE if value is None else value


def _decimal(value: Decimal) -> str:
    if value.is_nan() or value == -math.inf:
        raise NotSent(f"a request holds {value}, which is not a finite number", code="NOT_FINITE")
    return numbers.written(value)


def _float(value: float) -> str:
    if value == UNSET_DOUBLE:
        return ""
    return str(value) if math.isfinite(value) else _decimal(Decimal(value))


def _contract(contract: Contract) -> str:
    return "\0".join(field_text(field) for field in (
        contract.conId, contract.symbol, contract.secType, contract.lastTradeDateOrContractMonth, contract.strike,
        contract.right, contract.multiplier, contract.exchange, contract.primaryExchange, contract.currency,
        contract.localSymbol, contract.tradingClass,
    ))  # fmt: skip


def field_text(value: Any) -> str:
    """Return a field as it is written; a contract is twelve of them."""
    return _TEXT.get(value.__class__, _other)(value)


def _other(value: Any) -> str:
    return _contract(value) if isinstance(value, Contract) else str(value)


def _unset(value: Any) -> str:
    return str(value) if value.__class__ in {int, float} else ""


_TEXT: Mapping[type[Any], Callable[[Any], str]] = {
    str: str,
    int: lambda value: "" if value == UNSET_INTEGER else str(value),
    bool: lambda value: "1" if value else "0",
    Decimal: _decimal,
    float: _float,
    type(None): lambda _: "",
    Contract: _contract,
    list: lambda rows: "".join(f"{row.tag}={row.value};" for row in rows),
}


def is_plain(text: str) -> bool:
    """Tell whether a text can stand in a field."""
    return text.isascii() and text.isprintable()


def _forged(texts: Iterable[str]) -> NotSent:
    culprit = next((text for text in texts if not is_plain(text.replace("\0", "") if "\0" in text else text)), "\0")
    return NotSent(
        f"a request must be printable ASCII, not {culprit[:80]!r}: a control character forges fields",
        code="NOT_PRINTABLE",
        hint="take the character out of the symbol, name or text",
    )

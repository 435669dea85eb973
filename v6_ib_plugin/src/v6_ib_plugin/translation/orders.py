"""Orders: v6's and IB's.

A price stands in one field or another by the type of the order: ``lmt_price`` is the limit; ``aux_price`` the trigger
of a stop and of an if-touched order, and the distance of a trailing one, whose first stop is ``trail_stop_price``.
TWS fills the others with zeros or with figures of its own: what the type does not read is not read here either.

The price of a combo is the signed net per unit, positive to pay; its action stays as it is, and so do its legs'.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from v6_ib_plugin.numbers import bounded, told
from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.times import moment_of, utc_text
from v6_ib_plugin.translation.contracts import Known, action_of, contract_of, nothing_known, units_of
from v6_ib_plugin.translation.kinds import (
    ib_order_type,
    ib_tif,
    oca_number,
    oca_type_of,
    order_type_of,
    tif_of,
)
from v6_ib_plugin.translation.works import unworked, worked
from v6_ib_plugin.untranslatable import Untranslatable, translating
from v6core.contracts import Contract
from v6core.orders import NEEDS_LIMIT, NEEDS_STOP, ON_OPEN, TRAILING, Order, OrderType, TimeInForce
from v6core.reports import OrderTerms

_T = TypeVar("_T")
Zone = str | tzinfo | None


def ib_order(
    order: Order, *, order_id: int = 0, client_id: int = 0, parent_id: int = 0, transmit: bool = True, account: str = ""
) -> IbOrder:
    """Return the order as IB takes it, with what its options ask for; ``account`` is for an order that names none.

    Raises Untranslatable where its options hold what IB has no field for, or an order of its type cannot carry.
    """
    plain = IbOrder(
        order_id=order_id,
        client_id=client_id,
        parent_id=parent_id,
        transmit=transmit,
        action=order.action.value,
        total_quantity=order.quantity,
        order_type=ib_order_type(order.order_type),
        lmt_price=order.limit_price,
        aux_price=order.trail_amount if order.order_type in TRAILING else order.stop_price,
        trail_stop_price=order.stop_price if order.order_type in TRAILING else None,
        trailing_percent=order.trail_percent,
        lmt_price_offset=order.limit_offset,
        tif=ib_tif(order.order_type, order.tif),
        good_till_date="" if order.good_till is None else utc_text(order.good_till),
        outside_rth=order.outside_rth,
        oca_group=order.oca_group or "",
        oca_type=oca_number(order.oca_group, order.oca_type),
        account=order.account or account,
        order_ref=order.order_ref or "",
    )
    return _with_options(plain, order)


def _with_options(plain: IbOrder, order: Order) -> IbOrder:
    return worked(plain, order) if order.options else plain


def order_fields(ib: IbOrder, contract: IbContract | None = None, *, zone: Zone = None) -> dict[str, Any]:
    """Return what an IB order says in v6's words, as the fields of an Order; Untranslatable where there is no word.

    ``zone`` is that of TWS, for times that name none; ``contract`` matters for a combo whose ratios can be reduced.
    """
    units = 1 if contract is None else units_of(contract)
    kind = order_type_of(ib.order_type, ib.tif)
    tif = tif_of(ib.tif)
    fields: dict[str, Any] = {
        "action": action_of(ib.action),
        "order_type": kind,
        "quantity": _quantity(ib, units),
        "tif": tif,
        **_prices(ib, kind, units),
    }
    if tif is TimeInForce.GTD:
        fields["good_till"] = moment_of(ib.good_till_date, zone, field="good_till_date")
    return fields


def order_of(
    ib: IbOrder,
    contract: IbContract | Contract,
    *,
    order_id: UUID | None = None,
    known: Known = nothing_known,
    zone: Zone = None,
    **fields: Any,
) -> Order:
    """Return the whole order in v6's words, for whoever takes orders in IB's; ``fields`` win over what it says.

    What v6 has no word for is not in it: ask ``fields_without_a_word`` first. Raises Untranslatable.
    """
    given = contract if isinstance(contract, IbContract) else None
    said = order_fields(ib, given, zone=zone) | _belongings(ib)
    said["contract"] = contract_of(contract, known) if isinstance(contract, IbContract) else contract
    if order_id is not None:
        said["order_id"] = order_id
    with translating(f"order {ib.order_id}"):
        return Order.model_validate(said | fields)


def own_order_of(
    ib: IbOrder,
    contract: IbContract | Contract,
    *,
    order_id: UUID | None = None,
    known: Known = nothing_known,
    zone: Zone = None,
) -> Order:
    """Return an order of v6's own as TWS shows it, with its options.

    What IB has a type or a time in force for, and v6 none, is in the options. Raises Untranslatable.
    """
    options = IbOrderOptions.of(ib).said()
    return order_of(unworked(ib), contract, order_id=order_id, known=known, zone=zone, options=options)


def _belongings(ib: IbOrder) -> dict[str, Any]:
    return {
        "outside_rth": ib.outside_rth,
        "account": ib.account or None,
        "oca_group": ib.oca_group or None,
        "oca_type": oca_type_of(ib.oca_type) if ib.oca_group else None,
        "order_ref": ib.order_ref or None,
    }


def terms_of(
    ib: IbOrder,
    contract: IbContract | None = None,
    *,
    known: Known = nothing_known,
    zone: Zone = None,
    sent_as: OrderType | None = None,
) -> OrderTerms:
    """Return the terms that the broker shows, as far as v6 has words for them; None stands for the others.

    It never raises: an order that somebody else placed may be of any kind. What a DAY and an OPG order at the open say
    is the same, so neither is told of it. ``sent_as`` is the type of an order of v6's own: then IB's type, where v6 has
    no word for it, is how it works that one.
    """
    ib = ib if sent_as is None else unworked(ib, sent_as)
    units = 1 if contract is None else units_of(contract)
    kind = _or_none(lambda: order_type_of(ib.order_type, ib.tif))
    tif = None if kind in ON_OPEN else _or_none(lambda: tif_of(ib.tif))
    till = _or_none(lambda: moment_of(ib.good_till_date, zone)) if tif is TimeInForce.GTD else None
    told_terms: dict[str, Any] = {
        "contract": None if contract is None else _or_none(lambda: contract_of(contract, known)),
        "action": _or_none(lambda: action_of(ib.action)),
        "order_type": kind,
        "quantity": _or_none(lambda: _quantity(ib, units)),
        "tif": tif,
        "good_till": till,
        "oca_group": ib.oca_group or None,
        **((None if kind is None else _or_none(lambda: _prices(ib, kind, units))) or {}),
    }
    return OrderTerms.model_validate({name: _fitting(name, value) for name, value in told_terms.items()})


def _fitting(name: str, value: Any) -> Any:
    """Return the value, or None where the model of terms does not take it."""
    return _or_none(lambda: OrderTerms.model_validate({name: value}).__dict__[name])


def _or_none(ask: Callable[[], _T]) -> _T | None:
    try:
        return ask()
    except (Untranslatable, ValueError):
        return None


def _prices(ib: IbOrder, kind: OrderType, units: int) -> dict[str, Any]:
    if kind in TRAILING:
        return _trail(ib, kind)
    prices: dict[str, Any] = {}
    if kind in NEEDS_LIMIT:
        prices["limit_price"] = _per_unit(ib.lmt_price, units, "lmt_price")
    if kind in NEEDS_STOP:
        prices["stop_price"] = _per_unit(ib.aux_price, units, "aux_price")
    return prices


def _quantity(ib: IbOrder, units: int) -> Decimal:
    return bounded(bounded(ib.total_quantity, "total_quantity") * units, "total_quantity")


def _per_unit(price: Decimal | None, units: int, field: str) -> Decimal | None:
    price = told(price)
    return None if price is None else bounded(bounded(price, field) / units, field)


def _trail(ib: IbOrder, kind: OrderType) -> dict[str, Any]:
    percent = told(ib.trailing_percent) or None
    trail: dict[str, Any] = {
        "stop_price": told(ib.trail_stop_price) or None,
        "trail_percent": percent,
        "trail_amount": None if percent else told(ib.aux_price) or None,
    }
    if kind is OrderType.TRAIL_LIMIT:
        trail["limit_offset"] = _limit_offset(ib)
    return trail


def _limit_offset(ib: IbOrder) -> Decimal | None:
    """Return how far the limit stands from the stop: as said, or as the first limit and first stop show it."""
    offset, limit, stop = told(ib.lmt_price_offset), told(ib.lmt_price), told(ib.trail_stop_price)
    if offset is not None or not limit or not stop:
        return offset
    limit, stop = bounded(limit, "lmt_price"), bounded(stop, "trail_stop_price")
    return stop - limit if ib.action == "SELL" else limit - stop

"""Orders of a type or time in force that v6 has no word for, as the v6 order that is as much at most, and back."""

from __future__ import annotations

from dataclasses import replace

from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.options.lifetimes import lifetime_of, tif_beside
from v6_ib_plugin.options.work import WORKS, work_word
from v6_ib_plugin.terms import IbOrder
from v6_ib_plugin.translation.kinds import ib_order_type
from v6_ib_plugin.untranslatable import Untranslatable, translating
from v6core.orders import Order, OrderType


def worked(plain: IbOrder, order: Order) -> IbOrder:
    """Return an order in v6's own words with what its options ask for. Raises Untranslatable."""
    with translating(f"the options of order {order.order_id}"):
        options = IbOrderOptions.model_validate(dict(order.options))
    misfit = options.misfit(order)
    if misfit is not None:
        raise Untranslatable(*misfit)
    return options.onto(plain)


def unworked(ib: IbOrder, order_type: OrderType | None = None) -> IbOrder:
    """Return an order in v6's own words, as far as there are any, without how IB works it.

    ``order_type`` is its v6 type; where that is not known, or none that IB works so, it is made of what TWS shows.
    """
    lifetime = lifetime_of(ib.tif)
    if lifetime is not None:
        ib = replace(ib, tif=tif_beside(lifetime).value)
    word = work_word(ib)
    if word is None:
        return ib
    work = WORKS[word]
    kind = order_type if order_type is not None and order_type in work.goes_with() else work.order_type_of(ib)
    return replace(ib, order_type=ib_order_type(kind), **work.plain(ib))


def is_worked(ib: IbOrder) -> bool:
    """Tell whether an order is of a type or time in force that v6 has no word for and options have one."""
    return work_word(ib) is not None or lifetime_of(ib.tif) is not None


def moved(ib: IbOrder) -> frozenset[str]:
    """Return the terms of an order that TWS moves by itself, because of how it works it."""
    word = work_word(ib)
    return frozenset() if word is None else WORKS[word].moving

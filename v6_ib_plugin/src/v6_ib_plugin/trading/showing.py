"""The terms of an order as TWS shows them, in the words in which it was sent.

TWS writes an order back in a spelling of its own: times to the second, a trailing stop where it stands by now, the
limit that a market-to-limit order turned into. What reads back as it was sent is what was asked for, and is told in the
words in which it was asked for; only what differs is told as TWS shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.trading.known import KnownOrder, Terms
from v6_ib_plugin.translation.orders import terms_of
from v6_ib_plugin.translation.works import moved
from v6core.contracts import Contract
from v6core.orders import MODIFIABLE, TRAILING, Order, OrderType
from v6core.reports import OrderTerms
from v6core.rereading import builder

ContractOf = Callable[[IbContract], Contract | None]
"""The contract that TWS names, or None where v6 has no word for it."""

# In the order of the fields of OrderTerms, as its builder takes them.
_TERMS = tuple(name for name in OrderTerms.model_fields if name in MODIFIABLE)
_terms = builder(OrderTerms)
# What decides whether TWS shows an order as it was asked to be.
_ASKED = attrgetter(
    "action",
    "order_type",
    "total_quantity",
    "lmt_price",
    "aux_price",
    "trail_stop_price",
    "trailing_percent",
    "lmt_price_offset",
    "tif",
    "good_till_date",
)


def shown_terms(known: KnownOrder, contract: IbContract, ib: IbOrder, contract_of: ContractOf) -> OrderTerms:
    """Return the terms that TWS shows of an order."""
    said = [terms for terms in (known.wanted, known.sent) if terms is not None]
    for terms in said:
        if shows(ib, terms.ib):
            return _asked(terms.order, ib)
    sent_as = next((terms.order.order_type for terms in said if terms.ib.order_type == ib.order_type), None)
    shown = terms_of(ib, sent_as=sent_as)
    changes: dict[str, object] = {"contract": contract_of(contract), **dict.fromkeys(moved(ib))}
    if shown.order_type in TRAILING:
        changes["stop_price"] = None  # it moves with the market, and nobody asked for that
    if known.sent is not None and known.sent.order.order_type is OrderType.MARKET_TO_LIMIT:
        changes["limit_price"] = None
    for terms in reversed(said):
        changes |= _as_asked(terms, shown)
        changes["contract"] = terms.order.contract
    return shown.model_copy(update=changes)


def _asked(order: Order, ib: IbOrder) -> OrderTerms:
    """Return an order's own terms, which are valid."""
    terms = {
        "contract": order.contract,
        "action": order.action,
        "order_type": order.order_type,
        **{name: getattr(order, name) for name in _TERMS},
        "oca_group": ib.oca_group or None,
    }
    return _terms((terms, None, set(terms)))


def _as_asked(terms: Terms, shown: OrderTerms) -> dict[str, object]:
    asked = terms_of(terms.ib, sent_as=terms.order.order_type)
    return {
        name: getattr(terms.order, name)
        for name in _TERMS
        if getattr(shown, name) is not None and getattr(shown, name) == getattr(asked, name)
    }


def shows(ib: IbOrder, asked: IbOrder) -> bool:
    """Tell whether an order reads back as it was asked to be; what was not asked for may read as it likes."""
    pairs = zip(_ASKED(ib), _ASKED(asked), strict=True)
    return not [wanted for shown, wanted in pairs if wanted not in (shown, None, "")]

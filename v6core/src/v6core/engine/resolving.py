"""What an operator may decide about an order that nobody knows the truth of: a pure judgement of the decision."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from v6core.contracts import Combo
from v6core.errors import DecisionRefused
from v6core.events import OperatorDecided, Verdict
from v6core.lifecycle import OrderState
from v6core.money import plain
from v6core.orders import Anomaly, OrderStatus, Pending

_MAY_BE_NEGATIVE = frozenset({"FUTURE", "FUTURE_OPTION", "INDEX"})


def decision(
    state: OrderState,
    verdict: Verdict,
    reason: str,
    *,
    operator: str,
    time: datetime,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
) -> OperatorDecided:
    """Return the event that says what somebody decided about an order.

    DecisionRefused where it cannot be: the order is not in doubt, the broker has shown what is called absent, no cancel
    or modify is in doubt of an order that is called unchanged and was never shown, or a fill is told that does not fit.
    ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("say why: the reason is kept in the journal")
    _check_doubt(state, verdict)
    _check_fill(state, verdict, quantity, price)
    return OperatorDecided(
        time=time,
        order_id=state.terms.order_id,
        verdict=verdict,
        reason=reason,
        operator=operator,
        quantity=quantity,
        price=price,
    )


def _check_doubt(state: OrderState, verdict: Verdict) -> None:
    order_id = state.terms.order_id
    if not state.is_doubtful:
        raise _refused("NOT_IN_DOUBT", f"order {order_id} is {state.status} and not in doubt", order_id)
    if verdict is Verdict.ABSENT and (state.is_shown or state.status is not OrderStatus.IN_DOUBT):
        raise _refused(
            "SHOWN_BY_BROKER",
            f"order {order_id} is not absent: the broker has shown it",
            order_id,
            "cancelled, expired or filled say how it ended",
        )
    is_combo = isinstance(state.terms.contract, Combo)  # whose fills nobody can tell
    if verdict is Verdict.UNCHANGED and not state.is_shown and not _is_request_doubtful(state):
        raise _refused(
            "NO_REQUEST_IN_DOUBT",
            f"order {order_id} itself is in doubt, not a cancel or modify of it: the broker never showed it",
            order_id,
            f"absent, cancelled{' or expired' if is_combo else ', expired or filled'} say what became of it",
        )
    only_asked = state.status is not OrderStatus.IN_DOUBT and Anomaly.FILLS_UNPROVEN not in state.anomalies
    if only_asked and verdict is not Verdict.UNCHANGED:
        raise _refused(
            "ONLY_REQUEST_IN_DOUBT",
            f"order {order_id} is {state.status} by the broker's word; in doubt is only what was asked of it",
            order_id,
            "unchanged says that the cancel or modify did nothing; a cancel may be asked for again",
        )


def _is_request_doubtful(state: OrderState) -> bool:
    return Pending.IN_DOUBT in {state.pending_cancel, state.pending_modify}


def _check_fill(state: OrderState, verdict: Verdict, quantity: Decimal | None, price: Decimal | None) -> None:
    order_id, contract = state.terms.order_id, state.terms.contract
    if verdict is not Verdict.FILLED:
        if quantity is not None or price is not None:
            raise _refused("FILL_NOT_ASKED", f"a quantity and a price belong to filled, not to {verdict}", order_id)
        return
    if contract is None or contract.kind == "COMBO":
        raise _refused(
            "COMBO_FILL",
            f"order {order_id} is a combo: its fills, one per leg, come from the broker alone",
            order_id,
            "cancelled says that it ended with the fills that are known",
        )
    if quantity is None or price is None:
        raise _refused("FILL_INCOMPLETE", "filled needs the quantity that filled and its average price", order_id)
    if price <= 0 and contract.kind not in _MAY_BE_NEGATIVE:
        told = f"{contract.key} does not trade at {plain(price)}"
        raise _refused("FILL_PRICE", told, order_id, "the price is the average at which it filled, per unit")
    rest = state.terms.quantity - state.totals.quantity
    if not 0 < quantity <= rest:
        asked = plain(state.terms.quantity)
        raise _refused(
            "FILL_TOO_LARGE",
            f"{plain(quantity)} cannot have filled beside what is known: {plain(rest)} of {asked} are left",
            order_id,
            "the quantity is what filled beyond the fills that v6 knows",
        )


def _refused(code: str, message: str, order_id: UUID, hint: str | None = None) -> DecisionRefused:
    return DecisionRefused(message, code=code, order_id=order_id, hint=hint)

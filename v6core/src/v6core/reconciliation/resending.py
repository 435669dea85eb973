"""When the same order may go out again: only to a broker that refuses a second one under the same reference."""

from __future__ import annotations

from v6core.capabilities import Capabilities, SubmitIdentity
from v6core.lifecycle import OrderState
from v6core.orders import OrderStatus


def may_resend(state: OrderState, capabilities: Capabilities, *, age: float, window: float) -> bool:
    """Tell whether an order first sent ``age`` seconds ago may be sent again; ``window`` is the engine's own limit.

    A broker that forgets references after a time is asked within half of it, so that a slow wire cannot outlast it.
    """
    if state.status is not OrderStatus.IN_DOUBT or state.is_shown:
        return False
    if capabilities.submit_identity is SubmitIdentity.ENFORCED:
        return age < window
    if capabilities.submit_identity is SubmitIdentity.WINDOW and capabilities.identity_window is not None:
        return age < min(window, capabilities.identity_window / 2)
    return False

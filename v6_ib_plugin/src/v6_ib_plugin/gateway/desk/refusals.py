"""What TWS answers to an order, a change or a cancel that it does not take: its code and its words."""

from __future__ import annotations


class OrderRefused(Exception):
    """An order, or a change of one, is answered with an errMsg: ``code`` is TWS's number, ``text`` goes with it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def duplicate_id() -> OrderRefused:
    """Refuse an order id that was used, or is below one that was."""
    return OrderRefused(103, "Duplicate order id")


def filled_already() -> OrderRefused:
    """Refuse a change of an order that has filled."""
    return OrderRefused(104, "Cannot modify a filled order.")


def other_order(field: str) -> OrderRefused:
    """Refuse a change of what makes an order this order."""
    return OrderRefused(105, f"Order being modified does not match original order: its {field} cannot change.")


def off_tick() -> OrderRefused:
    """Refuse a price that is no whole number of ticks."""
    return OrderRefused(110, "The price does not conform to the minimum price variation for this contract.")


def gone(order_id: int) -> OrderRefused:
    """Refuse a parent that has ended, or was refused."""
    return OrderRefused(135, f"Can't find order with id ={order_id}")


def rejected(reason: str) -> OrderRefused:
    """Refuse an order that was judged and is not taken."""
    return OrderRefused(201, f"Order rejected - reason:{reason}")


def group_filled() -> OrderRefused:
    """Refuse a member that comes too late for its one-cancels-all group."""
    return rejected("OCA group is already filled")


def invalid(cause: str) -> OrderRefused:
    """Refuse a request that makes no sense."""
    return OrderRefused(321, f"Error validating request.-'gateway' : cause - {cause}")


def trail_on_other_parent() -> OrderRefused:
    """Refuse a trailing stop under an order of another kind."""
    return OrderRefused(328, "Trailing stop orders can be attached to limit or stop-limit orders only.")


def combo_group_type() -> OrderRefused:
    """Refuse a combo in a group of a type that combos do not take."""
    return OrderRefused(359, "A smart combo order can be in one-cancels-all groups of type 3 only.")


def no_what_if() -> OrderRefused:
    """Refuse a what-if of a combo, where the gateway was told to refuse them as TWS sometimes does."""
    return OrderRefused(360, "What-if orders are not supported for smart combo orders.")


def unknown_algo(name: str) -> OrderRefused:
    """Refuse an algo that there is not."""
    return OrderRefused(439, f"Order processing failed. Algorithm definition not found: {name}")


def algo_stays() -> OrderRefused:
    """Refuse a change of an order's algo."""
    return OrderRefused(440, "Order modify failed. Algorithm cannot be modified.")


def wrong_algo(why: str) -> OrderRefused:
    """Parameters that an algo does not take."""
    return OrderRefused(441, f"Algo attributes validation failed: {why}")


def missing_parent() -> OrderRefused:
    """Refuse a child whose parent this client never placed."""
    return OrderRefused(10006, "Missing parent order.")


def unknown_to_cancel(order_id: int) -> OrderRefused:
    """Refuse a cancel of an order that this client does not have."""
    return OrderRefused(10147, f"OrderId {order_id} that needs to be cancelled is not found.")


def past_cancelling(order_id: int, status: str) -> OrderRefused:
    """Refuse a cancel of an order that has ended, or is being cancelled."""
    return OrderRefused(10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {status}.")


def group_stays() -> OrderRefused:
    """Refuse a change that names another group than the one that stands."""
    return OrderRefused(10326, "OCA group revision is not allowed.")


def group_type_stays() -> OrderRefused:
    """Refuse a change that names the group without its type."""
    return OrderRefused(10327, "OCA group type revision is not allowed.")

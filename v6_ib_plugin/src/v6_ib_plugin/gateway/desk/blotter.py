"""The desk's state, and what can happen to an order: it is announced, released, handed over, told, ended.

Nothing here waits or asks. What follows from it, messages to clients and requests to the broker, is put down as steps,
in the order in which they are to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from v6_ib_plugin.gateway.desk.executions import Executions
from v6_ib_plugin.gateway.desk.groups import CANCEL, Groups
from v6_ib_plugin.gateway.desk.orders import CANCELLED, FILLED, INACTIVE, PRE_SUBMITTED, DeskOrder, Phase
from v6_ib_plugin.gateway.desk.refusals import OrderRefused, group_filled, rejected
from v6_ib_plugin.gateway.desk.register import Register
from v6_ib_plugin.gateway.desk.steps import Cancel, Change, Drop, Keep, Place, Step, Tell
from v6_ib_plugin.gateway.desk.telling import answer, cancelled, open_order, order_status
from v6_ib_plugin.gateway.manners import Manners
from v6_ib_plugin.gateway.wire.messages import CommissionReport, Message
from v6core.capabilities import Capabilities, ModifyKind
from v6core.orders import OcaType, Order

_IDS = UUID("6d2c4f3e-6f0b-5a51-9e5c-1c3b7d1f2a90")
_CHILDREN = "gw-children-"
_OCA_TYPES = {1: OcaType.CANCEL_WITH_BLOCK, 2: OcaType.REDUCE_WITH_BLOCK, 3: OcaType.REDUCE}


class Blotter:
    """All that the desk knows, and the steps that follow from what happens."""

    def __init__(self, account: str, broker: Capabilities, now: Callable[[], datetime], manners: Manners) -> None:
        self.account = account
        self.broker = broker
        self.manners = manners
        self.now = now
        self.register = Register()
        self.groups = Groups()
        self.executions = Executions()
        self.visits: dict[int, int] = {}
        self._visit = 0
        self._steps: list[Step] = []
        self._unsettled: dict[int, DeskOrder] = {}

    # Steps

    def take_steps(self) -> list[Step]:
        """Return the steps put down so far, once."""
        steps, self._steps = self._steps, []
        return steps

    def put(self, step: Step) -> None:
        """Put a step down."""
        self._steps.append(step)

    def say(self, order: DeskOrder, *messages: Message) -> None:
        """Tell the client of an order; one made by hand has none until it is bound."""
        if order.order_id:
            self._steps += [Tell(order.client_id, message) for message in messages]

    def refuse(self, order: DeskOrder, refusal: OrderRefused) -> None:
        """Answer the client of an order, which stands as it was."""
        self.say(order, answer(order.order_id, refusal.code, refusal.text))

    def begin_visit(self, client_id: int) -> int:
        """Count a client's visit; what it places is seen otherwise by the next one."""
        self._visit += 1
        self.visits[client_id] = self._visit
        return self._visit

    def visit(self, client_id: int) -> int:
        """Return the number of a client's visit; -1 where it never came."""
        return self.visits.get(client_id, -1)

    # Telling

    def announce(self, order: DeskOrder) -> None:
        """Tell that an order is there, and then the children that wait for it."""
        if order.told is None:
            visit = self.visit(order.client_id)
            self.say(order, open_order(order, visit, PRE_SUBMITTED), order_status(order, PRE_SUBMITTED))
            order.told = (PRE_SUBMITTED, order.filled, order.version)
            self._warn(order)
        for child in order.children:
            if child.phase is Phase.WAITING:
                self.announce(child)

    def _warn(self, order: DeskOrder) -> None:
        if order.warnings:
            self.say(order, *(answer(order.order_id, code, text) for code, text in order.warnings))
            order.warnings = ()

    def tell(self, order: DeskOrder) -> None:
        """Tell how an order stands if that is another than was told, and then what its executions cost."""
        standing = order.standing()
        if standing != order.told:
            order.told = standing
            status = order_status(order)
            times = self.manners.filled_told if order.status == FILLED else 1
            self.say(order, open_order(order, self.visit(order.client_id)), *(status for _ in range(times)))
        self._tell_costs(order)

    def _tell_costs(self, order: DeskOrder) -> None:
        if order.commissions:
            self.say(order, *map(CommissionReport, order.commissions))
            order.commissions = []

    def touch(self, order: DeskOrder) -> None:
        """Have an order told when all that came with this is known."""
        self._unsettled[order.perm_id] = order

    @property
    def is_unsettled(self) -> bool:
        """Whether something is still to be told."""
        return bool(self._unsettled)

    def settle(self) -> None:
        """Tell what was left until all that came with it was known."""
        unsettled, self._unsettled = self._unsettled, {}
        for order in unsettled.values():
            if order.is_full and not order.is_ended:
                self.finish(order, FILLED)
            else:
                self.tell(order)

    # To the broker

    def release(self, order: DeskOrder) -> None:
        """Transmit an order and all of its family that is parked."""
        root = order
        while root.parent is not None:
            root = root.parent
        for member in tuple(_family(root)):
            if member.phase is Phase.PARKED:
                self._transmit(member)

    def _transmit(self, order: DeskOrder) -> None:
        parent = order.parent
        refusal = self._why_not_in_group(order)
        if refusal is not None:
            self.reject(order, refusal)
        elif parent is None or parent.status == FILLED:
            self.hand_over(order)
        elif parent.is_ended:
            self.finish(order, CANCELLED, "its parent order has ended")
        else:
            order.phase = Phase.WAITING
            self.put(Keep(order))
            if parent.told is not None:
                self.announce(order)

    def _why_not_in_group(self, order: DeskOrder) -> OrderRefused | None:
        if self.groups.has_filled(order.group):
            return group_filled()
        kind = self.groups.kind(order.group)
        if kind in {None, order.group_type}:
            return None
        return rejected(f"OCA group {order.group} has type {kind}, not {order.group_type}")

    def hand_over(self, *orders: DeskOrder) -> None:
        """Give the broker orders as one unit."""
        for order in orders:
            order.phase = Phase.SENT
        self.put(Place(orders, tuple(self._as_placed(order) for order in orders)))

    def _as_placed(self, order: DeskOrder) -> Order:
        """Return an order as the broker gets it, with a reference of the desk's and in the broker's own group."""
        assert order.terms is not None
        group, kind = order.group, _OCA_TYPES.get(order.group_type)
        kept = group and kind in self.broker.oca_types and (order.parent is None or self.groups.has_company(order))
        order.terms = order.terms.model_copy(
            update={
                "order_id": order_uuid(order.ref),
                "order_ref": order.ref,
                "account": None,
                "oca_group": _group_at_broker(order) if kept else None,
                "oca_type": kind if kept else None,
                "parent_order_id": self._entry_at_broker(order),
            }
        )
        return order.terms

    def _entry_at_broker(self, order: DeskOrder) -> UUID | None:
        """Return the parent's id where the broker can take the order for an exit of it, which it fills otherwise."""
        parent = order.parent
        if parent is None or not self.broker.bracket or parent.terms is None or order.terms is None:
            return None
        is_exit = (
            order.terms.action is parent.terms.action.opposite
            and order.terms.contract == parent.terms.contract
            and order.terms.quantity <= parent.filled
        )
        return order_uuid(parent.ref) if is_exit else None

    # Ends

    def reject(self, order: DeskOrder, refusal: OrderRefused) -> None:
        """Refuse an order that was taken, and let it end."""
        self.refuse(order, refusal)
        status = INACTIVE if refusal.code == 201 else CANCELLED
        self.finish(order, status, refusal.text.partition("reason:")[2] or refusal.text, quietly=True)

    def finish(
        self, order: DeskOrder, status: str, reason: str = "", *, quietly: bool = False, at: datetime | None = None
    ) -> None:
        """Let an order end: tell it, and let its children and its group learn of it.

        ``quietly`` where its client has been answered already.
        """
        order.phase, order.status, order.reason, order.ended_at = Phase.ENDED, status, reason, at or self.now()
        self.register.end(order)
        if order.parent is not None:
            self.put(Drop(order.ref))
        if status == FILLED:
            self.tell(order)
            self._set_free(order)
            return
        order.told = order.standing()
        self.say(order, order_status(order))
        if not quietly:
            self.say(order, cancelled(order))
        self._tell_costs(order)
        for child in order.children:
            if child.phase.is_local:
                self.finish(child, CANCELLED, "its parent order has ended")
        if order.cancel_asked:
            for other in self.groups.others(order):
                self.cancel(other, "another order of its OCA group was cancelled")

    def _set_free(self, parent: DeskOrder) -> None:
        """Bring the children of an order that is full to the market, together."""
        free = [child for child in parent.children if child.phase is Phase.WAITING]
        for child in parent.children:
            child.show(replace(child.order, parent_id=0))
        if free:
            self.hand_over(*free)

    def cancel(self, order: DeskOrder, reason: str = "") -> None:
        """Cancel an order: at once where only the desk has it, else by asking the broker."""
        if order.is_ended or order.is_being_cancelled or (order.terms is None and not order.phase.is_local):
            return
        order.cancel_asked, order.cancel_in_doubt = True, False
        if order.phase.is_local:
            self.finish(order, CANCELLED, reason)
        else:
            assert order.terms is not None
            self.put(Cancel(order, order.terms))

    # Groups

    def filled_in_group(self, order: DeskOrder, quantity: Decimal) -> None:
        """Close the group of an order that filled; take the fill off the others where the broker does not."""
        self.groups.fill(order)
        if not order.group or _OCA_TYPES.get(order.group_type) in self.broker.oca_types:
            return
        for other in self.groups.others(order):
            if not other.phase.is_local:
                self._take_off(other, quantity)

    def _take_off(self, order: DeskOrder, quantity: Decimal) -> None:
        left = order.order.total_quantity - quantity
        can_change = self.broker.modify is not ModifyKind.NONE
        if order.group_type == CANCEL or left <= order.filled or not can_change or order.terms is None:
            self.cancel(order, "another order of its OCA group filled")
        else:
            self.put(Change(order, order.terms, {"quantity": left}))


def order_uuid(ref: str) -> UUID:
    """Return the id that the broker knows an order by, which follows from its reference."""
    return uuid5(_IDS, ref)


def _group_at_broker(order: DeskOrder) -> str:
    return order.group if order.parent is None else f"{_CHILDREN}{order.group}"


def client_group(group_at_broker: str) -> str:
    """Return the name that clients know a group by, from the one that the broker has."""
    return group_at_broker.removeprefix(_CHILDREN)


def _family(root: DeskOrder) -> Iterator[DeskOrder]:
    yield root
    for child in root.children:
        yield from _family(child)

"""What a client asks of its orders: to take a new one, to change one, to cancel one or all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from v6_ib_plugin.gateway.desk.blotter import Blotter
from v6_ib_plugin.gateway.desk.orders import FILLED, PENDING_CANCEL, DeskOrder, Phase, Wanted
from v6_ib_plugin.gateway.desk.refusals import (
    OrderRefused,
    algo_stays,
    combo_group_type,
    duplicate_id,
    filled_already,
    gone,
    group_stays,
    group_type_stays,
    missing_parent,
    other_order,
    past_cancelling,
    rejected,
    trail_on_other_parent,
    unknown_to_cancel,
)
from v6_ib_plugin.gateway.desk.register import reference
from v6_ib_plugin.gateway.desk.steps import CancelEverything, Change, Keep
from v6_ib_plugin.gateway.desk.telling import as_told, legs_text, order_status
from v6_ib_plugin.terms import IbContract, IbOrder
from v6core.capabilities import ModifyKind
from v6core.orders import MODIFIABLE, Order

_TRAILING = frozenset({"TRAIL", "TRAIL LIMIT"})
_TRAILED = frozenset({"LMT", "STP LMT"})
_FIXED = {"action": "action", "order_type": "order type", "outside_rth": "outsideRth"}
_SMART_GROUP_TYPES = frozenset({0, 3})


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An order as it came: in the client's words, and in the broker's; ``contract`` is as it will be told.

    ``refusal`` says why the order is not taken although TWS would take note of it.
    """

    client_id: int
    contract: IbContract
    order: IbOrder
    terms: Order | None
    refusal: OrderRefused | None = None
    warnings: tuple[tuple[int, str], ...] = ()


class Intake:
    """Takes orders, changes and cancels, or raises OrderRefused."""

    def __init__(self, blotter: Blotter) -> None:
        self._blotter = blotter

    # New orders

    def submit(self, submission: Submission) -> None:
        """Take a new order, or a change of one where its id is that of an order that is open."""
        client_id, order_id = submission.client_id, submission.order.order_id
        known = self._blotter.register.get(client_id, order_id)
        if known is None:
            self._take(submission)
        elif known.is_ended:
            raise filled_already() if known.status == FILLED else duplicate_id()
        elif submission.refusal is not None or submission.terms is None:
            raise submission.refusal or rejected("it cannot be read")
        else:
            self._change(known, submission.contract, submission.order, submission.terms)

    def _take(self, submission: Submission) -> None:
        blotter, asked = self._blotter, submission.order
        if blotter.register.is_used(submission.client_id, asked.order_id):
            raise duplicate_id()
        order = self._entered(submission, self._parent(submission.client_id, asked, submission.contract))
        if submission.refusal is not None:
            blotter.reject(order, submission.refusal)
        elif asked.transmit:
            blotter.release(order)

    def _parent(self, client_id: int, asked: IbOrder, contract: IbContract) -> DeskOrder | None:
        if contract.sec_type == "BAG" and asked.oca_group and asked.oca_type not in _SMART_GROUP_TYPES:
            raise combo_group_type()
        if not asked.parent_id:
            return None
        register = self._blotter.register
        parent = register.get(client_id, asked.parent_id)
        if parent is None:
            was_refused = register.was_refused(client_id, asked.parent_id)
            raise gone(asked.parent_id) if was_refused else missing_parent()
        if parent.is_ended or parent.cancel_asked:
            raise gone(asked.parent_id)
        if asked.order_type in _TRAILING and parent.order.order_type not in _TRAILED:
            raise trail_on_other_parent()
        return parent

    def _entered(self, submission: Submission, parent: DeskOrder | None, perm_id: int | None = None) -> DeskOrder:
        """Give an order its lasting id and its place: in the register, under its parent, in its group."""
        blotter, asked, client_id = self._blotter, submission.order, submission.client_id
        perm_id = perm_id or blotter.register.next_perm_id()
        told = as_told(asked, client_id, perm_id, blotter.account)
        if submission.contract.combo_legs:
            told = replace(told, combo_legs_descrip=legs_text(submission.contract))
        order = DeskOrder(
            client_id=client_id,
            order_id=asked.order_id,
            perm_id=perm_id,
            ref=reference(client_id, asked.order_id, perm_id, asked.order_ref),
            contract=submission.contract,
            order=told,
            terms=submission.terms,
            visit=max(blotter.visit(client_id), 0),
            phase=Phase.PARKED,
            parent=parent,
            warnings=submission.warnings,
        )
        if parent is not None:
            parent.children.append(order)
        blotter.register.add(order)
        blotter.groups.join(order)
        return order

    # Changes

    def _change(self, order: DeskOrder, contract: IbContract, asked: IbOrder, terms: Order) -> None:
        before = order.wanted[-1].terms if order.wanted else order.terms
        if before is None or order.is_being_cancelled:
            is_going = order.is_being_cancelled
            raise rejected("the order is being cancelled" if is_going else "the order cannot be changed")
        self._judge_change(order, contract, asked, before, terms)
        changes = {name: getattr(terms, name) for name in MODIFIABLE if getattr(terms, name) != getattr(before, name)}
        after = before.model_copy(update=changes)
        told = self._told_after(order, asked)
        if order.phase.is_local:
            self._change_here(order, told, after, transmit=asked.transmit)
        elif not changes:
            order.show(told)
            self._blotter.tell(order)
        elif self._blotter.broker.modify is ModifyKind.NONE:
            raise rejected("the broker cannot change an order that it has")
        else:
            order.wanted.append(Wanted(told, after, changes))
            self._blotter.put(Change(order, before, changes))

    def _change_here(self, order: DeskOrder, told: IbOrder, terms: Order, *, transmit: bool) -> None:
        order.terms = terms
        order.show(told)
        if order.phase is Phase.WAITING:
            self._blotter.put(Keep(order))
            if order.told is not None:
                self._blotter.tell(order)
        elif transmit:
            self._blotter.release(order)

    def _told_after(self, order: DeskOrder, asked: IbOrder) -> IbOrder:
        told = as_told(asked, order.client_id, order.perm_id, self._blotter.account)
        was = order.order
        return replace(
            told,
            parent_id=was.parent_id,
            oca_group=was.oca_group,
            oca_type=was.oca_type,
            combo_legs_descrip=was.combo_legs_descrip,
        )

    def _judge_change(
        self, order: DeskOrder, contract: IbContract, asked: IbOrder, before: Order, terms: Order
    ) -> None:
        if terms.contract is None or before.contract is None or terms.contract.key != before.contract.key:
            raise other_order(f"contract {contract.symbol}")
        for name, word in _FIXED.items():
            if getattr(terms, name) != getattr(before, name):
                raise other_order(word)
        if (asked.algo_strategy, asked.algo_params) != (order.order.algo_strategy, order.order.algo_params):
            raise algo_stays()
        if asked.parent_id and asked.parent_id != order.order.parent_id:
            raise gone(asked.parent_id) if order.parent is not None else other_order("parent")
        if asked.oca_group and asked.oca_group != order.group:
            raise group_stays()
        if asked.oca_group and asked.oca_type != order.group_type:
            raise group_type_stays()

    # Cancels

    def cancel(self, client_id: int, order_id: int) -> None:
        """Cancel one order of a client."""
        order = self._blotter.register.get(client_id, order_id)
        if order is None:
            raise unknown_to_cancel(order_id)
        if order.is_ended:
            raise past_cancelling(order_id, order.status)
        if order.is_being_cancelled:
            raise past_cancelling(order_id, PENDING_CANCEL)
        if not order.phase.is_local:
            self._blotter.say(order, order_status(order, PENDING_CANCEL))
        self._blotter.cancel(order)

    def cancel_all(self) -> None:
        """Cancel every open order of the account, whoever placed it."""
        blotter = self._blotter
        there: list[DeskOrder] = []
        for order in blotter.register.open():
            if order.phase.is_local or not blotter.broker.global_cancel:
                blotter.cancel(order)
            else:
                order.cancel_asked, order.cancel_in_doubt = True, False
                there.append(order)
        if blotter.broker.global_cancel:
            blotter.put(CancelEverything(tuple(there)))

    # After a restart

    def restore(self, submission: Submission, perm_id: int) -> bool:
        """Take in a child that an earlier run held; return False where its parent is not there any more."""
        parent = self._blotter.register.get(submission.client_id, submission.order.parent_id)
        if parent is None:
            return False
        child = self._entered(submission, parent, perm_id)
        if parent.status == FILLED:
            child.show(replace(child.order, parent_id=0))
        self._blotter.release(child)
        return True

    def forget_parked(self) -> None:
        """Forget what was never transmitted: it was in this TWS alone."""
        register = self._blotter.register
        for order in register.open():
            if order.phase is Phase.PARKED:
                register.forget(order)

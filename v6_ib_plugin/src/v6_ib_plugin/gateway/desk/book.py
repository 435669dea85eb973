"""The desk without its edge: requests and reports go in, and what is to be told and asked comes out.

It waits for nothing and asks nobody: the same requests and reports have the same steps.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from v6_ib_plugin.gateway.desk.blotter import Blotter
from v6_ib_plugin.gateway.desk.hearing import Hearing, Words
from v6_ib_plugin.gateway.desk.intake import Intake, Submission
from v6_ib_plugin.gateway.desk.listing import Listing
from v6_ib_plugin.gateway.desk.orders import DeskOrder
from v6_ib_plugin.gateway.desk.refusals import OrderRefused
from v6_ib_plugin.gateway.desk.register import read_reference
from v6_ib_plugin.gateway.desk.steps import Asking, Cancel, CancelEverything, Change, Drop, Step, Tell
from v6_ib_plugin.gateway.desk.telling import answer
from v6_ib_plugin.gateway.manners import Manners
from v6_ib_plugin.gateway.wire.messages import Message
from v6_ib_plugin.gateway.wire.requests import ReqExecutions
from v6core.capabilities import Capabilities
from v6core.reports import Report, Snapshot


class OrderBook:
    """All orders of the account, and what TWS makes of what happens to them."""

    def __init__(
        self,
        account: str,
        broker: Capabilities,
        now: Callable[[], datetime],
        words: Words,
        manners: Manners | None = None,
    ) -> None:
        self.manners = manners or Manners()
        self.blotter = Blotter(account, broker, now, self.manners)
        self._intake = Intake(self.blotter)
        self._hearing = Hearing(self.blotter, words)
        self._listing = Listing(self.blotter)

    # What clients ask for

    def visit(self, client_id: int) -> int:
        """Take note that a client has come; return the lowest order id that it may use."""
        self.blotter.begin_visit(client_id)
        return self.next_id(client_id)

    def next_id(self, client_id: int) -> int:
        """Return the lowest order id that a client may use."""
        return self.blotter.register.next_id(client_id)

    def order(self, client_id: int, order_id: int) -> DeskOrder | None:
        """Return the order that a client has under an id."""
        return self.blotter.register.get(client_id, order_id)

    def submit(self, submission: Submission) -> list[Step]:
        """Take a new order, or a change of one that is open."""
        try:
            self._intake.submit(submission)
        except OrderRefused as refusal:
            return self.refuse(submission.client_id, submission.order.order_id, refusal)
        return self.blotter.take_steps()

    def refuse(self, client_id: int, order_id: int, refusal: OrderRefused) -> list[Step]:
        """Answer an order, or a change of one, that is not taken."""
        register = self.blotter.register
        if not register.is_used(client_id, order_id):
            register.refuse(client_id, order_id)
        return [Tell(client_id, answer(order_id, refusal.code, refusal.text)), *self.blotter.take_steps()]

    def cancel(self, client_id: int, order_id: int) -> list[Step]:
        """Cancel one order of a client."""
        try:
            self._intake.cancel(client_id, order_id)
        except OrderRefused as refusal:
            return [Tell(client_id, answer(order_id, refusal.code, refusal.text))]
        return self.blotter.take_steps()

    def cancel_all(self) -> list[Step]:
        """Cancel every open order of the account."""
        self._intake.cancel_all()
        return self.blotter.take_steps()

    def forget_parked(self) -> None:
        """Forget what was never transmitted, as a restart of TWS does."""
        self._intake.forget_parked()

    def roll_back_ids(self, next_id: int) -> None:
        """Let every client's order ids begin again, as after a reset of TWS's sequence."""
        self.blotter.register.roll_back(next_id)

    # What the broker reports

    def hear(self, report: Report) -> list[Step]:
        """Take a report in."""
        self._hearing.hear(report)
        return self.blotter.take_steps()

    def leave_in_doubt(self, asking: Asking) -> None:
        """Go on without an answer: what was asked stands neither for done nor for not done, and can be asked again."""
        match asking:
            case Change(order=order, changes=changes):
                order.drop_wanted(changes)
            case Cancel(order=order):
                order.cancel_in_doubt = True
            case CancelEverything(orders=orders):
                for order in orders:
                    order.cancel_in_doubt = True
            case _:
                pass

    def recover(self, snapshot: Snapshot) -> list[Step]:
        """Take in all that the broker holds: what an earlier run placed, what others did, and what was missed."""
        orders = (*snapshot.completed_orders, *snapshot.open_orders)
        reports: tuple[Report, ...] = (*snapshot.fills, *orders, *snapshot.rejections)
        for order in orders:
            self._hearing.meet(order)
        for report in reports:
            self._hearing.hear(report)
        return self.settle()

    def knows(self, ref: str) -> bool:
        """Tell whether an order of this reference is, or was, at the broker."""
        return self.blotter.register.find(ref, None) is not None

    def restore(self, ref: str, submission: Submission) -> list[Step]:
        """Take in a child that an earlier run held; it goes to the broker where its parent has filled since."""
        own = read_reference(ref)
        if own is None or not self._intake.restore(submission, own[2]):
            return [Drop(ref)]
        return self.blotter.take_steps()

    @property
    def is_unsettled(self) -> bool:
        """Whether something waits for ``settle`` to be told."""
        return self.blotter.is_unsettled

    def settle(self) -> list[Step]:
        """Tell what was left until all that came together was known."""
        self.blotter.settle()
        return self.blotter.take_steps()

    # Questions

    def open_orders(self, client_id: int) -> list[Message]:
        """Return the open orders of a client, and their end."""
        return list(self._listing.open_orders(client_id))

    def all_open_orders(self, client_id: int) -> list[Message]:
        """Return the open orders of all clients, and their end."""
        return list(self._listing.all_open_orders(client_id))

    def bind_manual(self) -> list[Message]:
        """Bind the orders made by hand to client 0."""
        return list(self._listing.bind_manual())

    def completed_orders(self, *, api_only: bool) -> list[Message]:
        """Return the orders that ended today, and their end."""
        return list(self._listing.completed_orders(api_only=api_only))

    def executions(self, asked: ReqExecutions) -> list[Message]:
        """Return the executions that a filter asks for, with their end and costs. Raises ValueError."""
        return list(self._listing.executions(asked))

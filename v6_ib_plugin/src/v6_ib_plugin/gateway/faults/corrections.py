"""Executions that were corrected: each under the next revision of its id, and what is told of it from then on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from v6_ib_plugin.gateway.faults.effects import Correct
from v6_ib_plugin.gateway.wire import messages
from v6_ib_plugin.terms import IbExecution


class Corrections:
    """What was corrected, by the ids that it had before."""

    def __init__(self) -> None:
        self._told: dict[str, messages.ExecDetails] = {}
        self._revisions: dict[str, messages.ExecDetails] = {}

    def hear(self, message: messages.Message) -> None:
        """Remember an execution that goes out, so that it can be corrected later."""
        if isinstance(message, messages.ExecDetails):
            self._told[message.execution.exec_id] = message

    def revise(self, effect: Correct, exec_id: str | None = None) -> messages.ExecDetails | None:
        """Correct an execution, by default the last that went out; None where there is none."""
        wanted = effect.exec_id or exec_id or next(reversed(self._told), None)
        before = self._told.get(wanted or "")
        if before is None:
            return None
        revision = replace(before, req_id=-1, execution=_revised(before.execution, effect))
        self._revisions[before.execution.exec_id] = revision
        self._told[revision.execution.exec_id] = revision
        return revision

    def __bool__(self) -> bool:
        return bool(self._revisions)

    def answers(self, message: messages.Message, *, is_asked_for: bool) -> Iterable[messages.Message]:
        """Return what goes out in place of a message: a revision alone to who asks, its costs beside the old ones."""
        match message:
            case messages.ExecDetails(execution=execution) if is_asked_for:
                newest = self._newest(execution.exec_id)
                return (message if newest is None else replace(newest, req_id=message.req_id),)
            case messages.CommissionReport(commission=commission):
                newest = self._newest(commission.exec_id)
                if newest is None:
                    return (message,)
                revised = messages.CommissionReport(replace(commission, exec_id=newest.execution.exec_id))
                return (revised,) if is_asked_for else (message, revised)
            case _:
                return (message,)

    def _newest(self, exec_id: str) -> messages.ExecDetails | None:
        found = None
        while exec_id in self._revisions:
            found = self._revisions[exec_id]
            exec_id = found.execution.exec_id
        return found


def _revised(before: IbExecution, effect: Correct) -> IbExecution:
    shares = before.shares if effect.shares is None else effect.shares
    price = before.price if effect.price is None else effect.price
    total = before.cum_qty - before.shares + shares
    value = before.avg_price * before.cum_qty - before.price * before.shares + price * shares
    return replace(
        before,
        exec_id=next_revision(before.exec_id),
        shares=shares,
        price=price,
        cum_qty=total,
        avg_price=value / total if total else Decimal(0),
    )


def next_revision(exec_id: str) -> str:
    """Return the id under which an execution is corrected: the number behind its last dot is one higher.

    >>> next_revision("0000e0d5.6555a860.01.01")
    '0000e0d5.6555a860.01.02'
    """
    stem, dot, number = exec_id.rpartition(".")
    if dot and number.isdigit():
        return f"{stem}.{int(number) + 1:0{len(number)}d}"
    return f"{exec_id}.02"

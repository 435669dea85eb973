"""Executions: IB's rows and v6's fills.

An execution's id is ``group.leg.revision``, as ``0000e0d5.6578.01.01``: the group is one event, the two digits behind
it count its rows (a combo has one of its own, which is no fill, and one for each leg), the last two count revisions.
A row with a higher revision takes the place of the one before it and is not another fill.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from v6_ib_plugin.numbers import bounded, told
from v6_ib_plugin.terms import IbCommission, IbContract, IbExecution
from v6_ib_plugin.times import moment_of, utc_text
from v6_ib_plugin.translation.contracts import Known, contract_of, is_combo, nothing_known
from v6_ib_plugin.untranslatable import Untranslatable, translating
from v6core.contracts import OrderAction
from v6core.fills import Commission, Fill

Zone = str | tzinfo | None

_EXECUTION_ID = re.compile(r"(.+)\.(\d{2,})\.(\d{2,})", re.ASCII)
_SIDES = {
    "BOT": OrderAction.BUY,
    "BUY": OrderAction.BUY,
    "SLD": OrderAction.SELL,
    "SELL": OrderAction.SELL,
}
# What TWS sends before it knows: the next commission report of the same execution brings the figure.
_NOT_YET = Decimal(-1)


@dataclass(frozen=True, slots=True)
class ExecutionId:
    """An execution's id in its parts; ``stem`` is what a row and its revisions share, ``group`` what a combo's rows."""

    group: str
    stem: str
    revision: int

    def replaces(self, other: ExecutionId) -> bool:
        """Tell whether this row takes the place of the other."""
        return self.stem == other.stem and self.revision > other.revision


# An execution, what it cost and the report of both name the same.
@lru_cache(maxsize=1024)
def execution_id_of(text: str) -> ExecutionId:
    """Return an execution's id in its parts; one of another form is a row of its own without revisions."""
    found = _EXECUTION_ID.fullmatch(text)
    if found is None:
        return ExecutionId(text, text, 0)
    return ExecutionId(found[1], f"{found[1]}.{found[2]}", int(found[3]))


def execution_id_text(group: str, row: int = 1, revision: int = 1) -> str:
    """Return an execution's id; rows and revisions count from one."""
    return f"{group}.{row:02d}.{revision:02d}"


def fill_of(
    contract: IbContract, execution: IbExecution, *, known: Known = nothing_known, zone: Zone = None
) -> Fill | None:
    """Return the fill that an execution is, without its commission; None for the own row of a combo.

    Raises Untranslatable, also for an execution of nothing, as TWS tells one that was taken back: see ``is_bust``.
    """
    if is_combo(contract):
        return None
    fields = {
        "execution_id": execution.exec_id,
        "contract": contract_of(contract, known),
        "action": side_of(execution.side),
        "quantity": execution.shares,
        "price": bounded(execution.price, "price"),
        "currency": contract.currency or "USD",
        "time": moment_of(execution.time, zone),
        "account": execution.acct_number or None,
    }
    with translating(f"execution {execution.exec_id}"):
        return Fill.model_validate(fields)


def is_bust(execution: IbExecution) -> bool:
    """Tell whether an execution takes an earlier revision of itself back, leaving nothing."""
    return not told(execution.shares) and execution_id_of(execution.exec_id).revision > 1


def side_of(side: str) -> OrderAction:
    """Return the side of an execution, BOT or SLD. Raises Untranslatable."""
    action = _SIDES.get(side.strip().upper())
    if action is None:
        raise Untranslatable("side", side, "it is neither BOT nor SLD")
    return action


def commission_of(commission: IbCommission) -> Commission | None:
    """Return what an execution cost, or None where TWS does not know it yet. Raises Untranslatable."""
    amount = told(commission.commission)
    if amount is None or amount == _NOT_YET:
        return None
    with translating(f"the commission of {commission.exec_id}"):
        return Commission(
            execution_id=commission.exec_id,
            amount=bounded(amount, "commission"),
            currency=commission.currency or "USD",
        )


def realized_pnl_of(commission: IbCommission) -> Decimal | None:
    """Return what an execution realized, or None where it closed nothing."""
    return told(commission.realized_pnl)


def ib_execution(
    fill: Fill, *, order_id: int = 0, client_id: int = 0, perm_id: int = 0, order_ref: str = "", **fields: Any
) -> IbExecution:
    """Return a fill as TWS tells it; ``fields`` win, as ``cum_qty``, ``avg_price`` or a time in another zone do."""
    said: dict[str, Any] = {
        "order_id": order_id,
        "client_id": client_id,
        "perm_id": perm_id,
        "order_ref": order_ref,
        "exec_id": fill.execution_id,
        "time": utc_text(fill.time),
        "acct_number": fill.account or "",
        "exchange": fill.contract.exchange,
        "side": "BOT" if fill.action is OrderAction.BUY else "SLD",
        "shares": fill.quantity,
        "price": fill.price,
    }
    return IbExecution(**(said | fields))


def ib_commission(fill: Fill, *, realized_pnl: Decimal | None = None) -> IbCommission:
    """Return what a fill cost as TWS tells it; a commission that is not known is None."""
    return IbCommission(
        exec_id=fill.execution_id, commission=fill.commission, currency=fill.currency, realized_pnl=realized_pnl
    )

"""Executions as they were told: their ids, their corrections, what they cost, and which of them a filter asks for.

An id is like TWS's: a stem of three parts and a revision. The stem follows from the broker's own id, so that the same
execution has the same one in every run; the executions of one fill of a combo share its first two parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b

from v6_ib_plugin.gateway.desk.orders import DeskOrder
from v6_ib_plugin.gateway.wire.requests import ReqExecutions
from v6_ib_plugin.terms import IbCommission, IbContract, IbExecution
from v6_ib_plugin.times import day_text, moment_of
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.sessions import NEW_YORK

ZONE = "US/Eastern"
"""The zone in which this TWS tells times, and in which it reads those that name none."""
_SIDES = {"BUY": "BOT", "BOT": "BOT", "SELL": "SLD", "SLD": "SLD", "SSHORT": "SLD"}


@dataclass(slots=True, eq=False)
class Told:
    """One execution in its latest revision."""

    order: DeskOrder
    contract: IbContract
    execution: IbExecution
    time: datetime
    commission: IbCommission | None = None
    revision: int = 1


class Executions:
    """Every execution of the account, in the order in which they came."""

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._by_broker_id: dict[str, Told] = {}
        self._heard: set[str] = set()
        self._early: dict[str, tuple[Decimal, str]] = {}

    def is_new(self, execution_id: str) -> bool:
        """Tell whether the broker reports an execution for the first time; from here on it is known."""
        known = execution_id in self._heard
        self._heard.add(execution_id)
        return not known

    def find(self, execution_id: str) -> Told | None:
        """Return what was told of the broker's execution."""
        return self._by_broker_id.get(execution_id)

    def add(self, told: Told, execution_id: str | None) -> None:
        """Keep an execution; the row of a combo is none of the broker's."""
        self._told.append(told)
        if execution_id is not None:
            self._by_broker_id[execution_id] = told

    def correct(self, told: Told, execution: IbExecution, execution_id: str | None) -> None:
        """Let an execution take another's place under the next revision of its id."""
        told.revision += 1
        stem = told.execution.exec_id.rpartition(".")[0]
        told.execution = replace(execution, exec_id=f"{stem}.{told.revision:02d}")
        told.commission = None
        if execution_id is not None:
            self._heard.add(execution_id)
            self._by_broker_id[execution_id] = told

    def cost(self, execution_id: str, amount: Decimal, currency: str) -> Told | None:
        """Keep what an execution cost; return it unless that was known, or the execution itself is not there yet."""
        told = self._by_broker_id.get(execution_id)
        if told is None:
            self._early[execution_id] = (amount, currency)
            return None
        commission = IbCommission(exec_id=told.execution.exec_id, commission=amount, currency=currency)
        if commission == told.commission:
            return None
        told.commission = commission
        return told

    def early_cost(self, execution_id: str) -> tuple[Decimal, str] | None:
        """Return what the broker said of an execution's cost before it told the execution, once."""
        return self._early.pop(execution_id, None) if self._early else None

    def matching(self, asked: ReqExecutions, now: datetime) -> Iterator[Told]:
        """Yield the executions since midnight that a filter asks for; ``ValueError`` where its time or side is none."""
        since, side = _since(asked, now), _side(asked.side)
        for told in self._told:
            if told.time >= since and side in {"", told.execution.side} and _fits(told, asked):
                yield told


def _since(asked: ReqExecutions, now: datetime) -> datetime:
    local = now.astimezone(NEW_YORK)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if not asked.time.strip():
        return midnight
    try:
        return max(midnight, moment_of(asked.time, ZONE))
    except Untranslatable as error:
        raise ValueError(error.message) from None


def _side(asked: str) -> str:
    side = asked.strip().upper()
    if side and side not in _SIDES:
        raise ValueError(f"side {asked!r} is none of {', '.join(_SIDES)}")
    return _SIDES.get(side, "")


def _fits(told: Told, asked: ReqExecutions) -> bool:
    contract, execution = told.contract, told.execution
    return (
        asked.client_id in {0, execution.client_id}
        and asked.acct_code in {"", execution.acct_number}
        and asked.symbol.upper() in {"", contract.symbol}
        and asked.sec_type.upper() in {"", contract.sec_type}
        and asked.exchange.upper() in {"", execution.exchange}
    )


def stem(execution_id: str) -> str:
    """Return the first two parts of the ids of what came with one of the broker's executions."""
    digest = blake2b(execution_id.encode(), digest_size=8).hexdigest()
    return f"{digest[:8]}.{digest[8:]}"


def exec_id(of_stem: str, part: int = 1) -> str:
    """Return the id of a part of one fill, unrevised; the parts of a combo's fill are its own row and its legs."""
    return f"{of_stem}.{part:02d}.01"


@lru_cache(maxsize=64)
def time_text(moment: datetime) -> str:
    """Return the time of an execution as this TWS tells it, in its own zone."""
    local = moment.astimezone(NEW_YORK)
    return f"{day_text(local)} {local:%H:%M:%S} {ZONE}"

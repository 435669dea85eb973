"""What a kill did, what it proved, and what it could not do."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from v6core.engine.killing.process import EngineProcess
from v6core.orders import Order


class StoppedOrder(BaseModel):
    """An order that a kill cancelled, as far as it is known.

    ``order_id`` is None for another's order, ``in_journal`` tells whether the journal knows it, ``outcome`` is the
    broker's last word; None: it is gone from the open orders and nothing else was said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    order_ref: str | None = None
    order_id: UUID | None = None
    broker_order_id: str | None = None
    contract: str | None = None
    in_journal: bool = False
    outcome: str | None = None


class KillReport(BaseModel):
    """What a kill did.

    ``broker`` is None where no configuration could be used to reach one. ``journal`` is the file whose holder was
    ended, ``journal_read`` tells whether it was read, ``in_journal`` whether it keeps that trading is halted.
    ``verified``: complete snapshots of the broker, far enough apart, show no order in its scope that is open. ``open``
    are those that it still showed last. ``flat``: every position is closed; None where nobody asked for that.
    ``problems`` say in sentences what could not be done, ``notes`` what else is worth knowing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: str | None = None
    reason: str
    operator: str | None = None
    account_wide: bool = False
    halt_file: Path | None = None
    journal: Path | None = None
    journal_read: bool = False
    in_journal: bool = False
    process: EngineProcess = EngineProcess()
    engine_id: str | None = None
    verified: bool = False
    stopped: tuple[StoppedOrder, ...] = ()
    open: tuple[StoppedOrder, ...] = ()
    flat: bool | None = None
    flattening: tuple[Order, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_latched(self) -> bool:
        """Whether orders are held back until somebody resumes, also after a restart."""
        return self.halt_file is not None or self.in_journal

    @property
    def is_done(self) -> bool:
        """Whether all that was asked for is done and proved."""
        return self.is_latched and self.process.is_gone and self.verified and self.flat is not False

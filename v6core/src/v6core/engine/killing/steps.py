"""The kill, step by step. Whatever fails on the way is told, and the next step is taken all the same.

First the halt file, then the end of the engine's process, then the journal, then the broker: each step needs less to
work than the next, and none relies on the engine, the strategy or an extension.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

from v6core.clock import Clock, SystemClock
from v6core.config import Configuration
from v6core.engine.assembly import Blueprint, blueprint_of, make_broker
from v6core.engine.calls import within
from v6core.engine.killing.flattening import Flattening, flatten_all
from v6core.engine.killing.holding import Hold
from v6core.engine.killing.notebook import Notebook
from v6core.engine.killing.report import KillReport
from v6core.engine.killing.sweep import Sweep
from v6core.engine.lending import Lenders
from v6core.errors import V6Error
from v6core.events import SagaEnded, TradingState, TradingStateChanged
from v6core.fills import ActionTaken
from v6core.plugins import load_extensions

T = TypeVar("T")
_MARGIN: Final = 30.0


def kill(
    configuration: Configuration,
    *,
    reason: str,
    operator: str | None = None,
    account_wide: bool = False,
    flatten: bool = False,
    seconds: float | None = None,
    engine_id: str | None = None,
    clock: Clock | None = None,
) -> KillReport:
    """Hold orders back until somebody resumes, end the engine's process, and cancel all of its orders at the broker.

    ``account_wide`` cancels the orders of others, too, also those that were entered by hand. ``flatten`` closes all
    positions at the market once the cancels are proved. ``seconds`` bounds the time at the broker; unless said it is
    enough to prove what there is to prove. ``engine_id`` says whose orders are ours where the journal does not.

    It blocks, and runs an event loop of its own. It raises ValueError without a reason, and nothing else on purpose:
    what went wrong stands in the report's ``problems``.
    """
    if not reason.strip():
        raise ValueError("say why: the reason is kept in the journal")
    work = _Kill(configuration, f"KILLED: {reason}", operator, clock or SystemClock(), engine_id)
    work.hold()
    try:
        work.open_journal()
        work.stop_orders(seconds, account_wide=account_wide)
    finally:
        work.close_journal()
    if flatten:
        work.flatten(seconds)
    return work.report(account_wide=account_wide, flatten=flatten)


class _Kill:
    """One kill under way."""

    def __init__(
        self, configuration: Configuration, reason: str, operator: str | None, clock: Clock, engine_id: str | None
    ) -> None:
        self._configuration = configuration
        self._reason = reason
        self._operator = operator
        self._clock = clock
        self._engine_id = engine_id
        self._hold = Hold(reason)
        self._in_journal = False
        self._notebook: Notebook | None = None
        self._sweep: Sweep | None = None
        self._plan: Blueprint | None = None
        self._verified = False
        self._flattening = Flattening()
        self._notes = self._hold.notes
        self._problems = self._hold.problems

    def hold(self) -> None:
        """Set the halt file and end the engine's process."""
        self._hold.latch(self._configuration.halt_file)
        self._hold.end_engine(self._configuration.journal.path)

    def open_journal(self) -> None:
        """Open the journal as far as it lets itself, and write down that trading is halted."""
        path, broker = self._configuration.journal.path, self._configuration.broker
        notebook = self._notebook = Notebook(path, broker, self._engine_id)
        halted = TradingStateChanged(
            time=self._clock.now(), state=TradingState.HALTED, reason=self._reason, operator=self._operator
        )
        self._in_journal = notebook.write(halted)
        notebook.write(*self._ended_sagas(halted.time))
        if notebook.elsewhere:
            self._notes.append("the journal knows orders at other brokers, too: kill each with --broker NAME")

    def _ended_sagas(self, now: datetime) -> list[SagaEnded]:
        """Return the end of all work of several orders: no restart goes on with what a kill broke off."""
        unfinished = () if self._notebook is None else tuple(self._notebook.record.sagas)
        return [
            SagaEnded(time=now, saga_id=saga_id, action_taken=ActionTaken.FAILED, message=self._reason)
            for saga_id in unfinished
        ]

    def stop_orders(self, seconds: float | None, *, account_wide: bool) -> None:
        """Take the engine's place at the broker, and cancel until nothing is left."""
        notebook = self._notebook
        assert notebook is not None
        try:
            plan = blueprint_of(self._configuration, load_extensions((), ()), self._clock)
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, what was done so far is told
            self._problems.append(f"no order was cancelled: {_told(error)}")
            return
        everything = account_wide and self._can_cancel_everything(plan)
        if notebook.engine_id is None and not everything:
            self._problems.append(
                "no order was cancelled: without the journal nobody knows which orders are ours; give its engine id,"
                " the second part of each reference v6-..., or cancel account-wide"
            )
            return
        deadlines = plan.deadlines
        enough = deadlines.connect_deadline + deadlines.grace + 2 * deadlines.settle + _MARGIN
        sweep = self._sweep = Sweep(notebook, deadlines, plan.name, self._clock.now, everything=everything)
        try:
            work = partial(_at_broker, plan, self._configuration, sweep, seconds or enough)
            proved = self._on_a_loop(plan, work)
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, what was done so far is told
            self._problems.append(f"{plan.name} failed: {_told(error)}")
        else:
            self._verified = proved and everything == account_wide

    def close_journal(self) -> None:
        """Let go of the journal, which the engine that flattens opens anew."""
        if self._notebook is not None:
            self._notebook.close()

    def _can_cancel_everything(self, plan: Blueprint) -> bool:
        if plan.spec.capabilities.global_cancel:
            return True
        self._problems.append(f"{plan.name} cannot cancel the orders of others: its capabilities do not declare it")
        return False

    def _on_a_loop(self, plan: Blueprint, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run what there is to do on the kind of event loop that the broker calls for."""
        self._plan = plan
        with asyncio.Runner(loop_factory=plan.spec.event_loop(plan.settings)) as runner:
            return runner.run(work())

    def flatten(self, seconds: float | None) -> None:
        """Close all positions, unless an order may still be working: it could fill afterwards."""
        if not self._verified or self._plan is None:
            self._problems.append("not flattened: it is not proved that no order works any more")
            return
        try:
            work = partial(flatten_all, self._configuration, self._flattening, seconds or _MARGIN)
            self._on_a_loop(self._plan, work)
        except Exception as error:  # noqa: BLE001 -- whatever stands in the way, what was sent so far is told
            self._problems.append(f"not flattened: {_told(error)}")
        self._problems += self._flattening.problems

    def report(self, *, account_wide: bool, flatten: bool) -> KillReport:
        """Return what was done, what is proved, and what could not be done."""
        notebook, sweep = self._notebook, self._sweep
        return KillReport(
            broker=self._configuration.broker,
            reason=self._reason,
            operator=self._operator,
            account_wide=account_wide,
            halt_file=self._hold.halt_file,
            journal=self._configuration.journal.path,
            journal_read=notebook is not None and notebook.was_read,
            in_journal=self._in_journal,
            process=self._hold.process,
            engine_id=None if notebook is None else notebook.engine_id,
            verified=self._verified,
            stopped=() if sweep is None else sweep.stopped,
            open=() if sweep is None else sweep.open,
            flat=self._flattening.is_complete if flatten else None,
            flattening=tuple(self._flattening.orders),
            problems=(
                *self._problems,
                *(() if notebook is None else notebook.problems),
                *(() if sweep is None else sweep.problems),
            ),
            notes=tuple(self._notes),
        )


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, V6Error) else f"{type(error).__name__}: {error}"


async def _at_broker(plan: Blueprint, configuration: Configuration, sweep: Sweep, seconds: float) -> bool:
    lenders = Lenders(plan, configuration)
    broker = make_broker(plan.spec, plan.settings, plan, sweep.hear, lenders.opener(plan.name))
    try:
        return await sweep.run(broker, seconds)
    finally:
        for lender in lenders.opened:
            with contextlib.suppress(Exception):
                await within(plan.deadlines.connect_deadline, lender.disconnect())

"""How the engine's parts are put together, for one run from start to stop."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from v6core.broker import Broker, BrokerContext, BrokerSpec, ReportSink
from v6core.clock import Clock
from v6core.config import EngineSection
from v6core.engine.dispatch import Dispatch
from v6core.engine.execution import Execution
from v6core.engine.gate import Gate
from v6core.engine.groups import Groups
from v6core.engine.holdings import Holdings
from v6core.engine.inbox import Inbox
from v6core.engine.market import Market
from v6core.engine.operations import Operations
from v6core.engine.record import Record
from v6core.engine.recovery import Recovery
from v6core.engine.scribe import Notify, Scribe
from v6core.identifiers import IdSource, RandomIds
from v6core.journal import Journal
from v6core.planning import Placement
from v6core.plugins import Extensions
from v6core.risk import RiskLimits

_LOG = logging.getLogger("v6")
OpenBroker = Callable[[str], Awaitable[Broker]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """All that an engine is made from; ``open_journal`` is called at the start, so that a lock is held no longer.

    ``ids`` makes the ids of the orders that the engine makes itself.
    """

    name: str
    spec: BrokerSpec[Any]
    settings: BaseModel
    open_journal: Callable[[], Journal]
    limits: RiskLimits
    deadlines: EngineSection
    extensions: Extensions
    clock: Clock
    folder: Path
    halt_file: Path | None
    ids: IdSource = field(default_factory=RandomIds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One run's parts."""

    broker: Broker
    journal: Journal
    record: Record
    scribe: Scribe
    gate: Gate
    dispatch: Dispatch
    market: Market
    groups: Groups
    operations: Operations
    recovery: Recovery


def assemble(plan: Blueprint, open_broker: OpenBroker) -> Parts:
    """Open the journal, make the broker, and put the parts together; nothing is connected yet."""
    inbox = Inbox()
    broker = make_broker(plan.spec, plan.settings, plan, inbox.report, open_broker)
    simulated = broker.capabilities.simulated
    limits = plan.limits.for_simulated() if simulated else plan.limits
    journal = plan.open_journal()
    record = Record(journal.engine_id, plan.name)
    holdings = Holdings(record)
    scribe = Scribe(journal, record, (holdings.learn, *_observers(plan)))
    recovery = Recovery(
        broker=broker,
        journal=journal,
        record=record,
        scribe=scribe,
        inbox=inbox,
        holdings=holdings,
        deadlines=plan.deadlines,
    )
    gate = Gate(
        broker=broker,
        record=record,
        scribe=scribe,
        holdings=holdings,
        checks=plan.extensions.checks,
        limits=limits,
        deadlines=plan.deadlines,
        clock=plan.clock,
        is_ready=lambda: recovery.is_ready,
        halted_by_file=lambda: str(plan.halt_file) if plan.halt_file is not None and plan.halt_file.exists() else None,
        validate_options=lambda options: wrong_options(plan.spec, options),
    )
    dispatch = Dispatch(broker=broker, record=record, scribe=scribe, gate=gate, deadlines=plan.deadlines)
    market = Market(broker, plan.deadlines, plan.name)
    execution = Execution(
        broker=broker,
        record=record,
        scribe=scribe,
        gate=gate,
        dispatch=dispatch,
        market=market,
        placement=Placement(ids=plan.ids),
    )
    return Parts(
        broker=broker,
        journal=journal,
        record=record,
        scribe=scribe,
        gate=gate,
        dispatch=dispatch,
        market=market,
        groups=Groups(broker=broker, dispatch=dispatch),
        operations=Operations(execution, gate),
        recovery=recovery,
    )


def make_broker(
    spec: BrokerSpec[Any], settings: BaseModel, plan: Blueprint, report: ReportSink, open_broker: OpenBroker
) -> Broker:
    """Return the broker that a specification makes of its settings."""
    context = BrokerContext(
        name=plan.name,
        clock=plan.clock,
        report=report,
        folder=plan.folder,
        logger=_LOG.getChild(plan.name),
        open_broker=open_broker,
    )
    return spec.create(settings, context)


def _observers(plan: Blueprint) -> tuple[Notify, ...]:
    observers = plan.extensions.observers
    return (lambda change: observers.notify(change.event, change.order),) if observers.names else ()


def wrong_options(spec: BrokerSpec[Any], options: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the options that an order carries for its broker alone, or None."""
    if spec.order_options is None:
        return f"{spec.name} takes no options of its own, not {', '.join(options)}" if options else None
    try:
        spec.order_options.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        return f"options of {spec.name}: {where}: {first['msg']}"
    return None

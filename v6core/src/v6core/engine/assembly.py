"""How the engine's parts are put together, for one run from start to stop."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from v6core.broker import Broker, BrokerContext, BrokerSpec, ReportSink
from v6core.clock import Clock, SystemClock
from v6core.config import Configuration, EngineSection, settings_for
from v6core.config.problems import did_you_mean
from v6core.engine.alarms import Alarms
from v6core.engine.boundary import Boundary
from v6core.engine.dispatch import Dispatch
from v6core.engine.doubts import Doubts
from v6core.engine.emulation import Emulation
from v6core.engine.execution import Execution
from v6core.engine.gate import Gate
from v6core.engine.groups import Groups
from v6core.engine.holdings import Holdings
from v6core.engine.inbox import Inbox
from v6core.engine.latch import Latch
from v6core.engine.looking import Looking
from v6core.engine.market import Market
from v6core.engine.operations import Operations
from v6core.engine.protection import Protection
from v6core.engine.pulse import Pulse
from v6core.engine.record import Change, Record
from v6core.engine.recovery import Recovery
from v6core.engine.scribe import Notify, Scribe
from v6core.engine.surroundings import Surroundings
from v6core.engine.watchdog import Watchdog
from v6core.events import AlarmRaised, TradingState, TradingStateChanged
from v6core.identifiers import IdSource, RandomIds
from v6core.journal import Journal, SqliteJournal
from v6core.logs import Repeats
from v6core.planning import Placement
from v6core.plugins import Extensions, broker_of, identity, load_broker
from v6core.risk import Arming, RiskLimits

OBSERVER_DISABLED = "OBSERVER_DISABLED"
_LOG = logging.getLogger("v6")
_PLUGIN_REPEATS = Repeats(most=100)
OpenBroker = Callable[[str], Awaitable[Broker]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """All that an engine is made from; ``open_journal`` is called at the start, so that a lock is held no longer.

    ``plugin`` says whose the specification is: distribution and version. ``ids`` makes the ids of the orders that the
    engine makes itself.
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
    plugin: str = ""
    ids: IdSource = field(default_factory=RandomIds)


def blueprint_of(configuration: Configuration, extensions: Extensions, clock: Clock | None = None) -> Blueprint:
    """Return what an engine is made from that a configuration describes; its broker's plugin is loaded."""
    section = configuration.chosen
    spec = load_broker(section.plugin, configuration.folder)
    return Blueprint(
        name=section.name,
        spec=spec,
        settings=settings_for(section, spec.settings),
        open_journal=lambda: SqliteJournal.open(configuration.journal.path, ids=RandomIds()),
        limits=configuration.risk,
        deadlines=configuration.engine,
        extensions=extensions,
        clock=clock or SystemClock(),
        folder=configuration.journal.path.parent,
        halt_file=configuration.halt_file,
        plugin=identity(section.plugin, configuration.folder),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One run's parts."""

    broker: Broker
    journal: Journal
    record: Record
    holdings: Holdings
    scribe: Scribe
    gate: Gate
    dispatch: Dispatch
    market: Market
    groups: Groups
    operations: Operations
    emulation: Emulation
    protection: Protection
    recovery: Recovery
    doubts: Doubts
    alarms: Alarms
    latch: Latch
    watchdog: Watchdog


def assemble(plan: Blueprint, open_broker: OpenBroker) -> Parts:
    """Open the journal, make the broker, and put the parts together; nothing is connected yet."""
    inbox = Inbox()
    broker = make_broker(plan.spec, plan.settings, plan, inbox.report, open_broker)
    inbox.serve(broker.quarantine, broker.now)
    simulated = broker.capabilities.simulated
    limits = plan.limits.for_simulated() if simulated else plan.limits
    journal = plan.open_journal()
    record = Record(journal.engine_id, plan.name)
    holdings = Holdings()
    alarms = Alarms()
    followers: list[Notify] = [holdings.learn, alarms.learn]
    scribe = Scribe(journal, record, followers)
    followers += _observers(plan, scribe)
    alarms.open(scribe)
    latch = Latch(plan.halt_file)
    looking = Looking(
        broker=broker, record=record, scribe=scribe, inbox=inbox, holdings=holdings, deadlines=plan.deadlines
    )
    replayed: list[Notify] = [holdings.learn, alarms.replayed]
    recovery = Recovery(
        broker=broker,
        journal=journal,
        record=record,
        scribe=scribe,
        inbox=inbox,
        looking=looking,
        deadlines=plan.deadlines,
        replayed=replayed,
    )
    surroundings = Surroundings(
        broker=broker,
        record=record,
        holdings=holdings,
        limits=limits,
        clock=plan.clock,
        arming=_arming(plan.name, plan.settings),
        latched=lambda: latch.halted_by,
    )
    without_options = wrong_options(plan.spec, {})
    gate = Gate(
        broker=broker,
        record=record,
        scribe=scribe,
        holdings=holdings,
        checks=plan.extensions.checks,
        limits=limits,
        deadlines=plan.deadlines,
        surroundings=surroundings,
        is_ready=lambda: recovery.is_ready,
        link=lambda: recovery.link,
        validate_options=lambda options: wrong_options(plan.spec, options) if options else without_options,
    )
    dispatch = Dispatch(broker=broker, record=record, scribe=scribe, gate=gate, deadlines=plan.deadlines)
    doubts = Doubts(
        broker=broker,
        record=record,
        scribe=scribe,
        inbox=inbox,
        recovery=recovery,
        dispatch=dispatch,
        deadlines=plan.deadlines,
    )
    followers.append(doubts.learn)
    pulse = Pulse(
        clock=plan.clock,
        now=broker.now,
        scribe=scribe,
        recovery=recovery,
        patience=plan.deadlines.ack_deadline,
        halted_by=lambda: latch.halted_by,
    )
    inbox.heard = pulse.beat
    market = Market(broker, plan.deadlines, plan.name)
    execution = Execution(
        broker=broker,
        record=record,
        scribe=scribe,
        gate=gate,
        dispatch=dispatch,
        market=market,
        placement=Placement(ids=plan.ids),
        holdings=holdings,
        alarms=alarms,
        deadlines=plan.deadlines,
        wait_until_ready=recovery.wait_until_ready,
        is_ready=lambda: recovery.is_ready,
    )
    operations = Operations(execution, gate)
    emulation = Emulation(execution, operations.is_busy)
    followers.append(emulation.learn)
    operations.freed = emulation.freed
    protection = Protection(execution)
    followers.append(protection.learn)
    replayed.append(protection.replayed)
    return Parts(
        broker=broker,
        journal=journal,
        record=record,
        holdings=holdings,
        scribe=scribe,
        gate=gate,
        dispatch=dispatch,
        market=market,
        groups=Groups(execution, emulation),
        operations=operations,
        emulation=emulation,
        protection=protection,
        recovery=recovery,
        doubts=doubts,
        alarms=alarms,
        latch=latch,
        watchdog=_watchdog(plan, latch, scribe, recovery, pulse),
    )


def make_broker(
    spec: BrokerSpec[Any], settings: BaseModel, plan: Blueprint, report: ReportSink, open_broker: OpenBroker
) -> Boundary:
    """Return the broker that a specification makes of its settings, behind the boundary that judges its answers."""
    context = BrokerContext(
        name=plan.name,
        clock=plan.clock,
        report=report,
        folder=plan.folder,
        logger=_plugin_logger(plan.name),
        open_broker=open_broker,
    )
    return Boundary(broker_of(spec, settings, context), plan.name, plan.clock)


def _arming(name: str, settings: BaseModel) -> Arming:
    """Return what a broker's settings say about real money; a plugin without these two words trades none."""
    account: object = getattr(settings, "account", None)
    return Arming(
        section=name,
        live=getattr(settings, "live", False) is True,
        account=account if isinstance(account, str) else None,
    )


def _plugin_logger(name: str) -> logging.Logger:
    logger = _LOG.getChild(name)
    logger.addFilter(_PLUGIN_REPEATS)
    return logger


def _observers(plan: Blueprint, scribe: Scribe) -> tuple[Notify, ...]:
    """Return what tells the extensions; one that is disabled is an alarm, so that the journal says from when on."""
    observers = plan.extensions.observers
    observers.enable()

    def tell(change: Change) -> None:
        for disabled in observers.notify(change.event, change.order):
            scribe.note(AlarmRaised(time=change.event.time, code=OBSERVER_DISABLED, message=str(disabled)))

    return (tell,) if observers.names else ()


def _watchdog(plan: Blueprint, latch: Latch, scribe: Scribe, recovery: Recovery, pulse: Pulse) -> Watchdog:
    """Return the watchdog, whose halt is journaled once the loop wakes."""

    def latched(reason: str) -> None:
        scribe.note(TradingStateChanged(time=plan.clock.now(), state=TradingState.HALTED, reason=reason))

    return Watchdog(
        notice=plan.deadlines.watchdog,
        limit=plan.deadlines.block_limit,
        latch=latch,
        is_armed=lambda: recovery.is_ready,
        on_latched=latched,
        beat=pulse.beat,
    )


def wrong_options(spec: BrokerSpec[Any], options: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the options that an order carries for its broker alone, or None."""
    if spec.order_options is None:
        return f"{spec.name} takes no options of its own, not {', '.join(options)}" if options else None
    try:
        spec.order_options.model_validate(dict(options))
    except ValidationError as error:
        return f"options of {spec.name}: {_wrong_option(error.errors()[0], spec.order_options)}"
    return None


def _wrong_option(detail: Mapping[str, Any], model: type[BaseModel]) -> str:
    where, given = ".".join(map(str, detail["loc"])), detail["input"]
    if detail["type"] == "extra_forbidden":
        return f"there is no {where!r}{did_you_mean(where, model.model_fields) if where == detail['loc'][0] else ''}"
    words = str(detail["msg"]).removeprefix("Value error, ").replace("Input should", "must")
    told = f", not {given!r}" if words.startswith("must") and isinstance(given, str | int | float) else ""
    return f"{where}: {words}{told}" if where else f"{words}{told}"

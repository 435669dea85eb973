"""A gateway as a configuration describes it: in front of one of its brokers, or of the paper broker."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from v6_ib_plugin.gateway.gateway import Gateway, MakeBroker
from v6core.broker import Broker, BrokerContext, ReportSink
from v6core.clock import Clock
from v6core.config import Configuration
from v6core.engine.assembly import Blueprint, blueprint_of
from v6core.engine.lending import Lenders
from v6core.errors import ConfigurationError
from v6core.plugins import broker_of, load_extensions

PAPER = "paper"
"""The plugin that stands behind a gateway unless another is said, and the name of its section."""

_PAPER_DEFAULTS = {"fills": "realistic", "state": "off"}


def behind_a_gateway(configuration: Configuration, settings: Mapping[str, Any]) -> Configuration:
    """Return a configuration whose chosen broker is to stand behind a gateway, with some settings said otherwise.

    A paper broker fills from quotes and is kept nowhere, unless it is configured to do otherwise. ConfigurationError
    where settings are said of a broker of another plugin.
    """
    section = configuration.chosen
    if settings and section.plugin != PAPER:
        raise ConfigurationError(
            f"broker {section.name!r} takes no {' and no '.join(settings)} from here: only brokers of plugin paper do",
            hint=f"say it in [brokers.{section.name}], where its plugin {section.plugin} knows it",
        )
    defaults = _PAPER_DEFAULTS if section.plugin == PAPER else {}
    section = section.model_copy(update={"settings": {**defaults, **section.settings, **settings}})
    brokers = {**configuration.brokers, section.name: section}
    return configuration.model_copy(update={"brokers": brokers, "extensions": ()})


@asynccontextmanager
async def open_gateway(
    configuration: Configuration, clock: Clock | None = None, **options: Any
) -> AsyncGenerator[Gateway]:
    """Open a gateway in front of the configuration's broker; the options are those of ``Gateway``.

    The broker lives by the system's clock unless another is given. ConfigurationError where that broker cannot stand
    behind one.
    """
    plan = blueprint_of(configuration, load_extensions(), clock)
    if plan.spec.event_loop(plan.settings) is not None:
        raise ConfigurationError(
            f"broker {plan.name!r} cannot stand behind the gateway: its time jumps, and clients live in real time",
            hint="set its speed to a number",
        )
    lenders = Lenders(plan, configuration)
    gateway = Gateway(_maker(plan, lenders), name=plan.name, memory=_memory(plan), **options)
    try:
        async with gateway:
            yield gateway
    finally:
        for lender in lenders.opened:
            await lender.disconnect()


def _memory(plan: Blueprint) -> Path | None:
    """Return the gateway's own file beside its broker's; a broker that keeps nothing has a gateway that does not."""
    name: str | None = getattr(plan.settings, "state", None)
    if name is not None and name.strip().lower() in {"", "off"}:
        return None
    return plan.folder / Path(name.strip() if name else plan.name).expanduser().with_suffix(".gateway.jsonl")


def _maker(plan: Blueprint, lenders: Lenders) -> MakeBroker:
    def make(report: ReportSink) -> Broker:
        context = BrokerContext(
            name=plan.name,
            clock=plan.clock,
            report=report,
            folder=plan.folder,
            logger=logging.getLogger(f"v6.{plan.name}"),
            open_broker=lenders.opener(plan.name),
        )
        return broker_of(plan.spec, plan.settings, context)

    return make

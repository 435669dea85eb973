"""Other configured brokers, opened for their quotes alone by the broker that borrows them."""

from __future__ import annotations

from v6core.broker import Broker
from v6core.config import Configuration, settings_for
from v6core.engine.assembly import Blueprint, OpenBroker, make_broker
from v6core.engine.calls import answered
from v6core.errors import ConfigurationError
from v6core.plugins import load_broker


class Lenders:
    """Opens other brokers by name; ``opened`` are to be disconnected by whoever had them opened."""

    def __init__(self, plan: Blueprint, configuration: Configuration | None) -> None:
        self._plan = plan
        self._configuration = configuration
        self.opened: list[Broker] = []

    def opener(self, *askers: str) -> OpenBroker:
        """Return what opens another broker for the last of these, each of which was opened for the one before it."""

        async def open_broker(name: str) -> Broker:
            return await self._open(name, askers)

        return open_broker

    async def _open(self, name: str, askers: tuple[str, ...]) -> Broker:
        """Open another configured broker, for its quotes; what it reports concerns nobody here."""
        if name in askers:
            raise ConfigurationError(
                f"the quotes go round in a circle and come from nowhere: {' -> '.join((*askers, name))}",
                hint=f'give [brokers.{askers[-1]}] quotes of its own, such as "synthetic"',
            )
        configuration = self._configuration
        if configuration is None or name not in configuration.brokers:
            known = ", ".join(configuration.brokers) if configuration is not None else "none"
            raise ConfigurationError(f"there is no broker {name!r} to take quotes from (configured: {known})")
        section = configuration.brokers[name]
        spec = load_broker(section.plugin, configuration.folder)
        settings = settings_for(section, spec.settings)
        other = make_broker(spec, settings, self._plan, lambda _: None, self.opener(*askers, name))
        deadline = self._plan.deadlines.connect_deadline
        await answered(other.connect(), f"{name} did not connect", name=name, seconds=deadline)
        self.opened.append(other)
        return other

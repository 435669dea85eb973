"""A driver for a real paper account: nothing is driven, orders are tiny, and what a case made is cleaned up.

It touches nothing but its own: orders of others stay, and of positions only what its own orders changed is undone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from v6core.broker import BrokerSpec
from v6core.config import Configuration, settings_for
from v6core.errors import ConfigurationError
from v6core.plugins import load_broker
from v6core.testing.conformance.driver import Driver, LoopFactory
from v6core.testing.conformance.expecting import Broken
from v6core.testing.conformance.runner import MakeDriver, in_world
from v6core.testing.conformance.trial import Trial


class AccountDriver(Driver):
    """A configured broker, at its paper account."""

    tier: ClassVar[int] = 2
    patience: ClassVar[float] = 30.0
    limit: ClassVar[float] = 180.0
    quiet: ClassVar[float] = 0.5

    def __init__(self, configuration: Configuration, broker: str) -> None:
        section = configuration.brokers.get(broker)
        if section is None:
            known = ", ".join(configuration.brokers) or "none"
            raise ConfigurationError(
                f"there is no [brokers.{broker}] (configured: {known})",
                hint=f"--account takes the name of a section: write [brokers.{broker}] into v6.toml, with its plugin",
            )
        self.name = broker
        self._spec = load_broker(section.plugin, configuration.folder)
        if not self._spec.capabilities.quotes:
            raise ConfigurationError(
                f"[brokers.{broker}] cannot be proved on its account: it declares no quotes, and the price of what is "
                "traded there is asked of the broker",
                hint="declare quotes and answer them, or prove it at a driver: v6 conform ./my_driver.py",
            )
        self._settings: BaseModel = settings_for(section, self._spec.settings)
        if getattr(self._settings, "live", False):
            raise ConfigurationError(
                f"[brokers.{broker}] says live = true, and the suite trades on paper accounts alone",
                hint="configure the paper account beside it, and name that one",
            )
        self.deadlines = configuration.engine

    @property
    def spec(self) -> BrokerSpec[Any]:
        """The broker's, as its plugin announces it."""
        return self._spec

    @property
    def settings(self) -> BaseModel:
        """Its section of the configuration."""
        return self._settings

    @property
    def loop_factory(self) -> LoopFactory | None:
        """The event loop that the settings call for."""
        return self._spec.event_loop(self._settings)

    async def start(self, folder: Path) -> None:
        """Do nothing: the account is there."""

    async def stop(self) -> None:
        """Do nothing: what a case made has been undone by then."""


def account_driver(configuration: Configuration, broker: str) -> MakeDriver:
    """Return what makes drivers of a configured broker; ConfigurationError where it trades with real money."""
    AccountDriver(configuration, broker)  # what is wrong is said before the first case
    return lambda: AccountDriver(configuration, broker)


def account_of(make: MakeDriver) -> str:
    """Return the number of the account that would be traded on; ConfigurationError where it is not a paper account.

    Nothing is sent. What keeps the broker from being reached is raised as it is.
    """

    async def look(trial: Trial) -> str:
        trial.is_disturbed = True  # there is no end to judge
        return (await trial.broker.snapshot()).account.account or "without a number"

    try:
        return in_world(make(), look)
    except Broken as broken:
        raise ConfigurationError(str(broken), hint="the suite trades on paper accounts alone") from broken

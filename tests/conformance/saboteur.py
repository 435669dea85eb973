"""Brokers with one planted fault each, and the id of the case that must find it.

A saboteur is a ``Meddler``: it stands between v6 and a paper broker, and overrides what it spoils.

>>> @saboteur("CON-07", "a failed snapshot told as an empty account")
... class EmptyHanded(Meddler): ...
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel

from v6_paper_plugin.conformance import PaperDriver
from v6_paper_plugin.settings import PaperSettings
from v6core.broker import Broker, BrokerContext, BrokerSpec, Receipt
from v6core.capabilities import Capabilities
from v6core.contracts import Contract, ContractDetails
from v6core.fills import Preview
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.reports import Evidence, Report, Snapshot
from v6core.testing.conformance import CASES, Driver, Result, run_case


class Meddler(Broker):
    """A broker in front of another one, which changes nothing; ``declares`` are capabilities to claim."""

    declares: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def announced(cls, spec: BrokerSpec[Any]) -> BrokerSpec[Any]:
        """Return the specification that is announced in the place of the broker's."""
        return dataclasses.replace(spec, capabilities=_claimed(spec.capabilities, cls.declares))

    @classmethod
    def configured(cls, settings: PaperSettings) -> PaperSettings:
        """Return the settings that are given in the place of the broker's."""
        return settings

    def __init__(self, spec: BrokerSpec[Any], settings: BaseModel, context: BrokerContext) -> None:
        super().__init__(_claimed(spec.capabilities, self.declares), context)
        self.inner: Broker = spec.create(settings, dataclasses.replace(context, report=self.hear))

    @property
    def native(self) -> Any:
        return self.inner.native

    def now(self) -> datetime:
        return self.inner.now()

    def hear(self, report: Report) -> None:
        """Pass on what the broker says."""
        self._context.report(report)

    async def connect(self) -> None:
        await self.inner.connect()

    async def disconnect(self) -> None:
        await self.inner.disconnect()

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        return await self.inner.place(orders)

    async def cancel(self, order: Order) -> None:
        await self.inner.cancel(order)

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        await self.inner.modify(order, changes)

    async def cancel_everything(self) -> None:
        await self.inner.cancel_everything()

    async def snapshot(self) -> Snapshot:
        return await self.inner.snapshot()

    async def find(self, order_ref: str) -> Evidence:
        return await self.inner.find(order_ref)

    async def qualify(self, contract: Contract) -> ContractDetails:
        return await self.inner.qualify(contract)

    async def quote(self, contract: Contract) -> Quote:
        return await self.inner.quote(contract)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        return self.inner.quotes(contracts)

    async def option_chain(self, contract: Contract) -> OptionChain:
        return await self.inner.option_chain(contract)

    async def preview(self, orders: Sequence[Order]) -> Preview:
        return await self.inner.preview(orders)


@dataclasses.dataclass(frozen=True, slots=True)
class Saboteur:
    """A broker with one fault, and the id that must fail of it."""

    name: str
    breaks: str
    make_driver: Callable[[], Driver]
    case_id: str
    module: str

    def run(self) -> Result:
        """Run the case that must find it."""
        return run_case(CASES[self.case_id], self.make_driver())


SABOTEURS: dict[str, Saboteur] = {}
M = TypeVar("M", bound=type[Meddler])


def saboteur(breaks: str, name: str, *, case_id: str | None = None) -> Callable[[M], M]:
    """Register a saboteur: running ``case_id``, by default the case that it breaks, must fail by the id ``breaks``."""

    def register(meddler: M) -> M:
        assert name not in SABOTEURS, f"two saboteurs are called {name!r}"
        case = case_id or breaks.partition("/")[0]
        SABOTEURS[name] = Saboteur(name, breaks, lambda: SabotagedDriver(meddler), case, meddler.__module__)
        return meddler

    return register


class SabotagedDriver(PaperDriver):
    """The paper broker's worlds, with somebody in between."""

    def __init__(self, meddler: type[Meddler]) -> None:
        super().__init__()
        self._meddler = meddler

    def another(self) -> SabotagedDriver:
        return SabotagedDriver(self._meddler)

    @property
    def spec(self) -> BrokerSpec[Any]:
        spec = super().spec

        def create(settings: BaseModel, context: BrokerContext) -> Broker:
            return self._meddler(spec, settings, context)

        return dataclasses.replace(self._meddler.announced(spec), create=create)

    @property
    def settings(self) -> PaperSettings:
        return self._meddler.configured(super().settings)


def _claimed(capabilities: Capabilities, claims: Mapping[str, Any]) -> Capabilities:
    return Capabilities.model_validate({**dict(capabilities), **claims})

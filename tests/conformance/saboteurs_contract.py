"""Saboteurs of the contract."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import ConfigDict

from conformance.retelling import Retelling, with_fill
from conformance.saboteur import Meddler, saboteur
from v6_paper_plugin.settings import PaperSettings
from v6core.broker import Broker, BrokerSpec
from v6core.capabilities import Capabilities
from v6core.contracts import Contract
from v6core.errors import BrokerError, NotConnected
from v6core.fills import Preview
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.reports import (
    Evidence,
    FillReport,
    Snapshot,
)


@saboteur("CON-01", "None from a promised answer")
class Speechless(Meddler):
    async def find(self, order_ref: str) -> Evidence:
        found = await super().find(order_ref)
        return None if found.is_empty else found  # type: ignore[return-value]


@saboteur("CON-02", "declares other than its plugin announces")
class TwoFaced(Meddler):
    @property
    def capabilities(self) -> Capabilities:
        return super().capabilities.model_copy(update={"global_cancel": False})


@saboteur("CON-03", "takes keys that there are not")
class Lenient(Meddler):
    class Settings(PaperSettings):
        model_config = ConfigDict(extra="allow")

    @classmethod
    def announced(cls, spec: BrokerSpec[Any]) -> BrokerSpec[Any]:
        return dataclasses.replace(spec, settings=cls.Settings)


@saboteur("CON-05", "answers before it was ever asked to connect")
class Eager(Meddler):
    async def find(self, order_ref: str) -> Evidence:
        try:
            return await super().find(order_ref)
        except NotConnected:
            return Evidence()


@saboteur("CON-06", "cancels at its disconnect what works")
class CleansUp(Meddler):
    async def disconnect(self) -> None:
        await self.inner.cancel_everything()
        await super().disconnect()


@saboteur("CON-07", "a snapshot that fails is told as an empty account")
class EmptyHanded(Meddler):
    async def snapshot(self) -> Snapshot:
        try:
            self._last = await super().snapshot()
        except BrokerError:
            return Snapshot(time=self.now(), account=self._last.account.model_copy(update={"cash": Decimal(0)}))
        return self._last


@saboteur("CON-08", "fills are told of another account")
class WrongAccount(Retelling):
    def retold(self, report: Any) -> Any:
        return with_fill(report, account="PAPER-2") if isinstance(report, FillReport) else report


@saboteur("CON-09", "swallows cancellation")
class Stubborn(Meddler):
    async def snapshot(self) -> Snapshot:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.01)
        return await super().snapshot()


@saboteur("CON-10", "its settings hold the key itself")
class Careless(Meddler):
    class Settings(PaperSettings):
        api_key: str = ""

    @classmethod
    def announced(cls, spec: BrokerSpec[Any]) -> BrokerSpec[Any]:
        return dataclasses.replace(spec, settings=cls.Settings)

    @classmethod
    def configured(cls, settings: PaperSettings) -> PaperSettings:
        return cls.Settings(**dict(settings), api_key="PKABCDEF0123456789")


@saboteur("CON-11", "keeps its session in the class")
class Shared(Meddler):
    session: ClassVar[list[Broker]] = []

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.session.append(self.inner)
        self.inner = self.session[0]

    async def disconnect(self) -> None:
        self.session.clear()
        await super().disconnect()


@saboteur("CON-12", "lets out what it does not declare")
class Boastful(Meddler):
    @property
    def capabilities(self) -> Capabilities:
        return super().capabilities.model_copy(update={"fractional": True})


@saboteur("CON-13", "quotes with bid and ask the other way round")
class Crossed(Meddler):
    async def quote(self, contract: Contract) -> Quote:
        quote = await super().quote(contract)
        return quote.model_copy(update={"bid": quote.ask, "ask": quote.bid})


@saboteur("CON-14", "a chain that lists one strike of each expiration")
class Sparse(Meddler):
    async def option_chain(self, contract: Contract) -> OptionChain:
        chain = await super().option_chain(contract)
        rows = tuple(row.model_copy(update={"strikes": row.strikes[:1]}) for row in chain.expirations)
        return chain.model_copy(update={"expirations": rows})


@saboteur("CON-15", "a preview that tells nothing")
class Mute(Meddler):
    async def preview(self, orders: Sequence[Order]) -> Preview:
        return Preview()

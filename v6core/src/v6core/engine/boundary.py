"""The engine's side of a broker's plugin: every call goes through here, and every answer is judged.

What an answer must be, and which are nonsense, says ``soundness``; what cannot be awaited is as well. A nonsense answer
quarantines the broker and is raised as BrokerError, so that nothing is made of it: an order whose receipts are nonsense
is in doubt like one whose sending failed, and a snapshot that contradicts itself is no snapshot. How long a call may
take is ``calls``' affair.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from v6core.broker import Broker, Receipt
from v6core.capabilities import Capabilities
from v6core.clock import Clock
from v6core.contracts import Contract, ContractDetails
from v6core.engine.quarantine import Quarantine
from v6core.engine.soundness import (
    Nonsense,
    judging_snapshot,
    sound_chain,
    sound_details,
    sound_evidence,
    sound_preview,
    sound_quote,
    sound_receipts,
)
from v6core.errors import BrokerError
from v6core.fills import Preview
from v6core.identifiers import plainly
from v6core.orders import Order
from v6core.plugins.methods import not_async
from v6core.quotes import OptionChain, Quote
from v6core.reports import Evidence, Snapshot

T = TypeVar("T")


class Boundary(Broker):
    """A broker whose answers are judged before anybody acts on them; ``name`` is the configuration's."""

    def __init__(self, broker: Broker, name: str, clock: Clock) -> None:
        # There is no context to keep: whatever a broker does, the one behind does.
        self._broker = broker
        self._clock = clock
        self.name = name
        self.quarantine = Quarantine(name, self.now)

    @property
    def capabilities(self) -> Capabilities:
        """What the broker does."""
        return self._broker.capabilities

    @property
    def native(self) -> Any:
        """The object behind the plugin."""
        return self._broker.native

    def now(self) -> datetime:
        """Return the time at the broker; the wall clock's where the broker tells none."""
        try:
            now = self._broker.now()
            if type(now) is datetime and now.utcoffset() is not None:
                return now
            problem = f"now: {type(now).__name__} where an aware time belongs"
        except Exception as error:  # noqa: BLE001 -- an event needs a time, whatever a plugin raises
            problem, now = f"now: it raised {type(error).__name__}", None
        self._refuse_time(problem, now)
        return self._clock.now()

    def _refuse_time(self, problem: str, now: object) -> None:
        # The refusal asks for the time itself; a broker that tells none is refused once.
        if not self._is_timeless:
            self._is_timeless = True
            self.quarantine.refuse(problem, now)

    _is_timeless = False

    async def connect(self) -> None:
        """Connect."""
        await self._awaitable("connect", self._broker.connect())

    async def disconnect(self) -> None:
        """Disconnect."""
        await self._awaitable("disconnect", self._broker.disconnect())

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Hand orders over; what is said in their receipts must be about them."""
        answer: Any = await self._awaitable("place", self._broker.place(orders))
        return self._judged("place", answer, lambda: sound_receipts(answer, orders))

    async def cancel(self, order: Order) -> None:
        """Ask to cancel."""
        await self._awaitable("cancel", self._broker.cancel(order))

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Ask to change an order."""
        await self._awaitable("modify", self._broker.modify(order, changes))

    async def cancel_everything(self) -> None:
        """Ask to cancel every open order of the account."""
        await self._awaitable("cancel_everything", self._broker.cancel_everything())

    async def snapshot(self) -> Snapshot:
        """Return everything that the broker holds."""
        answer: Any = await self._awaitable("snapshot", self._broker.snapshot())
        return await self._judged_in_parts("snapshot", answer, judging_snapshot(answer, self.now()))

    async def find(self, order_ref: str) -> Evidence:
        """Return all that the broker knows under a reference."""
        answer: Any = await self._awaitable("find", self._broker.find(order_ref))
        return self._judged("find", answer, lambda: sound_evidence(answer, order_ref, self.now()))

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Return the contract completed: the same one."""
        answer: Any = await self._awaitable("qualify", self._broker.qualify(contract))
        return self._judged("qualify", answer, lambda: sound_details(answer, contract))

    async def quote(self, contract: Contract) -> Quote:
        """Return the present quote of a contract."""
        answer: Any = await self._awaitable("quote", self._broker.quote(contract))
        return self._judged("quote", answer, lambda: sound_quote(answer, (contract,), self.now()))

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Stream quotes of these contracts."""
        source: Any = self._broker.quotes(contracts)
        if not isinstance(source, AsyncIterable):
            problem = f"{plainly(type(source).__name__, 80)} where an async iterator belongs"
            raise self._refused("quotes", problem, source)
        return self._judged_stream(cast("AsyncIterable[Quote]", source), contracts)

    async def _judged_stream(self, source: AsyncIterable[Quote], contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        try:
            async for quote in source:
                yield self._judged("quotes", quote, lambda: sound_quote(quote, contracts, self.now()))  # noqa: B023 -- called at once
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on an underlying."""
        answer: Any = await self._awaitable("option_chain", self._broker.option_chain(contract))
        return self._judged("option_chain", answer, lambda: sound_chain(answer, contract))

    async def preview(self, orders: Sequence[Order]) -> Preview:
        """Return what orders would cost."""
        answer: Any = await self._awaitable("preview", self._broker.preview(orders))
        return self._judged("preview", answer, lambda: sound_preview(answer))

    def _awaitable(self, question: str, given: Any) -> Awaitable[Any]:
        """Return what a method gave to await; a method that is not asynchronous may have done anything by then."""
        if inspect.isawaitable(given):
            return given
        raise self._refused(question, not_async(self._broker, question), given)

    def _judged(self, question: str, answer: object, judge: Callable[[], T]) -> T:
        try:
            return judge()
        except Nonsense as nonsense:
            raise self._refused(question, str(nonsense), answer) from nonsense

    async def _judged_in_parts(self, question: str, answer: object, judging: Generator[None, None, T]) -> T:
        """Judge a long answer: thousands of executions must not keep the loop from everything else."""
        while True:
            try:
                self._judged(question, answer, lambda: next(judging))
            except StopIteration as end:
                sound: T = end.value
                return sound
            await asyncio.sleep(0)

    def _refused(self, question: str, problem: str, answer: object) -> BrokerError:
        self.quarantine.refuse(f"{question}: {problem}", answer)
        return BrokerError(
            f"broker {self.name!r} answered {question} with nonsense: {problem}",
            code="NONSENSE",
            hint="trading is halted; it is a fault of the plugin: see v6 journal, then v6 resume",
        )

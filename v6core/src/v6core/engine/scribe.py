"""Journal, then apply, then tell: the one way by which anything becomes known to the engine.

Events wait until the event loop has run what is ready, and what it then finds has come in, and go down in one durable
transaction; that is the group commit. It runs on the loop's own thread: handing a commit to a writer thread costs more
than it saves at order rates, and a single thread keeps a simulated run the same each time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from v6core.engine.record import Change, Record, Told
from v6core.errors import JournalError, NotConnected
from v6core.events import BaseOrderEvent, EngineEvent, Event, OrderEvent, TradingStateChanged, event_to_json
from v6core.journal import Entry, Journal
from v6core.lifecycle import OrderState
from v6core.logs import Repeats

_LOG = logging.getLogger(__name__)
_LOG.addFilter(Repeats())


class _Nobody:
    """Who waits for events that nobody waits for: most are of that kind, and a future of each costs its turn."""

    def done(self) -> bool:
        """Return False: a failure is never too late to be logged."""
        return False

    def set_result(self, _: None) -> None:
        """Do nothing."""

    def set_exception(self, error: BaseException) -> None:
        """Log it."""
        _LOG.error("an event could not be recorded: %s", error)


_NOBODY = _Nobody()
Waiter = asyncio.Future[None] | _Nobody
Request = tuple[Sequence[Event], Waiter]
Notify = Callable[[Change], None]


class Scribe:
    """Writes events in groups, applies what is durable, and wakes whoever waits for a change."""

    def __init__(self, journal: Journal, record: Record, notify: Sequence[Notify]) -> None:
        self._journal = journal
        self._record = record
        self._notify = notify
        self._waiting: list[Request] = []
        self._scheduled = False
        self._watchers: dict[UUID | None, set[asyncio.Future[None]]] = {}
        self._closed = False
        self._dropped: list[tuple[Sequence[Event], Exception]] = []
        self.failure: JournalError | None = None
        self.on_dropped: Callable[[Sequence[Event], Exception], None] = lambda _, error: _NOBODY.set_exception(error)
        """Called with events that nobody waits for and that cannot be taken in, and why; by default it is logged."""

    async def write(self, *events: Event) -> None:
        """Return when the events are durable and applied; JournalError where they are not, and then nothing changed."""
        await self._enqueue(events)

    def note(self, *events: Event) -> None:
        """Write events that nobody waits for; a failure is logged and latched."""
        self._hand_over(events, _NOBODY)

    async def drain(self) -> None:
        """Return when everything handed over so far is durable, or has failed."""
        self.flush()
        await asyncio.sleep(0)

    def flush(self) -> None:
        """Make what was handed over durable and applied at once, or fail it."""
        if self._waiting:
            self._flush()

    @property
    def backlog(self) -> int:
        """How many groups of events wait to be made durable."""
        return len(self._waiting)

    def close(self) -> None:
        """Let go of whoever waits for a change: none will come any more."""
        self._closed = True
        self._wake(tuple(self._watchers))

    def _enqueue(self, events: Sequence[Event]) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hand_over(events, done)
        return done

    def _hand_over(self, events: Sequence[Event], done: Waiter) -> None:
        self._waiting.append((events, done))
        if TradingStateChanged in map(type, events):
            asyncio.get_running_loop().call_soon(self._flush)  # a halt holds orders back: it waits for nothing else
        elif not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._let_in)

    def _let_in(self) -> None:
        """Wait for one more turn: what the sockets hold by now is read in it, and shares the commit."""
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        batch, self._waiting, self._scheduled = self._waiting, [], False
        if not batch:
            return
        changes, asking = self._work_out(batch)
        failure = self._append(changes) if changes else None
        if failure is not None:
            for done in asking:
                _fail(done, failure)
            return
        self._follow(changes, asking)
        dropped, self._dropped = self._dropped, []
        for events, error in dropped:
            self.on_dropped(events, error)

    def _follow(self, changes: Sequence[Change], asking: Iterable[Waiter]) -> None:
        """Make what is durable known. Where that fails, what is known is no longer what the journal says."""
        try:
            for change in changes:
                self._record.absorb(change)
            for done in asking:
                if not done.done():
                    done.set_result(None)
            if changes:
                self._tell(changes)
        except Exception as error:  # noqa: BLE001 -- whatever it is, nothing more may leave
            failure = self._latch(error, "following the journal failed")
            for done in asking:
                _fail(done, failure)

    def _append(self, changes: Sequence[Change]) -> JournalError | None:
        """Make changes durable, or return why they are not; a journal that failed once is not tried again."""
        if self.failure is None:
            try:
                self._journal.append([entry_of(change.event) for change in changes])
            except Exception as error:  # noqa: BLE001 -- whatever a store raises, the rows may or may not be there
                self._latch(error, "the journal failed")
        return self.failure

    def _work_out(self, batch: Sequence[Request]) -> tuple[list[Change], list[Waiter]]:
        """Return what all groups change; one group's nonsense does not keep another's intent from becoming durable."""
        changes: list[Change] = []
        asking: list[Waiter] = []
        tentative: dict[UUID, OrderState] = {}
        told = Told()
        for events, done in batch:
            try:
                found = self._record.work_out(events, tentative, told)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it goes to whoever asked
                if done is _NOBODY:
                    self._dropped.append((events, error))
                else:
                    _fail(done, error)
            else:
                asking.append(done)
                changes += found
                for change in found:
                    if change.state is not None:
                        tentative[change.state.terms.order_id] = change.state
                    elif not isinstance(change.event, BaseOrderEvent):
                        told.add(change.event)
        return changes, asking

    def _latch(self, error: Exception, what: str) -> JournalError:
        """Send nothing more until a new start: a journal that failed once cannot be trusted to know what it holds."""
        _LOG.error("%s; nothing more is sent: %s", what, error)
        told = f"{what} with {type(error).__name__}: {error}"
        self.failure = error if isinstance(error, JournalError) else JournalError(told)
        self._wake(tuple(self._watchers))
        return self.failure

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            for notify in self._notify:
                notify(change)
        self._wake({change.state.terms.order_id for change in changes if change.state is not None})

    def _wake(self, order_ids: Iterable[UUID | None]) -> None:
        for key in (None, *order_ids):
            for watcher in self._watchers.pop(key, ()):
                _let_go(watcher)

    async def changed(self, *order_ids: UUID, deadline: float | None = None) -> None:
        """Return after the next change of one of the orders; without any, after the next change of anything.

        Also at a deadline, a time of the loop. NotConnected once the engine has stopped.
        """
        if self._closed:
            raise NotConnected("the engine was stopped, so nothing more will be known of its orders")
        loop = asyncio.get_running_loop()
        watcher: asyncio.Future[None] = loop.create_future()
        timer = None if deadline is None else loop.call_at(deadline, _let_go, watcher)
        keys = order_ids or (None,)
        for key in keys:
            self._watchers.setdefault(key, set()).add(watcher)
        try:
            await watcher
        finally:
            if timer is not None:
                timer.cancel()
            for key in keys:
                watching = self._watchers.get(key)
                if watching is not None:
                    watching.discard(watcher)
                    if not watching:
                        del self._watchers[key]

    async def until(self, condition: Callable[[], bool], *order_ids: UUID, timeout: float | None = None) -> bool:
        """Wait until a condition on the orders holds; False where the time, in seconds, is over first."""
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while not condition():
            if deadline is not None and loop.time() >= deadline:
                return False
            await self.changed(*order_ids, deadline=deadline)
        return True


def entry_of(event: OrderEvent | EngineEvent) -> Entry:
    """Return the row that an event becomes in the journal."""
    order_id = event.order_id if isinstance(event, BaseOrderEvent) else None
    return Entry(kind=event.event, time=event.time, payload=event_to_json(event), order_id=order_id)


def _let_go(watcher: asyncio.Future[None]) -> None:
    if not watcher.done():
        watcher.set_result(None)


def _fail(done: Waiter, error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)

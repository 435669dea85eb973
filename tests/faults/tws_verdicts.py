"""What a journal says beside what another client of the gateway is told: orders, executions, positions.

The gateway is asked over the wire like any TWS, by a client with an id of its own; nothing is read from its inside.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from faults.tws_program import CLIENT_ID, HELD, LONG, SHORT
from gateway.raw_tws import RawTws, connected
from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.terms import IbContract, IbExecution, IbOrder
from v6core.contracts import Option
from v6core.engine.record import Record
from v6core.events import AlarmRaised, OrderIntended, event_from_json
from v6core.journal import open_for_reading, verify
from v6core.lifecycle import OrderState
from v6core.money import ZERO
from v6core.orders import OrderAction, OrderStatus

_S = OrderStatus
_OPEN = {
    "PreSubmitted": _S.SUBMITTED,
    "Submitted": _S.SUBMITTED,
    "PendingSubmit": _S.SUBMITTED,
    "PendingCancel": _S.SUBMITTED,
    "Inactive": _S.INACTIVE,
}
_ENDED = {"Filled": _S.FILLED, "Cancelled": _S.CANCELLED, "ApiCancelled": _S.CANCELLED, "Inactive": _S.REJECTED}
_OBSERVER = 99
_UNKNOWN_ORDER = 10147
_NEVER_ARRIVED = "it never arrived"
M = TypeVar("M", bound=messages.Message)


@dataclass(frozen=True, slots=True)
class Row:
    """One order as the gateway tells it."""

    order: IbOrder
    word: str
    filled: Decimal
    is_open: bool

    @property
    def status(self) -> OrderStatus:
        """The status that a journal must have come to."""
        if not self.is_open:
            return _ENDED.get(self.word, _S.IN_DOUBT)
        stands = _OPEN.get(self.word, _S.IN_DOUBT)
        return _S.PARTIALLY_FILLED if stands is _S.SUBMITTED and self.filled else stands


@dataclass(slots=True)
class GatewaysWord:
    """All that the gateway tells, and the numbers of orders that it holds and lists to nobody."""

    rows: list[Row] = field(default_factory=list[Row])
    executions: list[tuple[IbContract, IbExecution]] = field(default_factory=list[tuple[IbContract, IbExecution]])
    positions: dict[int, Decimal] = field(default_factory=dict[int, Decimal])
    unlisted: list[int] = field(default_factory=list[int])

    @classmethod
    async def ask(cls, host: str, port: int, placed: Sequence[IbOrder]) -> GatewaysWord:
        """Ask as another client; then, once all is told, ask for the cancel of what is not listed."""
        place = _Place(host, port)
        word = cls()
        async with connected(place, _OBSERVER) as client:
            await word._ask_orders(client)
            client.send(requests.ReqExecutions(req_id=1))
            told = await _until(client, messages.ExecDetailsEnd)
            word.executions = [(one.contract, one.execution) for one in _only(messages.ExecDetails, told)]
            client.send(requests.ReqPositions())
            told = await _until(client, messages.PositionEnd)
            word.positions = {one.contract.con_id: one.position for one in _only(messages.Position, told)}
        listed = {row.order.order_ref for row in word.rows}
        async with _as_the_program(place) as client:
            hidden = {order.order_id for order in placed if order.order_ref not in listed}
            word.unlisted = [number for number in sorted(hidden) if await _is_held(client, number)]
        return word

    async def _ask_orders(self, client: RawTws) -> None:
        client.send(requests.ReqAllOpenOrders())
        told = await _until(client, messages.OpenOrderEnd)
        filled = {one.status.perm_id: one.status.filled for one in _only(messages.OrderStatus, told)}
        for one in _only(messages.OpenOrder, told):
            self.rows.append(Row(one.order, one.state.status, filled.get(one.order.perm_id, ZERO), is_open=True))
        client.send(requests.ReqCompletedOrders(api_only=False))
        for done in _only(messages.CompletedOrder, await _until(client, messages.CompletedOrdersEnd)):
            told_filled = done.completion.filled_quantity or ZERO
            self.rows.append(Row(done.order, done.completion.status, told_filled, is_open=False))


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    port: int


@asynccontextmanager
async def _as_the_program(place: _Place) -> AsyncGenerator[RawTws]:
    """Connect with the program's client id, as soon as the gateway has noticed that the program is gone."""
    async with AsyncExitStack() as stack:
        while True:
            try:
                client = await stack.enter_async_context(connected(place, CLIENT_ID))
                break
            except AssertionError:  # the connection was closed at once: the id is in use
                await asyncio.sleep(0.02)
        yield client


async def _until(client: RawTws, end: type[messages.Message]) -> list[messages.Message]:
    found: list[messages.Message] = []
    while not isinstance(message := await client.next(), end):
        if message is None:
            raise ConnectionError(f"the gateway closed the connection before {end.__name__}")
        found.append(message)
    return found


def _only(kind: type[M], found: Iterable[messages.Message]) -> Iterator[M]:
    return (one for one in found if isinstance(one, kind))


async def _is_held(client: RawTws, number: int) -> bool:
    """Tell whether the gateway holds an order of that number, by asking for its cancel."""
    client.send(requests.CancelOrder(number))
    told = await client.until_time()
    answers = {one.answer.code for one in _only(messages.ErrMsg, told) if one.answer.req_id == number}
    return _UNKNOWN_ORDER not in answers


@dataclass(slots=True)
class JournalsWord:
    """What a journal comes to, who belongs to whom in it, and what it raised the alarm about."""

    record: Record
    entries: dict[UUID, list[UUID]] = field(default_factory=dict[UUID, list[UUID]])
    alarms: set[str] = field(default_factory=set[str])
    is_sound: bool = True

    @classmethod
    def read(cls, path: Path) -> JournalsWord:
        """Replay a journal."""
        with open_for_reading(path) as journal:
            word = cls(Record(journal.engine_id))
            events = [event_from_json(row.payload) for row in journal.rows()]
        word.record.replay(events, lambda _change: None)
        for event in events:
            if isinstance(event, AlarmRaised):
                word.alarms.add(event.code)
            elif isinstance(event, OrderIntended) and event.order.parent_order_id is not None:
                word.entries.setdefault(event.order.parent_order_id, []).append(event.order_id)
        word.is_sound = verify(path).ok
        return word


@dataclass(slots=True)
class Verdict:
    """What is wrong after a fault, each in a sentence; ``doubts`` are the orders left in doubt."""

    duplicates: list[str] = field(default_factory=list[str])
    orphans: list[str] = field(default_factory=list[str])
    lost: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    doubts: list[str] = field(default_factory=list[str])
    statuses: Counter[str] = field(default_factory=Counter[str])

    @property
    def bad(self) -> list[str]:
        """All that must not be."""
        named = ("duplicates", "orphans", "lost", "wrong", "doubts")
        return [f"{name}: {line}" for name in named for line in getattr(self, name)]


def compare(journal: JournalsWord, gateway: GatewaysWord) -> Verdict:
    """Hold a journal against what the gateway tells."""
    return _Comparison(journal, gateway).verdict()


class _Comparison:
    def __init__(self, journal: JournalsWord, gateway: GatewaysWord) -> None:
        self._journal, self._gateway = journal, gateway
        self._states = {str(state.terms.order_ref): state for state in journal.record.states.values()}
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        for row in gateway.rows:
            self._rows[row.order.order_ref].append(row)
        self._executed: defaultdict[str, set[str]] = defaultdict(set)
        for contract, execution in gateway.executions:
            if contract.sec_type != "BAG":
                self._executed[execution.order_ref].add(execution.exec_id)

    def verdict(self) -> Verdict:
        states, at_gateway = self._states, self._rows.keys() | self._executed.keys()
        verdict = Verdict(
            duplicates=[ref for ref, rows in self._rows.items() if self._is_double(states.get(ref), rows)],
            orphans=[f"{ref} is in no journal" for ref in at_gateway if ref not in states],
            lost=[f"{ref} is called {states[ref].status}" for ref in at_gateway if self._is_lost(states.get(ref))],
            doubts=[ref for ref, state in states.items() if state.status is _S.IN_DOUBT],
            statuses=Counter(str(state.status) for state in states.values()),
        )
        verdict.orphans += [f"number {number} is held and not listed" for number in self._gateway.unlisted]
        verdict.wrong += [f"{ref} {why}" for ref, state in states.items() for why in self._wrong(ref, state)]
        verdict.wrong += [*self._wrong_brackets(), *self._wrong_positions()]
        verdict.wrong += [] if self._journal.is_sound else ["the journal does not hold together"]
        return verdict

    @staticmethod
    def _is_double(state: OrderState | None, rows: Sequence[Row]) -> bool:
        """Tell whether a reference has two orders; that of an exit may have one in the place of another that ended."""
        is_exit = state is not None and state.terms.parent_order_id is not None
        return len([row for row in rows if row.is_open or row.filled or not is_exit]) > 1

    @staticmethod
    def _is_lost(state: OrderState | None) -> bool:
        return state is not None and state.status in {_S.LOST, _S.DENIED}

    def _wrong(self, ref: str, state: OrderState) -> Iterator[str]:
        if state.pending_cancel is not None or state.pending_modify is not None:
            yield "has a request that nobody answered"
        if state.anomalies:
            yield f"is flagged: {', '.join(sorted(state.anomalies))}"
        if set(state.ledger.live) != self._executed[ref]:
            yield f"has the fills {sorted(state.ledger.live)}; at the gateway they are {sorted(self._executed[ref])}"
        if ref not in self._rows:
            # A cancel that TWS answers with 10147 proves it absent, too: the plugin reports that as a refusal.
            is_refused = state.status is _S.REJECTED and _NEVER_ARRIVED in (state.reason or "")
            if state.status not in {_S.LOST, _S.DENIED, _S.IN_DOUBT} and not is_refused:
                yield f"is {state.status} ({state.reason}); the gateway does not know it"
            return
        row = max(self._rows[ref], key=lambda one: (one.is_open, one.filled, one.order.perm_id))
        if state.status is not row.status and state.status is not _S.IN_DOUBT and not self._is_lost(state):
            yield f"is {state.status} ({state.reason}); at the gateway it is {row.word}, {row.filled} filled"
        if state.totals.quantity != row.filled:
            yield f"has {state.totals.quantity:f} filled; at the gateway it has {row.filled:f}"
        ours = (state.terms.quantity, state.terms.limit_price)
        if row.is_open and ours != _terms(row.order):
            yield f"is for {ours[0]} at {ours[1]}; at the gateway for {_terms(row.order)}"

    def _wrong_brackets(self) -> Iterator[str]:
        states = self._journal.record.states
        for entry_id, exit_ids in self._journal.entries.items():
            entry, exits = states[entry_id], [str(states[each].terms.order_ref) for each in exit_ids]
            filled = sum((row.filled for row in self._rows[str(entry.terms.order_ref)]), ZERO)
            is_open = any(row.is_open for row in self._rows[str(entry.terms.order_ref)])
            working = [ref for ref in exits if any(row.is_open for row in self._rows[ref])]
            closed = sum((row.filled for ref in exits for row in self._rows[ref]), ZERO)
            if filled > closed and len(working) < len(exits) and "UNPROTECTED" not in self._journal.alarms:
                yield f"{entry.terms.order_ref} has {filled:f} filled, and {len(working)} of {len(exits)} exits work"
            if working and not filled and not is_open:
                yield f"{entry.terms.order_ref} is gone, and {len(working)} of its exits still work"
            if is_open and not filled and len(working) < len(exits) and "UNPROTECTED" not in self._journal.alarms:
                yield f"{entry.terms.order_ref} works, and {len(working)} of {len(exits)} exits do"

    def _wrong_positions(self) -> Iterator[str]:
        held: defaultdict[int, Decimal] = defaultdict(Decimal)
        for state in self._states.values():
            for fill in state.ledger.live.values():
                sign = 1 if fill.action is OrderAction.BUY else -1
                held[fill.contract.conid or 0] += sign * fill.quantity
        ours = {conid: quantity for conid, quantity in held.items() if quantity}
        theirs = {conid: quantity for conid, quantity in self._gateway.positions.items() if quantity}
        if ours != theirs:
            yield f"the fills come to {ours}; held are {theirs}"


def _terms(order: IbOrder) -> tuple[Decimal, Decimal | None]:
    limit = order.lmt_price if order.order_type == "LMT" else None
    return order.total_quantity, limit


def wrong_strategy(journal: JournalsWord) -> Iterator[str]:
    """Yield what is held of the vertical and must not be: too much, the other way round, or a short uncovered."""
    held: defaultdict[date, dict[Decimal, Decimal]] = defaultdict(lambda: {LONG: ZERO, SHORT: ZERO})
    for state in journal.record.states.values():
        for fill in state.ledger.live.values():
            if isinstance(fill.contract, Option):
                sign = 1 if fill.action is OrderAction.BUY else -1
                held[fill.contract.expiration][fill.contract.strike] += sign * fill.quantity
    for day, legs in held.items():
        if not 0 <= -legs[SHORT] <= legs[LONG] <= HELD:
            yield f"{legs[LONG]:f} long and {legs[SHORT]:f} short are held of {day}"
    if sum(legs[LONG] for legs in held.values()) > HELD:
        yield f"more than {HELD} are held over all days"


_CHANGED = (Decimal(12), Decimal(147))
_UNSENT = frozenset({"UNKNOWN_CONTRACT", "LINK_DOWN", "NOT_READY", "NO_QUOTE"})
"""Codes that say that nothing of an order was sent."""


def wrong_answer(verb: str, said: str, gateway: GatewaysWord) -> Iterator[str]:
    """Yield where the caller of a verb that concerns one order was told what the gateway does not bear out."""
    if verb in {"place", "fill"} and bool(gateway.rows) and said in _UNSENT:
        yield f"the caller was told {said}, and the gateway has the order"
    if verb in {"place", "fill"} and not gateway.rows and said in {_S.SUBMITTED, _S.FILLED}:
        yield f"the caller was told {said}, and the gateway has no order"
    if verb == "cancel" and said in {"True", "False"} and gateway.rows[0].is_open is (said == "True"):
        yield f"the caller was told {said}, and the order is {gateway.rows[0].word}"
    if verb == "modify" and said in {_S.SUBMITTED, "MODIFY_REJECTED"}:
        is_changed = _terms(gateway.rows[0].order) == _CHANGED
        if is_changed is (said == "MODIFY_REJECTED"):
            yield f"the caller was told {said}, and the order is for {_terms(gateway.rows[0].order)}"

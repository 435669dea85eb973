"""What a program holds in its hand: one engine, in front of one broker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from v6core.broker import Broker, BrokerSpec
from v6core.capabilities import Capabilities
from v6core.clock import Clock, SystemClock
from v6core.config import Configuration, EngineSection, load
from v6core.contracts import Contract, ContractDetails
from v6core.engine.arguments import (
    bracket_given,
    contract_given,
    contracts_given,
    order_given,
    order_id_given,
    strategy_given,
)
from v6core.engine.assembly import Blueprint, Parts, assemble, blueprint_of
from v6core.engine.calls import within
from v6core.engine.fingerprint import check_unchanged, fingerprint
from v6core.engine.leaving import cancel_on_exit
from v6core.engine.lending import Lenders
from v6core.engine.resolving import decision
from v6core.engine.rolling import RollTerms
from v6core.errors import NotConnected, OrderDenied, OutcomeUnknown, Unavailable, UnknownOrder
from v6core.events import EngineEvent, OrderEvent, TradingState, TradingStateChanged, Verdict, event_from_row
from v6core.fills import ActionTaken, ExecutionResult, Fill
from v6core.journal import Journal, MemoryJournal
from v6core.money import to_decimal
from v6core.orders import BracketOrder, OcaType, Order, OrderStatus
from v6core.planning.targets import Only, StrikeOffset
from v6core.plugins import Extensions, load_extensions
from v6core.plugins.attaching import told
from v6core.positions import Position, split_by_strategy
from v6core.quotes import OptionChain, Quote
from v6core.reports import Account
from v6core.risk import RiskLimits
from v6core.strategies import LegSpec, Strategy

_LOG = logging.getLogger(__name__)
Amount = Decimal | float | str


class OrderExecutionEngine:
    """One engine in front of one broker: an async context manager; entering it starts it.

    >>> async with await OrderExecutionEngine.from_config() as engine:
    ...     order = await engine.place_order(Stock("GOOG"), Order.market("BUY", 10))
    """

    def __init__(self, plan: Blueprint, configuration: Configuration | None = None) -> None:
        self._plan = plan
        self._parts: Parts | None = None
        self._lenders = Lenders(plan, configuration)

    # Made from a configuration, or from its parts.

    @classmethod
    async def from_config(
        cls,
        path: str | Path | None = None,
        *,
        broker: str | None = None,
        extensions: Iterable[object] = (),
        clock: Clock | None = None,
    ) -> Self:
        """Return the engine that ``v6.toml`` describes: the file at ``path``, else the usual places, else paper.

        ``broker`` chooses among ``[brokers.NAME]``; ``extensions`` are objects with hooks, beside those that the file
        lists. ConfigurationError tells what is wrong; nothing is opened or connected before the engine is entered.
        """
        return cls.from_configuration(load(path, broker=broker), extensions=extensions, clock=clock)

    @classmethod
    def from_configuration(
        cls, configuration: Configuration, *, extensions: Iterable[object] = (), clock: Clock | None = None
    ) -> Self:
        """Return the engine that a loaded configuration describes."""
        plan = blueprint_of(configuration, load_extensions(configuration.extensions, extensions), clock)
        return cls(plan, configuration)

    @classmethod
    def from_spec(
        cls,
        spec: BrokerSpec[Any],
        settings: BaseModel,
        *,
        name: str | None = None,
        open_journal: Callable[[], Journal] = MemoryJournal,
        limits: RiskLimits | None = None,
        deadlines: EngineSection | None = None,
        extensions: Extensions | Iterable[object] = (),
        clock: Clock | None = None,
        folder: Path | None = None,
        halt_file: Path | None = None,
    ) -> Self:
        """Return an engine in front of a broker given by its specification; by default it forgets at its end."""
        plan = Blueprint(
            name=name or spec.name,
            spec=spec,
            settings=settings,
            open_journal=open_journal,
            limits=limits or RiskLimits(),
            deadlines=deadlines or EngineSection(),
            extensions=extensions if isinstance(extensions, Extensions) else load_extensions((), extensions),
            clock=clock or SystemClock(),
            folder=folder or Path(".v6"),
            halt_file=halt_file,
        )
        return cls(plan)

    # Starting and stopping.

    async def start(self) -> None:
        """Open the journal, replay it, connect, reconcile, be ready. A second call changes nothing."""
        if self._parts is not None:
            return
        parts = assemble(self._plan, self._lenders.opener(self._plan.name))
        try:
            parts.recovery.replay()
            present = fingerprint(self._plan.plugin or self._plan.spec.name, self._plan.settings)
            check_unchanged(parts.record, present, accept=self._plan.deadlines.accept_change)
            parts.watchdog.start()
            await parts.recovery.start(self._plan.name, present)
            parts.recovery.spawn(parts.doubts.run())
            await self._take_up(parts)
        except BaseException:
            await self._end(parts)
            raise
        self._parts = parts

    async def _take_up(self, parts: Parts) -> None:
        """Go on with what an earlier run left half done, missing exits before all else."""
        doubled = (parts.record.states[order_id] for order_id in parts.record.doubled_ids)
        parts.alarms.resume(doubled, parts.broker.now())
        await parts.scribe.drain()
        parts.emulation.resume()
        if parts.recovery.is_ready:
            await parts.emulation.rearmed()
        parts.operations.resume()
        parts.protection.resume()

    async def stop(self) -> None:
        """See what is being sent through, disconnect, close the journal.

        Orders stay as they are at the broker, unless ``[engine] on_exit`` says that they are cancelled.
        """
        parts, self._parts = self._parts, None
        if parts is not None:
            await self._end(parts, regular=True)

    async def _end(self, parts: Parts, *, regular: bool = False) -> None:
        await parts.recovery.stop()
        await parts.operations.stop()
        await parts.emulation.stop()
        await parts.protection.stop()
        await parts.dispatch.finish()
        if regular:
            held, orders = parts.holdings.quantities(), parts.record.open_orders()
            await cancel_on_exit(parts.dispatch, orders, held, self._plan.deadlines)
            await parts.dispatch.finish()
        try:
            for broker in (parts.broker, *self._lenders.opened):
                await self._disconnect(broker)
            await parts.scribe.drain()
        finally:
            self._lenders.opened.clear()
            parts.watchdog.stop()
            parts.scribe.close()
            parts.journal.close()

    async def _disconnect(self, broker: Broker) -> None:
        """Disconnect a broker; one that fails or hangs keeps neither the others nor the journal from being closed."""
        try:
            await within(self._plan.deadlines.connect_deadline, broker.disconnect())
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, the engine ends
            _LOG.warning("%s did not disconnect: %s", self._plan.name, told(error))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def _run(self) -> Parts:
        if self._parts is None:
            raise NotConnected("the engine is not started", hint="enter it: async with engine: ...")
        return self._parts

    async def ready(self, timeout: float | None = None) -> None:
        """Return when orders can be placed; Unavailable where that takes longer than ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._run.recovery.wait_until_ready()
        except TimeoutError as error:
            raise Unavailable(f"the engine was not ready within {timeout:g} s") from error

    async def reconnect(self) -> None:
        """Close the connection to the broker, open another and reconcile; nothing is placed meanwhile.

        What was sent through a connection can be proved absent only through one that is younger.
        """
        await self._run.recovery.reconnect(self._plan.name)

    @property
    def name(self) -> str:
        """The name of the broker in the configuration."""
        return self._plan.name

    @property
    def capabilities(self) -> Capabilities:
        """What the broker does."""
        return self._run.broker.capabilities

    @property
    def native(self) -> Any:
        """The object behind the broker plugin, for what v6 has no word for."""
        return self._run.broker.native

    @property
    def journal(self) -> Journal:
        """The journal, to be read."""
        return self._run.journal

    def now(self) -> datetime:
        """Return the time at the broker, which is the market's own where that is simulated."""
        return self._run.broker.now()

    # Orders.

    async def place_order(self, contract: Contract, order: Order, *, despite_doubt: bool = False) -> Order:
        """Place an order and return it once the broker has answered: accepted, refused, filled, or IN_DOUBT.

        A broker's refusal is a status. OrderDenied where v6 refuses before anything is sent; ValueError for an order
        that is not CREATED, was placed before, or does not fit the contract. With ``despite_doubt`` an order that only
        reduces what the broker says is held, net of what works, goes out beside one that is in doubt: should that one
        fill as well, the position turns, and the journal tells how far.
        """
        contract, order = contract_given(contract), order_given(order)
        if self._parts is None:
            raise OrderDenied("NOT_READY: the engine is not started; nothing was sent", code="NOT_READY", order=order)
        (placed,) = await self._parts.dispatch.place(((contract, order),), despite_doubt=despite_doubt)
        return placed

    async def modify_order(self, order_id: UUID | str, **changes: Any) -> Order:
        """Change terms of a working order; see ``v6core.orders.MODIFIABLE`` for which.

        ModifyRejected where the broker refuses, OutcomeUnknown where it does not answer in time.
        """
        return await self._run.dispatch.modify(order_id_given(order_id), changes)

    async def cancel_order(self, order_id: UUID | str) -> bool:
        """Cancel an order: True when cancelled, False when refused or too late, OutcomeUnknown when unanswered."""
        return await self._run.dispatch.cancel(order_id_given(order_id))

    async def cancel_all(self, strategy_id: str | None = None) -> tuple[Order, ...]:
        """Cancel all orders of this engine, or of one strategy, and return them as they are then.

        What is being placed at this moment is waited for and cancelled, too.
        OutcomeUnknown, naming them, where some cancels were not answered; all others are carried out.
        """
        run = self._run
        doubled = (state.terms for state in run.record.states.values() if state.incarnations)
        orders = (*run.record.open_orders(), *run.dispatch.placing(), *doubled)
        mine = list(dict.fromkeys(order.order_id for order in orders if strategy_id in {None, order.strategy_id}))
        answers = await asyncio.gather(*(run.dispatch.cancel(order_id) for order_id in mine), return_exceptions=True)
        for outcome in answers:
            # One that was being placed may have been refused without a trace: it never was there.
            if isinstance(outcome, BaseException) and not isinstance(outcome, OutcomeUnknown | UnknownOrder):
                raise outcome
        unknown = [str(i) for i, outcome in zip(mine, answers, strict=True) if isinstance(outcome, OutcomeUnknown)]
        if unknown:
            raise OutcomeUnknown(f"nobody answered the cancels of {', '.join(unknown)}")
        known = (run.dispatch.state(order_id).order for order_id in mine if order_id in run.record.states)
        return tuple(order for order in known if order.status is not OrderStatus.DENIED)

    async def resolve(
        self,
        order_id: UUID | str,
        verdict: Verdict | str,
        reason: str,
        *,
        operator: str | None = None,
        quantity: Amount | None = None,
        price: Amount | None = None,
    ) -> Order:
        """Decide what became of an order in doubt, having looked at the broker's own pages, and return it then.

        ``quantity`` and ``price`` belong to FILLED: what filled beyond the fills that v6 knows, and its average price.
        It is journaled with the reason and the operator; what the broker shows of the order later still wins.
        DecisionRefused where the order is not in doubt, or the verdict cannot be.
        """
        run, wanted = self._run, order_id_given(order_id)
        decided = decision(
            run.dispatch.state(wanted),
            Verdict(verdict),
            reason,
            operator=operator or "a program",
            time=run.broker.now(),
            quantity=None if quantity is None else to_decimal(quantity, "quantity"),
            price=None if price is None else to_decimal(price, "price"),
        )
        await run.scribe.write(decided)
        return run.dispatch.state(wanted).order

    async def place_bracket_order(
        self,
        bracket: BracketOrder,
        entry_contract: Contract,
        tp_contract: Contract | None = None,
        sl_contract: Contract | None = None,
    ) -> ExecutionResult:
        """Place a bracket as one unit."""
        exits = (None if contract is None else contract_given(contract) for contract in (tp_contract, sl_contract))
        return await self._run.groups.bracket(bracket_given(bracket), contract_given(entry_contract), *exits)

    async def place_oca_group(
        self,
        orders: Sequence[Order],
        contract: Contract | Sequence[Contract],
        *,
        oca_type: OcaType | str | None = None,
    ) -> ExecutionResult:
        """Place orders of which a fill of one cancels the others; one contract for all, or one each.

        ``oca_type`` says what a fill does, by default CANCEL_WITH_BLOCK; orders without an oca_group are given one.
        """
        kind = None if oca_type is None else OcaType(oca_type)
        given = [order_given(order) for order in orders]
        return await self._run.groups.one_cancels_all(given, contracts_given(contract), kind)

    async def preview_order(self, contract: Contract, order: Order) -> ExecutionResult:
        """Return what an order would cost: DRY_RUN with its preview. It passes every check, and nothing is sent."""
        run = self._run
        bound = run.gate.bind(contract_given(contract), order_given(order))
        (checked,) = await run.gate.pass_through((bound,), dry=True)
        preview = await run.market.answer(run.broker.preview((checked,)), "no preview came")
        return ExecutionResult.of(ActionTaken.DRY_RUN, (checked,), preview=preview)

    # Strategies.

    async def open_position(
        self,
        strategy: Strategy,
        limit_price: Amount | None = None,
        timeout: float | None = None,
        *,
        at_market: bool = False,
    ) -> ExecutionResult:
        """Open a strategy as one order, and wait until it has ended or ``timeout`` seconds are over.

        ``limit_price`` is the net per unit, positive to pay and negative to receive; without it, the far side of the
        present quotes; ``at_market`` sends a market order.
        """
        price, operations = _price(limit_price), self._run.operations
        return await operations.open(strategy_given(strategy), price, timeout, at_market=at_market)

    async def close_position(
        self,
        strategy: Strategy,
        limit_price: Amount | None = None,
        timeout: float | None = None,
        *,
        at_market: bool = False,
        despite_doubt: bool = False,
    ) -> ExecutionResult:
        """Close what is held of a strategy, its own working orders cancelled first.

        One combo order where the broker takes it, else leg by leg, shorts bought back first. A close or roll that works
        already is waited for instead, and the result's ``note`` says so. One that is in doubt is returned as it is,
        unless ``despite_doubt`` sends another beside it for what the broker says is held: should both fill, the
        position turns, and the journal tells how far.
        """
        price, operations = _price(limit_price), self._run.operations
        given = strategy_given(strategy)
        return await operations.close(given, price, timeout, at_market=at_market, despite_doubt=despite_doubt)

    async def roll_position(
        self,
        strategy: Strategy,
        new_dte: int | None = None,
        limit_price: Amount | None = None,
        timeout: float | None = None,
        *,
        strike_offset: StrikeOffset = 0,
        target_legs: Sequence[LegSpec] | None = None,
        only: Only | None = None,
        sequential: bool = False,
        at_market: bool = False,
    ) -> ExecutionResult:
        """Roll what is held of a strategy to the listed expiration nearest to ``new_dte`` days from today.

        Refused where that is further off than 20 days and than a quarter of ``new_dte``. Same strikes, unless moved by
        ``strike_offset`` or given by ``target_legs``; ``only`` names the right, or the legs, to roll. One combo order;
        past the broker's leg limit refused, or split with ``sequential``.
        """
        terms = RollTerms(
            new_dte=new_dte,
            strike_offset=strike_offset,
            target_legs=None if target_legs is None else tuple(target_legs),
            only=only,
            sequential=sequential,
            limit_price=_price(limit_price),
            at_market=at_market,
        )
        return await self._run.operations.roll(strategy_given(strategy), terms, timeout)

    # What is known.

    async def wait_for(self, order_id: UUID | str, *statuses: OrderStatus | str, timeout: float | None = None) -> Order:
        """Return the order once it has one of the statuses, or has ended; without statuses, once it has ended.

        TimeoutError where that takes longer than ``timeout`` seconds.
        """
        run, wanted_id = self._run, order_id_given(order_id)
        wanted = {OrderStatus(status) for status in statuses}

        def reached() -> bool:
            status = run.dispatch.state(wanted_id).status
            return status in wanted or status.is_terminal

        if not await run.scribe.until(reached, wanted_id, timeout=timeout):
            status = run.dispatch.state(wanted_id).status
            raise TimeoutError(f"order {wanted_id} is still {status} after {timeout:g} s")
        return run.dispatch.state(wanted_id).order

    async def order(self, order_id: UUID | str) -> Order:
        """Return an order as it stands; UnknownOrder where the journal knows none of that id."""
        return self._run.dispatch.state(order_id_given(order_id)).order

    async def orders(
        self,
        *,
        strategy_id: str | None = None,
        statuses: Collection[OrderStatus | str] | None = None,
        open_only: bool = False,
        in_doubt: bool = False,
    ) -> tuple[Order, ...]:
        """Return the orders that the journal knows, oldest first, or those of a strategy, a status, or still open.

        ``in_doubt`` are those of which nobody knows what became of them, of a cancel or a modify of them, or how much
        of them filled; see ``resolve``.
        """
        wanted = None if statuses is None else {OrderStatus(status) for status in statuses}
        return tuple(
            state.order
            for state in self._run.record.states.values()
            if (strategy_id is None or state.terms.strategy_id == strategy_id)
            and (wanted is None or state.status in wanted)
            and (not open_only or state.status.is_open)
            and (not in_doubt or state.is_doubtful)
        )

    async def fills(self, *, order_id: UUID | str | None = None, strategy_id: str | None = None) -> tuple[Fill, ...]:
        """Return the fills that count: a replaced execution is not among them, and a combo has one per leg."""
        wanted = None if order_id is None else order_id_given(order_id)
        return tuple(
            fill
            for fill in self._run.record.fills()
            if wanted in {None, fill.order_id} and strategy_id in {None, fill.strategy_id}
        )

    async def strategies(self) -> tuple[Strategy, ...]:
        """Return the strategies that were opened through this engine, each as it was last recorded."""
        return tuple(self._run.record.strategies.values())

    async def positions(self) -> tuple[Position, ...]:
        """Return what the broker holds, split by strategy; what no strategy claims has ``strategy_id`` None."""
        run = self._run
        snapshot = await run.market.answer(run.broker.snapshot(), "no snapshot of positions came")
        return split_by_strategy(snapshot.positions, run.record.positions())

    async def account(self) -> Account:
        """Return the account's money."""
        run = self._run
        return (await run.market.answer(run.broker.snapshot(), "no snapshot of the account came")).account

    # Market data.

    async def quote(self, contract: Contract) -> Quote:
        """Return the present quote of a contract."""
        return await self._run.market.quote(contract_given(contract))

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Stream quotes, each first as it is and then as it changes; ``age`` and ``delayed`` say how fresh one is.

        Without contracts it ends at once.
        """
        return self._run.market.quotes([contract_given(contract) for contract in contracts])

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on an underlying."""
        return await self._run.market.chain(contract_given(contract))

    async def contract_details(self, contract: Contract) -> ContractDetails:
        """Return what the broker knows of a contract: its full terms and its ticks."""
        run, contract = self._run, contract_given(contract)
        return await run.market.answer(run.gate.details(contract), f"no details of {contract.key} came")

    # Watching and stopping.

    def events(self) -> AsyncIterator[OrderEvent | EngineEvent]:
        """Yield what happens from this call on, each event after it is durable, in order, none left out.

        A slow reader is never dropped: it reads on from the journal where it stopped. It ends with the engine.
        """
        return _follow(self._run, self._run.journal.last_seq)

    @property
    def trading_state(self) -> TradingState:
        """What is let out: ACTIVE everything, HALTED nothing but cancels and what only reduces."""
        run = self._run
        halted = run.latch.halted_by is not None
        return TradingState.HALTED if halted or run.scribe.failure is not None else run.record.trading_state

    async def halt(self, reason: str, *, reducing: bool = False, operator: str | None = None) -> None:
        """Let nothing out but cancels and what only reduces, durably, until ``resume``; ``reducing`` for REDUCING.

        It holds from the call on, and returns once what was being sent then is handed over or in doubt.
        """
        run, state = self._run, TradingState.REDUCING if reducing else TradingState.HALTED
        await self._set_trading_state(state, reason, operator)
        await run.dispatch.let_out()

    async def resume(self, reason: str, *, operator: str | None = None) -> None:
        """Let orders out again; a halt file is removed.

        Orders of ours that the broker has and the journal does not know are left to others from then on.
        """
        await self._set_trading_state(TradingState.ACTIVE, reason, operator)
        self._run.latch.open()

    async def _set_trading_state(self, state: TradingState, reason: str, operator: str | None) -> None:
        if not reason.strip():
            raise ValueError("say why: the reason is kept in the journal")
        run = self._run
        with run.gate.surroundings.announcing(state, reason):
            changed = TradingStateChanged(time=run.broker.now(), state=state, reason=reason, operator=operator)
            await run.scribe.write(changed)


async def _follow(run: Parts, seen: int) -> AsyncIterator[OrderEvent | EngineEvent]:
    with contextlib.suppress(NotConnected):
        while True:
            for row in run.journal.rows(after=seen):
                seen = row.seq
                yield event_from_row(row.payload)
            while run.journal.last_seq == seen:
                await run.scribe.changed()


def _price(value: Amount | None) -> Decimal | None:
    return None if value is None else to_decimal(value, "limit_price")

"""The steps: a bracket, an iron condor, its tested side rolled, everything closed.

Each leaves something for the next, and whatever a step cannot do is told and left out; the end is flat in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from v6core.cli.demo.brackets import as_taken, bracket_around
from v6core.cli.demo.charges import charged_fills
from v6core.cli.demo.choices import choose_condor, choose_roll, side_that_is_tested
from v6core.cli.demo.market import Pace, first_quote
from v6core.cli.demo.seeing import see_through
from v6core.cli.demo.telling import Kind, Step, say_fills, sent_text
from v6core.contracts import Stock
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied, Unavailable, V6Error
from v6core.fills import ExecutionResult
from v6core.identifiers import IdSource
from v6core.orders import BracketOrder, Order, OrderStatus
from v6core.planning import PlanningCode
from v6core.quotes import OptionChain, Quote
from v6core.sessions import trading_day
from v6core.strategies import LegSpec, Strategy, max_loss, max_profit

_SHARES = 10


@dataclass(slots=True)
class Story:
    """One run; ``notes`` say what was not possible and why."""

    engine: OrderExecutionEngine
    stock: Stock
    ids: IdSource
    pace: Pace
    tag: str = ""
    steps: list[Step] = field(default_factory=list[Step])
    notes: list[str] = field(default_factory=list[str])

    @property
    def strategy_ids(self) -> tuple[str, str]:
        """Whose orders the demo's are."""
        return f"demo-bracket{self.tag}", f"demo-condor{self.tag}"

    async def play(self) -> None:
        """Play it all; where something stops it half-way, close what is held before passing that on."""
        try:
            quote = await first_quote(self.engine, self.stock)
            await self._bracket(quote)
            await self._options()
        except V6Error:
            await self._flatten()
            raise
        await self._flatten()

    # 1: a bracket

    async def _bracket(self, quote: Quote) -> None:
        step = self._step("A bracket: one exit cancels the other")
        bracket = await self._made_bracket(quote)
        await self._send_bracket(bracket, step)
        entry = await see_through(self.engine, bracket.parent_order.order_id, self.pace, step)
        await self._say_filled(step, entry)
        if not entry.filled_quantity:
            self._remark(step, "the bracket's entry did not fill, so its exits were never at the market")
            return
        ended = await self._await_exits(bracket)
        for order in ended:
            await self._say_filled(step, order)
        for order in ended:
            if order.status is OrderStatus.CANCELLED and any(other.filled_quantity for other in ended):
                step.say(self.engine.now(), Kind.ENDED, f"{sent_text(order)}: CANCELLED by that fill")
        if not any(order.status is OrderStatus.FILLED for order in ended):
            minutes = f"{self.pace.exits / 60:.0f} minutes"
            self._remark(step, f"neither exit was reached in {minutes}: cancelled, and closed at the market")
            await self._close_at_market(self._shares(), step)

    async def _made_bracket(self, quote: Quote) -> BracketOrder:
        details = await self.engine.contract_details(self.stock)
        bracket = bracket_around(quote, details, _SHARES, self.ids, self.strategy_ids[0])
        return as_taken(bracket, self.stock, self.engine.capabilities)

    async def _send_bracket(self, bracket: BracketOrder, step: Step) -> None:
        now = self.engine.now()
        result = await self.engine.place_bracket_order(bracket, self.stock)
        for name, order in zip(("entry", "take profit", "stop loss"), result.orders, strict=True):
            step.say(now, Kind.SENT, f"{sent_text(order)} ({name})")
        if not result.success:
            step.say(self.engine.now(), Kind.NOTE, result.error_message or str(result.action_taken))

    async def _await_exits(self, bracket: BracketOrder) -> tuple[Order, ...]:
        """Return the exits once one has ended the other, or as they are when the time is over."""
        try:
            async with asyncio.timeout(self.pace.exits):
                for order in bracket.exits:
                    await self.engine.wait_for(order.order_id)
        except TimeoutError:
            pass
        return tuple([await self.engine.order(order.order_id) for order in bracket.exits])

    def _shares(self) -> Strategy:
        legs = (LegSpec(action="BUY", quantity=_SHARES),)
        return Strategy(strategy_id=self.strategy_ids[0], symbol=self.stock.symbol, legs=legs)

    # 2 to 4: a condor

    async def _options(self) -> None:
        chain = await self._chain()
        if chain is None:
            return
        await asyncio.sleep(self.pace.pause)
        strategy = await self._open(chain)
        if strategy is None:
            return
        await asyncio.sleep(self.pace.pause)
        strategy = await self._roll(chain, strategy)
        await asyncio.sleep(self.pace.pause)
        await self._close(strategy)

    async def _chain(self) -> OptionChain | None:
        try:
            return await self.engine.option_chain(self.stock)
        except (Unavailable, OrderDenied) as error:
            self.notes.append(f"no iron condor and no roll: {error.message}")
            return None

    async def _open(self, chain: OptionChain) -> Strategy | None:
        step = self._step("An iron condor, opened as one combo order")
        price = await self._price()
        condor = await choose_condor(self.engine, chain, price, self.strategy_ids[1])
        if condor is None:
            why = "no expiration with a later one lists four strikes around the price that are bid and offered"
            self._remark(step, f"no iron condor and no roll: {why}")
            return None
        result = await self._operate(step, self.engine.open_position(condor.strategy, timeout=self.pace.fill))
        order = await self._seen_through(step, result)
        if order is None or order.status is not OrderStatus.FILLED:
            self._remark(step, "the iron condor was not opened, so there is nothing to roll")
            return None
        net = order.avg_fill_price
        assert net is not None
        most, least = max_profit(condor.strategy, net), max_loss(condor.strategy, net)
        if most is not None and least is not None:
            text = f"at expiration {most:,.2f} to win at most, {least:,.2f} to lose"
            step.say(self.engine.now(), Kind.NOTE, text)
        return condor.strategy

    async def _roll(self, chain: OptionChain, strategy: Strategy) -> Strategy:
        step = self._step("The tested side rolled to a later expiration, as one combo order")
        price = await self._price()
        side = side_that_is_tested(strategy, price)
        day = await choose_roll(self.engine, chain, strategy, side)
        if day is None:
            self._remark(step, f"no roll: no later expiration bids and offers the strikes of the {side.lower()}s")
            return strategy
        text = f"{self.stock.symbol} at {price:.2f} tests the {side.lower()} side: to {day:%d %b}"
        step.say(self.engine.now(), Kind.NOTE, text)
        days = (day - trading_day(self.engine.now())).days
        rolling = self.engine.roll_position(strategy, days, timeout=self.pace.fill, only=side)
        order = await self._seen_through(step, await self._operate(step, rolling))
        if order is None or order.status is not OrderStatus.FILLED:
            self._remark(step, "the roll did not fill: the legs stay where they are")
        recorded = {known.strategy_id: known for known in await self.engine.strategies()}
        return recorded.get(strategy.strategy_id, strategy)

    async def _close(self, strategy: Strategy) -> None:
        step = self._step("Everything closed, as one combo order")
        result = await self._operate(step, self.engine.close_position(strategy, timeout=self.pace.fill))
        order = await self._seen_through(step, result)
        if order is None or order.status is not OrderStatus.FILLED:
            await self._close_at_market(strategy, step)

    # What the steps share

    def _step(self, title: str) -> Step:
        self.steps.append(Step(title))
        return self.steps[-1]

    def _remark(self, step: Step, text: str) -> None:
        step.say(self.engine.now(), Kind.NOTE, text)
        self.notes.append(text)

    async def _price(self) -> Decimal:
        price = (await first_quote(self.engine, self.stock)).mid
        assert price is not None
        return price

    async def _operate(self, step: Step, operation: Awaitable[ExecutionResult]) -> ExecutionResult | None:
        """Return what an operation came to; None where there is no quote to price it by."""
        now = self.engine.now()
        try:
            result = await operation
        except OrderDenied as denied:
            if denied.code != PlanningCode.NO_QUOTE:
                raise
            self._remark(step, denied.message)
            return None
        for order in result.orders:
            step.say(now, Kind.SENT, sent_text(order))
        return result

    async def _seen_through(self, step: Step, result: ExecutionResult | None) -> Order | None:
        """Return the last order of an operation once it has ended, its fills told."""
        ended: Order | None = None
        for order_id in result.order_ids if result is not None else ():
            ended = await see_through(self.engine, order_id, self.pace, step)
            await self._say_filled(step, ended)
        return ended

    async def _say_filled(self, step: Step, order: Order) -> None:
        say_fills(step, await charged_fills(self.engine, {order.order_id}))

    async def _close_at_market(self, strategy: Strategy, step: Step) -> None:
        closing = self.engine.close_position(strategy, timeout=10 * self.pace.fill, at_market=True)
        result = await self._operate(step, closing)
        for order_id in result.order_ids if result is not None else ():
            await self._say_filled(step, await self.engine.order(order_id))

    async def _flatten(self) -> None:
        """Close at the market what the steps have left; nothing, as a rule."""
        held = {row.strategy_id for row in await self.engine.positions()}
        recorded = {known.strategy_id: known for known in await self.engine.strategies()}
        for strategy_id in self.strategy_ids:
            await self.engine.cancel_all(strategy_id)
            if strategy_id in held:
                step = self._step(f"What was left of {strategy_id}, closed at the market")
                await self._close_at_market(recorded.get(strategy_id, self._shares()), step)

    async def order_ids(self) -> tuple[UUID, ...]:
        """Return the ids of all orders of the story."""
        orders = [order for name in self.strategy_ids for order in await self.engine.orders(strategy_id=name)]
        return tuple(order.order_id for order in orders)

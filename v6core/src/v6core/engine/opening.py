"""Opening a strategy: one order, at a limit, at the far side of the present quotes, or at the market."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

from v6core.contracts import Contract, Option, Stock
from v6core.engine.execution import Deadline, Execution
from v6core.engine.gate import Gate, lookup_code
from v6core.errors import BrokerError, NotSupported, OrderDenied
from v6core.events import Purpose, StrategyRecorded
from v6core.fills import ExecutionResult
from v6core.orders import Order
from v6core.planning import PlanningCode, PlanningError, combo_order, far_side, strategy_after
from v6core.planning.prices import Pricing
from v6core.planning.targets import why_unlisted
from v6core.sessions import trading_day
from v6core.strategies import Strategy


class Opening:
    """Opens strategies, each once."""

    def __init__(self, execution: Execution, gate: Gate, is_busy: Callable[[str], bool]) -> None:
        self._execution = execution
        self._gate = gate
        self._is_busy = is_busy
        self._opening: set[str] = set()

    async def open(
        self, strategy: Strategy, limit_price: Decimal | None, deadline: Deadline, *, at_market: bool
    ) -> ExecutionResult:
        """Open a strategy as one order, and wait until it has ended or the time is over."""
        execution = self._execution
        self._refuse_second(strategy)
        self._opening.add(strategy.strategy_id)
        try:
            order = await self._order(strategy, limit_price, at_market=at_market)
            opened = StrategyRecorded(time=execution.broker.now(), strategy=strategy)
            far = limit_price is None and not at_market
            placed = await execution.place(order, Purpose.OPEN, opened, far_side=far)
        finally:
            self._opening.discard(strategy.strategy_id)
        await execution.ended((placed.order_id,), deadline)
        held = execution.held_of_record(strategy)
        return execution.result(Purpose.OPEN, (placed.order_id,), strategy_after(strategy, held))

    def _refuse_second(self, strategy: Strategy) -> None:
        known = self._execution.record.of_strategy(strategy.strategy_id)
        is_open = any(state.status.is_open for state in known) or strategy.strategy_id in self._opening
        if is_open or self._is_busy(strategy.strategy_id) or self._execution.held_of_record(strategy):
            raise OrderDenied(
                f"ALREADY_OPEN: {strategy.strategy_id} is held, or being opened, closed or rolled; a second one needs "
                "its own strategy_id",
                code="ALREADY_OPEN",
            )

    async def _order(self, strategy: Strategy, limit_price: Decimal | None, *, at_market: bool) -> Order:
        Pricing.of({}, limit_price, at_market=at_market)
        # A contract that is not listed has no quote either, and advice about the price would be of no use.
        await asyncio.gather(*(self._look_up(contract) for contract, _ in strategy.signed_legs))
        if limit_price is None and not at_market:
            limit_price = await self._far_side(strategy)
        return combo_order(strategy.signed_legs, limit_price, **self._execution.placement.terms(strategy.strategy_id))

    async def _look_up(self, contract: Contract) -> None:
        market = self._execution.market
        try:
            await market.answer(self._gate.details(contract), f"no details of {contract.key} came")
        except (BrokerError, NotSupported) as error:
            why = await self._why_unlisted(contract) or f"{contract.key} could not be looked up: {error}"
            code = lookup_code(error)
            raise OrderDenied(f"{code}: {why}; nothing was sent", code=code, hint=error.hint) from error

    async def _why_unlisted(self, contract: Contract) -> str | None:
        """Return what is listed instead of an option, or None where the broker does not tell."""
        execution = self._execution
        if not isinstance(contract, Option) or not execution.broker.capabilities.option_chains:
            return None
        try:
            chain = await execution.market.chain(Stock(contract.symbol, currency=contract.currency))
        except (BrokerError, NotSupported):
            return None
        return why_unlisted(contract, chain, trading_day(execution.broker.now()))

    async def _far_side(self, strategy: Strategy) -> Decimal:
        quotes = await self._execution.market.known_quotes(contract for contract, _ in strategy.signed_legs)
        price = far_side(strategy.signed_legs, quotes)
        if price is None:
            missing = [contract.key for contract, _ in strategy.signed_legs if contract.key not in quotes]
            raise PlanningError(
                PlanningCode.NO_QUOTE,
                f"there is no quote to price {strategy.strategy_id} by ({', '.join(missing) or 'a side is missing'})",
                hint="give a limit_price, or at_market=True",
            )
        return price

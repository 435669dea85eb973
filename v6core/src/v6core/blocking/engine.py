"""The blocking engine: the methods of ``OrderExecutionEngine`` without await.

Written by ``scripts/make_blocking.py``; change the asynchronous engine and run it again.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from v6core.blocking.loop_thread import LoopThread
from v6core.capabilities import Capabilities
from v6core.contracts import Contract, ContractDetails
from v6core.engine.engine import Amount, OrderExecutionEngine
from v6core.events import EngineEvent, OrderEvent, TradingState, Verdict
from v6core.fills import ExecutionResult, Fill
from v6core.orders import BracketOrder, OcaType, Order, OrderStatus
from v6core.planning.targets import Only, StrikeOffset
from v6core.positions import Position
from v6core.quotes import OptionChain, Quote
from v6core.reports import Account
from v6core.strategies import LegSpec, Strategy


class BlockingEngine:
    """One engine in front of one broker, for programs without an event loop: a context manager; see ``connect``."""

    def __init__(self, engine: OrderExecutionEngine, thread: LoopThread) -> None:
        self._engine = engine
        self._thread = thread
        self._finalizer = weakref.finalize(self, _close, engine, thread)

    def close(self) -> None:
        """Stop the engine and its thread. A second call changes nothing; orders stay as they are at the broker."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ready(self, timeout: float | None = None) -> None:
        """Return when orders can be placed; Unavailable where that takes longer than ``timeout`` seconds."""
        self._thread.call(self._engine.ready(timeout))

    def reconnect(self) -> None:
        """Close the connection to the broker, open another and reconcile; nothing is placed meanwhile.

        What was sent through a connection can be proved absent only through one that is younger.
        """
        self._thread.call(self._engine.reconnect())

    @property
    def name(self) -> str:
        """The name of the broker in the configuration."""
        return self._engine.name

    @property
    def capabilities(self) -> Capabilities:
        """What the broker does."""
        return self._engine.capabilities

    @property
    def native(self) -> Any:
        """The object behind the broker plugin, for what v6 has no word for."""
        return self._engine.native

    def now(self) -> datetime:
        """Return the time at the broker, which is the market's own where that is simulated."""
        return self._engine.now()

    def place_order(self, contract: Contract, order: Order, *, despite_doubt: bool = False) -> Order:
        """Place an order and return it once the broker has answered: accepted, refused, filled, or IN_DOUBT.

        A broker's refusal is a status. OrderDenied where v6 refuses before anything is sent; ValueError for an order
        that is not CREATED, was placed before, or does not fit the contract. With ``despite_doubt`` an order that only
        reduces what the broker says is held, net of what works, goes out beside one that is in doubt: should that one
        fill as well, the position turns, and the journal tells how far.
        """
        return self._thread.call(self._engine.place_order(contract, order, despite_doubt=despite_doubt))

    def modify_order(self, order_id: UUID | str, **changes: Any) -> Order:
        """Change terms of a working order; see ``v6core.orders.MODIFIABLE`` for which.

        ModifyRejected where the broker refuses, OutcomeUnknown where it does not answer in time.
        """
        return self._thread.call(self._engine.modify_order(order_id, **changes))

    def cancel_order(self, order_id: UUID | str) -> bool:
        """Cancel an order: True when cancelled, False when refused or too late, OutcomeUnknown when unanswered."""
        return self._thread.call(self._engine.cancel_order(order_id))

    def cancel_all(self, strategy_id: str | None = None) -> tuple[Order, ...]:
        """Cancel all orders of this engine, or of one strategy, and return them as they are then.

        What is being placed at this moment is waited for and cancelled, too.
        OutcomeUnknown, naming them, where some cancels were not answered; all others are carried out.
        """
        return self._thread.call(self._engine.cancel_all(strategy_id))

    def resolve(
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
        return self._thread.call(
            self._engine.resolve(order_id, verdict, reason, operator=operator, quantity=quantity, price=price)
        )

    def place_bracket_order(
        self,
        bracket: BracketOrder,
        entry_contract: Contract,
        tp_contract: Contract | None = None,
        sl_contract: Contract | None = None,
    ) -> ExecutionResult:
        """Place a bracket as one unit."""
        return self._thread.call(self._engine.place_bracket_order(bracket, entry_contract, tp_contract, sl_contract))

    def place_oca_group(
        self, orders: Sequence[Order], contract: Contract | Sequence[Contract], *, oca_type: OcaType | str | None = None
    ) -> ExecutionResult:
        """Place orders of which a fill of one cancels the others; one contract for all, or one each.

        ``oca_type`` says what a fill does, by default CANCEL_WITH_BLOCK; orders without an oca_group are given one.
        """
        return self._thread.call(self._engine.place_oca_group(orders, contract, oca_type=oca_type))

    def preview_order(self, contract: Contract, order: Order) -> ExecutionResult:
        """Return what an order would cost: DRY_RUN with its preview. It passes every check, and nothing is sent."""
        return self._thread.call(self._engine.preview_order(contract, order))

    def open_position(
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
        return self._thread.call(self._engine.open_position(strategy, limit_price, timeout, at_market=at_market))

    def close_position(
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
        return self._thread.call(
            self._engine.close_position(
                strategy, limit_price, timeout, at_market=at_market, despite_doubt=despite_doubt
            )
        )

    def roll_position(
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
        return self._thread.call(
            self._engine.roll_position(
                strategy,
                new_dte,
                limit_price,
                timeout,
                strike_offset=strike_offset,
                target_legs=target_legs,
                only=only,
                sequential=sequential,
                at_market=at_market,
            )
        )

    def wait_for(self, order_id: UUID | str, *statuses: OrderStatus | str, timeout: float | None = None) -> Order:
        """Return the order once it has one of the statuses, or has ended; without statuses, once it has ended.

        TimeoutError where that takes longer than ``timeout`` seconds.
        """
        return self._thread.call(self._engine.wait_for(order_id, *statuses, timeout=timeout))

    def order(self, order_id: UUID | str) -> Order:
        """Return an order as it stands; UnknownOrder where the journal knows none of that id."""
        return self._thread.call(self._engine.order(order_id))

    def orders(
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
        return self._thread.call(
            self._engine.orders(strategy_id=strategy_id, statuses=statuses, open_only=open_only, in_doubt=in_doubt)
        )

    def fills(self, *, order_id: UUID | str | None = None, strategy_id: str | None = None) -> tuple[Fill, ...]:
        """Return the fills that count: a replaced execution is not among them, and a combo has one per leg."""
        return self._thread.call(self._engine.fills(order_id=order_id, strategy_id=strategy_id))

    def strategies(self) -> tuple[Strategy, ...]:
        """Return the strategies that were opened through this engine, each as it was last recorded."""
        return self._thread.call(self._engine.strategies())

    def positions(self) -> tuple[Position, ...]:
        """Return what the broker holds, split by strategy; what no strategy claims has ``strategy_id`` None."""
        return self._thread.call(self._engine.positions())

    def account(self) -> Account:
        """Return the account's money."""
        return self._thread.call(self._engine.account())

    def quote(self, contract: Contract) -> Quote:
        """Return the present quote of a contract."""
        return self._thread.call(self._engine.quote(contract))

    def quotes(self, contracts: Sequence[Contract]) -> Iterator[Quote]:
        """Stream quotes, each first as it is and then as it changes; ``age`` and ``delayed`` say how fresh one is.

        Without contracts it ends at once.
        """
        return self._thread.iterate(self._engine.quotes(contracts))

    def option_chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on an underlying."""
        return self._thread.call(self._engine.option_chain(contract))

    def contract_details(self, contract: Contract) -> ContractDetails:
        """Return what the broker knows of a contract: its full terms and its ticks."""
        return self._thread.call(self._engine.contract_details(contract))

    def events(self) -> Iterator[OrderEvent | EngineEvent]:
        """Yield what happens from this call on, each event after it is durable, in order, none left out.

        A slow reader is never dropped: it reads on from the journal where it stopped. It ends with the engine.
        """
        return self._thread.iterate(self._engine.events())

    @property
    def trading_state(self) -> TradingState:
        """What is let out: ACTIVE everything, HALTED nothing but cancels and what only reduces."""
        return self._engine.trading_state

    def halt(self, reason: str, *, reducing: bool = False, operator: str | None = None) -> None:
        """Let nothing out but cancels and what only reduces, durably, until ``resume``; ``reducing`` for REDUCING.

        It holds from the call on, and returns once what was being sent then is handed over or in doubt.
        """
        self._thread.call(self._engine.halt(reason, reducing=reducing, operator=operator))

    def resume(self, reason: str, *, operator: str | None = None) -> None:
        """Let orders out again; a halt file is removed.

        Orders of ours that the broker has and the journal does not know are left to others from then on.
        """
        self._thread.call(self._engine.resume(reason, operator=operator))


def _close(engine: OrderExecutionEngine, thread: LoopThread) -> None:
    try:
        thread.call(engine.stop())
    finally:
        thread.close()

"""Machines that trade at random through the engine on the paper broker, and check every law after every step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from end_to_end.engine_on_paper import CONTRACTS, FAR, GOOG, LEVELS, NEAR, Desk, cents, in_memory_folder
from end_to_end.engine_on_paper_laws import LAWS, Shadow, look
from v6core.clock import SimulatedLoop
from v6core.contracts import Combo, ComboLeg, Contract
from v6core.errors import ModifyRejected, OrderDenied, OutcomeUnknown
from v6core.fills import ActionTaken, ExecutionResult
from v6core.journal import verify
from v6core.money import ZERO
from v6core.orders import BracketOrder, OcaType, Order, OrderStatus
from v6core.strategies import Strategy, iron_condor, vertical_spread

T = TypeVar("T")
LEGS = [contract for contract in CONTRACTS if f"{getattr(contract, 'expiration', '')}" == FAR]
SPREAD = Combo("GOOG", [ComboLeg(LEGS[0], "BUY"), ComboLeg(LEGS[1], "SELL")])
RATIO = Combo("GOOG", [ComboLeg(LEGS[0], "BUY", 2), ComboLeg(LEGS[1], "SELL", 1)])
COMBOS: list[Contract] = [SPREAD, RATIO]
ALL = {
    **LEVELS,
    SPREAD.key: LEVELS[LEGS[0].key] - LEVELS[LEGS[1].key],
    RATIO.key: 2 * LEVELS[LEGS[0].key] - LEVELS[LEGS[1].key],
}
SOME = st.one_of(st.just(GOOG), st.sampled_from(CONTRACTS), st.sampled_from(COMBOS))
ACTIONS, OFFSETS, QUANTITIES = st.sampled_from(["BUY", "SELL"]), st.integers(-40, 40), st.integers(1, 12)
TIFS = st.sampled_from(["DAY", "DAY", "GTC", "GTC", "IOC", "FOK"])
KINDS = st.sampled_from(["market", "limit", "limit", "stop", "stop_limit", "trail"])
WAITS = st.sampled_from([0.2, 20.0, 70.0, 300.0])
UNSURE = (OrderDenied, OutcomeUnknown, ModifyRejected)


def an_order(kind: str, contract: Contract, action: str, quantity: int, offset: int, **fields: Any) -> Order:
    """Return an order near the contract's usual price."""
    lowest = -1000 if isinstance(contract, Combo) else 1
    price, beyond = (cents(max(ALL[contract.key] + times * offset, lowest)) for times in (1, 2))
    match kind:
        case "market":
            return Order.market(action, quantity, **fields)
        case "limit":
            return Order.limit(action, quantity, price, **fields)
        case "stop":
            return Order.stop(action, quantity, price, **fields)
        case "stop_limit":
            return Order.stop_limit(action, quantity, price, beyond, **fields)
        case _:
            return Order.trailing_stop(action, quantity, cents(abs(offset) + 5), **fields)


class PaperMachine(RuleBasedStateMachine):
    """What all machines do. A step ends when what it started has had time to be answered."""

    desk: Desk

    def begin(self, make: Callable[[SimulatedLoop], Desk]) -> None:
        """Start the first engine."""
        self.loop = SimulatedLoop()
        self.desk = make(self.loop)
        self.strategies: dict[str, Strategy] = {}
        self.is_sound = False
        self.run(self.desk.start())
        self.shadow = Shadow(self.desk)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the machine's loop."""
        return self.loop.run_until_complete(work)

    def do(self, work: Coroutine[Any, Any, Any], seconds: float = 0.2) -> Any:
        """Do something that may be refused, and let time pass."""

        async def go() -> Any:
            result = None
            try:
                result = await work
            except UNSURE as refused:
                result = refused
            await asyncio.sleep(seconds)
            return result

        return self.run(go())

    def an_id(self, data: st.DataObject, *, open_only: bool = True) -> UUID | None:
        """Return an order's id."""
        known = list(self.desk.record.open if open_only else self.desk.record.states)
        return data.draw(st.sampled_from(known)) if known else None

    def owner(self, data: st.DataObject) -> str | None:
        """Return a strategy's id, or none."""
        return data.draw(st.sampled_from([None, None, *self.strategies]))

    # What a program does.

    @rule(
        data=st.data(),
        kind=KINDS,
        contract=SOME,
        action=ACTIONS,
        quantity=QUANTITIES,
        offset=OFFSETS,
        tif=TIFS,
        wait=WAITS,
    )
    def place(
        self,
        *,
        data: st.DataObject,
        kind: str,
        contract: Contract,
        action: str,
        quantity: int,
        offset: int,
        tif: str,
        wait: float,
    ) -> None:
        """Place an order, of a strategy or of none."""
        owner = None if isinstance(contract, Combo) else self.owner(data)
        terms = {"order_id": self.desk.ids.order_id(), "tif": tif, "strategy_id": owner}
        order = an_order(kind, contract, action, quantity, offset, **terms)
        self.do(self.desk.engine.place_order(contract, order), wait)

    @rule(
        kind=st.sampled_from(["market", "limit", "limit"]),
        action=ACTIONS,
        quantity=QUANTITIES,
        offset=OFFSETS,
        exits=st.sampled_from(["both", "both", "take", "stop"]),
        away=st.integers(1, 30),
        wait=WAITS,
    )
    def bracket(
        self, *, kind: str, action: str, quantity: int, offset: int, exits: str, away: int, wait: float
    ) -> None:
        """Place a bracket."""
        new, opposite = self.desk.ids.order_id, "SELL" if action == "BUY" else "BUY"
        sign = 1 if action == "BUY" else -1
        level = LEVELS[GOOG.key] + (offset if kind == "limit" else 0)
        entry = an_order(kind, GOOG, action, quantity, offset, order_id=new())
        take = Order.limit(opposite, quantity, cents(level + sign * away), order_id=new())
        stop = Order.stop(opposite, quantity, cents(level - sign * away), order_id=new())
        bracket = BracketOrder(
            parent_order=entry,
            take_profit=None if exits == "stop" else take,
            stop_loss=None if exits == "take" else stop,
        )
        self.do(self.desk.engine.place_bracket_order(bracket, GOOG), wait)

    @rule(
        kind=st.sampled_from(list(OcaType)),
        action=ACTIONS,
        quantity=QUANTITIES,
        offsets=st.lists(st.tuples(st.sampled_from(["limit", "stop"]), OFFSETS), min_size=2, max_size=3),
        wait=WAITS,
    )
    def group(self, kind: OcaType, action: str, quantity: int, offsets: list[tuple[str, int]], wait: float) -> None:
        """Place a one-cancels-all group."""
        new = self.desk.ids.order_id
        name = f"group {len(self.desk.asked)}"
        members = [
            an_order(what, GOOG, action, quantity, offset, order_id=new(), oca_group=name, oca_type=kind, tif="GTC")
            for what, offset in offsets
        ]
        self.do(self.desk.engine.place_oca_group(members, GOOG), wait)

    @rule(
        data=st.data(),
        what=st.sampled_from(["quantity", "limit_price", "stop_price"]),
        value=st.integers(1, 15),
        offset=OFFSETS,
    )
    def modify(self, data: st.DataObject, what: str, value: int, offset: int) -> None:
        """Change an order; where that is refused, it is as it was (I16)."""
        order_id = self.an_id(data)
        if order_id is None:
            return
        before = self.desk.record.states[order_id].terms
        assert before.contract is not None
        if what != "quantity" and getattr(before, what) is None:
            what = "quantity"
        change = Decimal(value) if what == "quantity" else cents(ALL.get(before.contract.key, 100) + offset)
        if what != "quantity" and change <= 0 and not isinstance(before.contract, Combo):
            return
        self.desk.modified.add(order_id)
        result = self.do(self.desk.engine.modify_order(order_id, **{what: change}), 0)
        after = self.desk.record.states[order_id]
        if isinstance(result, OrderDenied | ModifyRejected) and not after.status.is_terminal:
            assert getattr(after.terms, what) == getattr(before, what) or what == "quantity", "I16"
        if isinstance(result, Order):
            assert getattr(result, what) == change, "I11"

    @rule(data=st.data(), which=st.sampled_from(["open", "open", "open", "any", "any", "all"]), wait=WAITS)
    def cancel(self, data: st.DataObject, which: str, wait: float) -> None:
        """Cancel an order, or all; what is told is what is so."""
        order_id = self.an_id(data, open_only=which == "open")
        if order_id is None:
            return
        if which == "all":
            self.do(self.desk.engine.cancel_all(), wait)
            return
        was_over = self.desk.record.states[order_id].status.is_terminal
        done = self.do(self.desk.engine.cancel_order(order_id), wait)
        if isinstance(done, bool):
            cancelled = self.desk.record.states[order_id].status is OrderStatus.CANCELLED
            assert done == (cancelled and not was_over), "a cancel told what is not so"

    @rule(seconds=st.sampled_from([30.0, 600.0, 90_000.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.run(asyncio.sleep(seconds))

    # What a program does with strategies.

    @rule(
        shape=st.sampled_from(["condor", "vertical"]),
        expiration=st.sampled_from([NEAR, NEAR, FAR]),
        quantity=st.integers(1, 3),
        at_market=st.booleans(),
        seconds=st.sampled_from([1.0, 150.0]),
        then=st.sampled_from(["nothing", "close twice", "roll", "exits, then close", "sell a leg, then close"]),
    )
    def open(self, *, shape: str, expiration: str, quantity: int, at_market: bool, seconds: float, then: str) -> None:
        """Open a strategy, and perhaps do with it what strategies are for."""
        named: dict[str, Any] = {"quantity": quantity, "strategy_id": f"{shape} {len(self.desk.record.states)}"}
        strategy = (
            iron_condor("GOOG", expiration, 90, 95, 105, 110, **named)
            if shape == "condor"
            else vertical_spread("GOOG", expiration, "CALL", 105, 110, **named)
        )
        self.strategies[strategy.strategy_id] = strategy
        self.do(self.desk.engine.open_position(strategy, timeout=seconds, at_market=at_market))
        if then.startswith(("exits", "sell")):
            self.beside(strategy, then)
        if "close" in then:
            self.close_one(strategy, 2 if then.endswith("twice") else 1, seconds, at_market=at_market)
        if then == "roll":
            self.roll_one(strategy, seconds, at_market=at_market)

    def beside(self, strategy: Strategy, what: str) -> None:
        """Work on a strategy's last leg: as its own exit, or behind its back."""
        contract, quantity = strategy.signed_legs[-1]
        action = "SELL" if quantity > 0 else "BUY"
        if what.startswith("exits"):
            price = cents(500 if action == "SELL" else 1)
            mine = {"strategy_id": strategy.strategy_id, "tif": "GTC", "order_id": self.desk.ids.order_id()}
            self.do(self.desk.engine.place_order(contract, Order.limit(action, abs(quantity), price, **mine)))
        else:
            order = Order.market(action, 1, order_id=self.desk.ids.order_id())
            self.do(self.desk.engine.place_order(contract, order), 70)

    def held(self, strategy: Strategy) -> dict[str, Decimal]:
        """Return what a strategy holds by the journal."""
        return {row.contract.key: row.quantity for row in self.desk.record.positions(strategy.strategy_id)}

    @precondition(lambda self: self.strategies)
    @rule(data=st.data(), times=st.integers(1, 2), at_market=st.booleans(), seconds=st.sampled_from([1.0, 150.0]))
    def close(self, data: st.DataObject, times: int, at_market: bool, seconds: float) -> None:
        """Close a strategy, perhaps twice at once: it never turns round (I42)."""
        strategy = self.strategies[data.draw(st.sampled_from(sorted(self.strategies)))]
        self.close_one(strategy, times, seconds, at_market=at_market)

    def close_one(self, strategy: Strategy, times: int, seconds: float, *, at_market: bool) -> None:
        """Close one strategy."""
        before = self.held(strategy)

        async def closing() -> list[Any]:
            calls = (
                self.desk.engine.close_position(strategy, timeout=seconds, at_market=at_market) for _ in range(times)
            )
            return await asyncio.gather(*calls, return_exceptions=True)

        results = self.do(closing())
        unexpected = [each for each in results if isinstance(each, BaseException) and not isinstance(each, UNSURE)]
        assert unexpected == [], "a close failed in another way than it may"
        if any(isinstance(each, ExecutionResult) and each.action_taken is ActionTaken.CLOSED for each in results):
            after = self.held(strategy)
            for key, quantity in before.items():
                assert quantity * after.get(key, ZERO) >= 0, "I42: a close went through zero"

    @precondition(lambda self: self.strategies)
    @rule(data=st.data(), at_market=st.booleans(), seconds=st.sampled_from([1.0, 150.0]))
    def roll(self, data: st.DataObject, at_market: bool, seconds: float) -> None:
        """Roll a strategy to the far expiration: afterwards it is one thing or the other (I38)."""
        strategy = self.strategies[data.draw(st.sampled_from(sorted(self.strategies)))]
        self.roll_one(strategy, seconds, at_market=at_market)

    def roll_one(self, strategy: Strategy, seconds: float, *, at_market: bool) -> None:
        """Roll one strategy."""
        result = self.do(self.desk.engine.roll_position(strategy, 11, timeout=seconds, at_market=at_market))
        if isinstance(result, ExecutionResult) and result.action_taken is ActionTaken.ROLLED:
            assert result.strategy is not None
            self.strategies[strategy.strategy_id] = result.strategy
            wanted = {contract.key: quantity for contract, quantity in result.strategy.signed_legs}
            assert {key: self.held(strategy).get(key) for key in wanted} == wanted, "I38"

    # What happens to a program.

    @rule()
    def restart(self) -> None:
        """Stop the engine in good order and start another: it knows the same (I25, I27)."""
        before = self.views()
        self.run(self.desk.stop())
        self.run(self.desk.start())
        assert self.views() == before, "I25: a restart forgot something"

    def views(self) -> list[str]:
        """Return what users see of all orders; an order in doubt may have got another reason."""
        return [state.order.model_dump_json(exclude={"reason"}) for state in self.desk.record.states.values()]

    @rule(
        data=st.data(),
        what=st.sampled_from(["place", "bracket", "cancel", "open", "nothing"]),
        turns=st.integers(0, 12),
        seconds=st.sampled_from([0.0, 0.06]),
    )
    def kill(self, data: st.DataObject, what: str, turns: int, seconds: float) -> None:
        """End everything in the middle of something, and go on from the files."""
        work = self.interrupted(what, data)

        async def go() -> None:
            task = asyncio.ensure_future(work)
            for _ in range(turns):
                await asyncio.sleep(0)
            if seconds:
                await asyncio.sleep(seconds)
            await self.desk.kill()
            await asyncio.gather(task, return_exceptions=True)

        self.run(go())
        self.run(self.desk.start())
        self.run(asyncio.sleep(0.2))

    def interrupted(self, what: str, data: st.DataObject) -> Coroutine[Any, Any, Any]:
        """Return what is under way when the program is killed."""
        new, engine = self.desk.ids.order_id, self.desk.engine
        order = Order.limit("BUY", 6, "100.10", order_id=new())
        match what:
            case "bracket":
                take = Order.limit("SELL", 6, "100.30", order_id=new())
                stop = Order.stop("SELL", 6, "99.80", order_id=new())
                bracket = BracketOrder(parent_order=order, take_profit=take, stop_loss=stop)
                return engine.place_bracket_order(bracket, GOOG)
            case "open":
                name = f"killed {len(self.desk.record.states)}"
                strategy = iron_condor("GOOG", FAR, 90, 95, 105, 110, strategy_id=name)
                self.strategies[name] = strategy
                return engine.open_position(strategy, timeout=60)
            case "cancel" if (order_id := self.an_id(data)) is not None:
                return engine.cancel_order(order_id)
            case "place":
                return engine.place_order(GOOG, order)
            case _:
                return asyncio.sleep(0)

    # What must hold.

    @invariant()
    def laws_hold(self) -> None:
        """Every law, and I25, I26, I28, I29: what the journal says is what the engine knows."""
        self.is_sound = False
        seen = self.run(look(self.desk))
        for law in LAWS:
            law(seen)
        self.shadow.follow(self.desk)
        self.is_sound = True

    def teardown(self) -> None:
        """Check the whole journal, and that a last restart on it knows the same."""
        if not hasattr(self, "loop"):
            return
        try:
            if self.is_sound and self.desk.is_running:
                self.restart()
                found = verify(self.desk.parts.journal)
                assert found.ok, found.problem
            if self.desk.is_running:
                self.run(self.desk.stop())
        finally:
            if self.desk.is_running:
                self.run(self.desk.kill())
            self.loop.close()
            self.desk.remove()


class RealisticMachine(PaperMachine):
    """Orders are filled from quotes: those of a made-up tape, in part and in pieces."""

    @initialize(seed=st.integers(0, 30), margin=st.booleans(), latency=st.sampled_from([0.0, 0.05, 0.05]))
    def start(self, seed: int, margin: bool, latency: float) -> None:
        """Start on a tape."""
        self.begin(lambda loop: Desk.on_tape(in_memory_folder(), loop, seed, margin=margin, latency=latency))


class GivenMachine(PaperMachine):
    """Prices are the test's own: orders fill at once, or from these prices, or in halves."""

    @initialize(
        fills=st.sampled_from(["immediate", "immediate", "realistic", "partial", "delayed"]), fee=st.integers(0, 2)
    )
    def start(self, fills: str, fee: int) -> None:
        """Start with the usual prices."""
        rates = {
            "commission_per_share": f"0.00{fee}",
            "commission_per_contract": f"0.{fee}5",
            "commission_minimum": fee,
        }
        self.begin(lambda loop: Desk.on_given_prices(in_memory_folder(), loop, fills, **rates))

    @rule(contract=st.one_of(st.just(GOOG), st.sampled_from(CONTRACTS)), offset=OFFSETS)
    def give(self, contract: Contract, offset: int) -> None:
        """Move a price."""

        async def go() -> None:
            self.desk.broker.set_price(contract, cents(LEVELS[contract.key] + offset))
            await asyncio.sleep(0.2)

        self.run(go())

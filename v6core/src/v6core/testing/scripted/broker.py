"""A broker that knows no market: whatever happens, its test says.

By default it acknowledges orders at once, cancels and modifies what it is asked to, and fills nothing. ``on`` scripts
the next call; the verbs (``fill``, ``reject``, ``drop_link``, ...) let something happen at any moment. What reached it
stands in ``arrivals``, every call in ``calls``, and every report in ``said``, in order: that is where laws look.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import auto
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from v6core.broker import Broker, BrokerContext, BrokerSpec, Receipt
from v6core.capabilities import Capabilities, ModifyKind, SubmitIdentity
from v6core.clock import SystemClock
from v6core.contracts import Combo, Contract, ContractDetails
from v6core.errors import Unavailable
from v6core.fills import Commission, Preview
from v6core.money import to_decimal
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.reports import (
    Account,
    AdjustmentReason,
    AdjustmentReport,
    CancelRefusedReport,
    CommissionReport,
    Evidence,
    LinkReport,
    LinkState,
    ModifyRefusedReport,
    RejectionReport,
    Report,
    ReportedStatus,
    Snapshot,
)
from v6core.testing.scripted.abilities import EVERYTHING
from v6core.testing.scripted.book import DEFAULT_PRICE, Book, HeldOrder, Which
from v6core.testing.scripted.steps import Step, accepts, clears, confirms
from v6core.words import Word

Amount = Decimal | float | str


class Call(Word):
    """What a broker can be called for, as far as it can be scripted."""

    CONNECT = auto()
    DISCONNECT = auto()
    PLACE = auto()
    CANCEL = auto()
    CANCEL_EVERYTHING = auto()
    MODIFY = auto()
    SNAPSHOT = auto()
    FIND = auto()
    QUALIFY = auto()
    QUOTE = auto()
    CHAIN = auto()
    PREVIEW = auto()


@dataclass(frozen=True, slots=True)
class Received:
    """One call: what for, about which orders, and what a modify was to change."""

    call: Call
    refs: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class _Script:
    steps: tuple[Step, ...] = ()
    arrives: bool = True


class ScriptedSettings(BaseModel):
    """The section of a scripted broker: what is said of real money, where it declares that it is not simulated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    live: bool = False
    account: str | None = None


class ScriptedBroker(Broker):
    """A broker whose every move is scripted. One object serves several engines, one after the other.

    ``quotes_of`` holds quotes by contract key, ``chains`` option chains by symbol, ``details`` what is known of
    contracts by key, ``previewed`` the answer to each preview, ``cash`` and ``paper`` what its account tells.
    """

    def __init__(self, capabilities: Capabilities = EVERYTHING) -> None:
        super().__init__(capabilities, _detached())
        self.book = Book()
        self.calls: list[Received] = []
        self.arrivals: list[str] = []
        self.said: list[Report] = []
        self.quotes_of: dict[str, Quote] = {}
        self.chains: dict[str, OptionChain] = {}
        self.details: dict[str, ContractDetails] = {}
        self.previewed = Preview(commission=Decimal(1))
        self.cash = Decimal(100_000)
        self.paper: bool | None = True
        self.is_connected = False
        self.link = LinkState.UP
        self._waiting: defaultdict[tuple[Call, str | None], deque[_Script]] = defaultdict(deque)
        self._usual = {
            Call.PLACE: _Script((accepts,)),
            Call.CANCEL: _Script((confirms,)),
            Call.CANCEL_EVERYTHING: _Script((clears,)),
            Call.MODIFY: _Script((confirms,)),
        }
        self._kept_back: list[Report] | None = None
        self._muted = False

    @property
    def spec(self) -> BrokerSpec[ScriptedSettings]:
        """The specification that gives this very object to whoever asks for a broker."""
        return scripted_spec(self)

    def attach(self, context: BrokerContext) -> ScriptedBroker:
        """Serve another engine from here on."""
        self._context = context
        return self

    # Scripting.

    def on(
        self, call: Call | str, *steps: Step, order: Order | None = None, arrives: bool = True, always: bool = False
    ) -> None:
        """Script the next call of a kind, of one order or of any; ``always`` for all those that are not scripted.

        No steps: silence. What does not arrive (``arrives=False``) leaves no trace at the broker; the steps are done
        all the same. Several calls of ``on`` script one call after the other.
        """
        script, kind = _Script(steps, arrives), Call(call)
        if always:
            self._usual[kind] = script
        else:
            self._waiting[kind, None if order is None else str(order.order_id)].append(script)

    def received(self, call: Call | str) -> tuple[str, ...]:
        """Return the references that the calls of a kind were about, in order."""
        kind = Call(call)
        return tuple(ref for one in self.calls if one.call is kind for ref in one.refs)

    def _script(self, call: Call, orders: Sequence[Order]) -> _Script:
        for key in (*(str(order.order_id) for order in orders), None):
            waiting = self._waiting.get((call, key))
            if waiting:
                return waiting.popleft()
        return self._usual.get(call, _Script())

    async def _play(self, script: _Script, refs: tuple[str, ...] = ()) -> None:
        for step in script.steps:
            waiting = step(self, refs)
            if inspect.isawaitable(waiting):
                await waiting

    async def _asked(self, call: Call, ref: str | None = None) -> None:
        self.calls.append(Received(call, () if ref is None else (ref,)))
        await self._play(self._script(call, ()))

    def _declared(self, declared: bool, what: str) -> None:
        if not declared:
            raise self._unsupported(what)

    # What happens, when the test says so.

    def accept(self, which: Which) -> None:
        """Say how an order stands."""
        self.say(self.book.find(which).report(self.now()))

    def fill(
        self,
        which: Which,
        quantity: Amount | None = None,
        price: Amount | None = None,
        *,
        commission: Amount | None = None,
    ) -> None:
        """Fill an order, whole unless a quantity is given; where nothing is left to fill, nothing happens.

        Without a price it fills at its limit, else its stop, else the middle of the quote, else at 100; the legs of a
        combo each at the middle of their quote, else at 100.
        """
        held = self.book.find(which)
        units = held.rest if quantity is None else to_decimal(quantity, "quantity")
        if not units:
            return
        charged = None if commission is None else to_decimal(commission, "commission")
        prices = self._prices(held.order, None if price is None else to_decimal(price, "price"))
        self.say(*self.book.execute(held, units, prices, charged, self.now()), held.report(self.now()))

    def _prices(self, order: Order, price: Decimal | None) -> dict[str, Decimal]:
        contract = order.contract
        assert contract is not None
        if isinstance(contract, Combo):
            return {leg.contract.key: self.middle(leg.contract) for leg in contract.legs}
        own = (price, order.limit_price, order.stop_price)
        return {contract.key: next((one for one in own if one is not None), self.middle(contract))}

    def middle(self, contract: Contract) -> Decimal:
        """Return the middle of a contract's quote, else 100."""
        quote = self.quotes_of.get(contract.key)
        return DEFAULT_PRICE if quote is None or quote.mid is None else quote.mid

    def reject(self, which: Which, reason: str, code: str | None = None) -> None:
        """Refuse an order."""
        held = self.book.find(which)
        held.rejection = RejectionReport(
            time=self.now(), order_ref=held.ref, broker_order_id=held.broker_order_id, code=code, reason=reason
        )
        self.say(held.rejection)

    def end(self, which: Which, status: ReportedStatus | str = ReportedStatus.CANCELLED, reason: str = "") -> None:
        """Let an order be CANCELLED or EXPIRED, or held back as INACTIVE."""
        held = self.book.find(which)
        held.status = ReportedStatus(status)
        self.say(held.report(self.now(), reason or None))

    def end_foreign(self) -> None:
        """Let the orders of others be cancelled."""
        for held in self.book.foreign:
            self.end(held.ref)

    def confirm(self, which: Which) -> None:
        """Do what was asked of an order: the modify that is not answered yet, else a cancel."""
        held = self.book.find(which)
        if not held.is_open:
            self.refuse(which, f"the order is {held.status}")
        elif held.asked:
            held.order, held.asked = held.order.replace(**held.asked), {}
            self.accept(which)
        else:
            self.end(which)

    def refuse(self, which: Which, reason: str, code: str | None = None) -> None:
        """Refuse what was asked of an order: the modify that is not answered yet, else a cancel."""
        held = self.book.orders.get(which) if isinstance(which, str) else self.book.find(which)
        kind = ModifyRefusedReport if held is not None and held.asked else CancelRefusedReport
        if held is not None:
            held.asked = {}
        ref = held.ref if held is not None else str(which)
        self.say(kind(time=self.now(), order_ref=ref, code=code, reason=reason))

    def correct(self, execution_id: str, **changes: Any) -> None:
        """Replace an execution by one with another price or quantity."""
        self.say(self.book.correct(execution_id, changes, self.now()))

    def bust(self, execution_id: str) -> None:
        """Take an execution back."""
        self.say(self.book.correct(execution_id, None, self.now()))

    def charge(self, execution_id: str, amount: Amount) -> None:
        """Say what an execution cost."""
        cost = Commission(execution_id=execution_id, amount=to_decimal(amount, "amount"))
        self.say(CommissionReport(time=self.now(), commission=cost))

    def adjust(
        self,
        contract: Contract,
        quantity: Amount,
        price: Amount | None = None,
        reason: AdjustmentReason = AdjustmentReason.EXTERNAL,
        account: str | None = None,
    ) -> None:
        """Change a position without an order, as somebody else's trade or an assignment does."""
        report = AdjustmentReport(
            time=self.now(),
            adjustment_id=f"a-{self.book.number()}",
            contract=contract,
            quantity=to_decimal(quantity, "quantity"),
            price=None if price is None else to_decimal(price, "price"),
            reason=reason,
            account=account,
        )
        self.book.adjustments.append(report)
        self.say(report)

    def place_foreign(self, contract: Contract, order: Order) -> HeldOrder:
        """Have an order of somebody else at the same account, which is told under no reference."""
        ref = f"foreign-{self.book.number()}"
        held = self.book.add(order.replace(contract=contract, order_ref=ref), foreign=True)
        self.accept(ref)
        return held

    def set_quote(
        self,
        contract: Contract,
        bid: Amount | None,
        ask: Amount | None,
        bid_size: Amount | None = None,
        ask_size: Amount | None = None,
    ) -> None:
        """Quote a contract from here on."""
        sides = {"bid": bid, "bid_size": bid_size, "ask": ask, "ask_size": ask_size}
        self.quotes_of[contract.key] = Quote.model_validate({"contract": contract, "time": self.now(), **sides})

    # What is said, and whether it is heard.

    def say(self, *reports: Report) -> None:
        """Report, in order. Nobody hears it while the link is down, while muted, or while no engine is connected."""
        for report in reports:
            self.said.append(report)
            if self._kept_back is not None:
                self._kept_back.append(report)
            else:
                self._deliver(report)

    def _deliver(self, report: Report) -> None:
        if self.is_connected and not self._muted and self.link is LinkState.UP:
            self._context.report(report)

    def repeat(self, *reports: Report) -> None:
        """Say again what was said, all of it where nothing is given."""
        for report in reports or tuple(self.said):
            self._deliver(report)

    @contextlib.contextmanager
    def muted(self) -> Generator[None]:
        """Lose what is said meanwhile; the book keeps it, so that a snapshot tells."""
        self._muted = True
        try:
            yield
        finally:
            self._muted = False

    @contextlib.contextmanager
    def keeping_back(self) -> Generator[list[Report]]:
        """Keep back what is said meanwhile, in a list that may be reordered, and deliver it at the end."""
        kept = self._kept_back = []
        try:
            yield kept
        finally:
            self._kept_back = None
            for report in kept:
                self._deliver(report)

    def drop_link(self, detail: str = "the link was cut", state: LinkState = LinkState.DOWN) -> None:
        """Lose the link; what is said until it is back is lost."""
        self._tell_link(state, detail)

    def restore_link(self) -> None:
        """Have the link back."""
        self._tell_link(LinkState.UP, "")

    def _tell_link(self, state: LinkState, detail: str) -> None:
        self.link = state
        report = LinkReport(time=self.now(), state=state, detail=detail)
        self.said.append(report)
        if self.is_connected:
            self._context.report(report)

    # The broker that the engine sees.

    async def connect(self) -> None:
        """Connect."""
        await self._asked(Call.CONNECT)
        self.is_connected = True

    async def disconnect(self) -> None:
        """Disconnect; what is said from here on is lost."""
        await self._asked(Call.DISCONNECT)
        self.is_connected = False

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Take orders in and do what the script says."""
        refs = tuple(str(order.order_ref) for order in orders)
        self.calls.append(Received(Call.PLACE, refs))
        script = self._script(Call.PLACE, orders)
        receipts: list[Receipt] = []
        if script.arrives:
            self.arrivals.extend(refs)
            receipts = [Receipt(order.order_id, self._taken(order).broker_order_id) for order in orders]
        await self._play(script, refs)
        return tuple(receipts)

    def _taken(self, order: Order) -> HeldOrder:
        """Take an order in; where references are enforced, a second one under the same is the first."""
        known = self.book.orders.get(str(order.order_ref))
        enforced = self.capabilities.submit_identity in {SubmitIdentity.ENFORCED, SubmitIdentity.WINDOW}
        return known if known is not None and enforced else self.book.add(order)

    async def cancel(self, order: Order) -> None:
        """Be asked to cancel."""
        await self._requested(Call.CANCEL, order, {})

    async def cancel_everything(self) -> None:
        """Be asked to cancel every order, whoever's it is; the script is told the references of ours."""
        self._declared(self.capabilities.global_cancel, "cancel the orders of others")
        refs = tuple(held.ref for held in self.book.ours)
        self.calls.append(Received(Call.CANCEL_EVERYTHING, refs))
        await self._play(self._script(Call.CANCEL_EVERYTHING, ()), refs)

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Be asked to change an order."""
        self._declared(self.capabilities.modify is not ModifyKind.NONE, "change a working order")
        await self._requested(Call.MODIFY, order, changes)

    async def _requested(self, call: Call, order: Order, changes: Mapping[str, Any]) -> None:
        ref = str(order.order_ref)
        self.calls.append(Received(call, (ref,), dict(changes)))
        script = self._script(call, (order,))
        held = self.book.orders.get(ref)
        if held is None and script.arrives:
            self.refuse(ref, "there is no such order")
            return
        if held is not None and script.arrives:
            held.asked = dict(changes)
        await self._play(script, (ref,))

    async def snapshot(self) -> Snapshot:
        """Tell everything."""
        await self._asked(Call.SNAPSHOT)
        now, held = self.now(), tuple(self.book.orders.values())
        return Snapshot(
            time=now,
            open_orders=tuple(one.report(now) for one in held if one.is_open),
            completed_orders=tuple(one.report(now) for one in held if not one.is_open and one.rejection is None),
            rejections=tuple(one.rejection for one in held if one.rejection is not None),
            fills=tuple(self.book.executions.values()),
            positions=self.book.positions(),
            account=Account(account="SCRIPTED", paper=self.paper, cash=self.cash),
        )

    async def find(self, order_ref: str) -> Evidence:
        """Tell what is known under a reference."""
        await self._asked(Call.FIND, order_ref)
        return self.book.evidence(order_ref, self.now())

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Return what the test gave for the contract, else the contract as it is, in cents."""
        await self._asked(Call.QUALIFY)
        return self.details.get(contract.key) or ContractDetails(contract=contract)

    async def quote(self, contract: Contract) -> Quote:
        """Return the quote that the test gave; Unavailable where it gave none."""
        self._declared(self.capabilities.quotes, f"quote {contract.key}")
        await self._asked(Call.QUOTE)
        found = self.quotes_of.get(contract.key)
        if found is None:
            raise Unavailable(f"the scripted broker was given no quote of {contract.key}")
        return found

    async def _stream(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        for contract in contracts:
            yield await self.quote(contract)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Yield each contract's quote once."""
        return self._stream(contracts)

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Return the chain that the test gave; Unavailable where it gave none."""
        self._declared(self.capabilities.option_chains, f"list options on {contract.key}")
        await self._asked(Call.CHAIN)
        found = self.chains.get(contract.symbol)
        if found is None:
            raise Unavailable(f"the scripted broker was given no options on {contract.symbol}")
        return found

    async def preview(self, orders: Sequence[Order]) -> Preview:
        """Return ``previewed``; nothing arrives."""
        self._declared(self.capabilities.preview, f"preview {len(orders)} orders")
        self.calls.append(Received(Call.PREVIEW, tuple(str(order.order_ref) for order in orders)))
        return self.previewed


def scripted_spec(
    broker: ScriptedBroker, name: str = "scripted", order_options: type[BaseModel] | None = None
) -> BrokerSpec[ScriptedSettings]:
    """Return a specification whose broker is the one given."""
    create: Callable[[ScriptedSettings, BrokerContext], Broker] = lambda _, context: broker.attach(context)  # noqa: E731
    return BrokerSpec(name, ScriptedSettings, broker.capabilities, create, order_options)


def _detached() -> BrokerContext:
    async def nobody(name: str) -> Broker:
        raise Unavailable(f"a scripted broker opens no other broker, not {name}")

    return BrokerContext(
        name="scripted",
        clock=SystemClock(),
        report=lambda _: None,
        folder=Path(),
        logger=logging.getLogger("v6.scripted"),
        open_broker=nobody,
    )

"""Before sending: an order is bound to its contract, put on its tick, and judged by every check.

Judging is synchronous, and the order counts among the open ones from the moment it has passed, before anything is
durable: orders placed at the same moment are judged one after the other, so they cannot break a limit together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from v6core.broker import Broker
from v6core.config import EngineSection
from v6core.contracts import Contract, ContractDetails
from v6core.engine.calls import answered, within
from v6core.engine.holdings import Holdings
from v6core.engine.record import Record
from v6core.engine.scribe import Scribe
from v6core.engine.surroundings import Surroundings
from v6core.errors import JournalError, NotConnected, NotSupported, OrderDenied, V6Error
from v6core.events import OrderWasDenied, TradingState
from v6core.identifiers import make_order_ref, plainly
from v6core.lifecycle import apply
from v6core.money import round_to_tick
from v6core.orders import Order, OrderAction, OrderStatus
from v6core.plugins import Checks
from v6core.plugins.attaching import told
from v6core.quotes import Quote
from v6core.reports import Account, LinkState
from v6core.risk import Denial, RiskLimits
from v6core.standard_checks import only_reads, trading_state
from v6core.standard_checks.denials import with_hint

_LINKS = {
    LinkState.DOWN: Denial("LINK_DOWN", "the link to the broker is down"),
    LinkState.DEGRADED: Denial("LINK_DEGRADED", "what v6 is connected to has itself lost the broker"),
}
_WAIT = "v6 compares its orders with the broker's once the link is back; await engine.ready() waits for that"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is not sent: the denial, who denied it, and whether it is for want of a capability."""

    denial: Denial
    by: str = "v6"
    unsupported: bool = False


class Gate:
    """Binds orders and judges them, by what ``surroundings`` tells of everything else.

    ``last_looks`` are what orders must still pass at the moment they leave.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        record: Record,
        scribe: Scribe,
        holdings: Holdings,
        checks: Checks,
        limits: RiskLimits,
        deadlines: EngineSection,
        surroundings: Surroundings,
        is_ready: Callable[[], bool],
        link: Callable[[], LinkState],
        validate_options: Callable[[Mapping[str, Any]], str | None],
    ) -> None:
        self._broker = broker
        self._record = record
        self._scribe = scribe
        self._holdings = holdings
        self._checks = checks
        self._limits = limits
        self._deadlines = deadlines
        self.surroundings = surroundings
        self._is_ready = is_ready
        self._link = link
        self._validate_options = validate_options
        reading_only = only_reads(limits)
        self._reading_only = None if reading_only is None else Refusal(with_hint(reading_only))
        self._details: dict[Contract, ContractDetails] = {}
        self._placing: set[UUID] = set()
        self.last_looks: dict[UUID, Callable[[Order], Denial | None]] = {}

    def bind(self, contract: Contract, order: Order) -> Order:
        """Return the order with its contract, reference and time of creation; completed, where it was looked up before.

        Raises ValueError where the order was placed before, is not CREATED, or does not fit the contract.
        """
        if order.status is not OrderStatus.CREATED:
            raise ValueError(f"only a CREATED order can be placed; {order.order_id} is {order.status}")
        if order.reason is not None or order.broker_order_id is not None:
            raise ValueError(f"order {order.order_id} has a reason or a broker_order_id, which only a placed one has")
        known = order.order_id in self._record.states or order.order_id in self._record.elsewhere
        if known or order.order_id in self._placing:
            raise ValueError(f"order {order.order_id} was placed before; an order_id is used once")
        if order.contract is not None and order.contract.key != contract.key:
            raise ValueError(f"order {order.order_id} is for {order.contract.key}, not {contract.key}")
        details = self._details.get(contract)
        bound = contract if details is None else details.contract
        return order.replace(
            contract=bound,
            conid=bound.conid if bound.conid is not None else order.conid,
            order_ref=make_order_ref(self._record.engine_id, order.order_id),
            created_at=self._broker.now(),
        )

    def hold(self, orders: tuple[Order, ...]) -> None:
        """Hold the orders' ids until they are released, so that nobody places one of them twice."""
        ids = {order.order_id for order in orders}
        if len(ids) < len(orders):
            raise ValueError("an order_id is used once, and two of the orders share one")
        self._placing |= ids

    def release(self, orders: tuple[Order, ...]) -> None:
        """Let go of orders that are durable by now, or were refused."""
        for order in orders:
            self._placing.discard(order.order_id)
            self.surroundings.release(order.order_id)

    async def pass_through(
        self, orders: tuple[Order, ...], *, dry: bool = False, despite_doubt: bool = False
    ) -> tuple[Order, ...]:
        """Return the orders as they may be sent: completed, on their ticks, and reserved against every limit.

        The first that is refused takes all of its unit with it: each is journaled as DENIED, and OrderDenied is
        raised with the reason. With ``dry`` nothing is journaled or reserved. With ``despite_doubt`` an order reduces
        that does so net of what works, whatever became of what is in doubt.
        """
        if despite_doubt:
            self.surroundings.ignore_doubt(orders)
        refusal = self._not_now()
        prepared = orders
        if refusal is None:
            prepared, refusal = await self._prepare(orders)
        if refusal is None:
            quotes = [await self._reference_quote(order) for order in prepared]
            account = await self._account()
            # From here to the reservation nothing awaits.
            refusal = self._not_now() or self._judge(prepared, quotes, account, dry=dry)
        if refusal is not None:
            if not dry:
                self.surroundings.forget(prepared)
            await self.deny(prepared, refusal, dry=dry)
        return prepared

    def look_again(self, orders: tuple[Order, ...]) -> Refusal | None:
        """Return why orders that have passed may not leave after all: trading was halted since, or the link lost."""
        if self.last_looks and any(order.order_id in self.last_looks for order in orders):
            self._scribe.flush()  # what is looked at is all that has been heard
        refusal = self._no_longer(orders) or self._last_look(orders)
        if refusal is not None:
            self.surroundings.forget(orders)
        return refusal

    def may_leave_again(self, orders: tuple[Order, ...]) -> bool:
        """Tell whether orders that have left before, and are in doubt, may leave again."""
        return self._no_longer(orders) is None

    @property
    def only_reads(self) -> bool:
        """Whether nothing at all may reach the broker."""
        return self._reading_only is not None

    def _last_look(self, orders: tuple[Order, ...]) -> Refusal | None:
        for order in orders:
            look = self.last_looks.get(order.order_id)
            denial = None if look is None else look(order)
            if denial is not None:
                return Refusal(denial)
        return None

    def check_again(self, before: Order, after: Order) -> None:
        """Raise OrderDenied where a change that has passed may not leave after all."""
        refusal = self._no_longer((after,), before)
        if refusal is not None:
            raise _denied(refusal, before)

    def check_cancel(self, order: Order) -> None:
        """Raise OrderDenied where not even a cancel may leave: where the configuration only reads."""
        if self._reading_only is not None:
            raise _denied(self._reading_only, order)

    def _no_longer(self, orders: tuple[Order, ...], before: Order | None = None) -> Refusal | None:
        refusal = self._not_now()
        if refusal is not None or self.surroundings.trading_state()[0] is TradingState.ACTIVE:
            return refusal
        around = ((order, self.surroundings.context(order, before=before)) for order in orders)
        denials = (trading_state(order, context) for order, context in around if not context.reducing)
        return next((Refusal(denial) for denial in denials if denial is not None), None)

    def _not_now(self) -> Refusal | None:
        return self._reading_only or self._unreachable() or self._unrecorded()

    def _unreachable(self) -> Refusal | None:
        denial = _LINKS.get(self._link())
        if denial is None and not self._is_ready():
            denial = Denial("NOT_READY", "the engine has not compared its orders with the broker's yet")
        return None if denial is None else Refusal(replace(denial, hint=_WAIT))

    def _unrecorded(self) -> Refusal | None:
        failure = self._scribe.failure
        if failure is None:
            return None
        return Refusal(Denial("JOURNAL_FAILED", f"{failure}; start anew once the cause is mended"))

    async def _prepare(self, orders: tuple[Order, ...]) -> tuple[tuple[Order, ...], Refusal | None]:
        prepared: list[Order] = []
        for order in orders:
            ready, refusal = await self._complete(order)
            if refusal is not None:
                return orders, refusal
            prepared.append(ready)
        return tuple(prepared), None

    async def _complete(self, order: Order) -> tuple[Order, Refusal | None]:
        contract = order.contract
        assert contract is not None
        why = self._broker.capabilities.why_not(order)
        if why is not None:
            return order, Refusal(Denial("NOT_SUPPORTED", why), unsupported=True)
        strange = self._strange_account(order)
        if strange is not None:
            return order, Refusal(strange)
        wrong = self._validate_options(order.options)
        if wrong is not None:
            return order, Refusal(Denial("ORDER_OPTIONS", wrong))
        try:
            details = await self.details(contract)
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, the contract is not known
            return order, Refusal(_unknown(contract, error))
        if details.contract is not contract and details.contract != contract:
            order = order.replace(contract=details.contract, conid=details.contract.conid)
        return self._on_tick(order, details)

    async def why_unfit(self, order: Order) -> Refusal | None:
        """Return why the broker does not take an order, whatever is held: one that is to be sent later."""
        return (await self._complete(order))[1]

    def _strange_account(self, order: Order) -> Denial | None:
        """Return a denial where an order names an account that is none of the broker's, as far as these are known."""
        accounts = self._holdings.accounts
        if order.account is None or not accounts or order.account in accounts:
            return None
        message = f"{order.account} is no account of this broker, which has {', '.join(sorted(accounts))}"
        return Denial("ACCOUNT", message, hint="leave the account out, or name one of these")

    async def details(self, contract: Contract) -> ContractDetails:
        """Return what the broker knows of a contract, routed as it is; asked once."""
        known = self._details.get(contract)
        if known is None:
            known = await within(self._deadlines.question_deadline, self._broker.qualify(contract))
            self._details[contract] = known
        return known

    def _on_tick(self, order: Order, details: ContractDetails) -> tuple[Order, Refusal | None]:
        rounded: dict[str, Decimal] = {}
        for name in ("limit_price", "stop_price"):
            price: Decimal | None = getattr(order, name)
            if price is None or details.on_tick(price):
                continue
            tick = details.tick_at(price)
            if not self._limits.round_to_tick:
                message = f"{name} {price:f} is not a multiple of the tick {tick:f} of {details.contract.key}"
                return order, Refusal(Denial("OFF_TICK", message))
            # The safe side: a limit to the better price for us, a stop to where it triggers earlier; both lie one way.
            rounded[name] = round_to_tick(price, tick, up=order.action is OrderAction.SELL)
        return (order.replace(**rounded) if rounded else order), None

    def _judge(
        self,
        orders: tuple[Order, ...],
        quotes: Sequence[Quote | V6Error | None],
        account: Account | None,
        *,
        dry: bool,
    ) -> Refusal | None:
        for order, quote in zip(orders, quotes, strict=True):
            refusal = self._judge_one(order, quote, account)
            if refusal is not None:
                return refusal
            if not dry:
                self.surroundings.reserve(order)
        return None

    def _judge_one(
        self, order: Order, quote: Quote | V6Error | None, account: Account | None, before: Order | None = None
    ) -> Refusal | None:
        context = self.surroundings.context(order, quote=quote, account=account, before=before)
        denials = self._checks.ask(order, context)
        if not denials:
            return None
        by, denial = denials[0]
        return Refusal(denial, by)

    async def _reference_quote(self, order: Order) -> Quote | V6Error | None:
        """Return a quote to judge the price by, where a limit wants one; why there is none where the broker failed."""
        limits = self._limits
        priced = order.limit_price is not None or order.stop_price is not None
        wanted = limits.price_collar or limits.option_price_collar or (limits.max_order_value and not priced)
        if not wanted or not self._broker.capabilities.quotes or order.contract is None:
            return None
        name, seconds = self._record.broker or "broker", self._deadlines.question_deadline
        try:
            return await answered(
                self._broker.quote(order.contract), f"broker {name!r} gave none", name=name, seconds=seconds
            )
        except V6Error as failure:  # there is no quote, and the checks deny for want of it
            return failure

    async def _account(self) -> Account | None:
        """Return the account as it was last told; where a limit is on today's profit, as it is at this moment."""
        known = self._holdings.account
        if self._limits.max_daily_loss is None:
            return known
        try:
            return (await within(self._deadlines.question_deadline, self._broker.snapshot())).account
        except Exception:  # noqa: BLE001 -- whatever a plugin raises, the profit is not known, and the check denies
            return None if known is None else known.model_copy(update={"daily_pnl": None})

    async def judge_change(self, before: Order, after: Order, look_again: Callable[[], None]) -> Order:
        """Judge a working order's new terms as if it were placed with them, and return it on its ticks.

        OrderDenied where they do not pass; ``look_again`` raises where the order is no longer fit to be changed. Until
        it is released, the order counts with its new terms.
        """
        refusal = self._not_now()
        if refusal is None:
            after, refusal = await self._complete(after)
        if refusal is None:
            quote = await self._reference_quote(after)
            account = await self._account()
            refusal = self._not_now() or self._judge_one(after, quote, account, before)
        if refusal is not None:
            raise _denied(refusal, before)
        look_again()
        self.surroundings.reserve(after)
        return after

    async def deny(self, orders: tuple[Order, ...], refusal: Refusal, *, dry: bool = False) -> NoReturn:
        """Journal the orders as DENIED, unless ``dry``, and raise OrderDenied."""
        now = self._broker.now()
        code, reason = refusal.denial.code, refusal.denial.message
        events = tuple(
            OrderWasDenied(
                time=now, order_id=order.order_id, order=order, code=code, reason=reason, denied_by=refusal.by
            )
            for order in orders
        )
        # A journal that has failed cannot take the denial either; the order is refused all the same.
        if not dry:
            with contextlib.suppress(JournalError):
                await self._scribe.write(*events)
        raise _denied(refusal, apply(None, events[0]).order)


def _denied(refusal: Refusal, order: Order) -> OrderDenied:
    code, reason = refusal.denial.code, refusal.denial.message
    whose = "" if refusal.by == "v6" else f" ({refusal.by})"
    kind = NotSupported if refusal.unsupported else OrderDenied
    return kind(f"{code}: {reason}{whose}; nothing was sent", code=code, order=order, hint=refusal.denial.hint)


def _unknown(contract: Contract, error: Exception) -> Denial:
    hint = error.hint if isinstance(error, V6Error) else None
    return Denial(lookup_code(error), f"{contract.key} could not be looked up: {_told(error)}", hint=hint)


def lookup_code(error: Exception) -> str:
    """Return the code of a denial for want of a contract: nobody knows it, or nobody could be asked."""
    return "LINK_DOWN" if isinstance(error, NotConnected) else "UNKNOWN_CONTRACT"


def _told(error: Exception) -> str:
    return plainly(str(error)) if isinstance(error, V6Error) else told(error)

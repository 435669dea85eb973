"""The contract: answers that are answers, a connection that can be trusted, and nothing beside what was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from v6core.broker import Broker, Receipt
from v6core.capabilities import Capabilities, ModifyKind
from v6core.contracts import (
    Combo,
    ComboLeg,
    Contract,
    ContractDetails,
    Crypto,
    Forex,
    Future,
    FutureOption,
    Index,
    Option,
    OptionRight,
    Stock,
)
from v6core.errors import BrokerError, NotConnected, NotSent, OrderDenied
from v6core.identifiers import make_order_ref
from v6core.orders import Order, OrderStatus, OrderType, TimeInForce
from v6core.reports import Evidence, Snapshot
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import Broken, expect, expect_equal, expect_kind
from v6core.testing.conformance.needs import LIMITS, MARKETS
from v6core.testing.conformance.trial import Trial

_SOMEBODY = "conform2"
"""The id of an engine that is not there."""
_SINGLES = (Stock, Option, Future, FutureOption, Index, Forex, Crypto)
_KINDS = frozenset({"COMBO", *(single.model_fields["kind"].default for single in _SINGLES)})


def handed_over(trial: Trial, order: Order, contract: Contract | None = None) -> Order:
    """Return an order as an engine hands it to a broker; it bears the reference of an engine that is not there."""
    reference = make_order_ref(_SOMEBODY, order.order_id)
    return order.replace(contract=contract or trial.stock, order_ref=reference, created_at=trial.engine.now())


@case(
    "CON-01",
    why="an answer that is none is taken for no orders, no position or no money",
    pitfall="a method returns None, an empty list or a boolean where it has nothing to say",
    needs=[LIMITS],
    rests=True,
)
async def answers_are_answers(trial: Trial) -> None:
    """Every method that promises a value gives one, also about an order that nobody ever placed."""
    broker, order = trial.broker, handed_over(trial, Order.limit("BUY", 1, trial.below(5)))
    expect_kind(await broker.snapshot(), Snapshot, "snapshot")
    expect_kind(await broker.find(order.order_ref or ""), Evidence, "find, of an order that there is not,")
    details = await broker.qualify(trial.stock)
    expect_kind(details, ContractDetails, "qualify")
    expect_equal(details.contract.key, trial.stock.key, "the contract of the details")
    receipts = await broker.place([order])
    expect_kind(receipts, tuple, "place")
    for receipt in receipts:
        expect_kind(receipt, Receipt, "place, for each order,")
    expect_equal([receipt.order_id for receipt in receipts], [order.order_id], "whose the receipts are")
    await broker.cancel(order)
    await trial.settle()


@case(
    "CON-02",
    why="the engine refuses and promises by what is declared",
    pitfall="something is declared that no method does, a row names a kind that nobody trades, or combos have no legs",
)
async def capabilities_fit(trial: Trial) -> None:
    """What the broker declares is what its plugin announces, and fits together."""
    announced = trial.capabilities
    for wrong in (
        *_differences(trial.broker.capabilities, announced),
        *_left_out(type(trial.broker), announced),
        *_unfit(announced),
    ):
        raise Broken(wrong)


def _differences(declared: Capabilities, announced: Capabilities) -> Iterator[str]:
    for name in Capabilities.model_fields:
        says, said = getattr(declared, name), getattr(announced, name)
        if says != said:
            yield f"the broker declares {name} as {says}, and its plugin announces {said}"


_METHODS_OF: tuple[tuple[str, Callable[[Capabilities], bool], tuple[str, ...]], ...] = (
    ("modify", lambda declared: declared.modify is not ModifyKind.NONE, ("modify",)),
    ("global_cancel", lambda declared: declared.global_cancel, ("cancel_everything",)),
    ("quotes", lambda declared: declared.quotes, ("quote", "quotes")),
    ("option_chains", lambda declared: declared.option_chains, ("option_chain",)),
    ("preview", lambda declared: declared.preview, ("preview",)),
)
"""Capabilities that a method of their own does, which a broker need not have."""


def _left_out(broker: type[Broker], declared: Capabilities) -> Iterator[str]:
    for capability, is_declared, methods in _METHODS_OF:
        for method in methods if is_declared(declared) else ():
            if getattr(broker, method) is getattr(Broker, method):
                yield f"it declares {capability}, and {broker.__name__} does not override {method}()"


def _unfit(declared: Capabilities) -> Iterator[str]:
    kinds = frozenset(kind for row in declared.orders for kind in row.kinds)
    legs = kinds - {"COMBO"}
    if not declared.orders or not all(row.kinds and row.order_types and row.tifs for row in declared.orders):
        yield "a row of what is taken is empty, so nothing of it is"
    if kinds - _KINDS:
        yield f"there are no contracts of the kind {min(kinds - _KINDS)}"
    if ("COMBO" in kinds) != (declared.max_combo_legs > 0):
        yield f"combos of {declared.max_combo_legs} legs at most are declared, and the kinds are {sorted(kinds)}"
    if declared.fractional_kinds - kinds:
        yield f"parts of a {min(declared.fractional_kinds - kinds)} are declared, and it is not traded"
    if declared.combo_leg_kinds - legs:
        yield f"a leg of a combo may be a {min(declared.combo_leg_kinds - legs)}, which is not traded by itself"
    if declared.option_chains and not kinds & {"OPTION", "FUTURE_OPTION"}:
        yield "option chains are declared, and no row of what is taken has options"
    if any(row.kinds - kinds for row in declared.brackets):
        yield "brackets are declared of what is not traded"


@case(
    "CON-05",
    why="an empty list from a broker that was never asked reads as flat",
    pitfall="questions before connect are answered from empty caches; a second connect opens a second session",
    tier=2,
)
async def is_connected_once(trial: Trial) -> None:
    """Before connect every question fails with NotConnected; a second connect and disconnect change nothing."""
    stranger = trial.unconnected()
    order = handed_over(trial, Order.limit("BUY", 1, trial.below(5)))
    for question, ask in _questions(stranger, trial, order):
        try:
            answer = await ask()
        except (NotConnected, NotSent):
            continue
        except Exception as error:
            raise Broken(f"{question} without a connection raised {type(error).__name__}: {error}") from error
        raise Broken(f"{question} without a connection answered {answer}")
    await stranger.disconnect()
    before = await trial.broker.snapshot()
    await trial.broker.connect()
    after = await trial.broker.snapshot()
    expect_equal(after.positions, before.positions, "what is held after a second connect")
    expect(await trial.is_ready(), "a second connect took the link down")


def _questions(broker: Broker, trial: Trial, order: Order) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
    yield "snapshot", broker.snapshot
    yield "find", lambda: broker.find(order.order_ref or "")
    yield "qualify", lambda: broker.qualify(trial.stock)
    yield "place", lambda: broker.place([order])
    yield "cancel", lambda: broker.cancel(order)
    if trial.capabilities.quotes:
        yield "quote", lambda: broker.quote(trial.stock)
    if trial.capabilities.option_chains:
        yield "option_chain", lambda: broker.option_chain(trial.stock)


@case(
    "CON-06",
    why="links break many times a day, and each time the program must find what it left",
    pitfall="a new session cancels the orders of the last one, or shows them under other ids",
    needs=[LIMITS, MARKETS],
    rests=True,
    tier=2,
)
async def connections_change_nothing(trial: Trial) -> None:
    """Orders and positions are the same through any number of connections."""
    await trial.holding(1)
    order = await trial.resting()
    before = await _standing(trial)
    for _ in range(3):
        await trial.reconnect()
        expect_equal(await _standing(trial), before, "what stands after another connection")
    await trial.engine.cancel_order(order.order_id)


async def _standing(trial: Trial) -> tuple[object, ...]:
    snapshot = await trial.broker.snapshot()
    orders = sorted(
        (report.order_ref or "", report.status, report.filled_quantity)
        for report in snapshot.open_orders
        if report.order_ref is not None
    )
    return *orders, *sorted((row.contract.key, row.quantity) for row in snapshot.positions)


@case(
    "CON-07",
    why="whoever takes a failure for an empty account opens what he has already, or leaves what he must close",
    pitfall="an exception is caught and an empty list returned; a cache is shown that nothing refreshes",
    needs=[LIMITS, MARKETS],
    drives=[Drive.LINK],
    rests=True,
)
async def failures_are_told(trial: Trial) -> None:
    """A snapshot that cannot be taken raises; it is never told as no orders, no positions and no money."""
    await trial.holding(10)
    await trial.resting()
    await trial.cut()
    for question, ask in (("snapshot", trial.broker.snapshot), ("positions", trial.engine.positions)):
        try:
            answer = await ask()
        except BrokerError:
            continue
        raise Broken(f"{question} was answered over a link that is cut: {answer}")
    await trial.mend()
    expect_equal(await trial.held(), 10, "what is held, once the link is mended,")


@case(
    "CON-08",
    why="an order for one account that fills in another is a stranger's",
    pitfall="the account of the session is used whatever the order says, or fills are told without whose they are",
    needs=[LIMITS, MARKETS],
    tier=2,
)
async def account_is_named(trial: Trial) -> None:
    """The account is named, its fills are told of it, and an order for an account that there is not is denied."""
    account = (await trial.broker.snapshot()).account.account
    expect(account.strip(), "the account has no name")
    order = await trial.place(Order.market("BUY", 1, account=account))
    await trial.becomes(order, OrderStatus.FILLED)
    snapshot = await trial.broker.snapshot()
    told = {row.account for row in snapshot.positions} | {report.fill.account for report in snapshot.fills}
    expect(told <= {account, None}, f"account {account} was asked, and others are told of: {sorted(map(str, told))}")
    try:
        await trial.place(Order.limit("BUY", 1, trial.below(5), account="NO-SUCH-ACCOUNT"))
    except OrderDenied:
        return
    raise Broken("an order for an account that there is not was let out")


@case(
    "CON-09",
    why="programs give up waiting, and go on",
    pitfall="cancellation is swallowed by a broad except, or leaves a lock taken and every later call waiting",
    needs=[LIMITS],
    rests=True,
)
async def giving_up_is_allowed(trial: Trial) -> None:
    """Whoever gives up waiting is let go, and the broker works on."""
    for _ in range(3):
        await _given_up(trial, trial.broker.snapshot())
        await _given_up(trial, trial.place(Order.limit("BUY", 1, trial.below(6))))
    expect_kind(await trial.broker.snapshot(), Snapshot, "snapshot, after others were given up,")
    order = await trial.resting()
    listed = [report.order_ref for report in (await trial.broker.snapshot()).open_orders]
    expect_equal(listed.count(order.order_ref), 1, "how often the next order is listed")
    await trial.engine.cancel_all()


async def _given_up(trial: Trial, work: Any) -> None:
    task: asyncio.Task[object] = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    is_done = task.done()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=trial.driver.patience)
    expect(done, "a call that was given up did not end")
    expect(is_done or task.cancelled(), "a call that was given up went on as if it had not been")


@case(
    "CON-11",
    why="two accounts of one broker in one program must not meet",
    pitfall="the session, the cache or the callback is kept in the module or the class",
    needs=[LIMITS],
    rests=True,
)
async def brokers_do_not_meet(trial: Trial) -> None:
    """A second broker of the kind in the process shares nothing with the first."""
    order = await trial.resting()
    second = trial.unconnected()
    try:
        seen = await second.snapshot()
    except NotConnected:
        pass
    else:
        raise Broken(f"a second broker that is not connected shows {len(seen.open_orders)} orders of the first")
    await second.disconnect()
    listed = [report.order_ref for report in (await trial.broker.snapshot()).open_orders]
    expect(order.order_ref in listed, "what the first broker holds is gone with the second")
    await trial.engine.cancel_order(order.order_id)
    expect_equal((await trial.now(order)).status, OrderStatus.CANCELLED, "the first broker's order, once cancelled,")


@case(
    "CON-12",
    why="an order that is half understood is another order",
    pitfall="what the broker does not know is left out of the message, and the rest is sent",
)
async def undeclared_is_refused(trial: Trial) -> None:
    """Whatever type, time in force, kind, quantity or combo is not declared is refused by type before it is sent."""
    for what, order, contract in _asked_for(trial):
        unbound = order.replace(contract=contract)
        if trial.capabilities.why_not(unbound) is None:
            continue
        async with trial.refused(what):
            await trial.place(order, contract)


def _asked_for(trial: Trial) -> Iterator[tuple[str, Order, Contract]]:
    kinds = ["STOCK"] + ["OPTION"] * (trial.samples.expiration is not None)
    for kind in kinds:
        for order_type in OrderType:
            for tif in TimeInForce:
                yield f"{order_type} {tif} on {kind}", trial.order_of(order_type, tif), trial.contract_of(kind)
    yield "half a share", Order.limit("BUY", "0.5", trial.below(5)), trial.stock
    if trial.samples.expiration is not None:
        legs = trial.samples.strikes[: trial.capabilities.max_combo_legs + 1]
        options = [trial.samples.option(strike, OptionRight.CALL) for strike in legs]
        if len(options) >= 2:
            yield (
                f"{len(options)} legs",
                Order.limit("BUY", 1, 1),
                Combo(trial.stock.symbol, [ComboLeg(one, "BUY") for one in options]),
            )

"""What a case needs a broker to declare, and how to ask for it where it does not: both sides of each gate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from v6core.capabilities import Capabilities, ModifyKind
from v6core.contracts import Combo, ComboLeg, OptionRight
from v6core.orders import BracketOrder, OcaType, Order, OrderType, TimeInForce

if TYPE_CHECKING:
    from v6core.testing.conformance.trial import Trial


async def _nothing(_: Trial) -> object:
    return None


@dataclass(frozen=True, slots=True)
class Need:
    """A capability: its name, whether a broker declares it, and how a user who does not look would ask for it.

    ``prepare`` brings about what the attempt is made on, with what every broker can do; only the attempt is refused.
    ``bypass`` asks the broker itself, past the engine: for what it need not have, it must know that it has it not.
    """

    name: str
    declared: Callable[[Capabilities], bool]
    attempt: Callable[[Trial], Awaitable[object]]
    prepare: Callable[[Trial], Awaitable[object]] = _nothing
    bypass: Callable[[Trial], Awaitable[object]] | None = None


def takes(order_type: OrderType = OrderType.LIMIT, tif: TimeInForce = TimeInForce.DAY, kind: str = "STOCK") -> Need:
    """Return the need of an order type with a time in force on a kind of contract."""

    def declared(capabilities: Capabilities) -> bool:
        return any(
            kind in row.kinds and order_type in row.order_types and tif in row.tifs for row in capabilities.orders
        )

    async def attempt(trial: Trial) -> object:
        return await trial.place(trial.order_of(order_type, tif), trial.contract_of(kind))

    return Need(f"{order_type} {tif} on {kind}", declared, attempt)


def combos(legs: int = 2) -> Need:
    """Return the need of combos with a number of legs."""

    async def attempt(trial: Trial) -> object:
        strikes = trial.samples.strikes[:legs]
        contracts = [trial.samples.option(strike, OptionRight.CALL) for strike in strikes]
        sides = [ComboLeg(one, "BUY" if number % 2 == 0 else "SELL") for number, one in enumerate(contracts)]
        return await trial.place(Order.limit("BUY", 1, "0.50"), Combo(trial.samples.stock.symbol, sides))

    return Need(f"combos of {legs} legs", lambda capabilities: capabilities.max_combo_legs >= legs, attempt)


async def _rest(trial: Trial) -> object:
    return await trial.resting()


async def _modify(trial: Trial) -> object:
    (order,) = await trial.engine.orders()
    return await trial.engine.modify_order(order.order_id, limit_price=trial.below(2))


async def _modify_past(trial: Trial) -> None:
    (order,) = await trial.engine.orders()
    await trial.broker.modify(order, {"limit_price": trial.below(2)})


async def _bracket(trial: Trial) -> object:
    bracket = BracketOrder(
        Order.limit("BUY", 1, trial.below(1)),
        take_profit=Order.limit("SELL", 1, trial.above(5)),
        stop_loss=Order.stop("SELL", 1, trial.below(5)),
    )
    return await trial.engine.place_bracket_order(bracket, trial.stock)


def groups(oca_type: OcaType = OcaType.CANCEL_WITH_BLOCK) -> Need:
    """Return the need of one-cancels-all groups of a type."""

    async def attempt(trial: Trial) -> object:
        orders = [Order.limit("BUY", 1, trial.below(n), oca_group="siblings", oca_type=oca_type) for n in (3, 4)]
        return await trial.engine.place_oca_group(orders, trial.stock)

    return Need(f"one-cancels-all {oca_type}", lambda capabilities: oca_type in capabilities.oca_types, attempt)


async def _part(trial: Trial) -> object:
    return await trial.place(Order.limit("BUY", "0.5", trial.below(5)))


async def _preview(trial: Trial) -> object:
    return await trial.engine.preview_order(trial.stock, Order.limit("BUY", 1, trial.below(1)))


async def _preview_past(trial: Trial) -> object:
    order = Order.limit("BUY", 1, trial.below(1), contract=trial.stock, order_ref="v6-preview")
    return await trial.broker.preview([order.replace(created_at=trial.engine.now())])


async def _quote(trial: Trial) -> object:
    return await trial.broker.quote(trial.stock)


async def _stream(trial: Trial) -> object:
    async with asyncio.timeout(trial.driver.patience):
        return await anext(trial.broker.quotes([trial.stock]))


async def _chain(trial: Trial) -> object:
    return await trial.broker.option_chain(trial.stock)


async def _cancel_everything(trial: Trial) -> None:
    await trial.broker.cancel_everything()


LIMITS = takes()
MARKETS = takes(OrderType.MARKET)
STOPS = takes(OrderType.STOP)
STOP_LIMITS = takes(OrderType.STOP_LIMIT)
TRAILS = takes(OrderType.TRAIL)
IOC = takes(tif=TimeInForce.IOC)
FOK = takes(tif=TimeInForce.FOK)
GTD = takes(tif=TimeInForce.GTD)
GTC = takes(tif=TimeInForce.GTC)
OPTIONS = takes(kind="OPTION")
COMBOS = combos(2)
BRACKETS = Need("brackets", lambda capabilities: capabilities.bracket, _bracket)
MODIFIES = Need(
    "changing orders",
    lambda capabilities: capabilities.modify is not ModifyKind.NONE,
    _modify,
    prepare=_rest,
    bypass=_modify_past,
)
FRACTIONS = Need(
    "parts of a share", lambda capabilities: capabilities.fractional or "STOCK" in capabilities.fractional_kinds, _part
)
PREVIEWS = Need("previews", lambda capabilities: capabilities.preview, _preview, bypass=_preview_past)
QUOTED = Need("quotes", lambda capabilities: capabilities.quotes, _quote, bypass=_stream)
CHAINS = Need("option chains", lambda capabilities: capabilities.option_chains, _chain)
GLOBAL_CANCEL = Need(
    "cancelling the orders of others", lambda capabilities: capabilities.global_cancel, _cancel_everything, _rest
)

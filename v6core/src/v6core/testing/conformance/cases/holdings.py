"""What is held, what it cost, and what is left of the money."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from v6core.contracts import Contract, OptionRight
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.reports import Account, BrokerPosition
from v6core.risk import RiskLimits
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.market import HALF_SPREAD
from v6core.testing.conformance.needs import LIMITS, MARKETS, OPTIONS, PREVIEWS
from v6core.testing.conformance.trial import Trial

_CENT = Decimal("0.01")


async def _position(trial: Trial, contract: Contract | None = None) -> BrokerPosition:
    """Return the broker's one row of a contract."""
    key = (contract or trial.stock).key
    rows = [row for row in (await trial.broker.snapshot()).positions if row.contract.key == key]
    expect_equal(len(rows), 1, f"the number of rows of {key}")
    return rows[0]


async def _sold(trial: Trial, quantity: int) -> Order:
    return await trial.becomes(await trial.place(Order.market("SELL", quantity)), OrderStatus.FILLED)


@case(
    "POS-01",
    why="whoever closes what he does not hold opens the opposite",
    pitfall="a sale is counted without its sign, or two instruments of one symbol are one position",
    needs=[MARKETS],
    tier=2,
)
async def positions_are_sums(trial: Trial) -> None:
    """What is held is what was held before and the executions since, contract by contract."""
    before, others = await trial.held(), await trial.held(trial.other)
    await trial.holding(3)
    await trial.holding(2, trial.other)
    await _sold(trial, 1)
    expect_equal(await trial.held(), before + 2, "what is held after 3 were bought and 1 sold")
    expect_equal(await trial.held(trial.other), others + 2, "what is held of the other stock")


@case(
    "POS-02",
    why="profit is counted from what a position cost",
    pitfall="the cost is told with the commission, times the multiplier, or moved by a sale",
    needs=[MARKETS],
    drives=[Drive.QUOTES],
)
async def cost_is_averaged(trial: Trial) -> None:
    """What is bought moves the average cost, what is sold of it does not; a short position costs what it sold at."""
    await trial.holding(10)
    await trial.quote_around(trial.above(10))
    await trial.holding(10)
    bought = await trial.engine.fills()
    mean = sum((fill.price * fill.quantity for fill in bought), ZERO) / 20
    # Some brokers count the commission in: half a percent is more than it, and less than any mistake.
    within = trial.price / 200
    expect(abs((await _position(trial)).avg_cost - mean) < within, f"the average cost is not about {mean}")
    await trial.quote_around(trial.above(20))
    await _sold(trial, 5)
    row = await _position(trial)
    expect_equal(row.quantity, 15, "what is held after 5 of 20 were sold")
    expect(abs(row.avg_cost - mean) < within, f"a sale moved the average cost from {mean} to {row.avg_cost}")
    await _sold(trial, 15)
    sold = await _sold(trial, 10)
    row = await _position(trial)
    expect_equal(row.quantity, -10, "what is held after 10 more than that were sold")
    expect(
        abs(row.avg_cost - (sold.avg_fill_price or 0)) < within, f"10 sold at {sold.avg_fill_price} cost {row.avg_cost}"
    )


@case(
    "POS-03",
    why="money that appears or vanishes between fills and account is a position that nobody knows",
    pitfall="commissions are left out, taken twice, or told with the wrong sign",
    needs=[MARKETS],
    drives=[Drive.QUOTES],
)
async def money_adds_up(trial: Trial) -> None:
    """The account changes by what fills bring and take, by their commissions, and by what what is held is worth."""
    before = (await trial.broker.snapshot()).account
    await trial.holding(10)
    await trial.quote_around(trial.above(5))
    held = await _adds_up(trial, before, 10)
    expect((held.unrealized_pnl or 1) > 0, f"what has risen by 5 percent is told as a profit of {held.unrealized_pnl}")
    if held.buying_power is not None and before.buying_power is not None:
        expect(held.buying_power < before.buying_power, f"what was bought left the buying power at {held.buying_power}")
    await _sold(trial, 10)
    await _adds_up(trial, before, 0)
    await _sold(trial, 10)
    await _adds_up(trial, before, -10)


async def _adds_up(trial: Trial, before: Account, quantity: int) -> Account:
    """Return the account, its money being what the fills and so many shares, five percent up, make of it."""
    await trial.settle()
    account, flows = (await trial.broker.snapshot()).account, await _flows(trial)
    cash = account.cash - before.cash
    expect(abs(cash - flows) <= 2 * _CENT, f"the cash changed by {cash}, and the fills come to {flows}")
    if account.equity is not None and before.equity is not None:
        change, wanted = account.equity - before.equity, flows + quantity * trial.above(5)
        within = abs(quantity) * HALF_SPREAD + 2 * _CENT
        expect(abs(change - wanted) <= within, f"the equity changed by {change}, and {quantity} held make it {wanted}")
    return account


async def _flows(trial: Trial) -> Decimal:
    """Return what all fills brought and took, less their commissions."""
    fills = await trial.engine.fills()
    return sum((fill.cash_flow - (fill.commission or ZERO) for fill in fills), ZERO)


@case(
    "POS-04",
    why="an option of 2.05 costs 205",
    pitfall="prices times a hundred, quantities in shares, or a cost that is told for the whole contract",
    needs=[OPTIONS, MARKETS],
    drives=[Drive.QUOTES],
)
async def multipliers_count_once(trial: Trial) -> None:
    """An option's price and cost are for one share, its quantity in contracts, and the money for all of it."""
    option = trial.samples.option(trial.samples.strikes[2], OptionRight.CALL)
    await trial.quote("2.00", "2.10", option)
    before = (await trial.broker.snapshot()).account
    await trial.becomes(await trial.place(Order.limit("BUY", 1, "2.10"), option), OrderStatus.FILLED)
    (fill,) = await trial.engine.fills()
    expect(Decimal(2) <= fill.price <= Decimal("2.10"), f"the option filled at {fill.price}, and was offered at 2.10")
    row = await _position(trial, option)
    expect_equal(row.quantity, 1, "the number of contracts")
    expect(abs(row.avg_cost - fill.price) < Decimal("0.10"), f"the cost is told as {row.avg_cost}, not {fill.price}")
    after = (await trial.broker.snapshot()).account
    paid = before.cash - after.cash - (fill.commission or ZERO)
    expect(abs(paid - fill.price * 100) <= 2 * _CENT, f"{paid} was paid for an option at {fill.price}")
    if after.equity is not None:
        worth = after.equity - after.cash
        expect(200 - _CENT <= worth <= 210 + _CENT, f"an option of 2.00 to 2.10 counts for {worth} of the equity")


@case(
    "POS-05",
    why="fees decide whether a small profit is one",
    pitfall="the fee of an order is told with each of its fills, or again with each report of the same fill",
    needs=[MARKETS],
    drives=[Drive.QUOTES],
)
async def fees_are_told_once(trial: Trial) -> None:
    """What an execution cost is told once: an order's commission is the sum over its fills, and stays it."""
    before = (await trial.broker.snapshot()).account.cash
    await trial.holding(5)
    order = await _in_two_pieces(trial) if trial.driver.rests else await trial.holding(10)
    seen = await trial.now(order)
    told = sum((fill.commission or ZERO for fill in await trial.engine.fills(order_id=order.order_id)), ZERO)
    expect_equal(seen.commission, told, "the order's commission")
    await trial.reconnect()
    expect_equal((await trial.now(order)).commission, told, "the order's commission after another connection")
    fills = await trial.engine.fills()
    expect_equal({fill.currency for fill in fills}, {trial.stock.currency}, "in what commissions are told")
    told = sum((fill.commission or ZERO for fill in fills), ZERO)
    charged = (await trial.broker.snapshot()).account.commissions
    expect(charged is None or charged >= told, f"the account was charged {charged}, and the fills come to {told}")
    change, flows = (await trial.broker.snapshot()).account.cash - before, await _flows(trial)
    expect(abs(change - flows) <= 2 * _CENT, f"the cash changed by {change}, and the fills come to {flows}")


async def _in_two_pieces(trial: Trial) -> Order:
    """Buy ten where four are offered and then six."""
    await trial.quote_around(trial.price)
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=4)
    order = await trial.place(Order.market("BUY", 10))
    await trial.quote(trial.below(0.1), trial.above(0.1), ask_size=6)
    return await trial.becomes(order, OrderStatus.FILLED)


@case(
    "POS-06",
    why="an order that nobody can pay for must not half exist",
    pitfall="the refusal is told as an exception, and the order stays listed or reserves its margin",
    needs=[LIMITS],
    drives=[Drive.QUOTES],
    starts=False,
)
async def beyond_buying_power_is_refused(trial: Trial) -> None:
    """An order beyond the buying power is refused with a reason, and leaves no trace."""
    off = {"max_order_quantity": "off", "max_order_value": "off", "max_contracts": "off"}
    await trial.start(limits=RiskLimits.model_validate(off).for_simulated())
    power = (await trial.broker.snapshot()).account.buying_power
    if power is None:
        return  # a broker that tells none promises none
    order = await trial.place(Order.limit("BUY", int(power * 10 / trial.price), trial.above(1)))
    seen = await trial.becomes(order, OrderStatus.REJECTED)
    expect(seen.reason, "the refusal has no reason")
    after = (await trial.broker.snapshot()).account
    expect_equal((await trial.held(), after.buying_power), (ZERO, power), "what is held, and what can be bought,")


@case(
    "POS-07",
    why="what is done at a fill is done by what is held then",
    pitfall="positions come from another service, and are those of a moment ago",
    needs=[MARKETS],
    tier=2,
)
async def positions_keep_up_with_fills(trial: Trial) -> None:
    """What is held includes a fill from the moment at which the fill is told."""
    before = await trial.held()
    await trial.holding(1)
    expect_equal(await trial.held(), before + 1, "what is held at the moment of the fill")
    order = await trial.place(Order.market("SELL", 1))
    await trial.becomes(order, OrderStatus.FILLED)
    expect_equal(await trial.held(), before, "what is held at the moment of the sale")


@case(
    "POS-08",
    why="who asks for a price has not ordered",
    pitfall="a preview is an order with a flag, and the flag is lost",
    needs=[PREVIEWS, LIMITS],
    tier=2,
)
async def previews_send_nothing(trial: Trial) -> None:
    """A preview changes nothing: no order reaches the broker, is listed or fills."""
    before = await trial.broker.snapshot()
    order = Order.limit("BUY", 10, trial.below(1))
    result = await trial.engine.preview_order(trial.stock, order)
    expect(result.preview is not None, "the preview is none")
    await trial.settle()
    after = await trial.broker.snapshot()
    expect_equal(await trial.sent(result.orders[0]), 0, "how often the order of the preview was sent")
    expect_equal(
        (len(after.open_orders), after.positions), (len(before.open_orders), before.positions), "what there is"
    )


@case(
    "POS-09",
    why="positions are split among strategies by the fills of their orders",
    pitfall="orders at the same moment share a callback, and the fills of one are told of another",
    needs=[MARKETS],
    drives=[Drive.QUOTES],
)
async def fills_belong_to_their_orders(trial: Trial) -> None:
    """Of orders that fill at the same moment each has its own executions, of its own contract and quantity."""
    orders = await asyncio.gather(
        trial.place(Order.market("BUY", 3)),
        trial.place(Order.market("BUY", 5)),
        trial.place(Order.market("BUY", 7), trial.other),
    )
    for order in orders:
        await trial.becomes(order, OrderStatus.FILLED)
        fills = await trial.engine.fills(order_id=order.order_id)
        expect_equal(
            sum((fill.quantity for fill in fills), ZERO), order.quantity, "what the order's executions come to"
        )
        assert order.contract is not None
        expect_equal({fill.contract.key for fill in fills}, {order.contract.key}, "of what the executions are")

"""Combos: one order, legs in ratio, a net price with a sign, and nothing counted twice."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

from v6core.contracts import Combo, ComboLeg, Option, OptionRight
from v6core.fills import Fill
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import PLENTY, Drive
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.needs import COMBOS, MODIFIES
from v6core.testing.conformance.trial import Trial

LONG_WORTH, SHORT_WORTH = Decimal(4), Decimal(2)


def legs_of(trial: Trial) -> tuple[Option, Option]:
    """Return the two calls that these cases trade: one at the price, and one above it."""
    at, above = trial.samples.strikes[2:4]
    return trial.samples.option(at, OptionRight.CALL), trial.samples.option(above, OptionRight.CALL)


async def spread(trial: Trial, long_ratio: int = 1) -> Combo:
    """Quote two calls at 3.95 to 4.05 and 1.95 to 2.05, and return the first bought against the second sold."""
    long, short = legs_of(trial)
    await trial.quote_around(LONG_WORTH, long)
    await trial.quote_around(SHORT_WORTH, short)
    return Combo(trial.stock.symbol, [ComboLeg(long, "BUY", long_ratio), ComboLeg(short, "SELL")])


def _legs(combo: Combo) -> dict[str, int]:
    """Return the legs by their keys, signed: a broker completes a contract, by its number say."""
    return {contract.key: signed for contract, signed in combo.signed_legs}


async def _held(trial: Trial) -> tuple[Decimal, Decimal]:
    long, short = legs_of(trial)
    return await trial.held(long), await trial.held(short)


def _net(fills: tuple[Fill, ...]) -> Decimal:
    """Return what was paid for all of some fills, a unit of the contract; negative where it was received."""
    return sum((fill.action.sign * fill.quantity * fill.price for fill in fills), ZERO)


@case(
    "CMB-01",
    why="a spread is wanted as a spread: each leg on its side, in its ratio",
    pitfall="ratios are dropped, or multiplied by the quantity twice",
    needs=[COMBOS],
    drives=[Drive.QUOTES],
)
async def fills_leg_by_leg_in_ratio(trial: Trial) -> None:
    """A combo is one order, and its executions come per leg, each on its side and in its ratio."""
    combo = await spread(trial, long_ratio=2)
    order = await trial.place(Order.limit("BUY", 3, "6.50"), combo)
    await trial.becomes(order, OrderStatus.FILLED)
    expect_equal(await trial.sent(order), 1, "how often it was sent")
    expect_equal(await _held(trial), (Decimal(6), Decimal(-3)), "what is held of the legs")
    expect_equal(len(await trial.engine.orders()), 1, "the number of orders")


@case(
    "CMB-02",
    why="half a spread is a naked option",
    pitfall="legs are sent, or matched, one by one, and the second finds no market",
    needs=[COMBOS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def no_leg_fills_alone(trial: Trial) -> None:
    """A guaranteed combo fills no leg without the others: what one of them cannot fill stays unfilled of all."""
    combo = await spread(trial)
    _, short = legs_of(trial)
    await trial.quote(None, "2.05", short)
    order = await trial.place(Order.limit("BUY", 5, "2.50"), combo)
    await trial.settle()
    guaranteed = trial.capabilities.combo_guaranteed
    expect(not guaranteed or await _held(trial) == (ZERO, ZERO), "a leg has filled while nobody bid for the other")
    await trial.quote("1.95", "2.05", short, bid_size=2)
    long_held, short_held = await _held(trial)
    expect(not guaranteed or long_held == -short_held <= 2, f"the legs hold {long_held} and {short_held}")
    await trial.quote("1.96", "2.05", short)
    await trial.becomes(order, OrderStatus.FILLED)


@case(
    "CMB-04",
    why="with the sign of a net price wrong, a credit is paid instead of received",
    pitfall="the broker wants credits positive, or the absolute price, and the plugin passes the number on",
    needs=[COMBOS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def the_price_has_a_sign(trial: Trial) -> None:
    """A net price is positive to pay and negative to receive, and the legs' net is never worse than it."""
    combo = await spread(trial)
    credit = Combo(combo.symbol, [ComboLeg(leg.contract, leg.action.opposite) for leg in combo.legs])
    for action, contract, limit in (("BUY", combo, "2.20"), ("BUY", credit, "-1.80"), ("SELL", combo, "1.80")):
        order = await trial.place(Order.limit(action, 1, limit), contract)
        await trial.becomes(order, OrderStatus.FILLED)
        fills = await trial.engine.fills(order_id=order.order_id)
        net, most = _net(fills), order.action.sign * Decimal(limit)
        expect(net <= most, f"an order to {action} at {limit} came to {net}")
        (dearer,) = [fill.action.sign for fill in fills if fill.contract.key == combo.legs[0].contract.key]
        expect_equal(dearer, 1 if most > 0 else -1, "what was done with the dearer leg, its sign,")
    greedy = await trial.place(Order.limit("BUY", 1, "-2.50"), credit)
    await trial.stays(greedy, OrderStatus.SUBMITTED)


@case(
    "CMB-05",
    why="positions and fees that count a combo beside its legs are twice what they are",
    pitfall="the broker reports the combo's own row beside those of the legs, and both are booked",
    needs=[COMBOS],
    drives=[Drive.QUOTES],
)
async def nothing_is_counted_twice(trial: Trial) -> None:
    """Fills, positions and fees are those of the legs; the combo itself has none."""
    order = await trial.becomes(
        await trial.place(Order.limit("BUY", 2, "2.50"), await spread(trial)), OrderStatus.FILLED
    )
    snapshot = await trial.broker.snapshot()
    kinds = {position.contract.kind for position in snapshot.positions}
    expect("COMBO" not in kinds, "the combo itself is among the positions")
    fills = await trial.engine.fills(order_id=order.order_id)
    expect_equal({fill.contract.kind for fill in fills}, {"OPTION"}, "what the executions are of")
    expect_equal(sum(fill.quantity for fill in fills), Decimal(4), "what the executions come to")
    settled = await trial.now(order)
    expect_equal(settled.commission, sum(fill.commission or ZERO for fill in fills), "the order's commission")


@case(
    "CMB-06",
    why="a combo that is changed or cancelled by halves is no combo any more",
    pitfall="the broker keeps an order for each leg, and the change reaches one of them",
    needs=[COMBOS, MODIFIES],
    drives=[Drive.QUOTES],
    rests=True,
)
async def changes_and_cancels_are_whole(trial: Trial) -> None:
    """A combo is changed and cancelled as one order: all legs fill by the changed price, or none after a cancel."""
    combo = await spread(trial)
    changed = await trial.place(Order.limit("BUY", 1, "1.00"), combo)
    await trial.engine.modify_order(changed.order_id, limit_price="2.20")
    await trial.becomes(changed, OrderStatus.FILLED)
    cancelled = await trial.place(Order.limit("BUY", 1, "1.00"), combo)
    expect(await trial.engine.cancel_order(cancelled.order_id), "the combo could not be cancelled")
    await trial.quote_around("2.50", legs_of(trial)[0])
    await trial.stays(cancelled, OrderStatus.CANCELLED)
    expect_equal(await _held(trial), (Decimal(1), Decimal(-1)), "what is held of the legs")


@case(
    "CMB-07",
    why="a broker that cuts a combo to the legs it knows trades another one",
    pitfall="the limit is looked up after the order has gone out",
    needs=[COMBOS],
)
async def too_many_legs_are_refused(trial: Trial) -> None:
    """A combo with more legs than declared is refused before it is sent."""
    most, samples = trial.capabilities.max_combo_legs, trial.samples
    days = [day for day in (samples.expiration, samples.later) if day is not None]
    options = [samples.option(strike, right, day) for strike, right, day in product(samples.strikes, OptionRight, days)]
    expect(len(options) > most, f"there are too few samples for a combo of {most + 1} legs")
    combo = Combo(trial.stock.symbol, [ComboLeg(option, "BUY") for option in options[: most + 1]])
    async with trial.refused(f"a combo of {most + 1} legs"):
        await trial.place(Order.limit("BUY", 1, "0.05"), combo)


@case(
    "CMB-08",
    why="whoever restarts must find the spread that waits, not an order in nothing",
    pitfall="open orders are read back without their legs",
    needs=[COMBOS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def open_combos_are_there_after_a_restart(trial: Trial) -> None:
    """An open combo is listed after a restart with its legs, and goes on to fill."""
    combo = await spread(trial)
    order = await trial.place(Order.limit("BUY", 1, "1.50"), combo)
    await trial.restart()
    snapshot = await trial.broker.snapshot()
    (report,) = [report for report in snapshot.open_orders if report.order_ref == order.order_ref]
    shown = report.terms.contract if report.terms is not None else None
    expect(isinstance(shown, Combo), f"the open combo is listed as {shown}")
    assert isinstance(shown, Combo)
    expect_equal(_legs(shown), _legs(combo), "the legs")
    await trial.quote("3.35", "3.40", legs_of(trial)[0], ask_size=PLENTY)
    await trial.becomes(order, OrderStatus.FILLED)

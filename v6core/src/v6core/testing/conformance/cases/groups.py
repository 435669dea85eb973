"""Brackets and one-cancels-all groups: exits wait for their entry, cover what it filled, and only one of them fills."""

from __future__ import annotations

from decimal import Decimal

from v6core.capabilities import ExitRelease
from v6core.contracts import Contract
from v6core.errors import BrokerError, ModifyRejected
from v6core.fills import ActionTaken
from v6core.money import ZERO
from v6core.orders import BracketOrder, OcaType, Order, OrderStatus
from v6core.strategies import Strategy
from v6core.testing.conformance.case import case
from v6core.testing.conformance.driver import Drive, Verb
from v6core.testing.conformance.expecting import expect, expect_equal
from v6core.testing.conformance.needs import BRACKETS, MODIFIES, Need, groups
from v6core.testing.conformance.trial import Trial

SIZE = 10
ANY_GROUP = Need("one-cancels-all groups", lambda capabilities: bool(capabilities.oca_types), groups().attempt)
_ENDED_UNFILLED = (OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
_WAITING = (OrderStatus.SUBMITTED, OrderStatus.INACTIVE)
_KNOWN = (*_ENDED_UNFILLED, OrderStatus.LOST, *_WAITING)
_Bracket = tuple[Order, Order, Order]
_Pair = tuple[Order, Order]


async def bracketed(trial: Trial, entry_price: Decimal, **entry: str) -> _Bracket:
    """Place a bracket to buy, its exits five percent to either side, and return entry, take-profit and stop-loss."""
    bracket = BracketOrder(
        Order.limit("BUY", SIZE, entry_price, tif="GTC", **entry),
        take_profit=Order.limit("SELL", SIZE, trial.above(5)),
        stop_loss=Order.stop("SELL", SIZE, trial.below(5)),
    )
    result = await trial.engine.place_bracket_order(bracket, trial.stock)
    expect_equal(result.action_taken, ActionTaken.BRACKET_PLACED, f"a bracket ({result.error_message})")
    placed, take, stop = result.orders
    return placed, take, stop


async def shorted(trial: Trial, entry_price: Decimal, contract: Contract) -> _Bracket:
    """Place a bracket to sell short, likewise."""
    bracket = BracketOrder(
        Order.limit("SELL", SIZE, entry_price, tif="GTC"),
        take_profit=Order.limit("BUY", SIZE, trial.below(5)),
        stop_loss=Order.stop("BUY", SIZE, trial.above(5)),
    )
    result = await trial.engine.place_bracket_order(bracket, contract)
    expect_equal(result.action_taken, ActionTaken.BRACKET_PLACED, f"a bracket to sell ({result.error_message})")
    placed, take, stop = result.orders
    return placed, take, stop


async def protected(trial: Trial, **entry: str) -> _Bracket:
    """Place a bracket whose entry fills whole at once."""
    placed, take, stop = await bracketed(trial, trial.above(1), **entry)
    return await trial.becomes(placed, OrderStatus.FILLED), take, stop


async def rise(trial: Trial) -> None:
    """Let the price rise through every take-profit."""
    await trial.quote_around(trial.above(6))


async def fall(trial: Trial) -> None:
    """Let the price fall through every stop-loss."""
    await trial.quote_around(trial.below(6))


async def _one_exit_filled(trial: Trial, take: Order, stop: Order) -> None:
    """Let the take-profit fill, and expect its sibling gone: what falls afterwards fills nothing."""
    await rise(trial)
    await trial.becomes(take, OrderStatus.FILLED)
    await trial.becomes(stop, OrderStatus.CANCELLED)
    await fall(trial)
    expect_equal(await trial.held(), ZERO, "what is held once one exit has filled")


@case(
    "GRP-01",
    why="an exit that works before its entry is a naked order the other way",
    pitfall="the three orders are sent as three strangers, and the take-profit opens a short",
    needs=[BRACKETS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def exits_wait_for_the_entry(trial: Trial) -> None:
    """A bracket is three orders with the right sides and prices, and its exits do not work before the entry fills."""
    entry, take, stop = await bracketed(trial, trial.below(1))
    expect_equal([order.action for order in (entry, take, stop)], ["BUY", "SELL", "SELL"], "the sides")
    expect_equal((take.limit_price, stop.stop_price), (trial.above(5), trial.below(5)), "the exits' prices")
    expect_equal({take.parent_order_id, stop.parent_order_id}, {entry.order_id}, "the exits' entry")
    expect(not take.working, "the take-profit works while its entry waits")
    await rise(trial)
    await trial.stays(take, *_WAITING)
    expect_equal(await trial.held(), ZERO, "what is held before the entry filled")
    _, take, _ = await shorted(trial, trial.above(1), trial.other)
    await trial.quote_around(trial.below(6), trial.other)
    await trial.stays(take, *_WAITING)
    expect_equal(await trial.held(trial.other), ZERO, "what is held before an entry that sells short filled")


@case(
    "GRP-02",
    why="an entry whose protection never arrived is a position without a stop",
    pitfall="the legs go out one by one, each ready to trade, and nobody takes the first back when the second fails",
    needs=[BRACKETS],
    drives=[Drive.ANSWERS],
    rests=True,
)
async def is_sent_as_one_unit(trial: Trial) -> None:
    """Where a part of a bracket does not arrive, none of it stays at the market."""
    bracket = BracketOrder(
        Order.limit("BUY", SIZE, trial.below(1), tif="GTC"),
        take_profit=Order.limit("SELL", SIZE, trial.above(5)),
        stop_loss=Order.stop("SELL", SIZE, trial.below(5)),
    )
    await trial.driver.lose_answer(Verb.PLACE, arrives=False)
    result = await trial.engine.place_bracket_order(bracket, trial.stock)
    for order in result.orders:
        await trial.settles(order, *_KNOWN)
    refs = {order.order_ref for order in result.orders}
    snapshot = await trial.broker.snapshot()
    left = [report for report in snapshot.open_orders if report.order_ref in refs]
    expect(len(left) in {0, len(refs)}, f"{len(left)} of the {len(refs)} orders of a bracket are open")


@case(
    "GRP-03",
    why="exits that are larger than the position turn it round",
    pitfall="the exits go out for the entry's whole quantity with its first lot",
    needs=[BRACKETS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def exits_cover_what_has_filled(trial: Trial) -> None:
    """While the entry is filled in part, exits cover exactly that part, or nothing until it is full, as declared."""
    await trial.quote("99.95", "100.05", ask_size=4)
    entry, take, _ = await bracketed(trial, trial.above(1))
    await trial.becomes(entry, OrderStatus.PARTIALLY_FILLED)
    expect_equal(await trial.held(), Decimal(4), "what the entry has filled")
    await rise(trial)
    at_once = trial.capabilities.exit_release is ExitRelease.EACH_FILL
    expect_equal((await trial.now(take)).filled_quantity, Decimal(4 if at_once else 0), "what the take-profit sold")
    expect_equal(await trial.held(), Decimal(0 if at_once else 4), "what is held")


@case(
    "GRP-04",
    why="exits that outlive their entry open a position by themselves",
    pitfall="a cancel takes back the entry alone",
    needs=[BRACKETS],
    rests=True,
)
async def exits_go_with_the_entry(trial: Trial) -> None:
    """An entry that is cancelled unfilled takes its exits with it."""
    entry, take, stop = await bracketed(trial, trial.below(1))
    expect(await trial.listed(entry), "the broker does not list the entry of a bracket that it took")
    expect(await trial.engine.cancel_order(entry.order_id), "the entry could not be cancelled")
    for order in (take, stop):
        await trial.becomes(order, *_ENDED_UNFILLED)
    expect_equal(await trial.held(), ZERO, "what is held")


@case(
    "GRP-05",
    why="a sibling that stays alive closes the position a second time, and it flips",
    pitfall="the exits are cancelled by the program, which is down or slow when it matters",
    needs=[BRACKETS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def one_exit_cancels_the_other(trial: Trial) -> None:
    """When one exit of a bracket fills, long or short, the other is cancelled, and the position never flips."""
    _, take, stop = await protected(trial)
    await _one_exit_filled(trial, take, stop)
    await trial.quote_around(trial.price)
    entry, take, stop = await shorted(trial, trial.below(1), trial.stock)
    await trial.becomes(entry, OrderStatus.FILLED)
    await rise(trial)
    await trial.becomes(stop, OrderStatus.FILLED)
    await trial.becomes(take, OrderStatus.CANCELLED)
    await fall(trial)
    expect_equal(await trial.held(), ZERO, "what is held once an exit of a short position has filled")


@case(
    "GRP-06",
    why="after half an exit the other half needs its protection, and no more than that",
    pitfall="the sibling keeps its whole quantity, or goes although the group only reduces",
    needs=[ANY_GROUP],
    drives=[Drive.QUOTES],
    rests=True,
)
async def a_partial_fill_reduces_or_cancels(trial: Trial) -> None:
    """A partial fill cancels the siblings, or takes what filled off them, as the type of the group says."""
    for oca_type in sorted(trial.capabilities.oca_types):
        await trial.quote_around(trial.price)
        first, second = await _pair(trial, oca_type)
        await trial.quote(None, trial.below(3.5), ask_size=4)
        await trial.becomes(first, OrderStatus.PARTIALLY_FILLED)
        if oca_type is OcaType.CANCEL_WITH_BLOCK:
            await trial.becomes(second, OrderStatus.CANCELLED)
        else:
            expect_equal((await trial.now(second)).remaining_quantity, Decimal(6), f"what {oca_type} leaves of it")
        await trial.engine.cancel_all()


async def _pair(trial: Trial, oca_type: OcaType = OcaType.CANCEL_WITH_BLOCK) -> _Pair:
    """Place a group of two orders to buy, three and four percent below the market."""
    orders = [Order.limit("BUY", SIZE, trial.below(percent)) for percent in (3, 4)]
    result = await trial.engine.place_oca_group(orders, trial.stock, oca_type=oca_type)
    expect_equal(result.action_taken, ActionTaken.OCA_PLACED, f"a group ({result.error_message})")
    first, second = result.orders
    return first, second


@case(
    "GRP-07",
    why="a market that jumps reaches both prices at once, and only one fill was wanted",
    pitfall="each order is matched by itself, and siblings are looked at afterwards",
    needs=[groups()],
    drives=[Drive.QUOTES],
    rests=True,
)
async def one_quote_fills_one(trial: Trial) -> None:
    """Of two siblings that one quote reaches, exactly one fills."""
    pair = await _pair(trial)
    await trial.quote_around(trial.below(6))
    ended = [await trial.becomes(order, OrderStatus.FILLED, OrderStatus.CANCELLED) for order in pair]
    expect_equal(sorted(order.status for order in ended), ["CANCELLED", "FILLED"], "the pair")
    expect_equal(await trial.held(), Decimal(SIZE), "what is held")


@case(
    "GRP-08",
    why="whoever trails a target by hand relies on the stop going with it",
    pitfall="a change is a cancel and an order that is nobody's sibling",
    needs=[BRACKETS, MODIFIES],
    drives=[Drive.QUOTES],
    rests=True,
)
async def a_modified_exit_keeps_its_sibling(trial: Trial) -> None:
    """An exit whose price is changed stays in its group; where that cannot be, the change is refused by type."""
    _, take, stop = await protected(trial)
    try:
        await trial.engine.modify_order(take.order_id, limit_price=trial.above(4))
    except (ModifyRejected, BrokerError):
        expect_equal((await trial.now(take)).limit_price, trial.above(5), "the price after a refused change")
    await trial.stays(stop, *_WAITING)
    await _one_exit_filled(trial, take, stop)


@case(
    "GRP-09",
    why="a position that is gone needs no exits, and they would open another",
    pitfall="the close is one more order beside exits that go on working",
    needs=[BRACKETS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def exits_do_not_outlive_the_position(trial: Trial) -> None:
    """A position that is closed by itself takes its exits along: neither price opens another one."""
    _, take, stop = await protected(trial, strategy_id="swing")
    swing = Strategy.model_validate(
        {"strategy_id": "swing", "symbol": trial.stock.symbol, "legs": [{"action": "BUY", "quantity": SIZE}]}
    )
    result = await trial.engine.close_position(swing, -trial.below(1), trial.driver.patience)
    expect_equal(result.action_taken, ActionTaken.CLOSED, f"the close ({result.error_message})")
    for order in (take, stop):
        await trial.stays(order, *_ENDED_UNFILLED)
    await rise(trial)
    await fall(trial)
    expect_equal(await trial.held(), ZERO, "what is held")


@case(
    "GRP-10",
    why="programs are restarted while positions are open",
    pitfall="the links live in the memory of the program, or of the plugin",
    needs=[BRACKETS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def links_survive_a_restart(trial: Trial) -> None:
    """After a restart exits still wait for their entry, and one still cancels the other."""
    entry, take, stop = await bracketed(trial, trial.below(1))
    await trial.restart()
    await trial.quote_around(trial.below(2))
    await trial.becomes(entry, OrderStatus.FILLED)
    await trial.restart()
    await _one_exit_filled(trial, take, stop)


@case(
    "GRP-11",
    why="of two ideas for the same money only one is to be carried out",
    pitfall="groups are kept by each instrument's own book",
    needs=[groups()],
    drives=[Drive.QUOTES],
    rests=True,
)
async def a_group_spans_instruments(trial: Trial) -> None:
    """A one-cancels-all group holds over different instruments."""
    orders = [Order.limit("BUY", SIZE, trial.below(3)) for _ in range(2)]
    result = await trial.engine.place_oca_group(orders, [trial.stock, trial.other])
    first, second = result.orders
    await trial.quote_around(trial.below(4))
    await trial.becomes(first, OrderStatus.FILLED)
    await trial.becomes(second, OrderStatus.CANCELLED)
    await trial.quote_around(trial.below(4), trial.other)
    expect_equal(await trial.held(trial.other), ZERO, "what is held of the other stock")


@case(
    "GRP-12",
    why="whoever buys the dip at one of two prices wants it once",
    pitfall="the group is a label that the broker keeps and does nothing about",
    needs=[groups()],
    drives=[Drive.QUOTES],
    rests=True,
)
async def one_of_a_group_fills(trial: Trial) -> None:
    """When one order of a one-cancels-all group fills, the others of it are cancelled, and those of no other group."""
    first, second = await _pair(trial)
    others = [Order.limit("BUY", SIZE, trial.below(percent)) for percent in (3, 4)]
    result = await trial.engine.place_oca_group(others, trial.other)
    await trial.quote_around(trial.below(3.5))
    await trial.becomes(first, OrderStatus.FILLED)
    await trial.becomes(second, OrderStatus.CANCELLED)
    await trial.quote_around(trial.below(6))
    expect_equal(await trial.held(), Decimal(SIZE), "what is held")
    for order in result.orders:
        await trial.stays(order, OrderStatus.SUBMITTED)

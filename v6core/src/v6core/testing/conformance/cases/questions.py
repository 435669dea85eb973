"""What a broker is asked without anything being changed by it: quotes, chains, previews, contracts."""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal

from v6core.contracts import OptionRight
from v6core.errors import Unavailable
from v6core.fills import Preview
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.testing.conformance.case import case
from v6core.testing.conformance.cases.contract import handed_over
from v6core.testing.conformance.driver import Drive
from v6core.testing.conformance.expecting import expect, expect_equal, expect_kind
from v6core.testing.conformance.needs import CHAINS, LIMITS, OPTIONS, PREVIEWS, QUOTED
from v6core.testing.conformance.trial import Trial

_MINUTE = 60


@case(
    "CON-13",
    why="a quote is what orders are priced by",
    pitfall="None, a quote of another contract, or one without a time",
    needs=[QUOTED],
    drives=[Drive.QUOTES],
)
async def quotes_are_quotes(trial: Trial) -> None:
    """A quote that is declared is given: of the contract that was asked for, as the market stands."""
    await trial.quote("99.90", "100.10", bid_size=100, ask_size=900)
    await trial.quote("49.90", "50.10", trial.other)
    quote = await trial.broker.quote(trial.stock)
    expect_kind(quote, Quote, "quote")
    expect_equal(quote.contract.key, trial.stock.key, "the contract of the quote")
    expect_equal((quote.bid, quote.ask), (trial.below(0.1), trial.above(0.1)), "bid and ask")
    if quote.bid_size is not None and quote.ask_size is not None:
        expect(quote.bid_size < quote.ask_size, f"sizes of 100 and 900 are told as {quote.bid_size}, {quote.ask_size}")
    age = quote.age(trial.engine.now())
    expect(abs(age) < _MINUTE, f"a quote that was given just now is {age:g} seconds old")
    expect_equal((await trial.broker.quote(trial.other)).bid, Decimal("49.90"), "the bid of the other stock")
    if trial.samples.expiration is not None and OPTIONS.declared(trial.capabilities):
        option = trial.samples.option(trial.samples.strikes[2], OptionRight.PUT)
        await trial.quote("3.90", "4.10", option)
        expect_equal((await trial.broker.quote(option)).bid, Decimal("3.90"), "the bid of an option")


@case(
    "CON-16",
    why="a program that watches several prices acts on each of them",
    pitfall="the stream ends, or stands still, after what it said first, or knows the first contract alone",
    needs=[QUOTED],
    drives=[Drive.QUOTES],
)
async def streams_go_on(trial: Trial) -> None:
    """A stream of quotes gives each contract as it is, and then what it changes to."""
    stream = trial.engine.quotes([trial.stock, trial.other])
    for bid in (trial.below(1), trial.below(2)):
        wanted = {trial.stock.key: bid, trial.other.key: bid - 1}
        await trial.quote(bid, trial.price)
        await trial.quote(bid - 1, trial.price, trial.other)
        seen = dict[str, Decimal | None]()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(trial.driver.patience):
                while seen != wanted:
                    quote = await anext(stream, None)
                    expect(quote is not None, "the stream of quotes has ended")
                    assert quote is not None
                    seen[quote.contract.key] = quote.bid
        expect_equal(seen, wanted, "the bids that the stream told last")


@case(
    "CON-17",
    why="a price of 0 is one that somebody would trade at",
    pitfall="the broker sends 0 or -1 where nobody is, and it is passed on as a price",
    needs=[QUOTED],
    drives=[Drive.QUOTES],
)
async def nobody_is_no_price(trial: Trial) -> None:
    """Where nobody offers the offer of a quote is none, or there is no quote."""
    await trial.quote(trial.below(1), None)
    try:
        quote = await trial.broker.quote(trial.stock)
    except Unavailable:
        return
    expect_equal((quote.bid, quote.ask), (trial.below(1), None), "bid and ask where nobody offers")


@case(
    "CON-14",
    why="rolls and spreads choose among what is listed",
    pitfall="an empty chain where the question failed, or strikes of one expiration listed for all",
    needs=[CHAINS, OPTIONS],
)
async def chains_list_what_is_traded(trial: Trial) -> None:
    """An option chain that is declared lists the expirations and strikes that can be traded."""
    chain = await trial.broker.option_chain(trial.stock)
    expect_kind(chain, OptionChain, "option_chain")
    day = trial.samples.expiration
    assert day is not None
    for strike in trial.samples.strikes:
        option = chain.option(day, strike, OptionRight.CALL)
        expect(option is not None, f"the chain does not list the {strike} of {day}, which is traded")
        assert option is not None
        details = await trial.broker.qualify(option)
        expect_equal(details.contract.key, option.key, "the contract of the details")


@case(
    "CON-15",
    why="whoever asks what an order costs must not have placed it",
    pitfall="None, or an empty preview that reads as free of charge",
    needs=[PREVIEWS, LIMITS],
)
async def previews_tell(trial: Trial) -> None:
    """A preview that is declared tells something, and rightly: a commission, a margin, or what it does to the cash."""
    for action in ("BUY", "SELL"):
        preview = await trial.broker.preview([handed_over(trial, Order.limit(action, 10, trial.below(1)))])
        expect_kind(preview, Preview, "preview")
        told = (preview.commission, preview.initial_margin_change, preview.cash_change, preview.warning)
        expect(any(one is not None for one in told), "the preview tells nothing")
        _expect_about(preview, Order.limit(action, 10, trial.below(1)).action.sign * -10 * trial.below(1))


def _expect_about(preview: Preview, cash: Decimal) -> None:
    """Expect a preview to cost what its order costs, within what a better price and a fee may make."""
    change = preview.cash_change
    expect(
        change is None or abs(change - cash) < abs(cash) / 10, f"an order for {-cash} is to change the cash by {change}"
    )
    expect(
        preview.commission is None or 0 <= preview.commission < abs(cash) / 10, f"it is to cost {preview.commission}"
    )

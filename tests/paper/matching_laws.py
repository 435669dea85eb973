"""Scripts for a book, what comes of them step by step, and the laws that hold for every one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol, Unpack

from hypothesis import strategies as st

from paper.matching_reference import MARKET_KINDS, PLAIN_KINDS, Reference, changed, is_met
from v6_paper_plugin.exchange.matching import (
    Book,
    BookOrder,
    Kind,
    Lifetime,
    Matched,
    Outcome,
    Queue,
    Terms,
    Triggered,
    Unfilled,
)


@dataclass(frozen=True)
class Quote:
    """What the market shows, as a script gives it."""

    bid: int | None = None
    bid_size: int = 0
    ask: int | None = None
    ask_size: int = 0

    def shown(self, buy: bool) -> tuple[int | None, int]:
        """Return the price and the size that a buy or a sell meets; None where nobody is there."""
        price, size = (self.ask, self.ask_size) if buy else (self.bid, self.bid_size)
        return (price, size) if price and size else (None, 0)


@dataclass(frozen=True)
class Cancel:
    """A cancel by number."""

    number: int


@dataclass(frozen=True)
class Change:
    """A change by number."""

    number: int
    terms: Terms


@dataclass(frozen=True)
class Reduce:
    """A reduction by number."""

    number: int
    by: int


Action = Quote | BookOrder | Cancel | Change | Reduce


@dataclass(frozen=True)
class Script:
    """A book's settings and what is done to it; a ``paired`` book cancels order n ^ 1 when order n fills."""

    actions: tuple[Action, ...]
    queue: Queue = "touch"
    slippage: int = 0
    paired: bool = False


class Matcher(Protocol):
    """What the book and the reference have in common."""

    def quote(self, bid: int | None, bid_size: int, ask: int | None, ask_size: int) -> list[Outcome]: ...
    def add(self, order: BookOrder) -> list[Outcome]: ...
    def cancel(self, number: int) -> bool: ...
    def change(self, number: int, **terms: Unpack[Terms]) -> list[Outcome]: ...
    def reduce(self, number: int, by: int) -> int: ...
    def stop(self, number: int) -> int | None: ...


@dataclass
class Step:
    """What one action did: its answer, its outcomes, and the stops of the orders in the book after it."""

    action: Action
    quote: Quote
    answer: object = None
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    stops: dict[int, int | None] = field(default_factory=dict[int, "int | None"])


def book_for(script: Script) -> Book:
    """Return the book that a script wants."""

    def pair(matched: Matched) -> None:
        if script.paired:
            book.cancel(matched.number ^ 1)

    book = Book(queue=script.queue, slippage=script.slippage, on_match=pair)
    return book


def reference_for(script: Script) -> Reference:
    """Return the reference that a script wants."""

    def pair(matched: Matched) -> None:
        if script.paired:
            reference.cancel(matched.number ^ 1)

    reference = Reference(queue=script.queue, slippage=script.slippage, on_match=pair)
    return reference


def act(matcher: Matcher, action: Action, step: Step) -> None:
    """Do one action and note what came of it; a refusal is an answer like any other."""
    try:
        if isinstance(action, Quote):
            step.outcomes = matcher.quote(action.bid, action.bid_size, action.ask, action.ask_size)
        elif isinstance(action, BookOrder):
            step.outcomes = matcher.add(action)
        elif isinstance(action, Change):
            step.outcomes = matcher.change(action.number, **action.terms)
        elif isinstance(action, Cancel):
            step.answer = matcher.cancel(action.number)
        else:
            step.answer = matcher.reduce(action.number, action.by)
    except (LookupError, ValueError) as refusal:
        step.answer = type(refusal)


def run(matcher: Matcher, script: Script) -> list[Step]:
    """Do what the script says and return what came of it."""
    steps: list[Step] = []
    quote = Quote()
    numbers: list[int] = []
    for action in script.actions:
        if isinstance(action, Quote):
            quote = action
        elif isinstance(action, BookOrder):
            numbers.append(action.number)
        step = Step(action, quote)
        act(matcher, action, step)
        step.stops = stops_of(matcher, numbers)
        steps.append(step)
    return steps


def stops_of(matcher: Matcher, numbers: list[int]) -> dict[int, int | None]:
    """Return the stop of each order that is in the book."""
    stops: dict[int, int | None] = {}
    for number in numbers:
        try:
            stops[number] = matcher.stop(number)
        except LookupError:
            continue
    return stops


def asked(script: Script, steps: list[Step]) -> list[dict[int, BookOrder]]:
    """Return, for each step, the orders as asked for up to it: fired ones as they fired, turned ones from then on."""
    orders: dict[int, BookOrder] = {}
    history: list[dict[int, BookOrder]] = []
    stops: dict[int, int | None] = {}
    for action, step in zip(script.actions, steps, strict=True):
        if isinstance(action, BookOrder):
            orders[action.number] = action
        elif isinstance(action, Change) and step.answer is None:
            orders[action.number] = changed(orders[action.number], action.terms)
            stops[action.number] = action.terms.get("stop") or stops[action.number]
        for outcome in step.outcomes:
            if isinstance(outcome, Triggered):
                order = orders[outcome.number]
                orders[outcome.number] = fired_at(order, stops.get(outcome.number, order.stop))
        stops = step.stops.copy()
        history.append(dict(orders))
        for outcome in step.outcomes:
            if isinstance(outcome, Matched):
                orders[outcome.number] = turned_at(orders[outcome.number], outcome)
    return history


def turned_at(order: BookOrder, matched: Matched) -> BookOrder:
    """Return the order as it is after a fill: a MARKET_TO_LIMIT that has filled in part has its price for a limit."""
    turns = order.kind is Kind.MARKET_TO_LIMIT and order.limit is None and matched.quantity < order.quantity
    return replace(order, limit=matched.price, filled=matched.quantity) if turns else order


def fired_at(order: BookOrder, stop: int | None) -> BookOrder:
    """Return the order as it is once it has fired at a stop; a TRAIL_LIMIT gets its limit."""
    limit = order.limit
    if order.offset is not None and stop is not None:
        limit = stop + order.offset if order.buy else stop - order.offset
    return replace(order, stop=stop, limit=limit, fired=True)


# --- The laws: each takes a script and what a book made of it -----------------------------------------------------


def fills_at_the_quote_and_never_through_a_limit(script: Script, steps: list[Step]) -> None:
    """A buy fills at the ask, a sell at the bid, without a limit worse by the slippage; no limit is passed."""
    for step, orders in zip(steps, asked(script, steps), strict=True):
        for outcome in step.outcomes:
            if isinstance(outcome, Matched):
                check_price(orders[outcome.number], outcome.price, step.quote, script.slippage)


def check_price(order: BookOrder, price: int, quote: Quote, slippage: int) -> None:
    """Assert that a fill's price is the quote's, and within the limit."""
    shown, _ = quote.shown(order.buy)
    assert shown is not None, "filled with nobody there"
    slips = order.limit is None if order.kind is Kind.MARKET_TO_LIMIT else order.kind in MARKET_KINDS
    slip = slippage if slips else 0
    assert price == (shown + slip if order.buy else max(shown - slip, 1))
    if order.limit is not None:
        assert price <= order.limit if order.buy else price >= order.limit, "filled through its limit"


def never_more_than_displayed(script: Script, steps: list[Step]) -> None:
    """What is filled on a side between one quote and the next is at most what the quote displayed there."""
    taken = {True: 0, False: 0}
    for step, orders in zip(steps, asked(script, steps), strict=True):
        if isinstance(step.action, Quote):
            taken = {True: 0, False: 0}
        for outcome in step.outcomes:
            if isinstance(outcome, Matched):
                buy = orders[outcome.number].buy
                taken[buy] += outcome.quantity
                assert taken[buy] <= step.quote.shown(buy)[1], "a displayed lot was taken twice"


def never_more_than_ordered(script: Script, steps: list[Step]) -> None:
    """No order is filled beyond its quantity."""
    filled: dict[int, int] = defaultdict(int)
    for step, orders in zip(steps, asked(script, steps), strict=True):
        for outcome in step.outcomes:
            if isinstance(outcome, Matched):
                filled[outcome.number] += outcome.quantity
                assert outcome.quantity > 0
                assert filled[outcome.number] <= orders[outcome.number].quantity


def fires_once_and_on_its_condition(script: Script, steps: list[Step]) -> None:
    """An order fires when the market is at its stop, only once, and fills only after that."""
    fired: set[int] = set()
    for step, orders in zip(steps, asked(script, steps), strict=True):
        for outcome in step.outcomes:
            order = orders[outcome.number]
            if isinstance(outcome, Triggered):
                market, _ = step.quote.shown(order.buy)
                assert market is not None, "fired with nobody there"
                assert is_met(order, market), "fired before its condition"
                assert outcome.number not in fired, "fired twice"
                fired.add(outcome.number)
            elif order.kind not in PLAIN_KINDS:
                assert outcome.number in fired, "filled before it fired"


def trails_move_only_in_favour(script: Script, steps: list[Step]) -> None:
    """The stop of a trail that nobody changes falls to buy, rises to sell, and never goes back."""
    before: dict[int, int | None] = {}
    for step, orders in zip(steps, asked(script, steps), strict=True):
        for number, stop in step.stops.items():
            was = before.get(number)
            if was is None or stop is None or (isinstance(step.action, Change) and step.action.number == number):
                continue
            order = orders[number]
            moves = order.kind in {Kind.TRAIL, Kind.TRAIL_LIMIT}
            assert stop == was or moves, "a stop moved"
            assert stop <= was if order.buy else stop >= was, "a trail moved against its order"
        before = step.stops


def fill_or_kill_is_whole_or_nothing(script: Script, steps: list[Step]) -> None:
    """A FOK order fills all that it asked for, or it goes unfilled without any."""
    for step, orders in zip(steps, asked(script, steps), strict=True):
        filled: dict[int, int] = defaultdict(int)
        for outcome in step.outcomes:
            if isinstance(outcome, Matched):
                filled[outcome.number] += outcome.quantity
        for number, quantity in filled.items():
            killed = [each for each in step.outcomes if isinstance(each, Unfilled) and each.number == number]
            if orders[number].lifetime is Lifetime.FOK:
                assert not killed, "a FOK order filled in part"
                assert number not in step.stops, f"a FOK order rests after {quantity}"


def immediate_orders_never_rest(script: Script, steps: list[Step]) -> None:
    """An IOC or FOK order is out of the book after the step in which it came to the market."""
    fired: set[int] = set()
    for step, orders in zip(steps, asked(script, steps), strict=True):
        fired |= {outcome.number for outcome in step.outcomes if isinstance(outcome, Triggered)}
        for number in step.stops:
            order = orders[number]
            at_the_market = order.kind in PLAIN_KINDS or number in fired
            assert order.lifetime is Lifetime.REST or not at_the_market, "an immediate order rests"


def first_come_first_filled(script: Script, steps: list[Step]) -> None:
    """Of two plain orders alike and never changed, a quote gives the later nothing while the earlier wants more."""
    changed = {action.number for action in script.actions if isinstance(action, Change)}
    # A limit that came while it was marketable may stand before one that came earlier and has a queue before it.
    kinds = {Kind.MARKET, Kind.LIMIT} if script.queue == "touch" else {Kind.MARKET}
    for step, orders in zip(steps, asked(script, steps), strict=True):
        for outcome in step.outcomes:
            order = orders[outcome.number]
            if not isinstance(step.action, Quote) or order.kind not in kinds or order.number in changed:
                continue
            for number in step.stops.keys() - changed:
                rival = orders[number]
                alike = (rival.kind, rival.buy, rival.limit) == (order.kind, order.buy, order.limit)
                assert number >= order.number or not alike, "the later of two was filled first"


def market_to_limit_is_no_worse_later(script: Script, steps: list[Step]) -> None:
    """No fill of a market-to-limit order that nobody changes is worse than its first."""
    changed = {action.number for action in script.actions if isinstance(action, Change)}
    first: dict[int, int] = {}
    for step, orders in zip(steps, asked(script, steps), strict=True):
        for outcome in step.outcomes:
            order = orders[outcome.number]
            if isinstance(outcome, Matched) and order.kind is Kind.MARKET_TO_LIMIT and order.number not in changed:
                limit = first.setdefault(order.number, outcome.price)
                assert outcome.price <= limit if order.buy else outcome.price >= limit, "worse than its first fill"


def equals_the_reference(script: Script, steps: list[Step]) -> None:
    """The obvious matcher says the same, action by action."""
    for step, expected in zip(steps, run(reference_for(script), script), strict=True):
        assert step == expected


Law = Callable[[Script, list[Step]], None]

LAWS: tuple[Law, ...] = (
    fills_at_the_quote_and_never_through_a_limit,
    never_more_than_displayed,
    never_more_than_ordered,
    fires_once_and_on_its_condition,
    trails_move_only_in_favour,
    fill_or_kill_is_whole_or_nothing,
    immediate_orders_never_rest,
    first_come_first_filled,
    market_to_limit_is_no_worse_later,
    equals_the_reference,
)


# --- Scripts ------------------------------------------------------------------------------------------------------

prices = st.integers(92, 108)
sizes = st.integers(0, 6)
quantities = st.integers(1, 8)
numbers = st.integers(0, 11)
trails = st.integers(1, 6)
percents = st.integers(1, 60_000)
offsets = st.integers(0, 3)
lifetimes = st.sampled_from([Lifetime.REST] * 4 + [Lifetime.IOC, Lifetime.FOK])


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    """A quote near 100; now and then a side is missing, or the two are crossed."""
    bid = draw(prices)
    ask = bid + draw(st.integers(-1, 4))
    missing = draw(st.integers(0, 12))
    return Quote(
        None if missing == 1 else 0 if missing == 2 else bid,
        draw(sizes),
        None if missing in {1, 3} else 0 if missing == 4 else ask,
        draw(sizes),
    )


@st.composite
def orders(draw: st.DrawFn) -> BookOrder:
    """An order of any kind near 100; its number is given by its place in the script."""
    kind = draw(st.sampled_from(Kind))
    follows = kind in {Kind.TRAIL, Kind.TRAIL_LIMIT}
    by_amount = draw(st.booleans())
    return BookOrder(
        number=0,
        buy=draw(st.booleans()),
        kind=kind,
        quantity=draw(quantities),
        limit=draw(prices) if kind in {Kind.LIMIT, Kind.STOP_LIMIT, Kind.LIMIT_IF_TOUCHED} else None,
        stop=draw(prices | st.none()) if follows else None if kind in PLAIN_KINDS else draw(prices),
        trail=draw(trails) if follows and by_amount else None,
        percent=draw(percents) if follows and not by_amount else None,
        offset=draw(offsets) if kind is Kind.TRAIL_LIMIT else None,
        lifetime=draw(lifetimes),
    )


# Seldom more than one term, so that most changes are valid for most orders.
terms = st.one_of(
    st.builds(Terms, quantity=quantities),
    st.builds(Terms, limit=prices),
    st.builds(Terms, stop=prices),
    st.builds(Terms, trail=trails),
    st.builds(Terms, percent=percents),
    st.builds(Terms, offset=offsets, quantity=quantities),
)
changes = st.builds(Change, numbers, terms)
actions = st.one_of(
    quotes(), quotes(), orders(), orders(), st.builds(Cancel, numbers), changes, st.builds(Reduce, numbers, sizes)
)


def numbered(drawn: Sequence[Action]) -> tuple[Action, ...]:
    """Number the orders by their place among the orders, and let the rest mean orders that have come before it."""
    count = 0
    done: list[Action] = []
    for each in drawn:
        if isinstance(each, BookOrder):
            done.append(replace(each, number=count))
            count += 1
        elif isinstance(each, Quote) or not count:
            done.append(each)
        else:
            done.append(replace(each, number=each.number % (count + 1)))
    return tuple(done)


scripts = st.builds(
    Script,
    st.lists(actions, min_size=12, max_size=40).map(numbered),
    st.sampled_from(["touch", "through"]),
    st.sampled_from([0, 0, 2]),
    st.booleans(),
)


def long_script(seed: int, length: int) -> Script:
    """Return a long script by seed: quotes that wander by a unit or two, orders around them, few of them near."""
    random = Random(seed)
    middle = 1000
    done: list[Action] = []
    while len(done) < length:
        middle += random.randint(-3, 3)
        chance = random.random()
        if chance < 0.55:
            done.append(Quote(middle, random.randint(0, 9), middle + random.randint(1, 2), random.randint(1, 9)))
        elif chance < 0.8:
            done.append(random_order(random, middle))
        else:
            number = random.randrange(length)
            requests: list[Action] = [
                Cancel(number),
                Cancel(number),
                Reduce(number, 2),
                Change(number, {"quantity": 9}),
            ]
            done.append(random.choice(requests))
    queue: Queue = random.choice(["touch", "through"])
    return Script(numbered(done), queue, random.choice([0, 3]), random.random() < 0.3)


def random_order(random: Random, middle: int) -> BookOrder:
    """Return an order of any kind within some units of the middle."""
    kind = random.choice([*Kind, Kind.TRAIL, Kind.TRAIL, Kind.TRAIL_LIMIT, Kind.LIMIT])
    follows = kind in {Kind.TRAIL, Kind.TRAIL_LIMIT}
    by_amount = random.random() < 0.5
    far = random.choice([5, 30])
    near = [middle + random.randint(-far, far) for _ in range(2)]
    return BookOrder(
        number=0,
        buy=random.random() < 0.5,
        kind=kind,
        quantity=random.randint(1, 9),
        limit=near[0] if kind in {Kind.LIMIT, Kind.STOP_LIMIT, Kind.LIMIT_IF_TOUCHED} else None,
        stop=None if kind in PLAIN_KINDS or (follows and random.random() < 0.7) else near[1],
        trail=random.randint(1, 2 * far) if follows and by_amount else None,
        percent=random.randint(500, 40_000) if follows and not by_amount else None,
        offset=random.randint(0, 5) if kind is Kind.TRAIL_LIMIT else None,
        lifetime=random.choice([Lifetime.REST, Lifetime.REST, Lifetime.REST, Lifetime.IOC, Lifetime.FOK]),
    )

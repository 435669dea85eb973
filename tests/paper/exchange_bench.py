"""An exchange on a small tape of its own, and a listener that writes down what it is told, with a copy of the order."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from v6_paper_plugin.exchange.commissions import Commissions
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.ledger import Ledger
from v6_paper_plugin.exchange.listener import Adjustment
from v6_paper_plugin.exchange.orders import ExchangeOrder, Execution, Refusal
from v6_paper_plugin.exchange.quoted import QuotedVenue
from v6_paper_plugin.exchange.rules import Rules
from v6_paper_plugin.exchange.state import Key, StateWriter, load
from v6_paper_plugin.market import Market
from v6_paper_plugin.market.replay import ReplayMarket
from v6core.contracts import Combo, ComboLeg, Contract, Option, OrderAction, Stock
from v6core.money import ZERO
from v6core.orders import OrderType

HEADER = "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"
OPEN = datetime(2026, 6, 1, 13, 30, tzinfo=UTC)
CLOSE = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
GOOG = Stock("GOOG")
NEAR = Option("GOOG", "2026-06-01", 100, "CALL")
FAR = Option("GOOG", "2026-06-12", 105, "CALL")
SPREAD = Combo("GOOG", [ComboLeg(NEAR, "BUY"), ComboLeg(FAR, "SELL")])
RATIO = Combo("GOOG", [ComboLeg(NEAR, "BUY", 1), ComboLeg(FAR, "SELL", 2)])


def facts(*values: Any) -> tuple[Any, ...]:
    """Return values side by side, to be compared with what they should be."""
    return values


def minute(number: float) -> datetime:
    """Return a moment so many minutes after the open."""
    return OPEN + timedelta(minutes=number)


def row(
    number: int,
    contract: Contract,
    bid: object,
    ask: object,
    *sizes: int,
    days: int = 0,
) -> str:
    """Return a line of a quote file: a contract's quote at a minute of a day."""
    time = (minute(number) + timedelta(days=days)).isoformat()
    terms = "stock,GOOG,,,"
    if isinstance(contract, Option):
        terms = f"option,GOOG,{contract.expiration},{contract.strike:f},{contract.right.lower()}"
    bid_size, ask_size = sizes or (1000, 1000)
    return f"{time},{terms},{bid},{bid_size},{ask},{ask_size}\n"


def tape(rows: Iterable[str]) -> ReplayMarket:
    """Return a market that replays some lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quotes.csv"
        path.write_text(HEADER + "".join(sorted(rows)), encoding="utf-8")
        return ReplayMarket(path)


@lru_cache(maxsize=32)
def random_tape(seed: int) -> ReplayMarket:
    """Return two short days in which everything crosses everything every now and then."""
    random = Random(seed)
    rows: list[str] = []
    for days in (0, 1):
        for number in range(1, 13):
            for contract, level in ((GOOG, 10_000), (NEAR, 400), (FAR, 300)):
                if contract is NEAR and days:
                    continue
                middle = level + random.randint(-60, 60)
                bid, ask = (Decimal(middle + side * random.randint(1, 4)) / 100 for side in (-1, 1))
                rows.append(row(number, contract, bid, ask, random.randint(1, 9), random.randint(1, 9), days=days))
    return tape(rows)


def order(action: str, quantity: int, contract: Contract = GOOG, *, ref: str, **terms: Any) -> ExchangeOrder:
    """Return an order; its type follows from its prices unless it is given."""
    prices = {name: Decimal(str(value)) for name, value in terms.items() if name.endswith(("_price", "_amount"))}
    kinds = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (False, True): OrderType.STOP,
        (True, True): OrderType.STOP_LIMIT,
    }
    order_type = kinds["limit_price" in terms, "stop_price" in terms]
    made: dict[str, Any] = {"order_type": order_type, **terms, **prices}
    return ExchangeOrder(ref=ref, contract=contract, action=OrderAction(action), quantity=Decimal(quantity), **made)


@dataclass(frozen=True)
class Told:
    """One thing that was told, with the order as it was then."""

    what: str
    time: datetime
    order: ExchangeOrder | None = None
    detail: Execution | Adjustment | Refusal | None = None


def told(order: ExchangeOrder) -> ExchangeOrder:
    """Return a copy, without how far a trail has moved: the book knows that, and the order only when it is asked."""
    return replace(order, trail_stop=None, trail_limit=None)


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.log: list[Told] = []

    def on_order(self, order: ExchangeOrder, now: datetime) -> None:
        self.log.append(Told("order", now, told(order)))

    def on_execution(self, order: ExchangeOrder, execution: Execution) -> None:
        self.log.append(Told("execution", execution.time, told(order), execution))

    def on_correction(self, order: ExchangeOrder, execution: Execution, now: datetime) -> None:
        self.log.append(Told("correction", now, told(order), execution))

    def on_rejection(self, order: ExchangeOrder, now: datetime) -> None:
        self.log.append(Told("rejection", now, told(order)))

    def on_cancel_refused(self, ref: str, refusal: Refusal, now: datetime) -> None:
        self.log.append(Told(f"cancel refused {ref}", now, detail=refusal))

    def on_change_refused(self, ref: str, refusal: Refusal, now: datetime) -> None:
        self.log.append(Told(f"change refused {ref}", now, detail=refusal))

    def on_adjustment(self, adjustment: Adjustment) -> None:
        self.log.append(Told("adjustment", adjustment.time, detail=adjustment))


class Bench:
    """An exchange and its log. ``restart`` puts it through its rows."""

    def __init__(
        self,
        market: Market,
        *,
        rules: Rules | None = None,
        commissions: Commissions | None = None,
        cash: int = 1_000_000,
        slippage: str = "0",
    ) -> None:
        self.market = market
        self.rules = rules or Rules(margin=False)
        self.commissions = commissions or Commissions()
        self.listener = Listener()
        self.cash = Decimal(cash)
        self.slippage = Decimal(slippage)
        self.writer = StateWriter()
        self.rows: dict[Key, str] = {}
        self.exchange = self._fresh()
        self.exchange.begin()

    def _fresh(self) -> Exchange:
        return Exchange(
            self.market,
            lambda floor: QuotedVenue(self.market, floor, "touch", self.slippage),
            rules=self.rules,
            commissions=self.commissions,
            ledger=Ledger.open(self.cash),
            listener=self.listener,
            now=self.market.start,
        )

    def keep(self) -> None:
        """Keep what has changed since the last time, as a broker does after whatever it tells."""
        self.rows.update(self.writer.rows(self.exchange))

    def restart(self) -> None:
        self.keep()
        self.exchange = self._fresh()
        self.writer = load(self.exchange, self.rows)
        assert StateWriter().rows(self.exchange) == self.rows

    def place(self, *orders: ExchangeOrder) -> list[ExchangeOrder]:
        """Submit copies of orders as a unit and return the exchange's."""
        self.exchange.submit([replace(each) for each in orders])
        return [self[each.ref] for each in orders]

    def __getitem__(self, ref: str) -> ExchangeOrder:
        found = self.exchange.orders.get(ref)
        assert found is not None
        return found

    @property
    def log(self) -> list[Told]:
        return self.listener.log

    def fills(self, ref: str | None = None) -> list[Execution]:
        return [each for each in self.exchange.executions if ref in {None, each.ref}]

    def prices(self, ref: str | None = None) -> list[tuple[str, str, str]]:
        """Return the fills of an order, or of all, as action, quantity and price."""
        return [(each.action, f"{each.quantity:f}", f"{each.price:f}") for each in self.fills(ref)]

    def position(self, contract: Contract = GOOG) -> Decimal:
        return self.exchange.ledger.quantity(contract)

    def status(self, *refs: str) -> Sequence[str]:
        return [self[ref].status for ref in refs]


def held(bench: Bench) -> dict[str, Decimal]:
    """Return positions as the sum of what was filled and adjusted."""
    totals: dict[str, Decimal] = {}
    for fill in bench.fills():
        totals[fill.contract.key] = totals.get(fill.contract.key, ZERO) + fill.action.sign * fill.quantity
    for adjustment in bench.exchange.adjustments:
        totals[adjustment.contract.key] = totals.get(adjustment.contract.key, ZERO) + adjustment.quantity
    return {key: quantity for key, quantity in totals.items() if quantity}

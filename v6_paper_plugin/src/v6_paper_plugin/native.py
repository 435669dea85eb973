"""What reaches the market and the account beside the orders of an engine: prices that a program gives, and others.

These are the words of ``PaperBroker.native``, for programs and tests that stand at the market's side themselves.
"""

from __future__ import annotations

import abc
from dataclasses import replace

from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.market import Tick
from v6_paper_plugin.market.given import Amount, GivenMarket
from v6_paper_plugin.settings import PaperSettings
from v6_paper_plugin.translation import exchange_order
from v6core.broker import Broker, BrokerContext
from v6core.capabilities import Capabilities
from v6core.contracts import Contract
from v6core.errors import BrokerError
from v6core.money import to_decimal
from v6core.orders import Order
from v6core.reports import AdjustmentReason


class NativePaper(Broker):
    """The side of a paper broker that no other broker has. All of it raises NotConnected without a connection."""

    def __init__(self, settings: PaperSettings, capabilities: Capabilities, context: BrokerContext) -> None:
        super().__init__(capabilities, context)
        self._settings = settings

    @abc.abstractmethod
    def _running(self) -> Exchange:
        """Return the exchange, brought up to now; NotConnected without a connection."""

    @abc.abstractmethod
    def _skip(self, seconds: float) -> None:
        """Have seconds at the market passed."""

    @abc.abstractmethod
    def _save(self) -> None:
        """Make durable what has changed."""

    @abc.abstractmethod
    def _tell(self) -> None:
        """Let out what happened, after it was made durable."""

    def set_price(self, contract: Contract, price: Amount) -> None:
        """Give a contract a price; orders that it reaches fill at once.

        It is bid and offered, for as much as anybody wants, until another price or a quote is given. BrokerError unless
        quotes are "given", ValueError for a combo and for a price that is not positive.
        """
        exchange, market = self._giving()
        self._show(exchange, market.give(contract, price, exchange.now))

    def set_quote(
        self,
        contract: Contract,
        bid: Amount | None,
        ask: Amount | None,
        *,
        bid_size: Amount | None = None,
        ask_size: Amount | None = None,
    ) -> None:
        """Give a contract a bid and an offer; orders that they reach fill at once.

        On a side that is None nobody is there; a side without a size is there for as much as anybody wants. The quote
        holds until another one or a price is given. With realistic fills each lot that it shows is taken once, by one
        order; giving a quote again shows its sizes afresh, as does the open where ``hours`` are regular. With immediate
        fills an order without a price of its own buys what is asked and sells what is bid, whole, and waits while
        nobody is there. BrokerError unless quotes are "given", ValueError for a combo, a bid above the ask, and prices
        and sizes that are not positive.
        """
        exchange, market = self._giving()
        tick = market.quote(contract, bid, ask, bid_size=bid_size, ask_size=ask_size, at=exchange.now)
        self._show(exchange, tick)

    def _giving(self) -> tuple[Exchange, GivenMarket]:
        exchange = self._running()
        if not isinstance(exchange.market, GivenMarket):
            raise BrokerError(
                f"{self._context.name} takes its prices from {':'.join(self._settings.quotes_from)}",
                hint='set quotes = "given" to give prices',
            )
        return exchange, exchange.market

    def _show(self, exchange: Exchange, tick: Tick) -> None:
        exchange.take([tick], anew=True)
        self._save()
        self._tell()

    def catch_up(self) -> None:
        """Do what is due by the context's clock, and tell it: for whoever moves that clock by hand."""
        self._running()
        self._tell()

    def pass_time(self, seconds: float) -> None:
        """Let seconds at the market pass at once: what is due in them happens, in its order, and is told.

        Afterwards its time goes on at its own speed. ValueError for seconds that are negative.
        """
        if not seconds >= 0:
            raise ValueError(f"a market's time does not go back: {seconds}")
        self._running()
        self._skip(seconds)
        self.catch_up()

    def place_foreign(self, contract: Contract, order: Order) -> str:
        """Place an order as somebody else at the same account does, and return its broker_order_id.

        It is judged, filled and reported as every order is, under no ``order_ref``; a market order that closes a
        position is what a liquidation looks like.
        """
        exchange = self._running()
        number = len(exchange.orders) + 1
        bound = order.replace(contract=contract, order_ref=f"foreign-{number}", parent_order_id=None)
        theirs = exchange_order(bound, str, self._settings.account)
        placed = replace(theirs, foreign=True, order_id=None, strategy_id=None)
        exchange.submit([placed])
        self._tell()
        return placed.broker_order_id

    def cancel_foreign(self, broker_order_id: str) -> None:
        """Ask to cancel an order of ``place_foreign``; LookupError for one that is not open."""
        exchange = self._running()
        refs = {order.broker_order_id: order.ref for order in exchange.orders.open()}
        exchange.cancel(refs[broker_order_id])
        self._tell()

    def adjust_position(
        self,
        contract: Contract,
        quantity: Amount,
        price: Amount = 0,
        reason: AdjustmentReason = AdjustmentReason.EXTERNAL,
    ) -> str:
        """Change a position by a signed quantity without an order, for cash at a price; return the adjustment's id."""
        exchange = self._running()
        signed, paid = to_decimal(quantity, "quantity"), to_decimal(price, "price")
        adjustment = exchange.corrections.adjust(contract, signed, paid, reason)
        self._tell()
        return adjustment.adjustment_id

    def correct_execution(self, execution_id: str, price: Amount | None = None, quantity: Amount | None = None) -> str:
        """Say that an execution was at another price or of another quantity, and return the id that replaces its own.

        A quantity of zero takes it back. LookupError where no execution that counts has the id, ValueError for more
        than its order, and for another quantity of a combo's leg.
        """
        exchange = self._running()
        right = exchange.corrections.correct(
            execution_id,
            None if price is None else to_decimal(price, "price"),
            None if quantity is None else to_decimal(quantity, "quantity"),
        )
        self._tell()
        return right.execution_id

"""What contracts are worth at a moment, from the market's quotes, for margin, equity and settlement."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from v6_paper_plugin.exchange.combos import Legs, far_side, net_price, net_tick
from v6_paper_plugin.market import Market, Tick
from v6core.contracts import Combo, Contract, FutureOption, Option, OptionRight
from v6core.money import ZERO


class Prices:
    """The market's prices at one moment; a combo's are those of its legs."""

    def __init__(self, market: Market, at: datetime) -> None:
        self._market = market
        self._at = at

    def tick(self, contract: Contract) -> Tick | None:
        """Return the latest quote of a contract or combo, or None where there is none."""
        if not isinstance(contract, Combo):
            return self._market.tick(contract, self._at)
        ticks = [tick for leg, _ in contract.signed_legs if (tick := self.tick(leg)) is not None]
        return net_tick(contract, ticks) if len(ticks) == len(contract.legs) else None

    def mark(self, contract: Contract) -> Decimal | None:
        """Return the middle of bid and ask of a single contract; without a bid it is half the ask."""
        tick = self.tick(contract)
        if tick is None or (tick.bid is None and tick.ask is None):
            return None
        if tick.ask is None:
            return tick.bid
        return ((tick.bid or ZERO) + tick.ask) / 2

    def underlying(self, option: Contract) -> Decimal | None:
        """Return the price of what an option is on, or None where it is not quoted."""
        contract = self._market.underlying(option)
        return None if contract is None else self.mark(contract)

    def far_side(self, contract: Contract, *, buy: bool) -> Decimal | None:
        """Return what a single contract costs to buy, or brings to sell."""
        tick = self.tick(contract)
        price = None if tick is None else far_side(tick, buy=buy)[0]
        return self.mark(contract) if price is None else price

    def net(self, legs: Legs) -> Decimal | None:
        """Return what one unit of legs with signed ratios costs at their marks."""
        marks = [mark for leg, _ in legs if (mark := self.mark(leg)) is not None]
        return net_price(legs, marks) if len(marks) == len(legs) else None

    def settlement(self, contract: Contract) -> Decimal:
        """Return what a contract is worth when it expires: an option by its underlying, else by its own last quote."""
        underlying = self.underlying(contract)
        if not isinstance(contract, Option | FutureOption) or underlying is None:
            return self.mark(contract) or ZERO
        sign = 1 if contract.right is OptionRight.CALL else -1
        gap = sign * (underlying - contract.strike)
        return max(gap, ZERO)

"""The market of a case: what is traded in it, at about what price, and what is bid and offered."""

from __future__ import annotations

from decimal import Decimal

from v6core.contracts import Contract, OptionRight
from v6core.testing.conformance.driver import PLENTY, Driver, Samples

HALF_SPREAD = Decimal("0.05")
"""How far bid and offer are from the price that they are said around."""


class Market:
    """What a driver's world trades. Prices are said by what the stock is worth, for they differ from world to world."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._price = driver.samples.price

    @property
    def samples(self) -> Samples:
        """What is traded."""
        return self.driver.samples

    @property
    def stock(self) -> Contract:
        """What most cases trade."""
        return self.samples.stock

    @property
    def other(self) -> Contract:
        """A second stock."""
        return self.samples.other

    @property
    def price(self) -> Decimal:
        """About what the stock is worth."""
        return self._price

    def below(self, percent: Decimal | float) -> Decimal:
        """Return a price so much below the stock's, on its tick."""
        return self._on_tick(self.price * (1 - Decimal(str(percent)) / 100))

    def above(self, percent: Decimal | float) -> Decimal:
        """Return a price so much above the stock's, on its tick."""
        return self._on_tick(self.price * (1 + Decimal(str(percent)) / 100))

    def _on_tick(self, price: Decimal) -> Decimal:
        return (price / self.samples.tick).to_integral_value() * self.samples.tick

    def contract_of(self, kind: str) -> Contract:
        """Return a sample of a kind."""
        if kind == "OPTION":
            return self.samples.option(self.samples.strikes[2], OptionRight.CALL)
        return self.stock

    async def settle(self) -> None:
        """Wait until what is under way at the market has happened."""
        await self.driver.settle()

    async def quote(
        self,
        bid: Decimal | float | str | None,
        ask: Decimal | float | str | None,
        contract: Contract | None = None,
        *,
        bid_size: Decimal | int = PLENTY,
        ask_size: Decimal | int = PLENTY,
    ) -> None:
        """Say a quote, of the stock unless another is named, and let happen what follows from it."""
        sides = [None if side is None else Decimal(str(side)) for side in (bid, ask)]
        await self.driver.set_quote(
            contract or self.stock, sides[0], sides[1], bid_size=Decimal(bid_size), ask_size=Decimal(ask_size)
        )
        await self.settle()

    async def quote_around(self, price: Decimal | float | str, contract: Contract | None = None) -> None:
        """Say a quote of five cents to either side of a price."""
        await self._say_around(Decimal(str(price)), contract or self.stock)
        await self.settle()

    async def _say_around(self, price: Decimal, contract: Contract) -> None:
        await self.driver.set_quote(contract, price - HALF_SPREAD, price + HALF_SPREAD)

    async def quote_options(self, price: Decimal | None = None) -> None:
        """Say quotes of all sample options, two above what each is worth if the stock is at a price."""
        samples, at = self.samples, price or self.price
        for day in (samples.expiration, samples.later):
            for strike in samples.strikes if day is not None else ():
                for right, worth in (("CALL", at - strike), ("PUT", strike - at)):
                    await self._say_around(max(worth, Decimal(0)) + 2, samples.option(strike, right, day))
        await self.settle()

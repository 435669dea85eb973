"""What a broker knows of a contract: its full terms and its ticks."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from v6core.contracts.texts import Contract
from v6core.money import Number, Positive, is_on_tick


class TickBand(BaseModel):
    """From this price up (of either sign), prices move by this tick."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_price: Number = Decimal(0)
    tick: Positive = Decimal("0.01")


class ContractDetails(BaseModel):
    """What the broker knows of a contract: the contract completed, its ticks and the smallest step of a quantity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: Contract
    long_name: str = ""
    ticks: tuple[TickBand, ...] = (TickBand(),)
    quantity_step: Positive = Decimal(1)

    def tick_at(self, price: Decimal) -> Decimal:
        """Return the tick that holds at a price."""
        fitting = [band.tick for band in self.ticks if abs(price) >= band.from_price]
        return fitting[-1] if fitting else self.ticks[0].tick

    def on_tick(self, price: Decimal) -> bool:
        """Tell whether the price can be sent as it is."""
        return is_on_tick(price, self.tick_at(price))

"""Market rules: bands of prices with their increments, told under numbers."""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b

from v6_ib_plugin.gateway.wire.messages import MarketRule, PriceIncrement
from v6core.contracts import TickBand

_Bands = tuple[tuple[Decimal, Decimal], ...]
_CENT = Decimal("0.01")
# The numbers under which TWS tells the commonest ones.
_USUAL: dict[_Bands, int] = {
    ((Decimal(0), _CENT),): 26,
    ((Decimal(0), Decimal("0.25")),): 67,
    ((Decimal(0), _CENT), (Decimal(3), Decimal("0.05"))): 32,
    ((Decimal(0), Decimal("0.00005")),): 239,
}
_FIRST_OTHER, _OTHERS = 3_000, 10_000


class MarketRules:
    """The rules of one gateway; the same bands have the same number in every run."""

    def __init__(self) -> None:
        self._bands: dict[int, _Bands] = {number: bands for bands, number in _USUAL.items()}

    def number(self, ticks: tuple[TickBand, ...]) -> int:
        """Return the number of a rule, which can be asked for from here on."""
        bands = tuple((band.from_price, band.tick) for band in ticks)
        number = _USUAL.get(bands) or _hashed(bands)
        while self._bands.setdefault(number, bands) != bands:
            number += 1
        return number

    def tell(self, number: int) -> MarketRule | None:
        """Return a rule, or None where no contract that was told has it."""
        bands = self._bands.get(number)
        if bands is None:
            return None
        return MarketRule(number, tuple(PriceIncrement(low_edge=edge, increment=tick) for edge, tick in bands))


def _hashed(bands: _Bands) -> int:
    text = ";".join(f"{edge.normalize()}:{tick.normalize()}" for edge, tick in bands)
    return _FIRST_OTHER + int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") % _OTHERS

"""Watching a contract's quotes on behalf of one stream: a single's by its line, a combo's by its own or its legs'."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from v6_ib_plugin.data.instruments import Instrument
from v6_ib_plugin.data.quotes.lines import Lines
from v6core.contracts import Combo, Contract
from v6core.errors import BrokerError
from v6core.planning import far_side
from v6core.quotes import Quote

# TWS quotes most combos of US options itself. Where it does not, it mostly says nothing.
_COMBO_PATIENCE = 1.5


class Stream:
    """The watches of one reader that have changed since it last looked. Each is kept once, so it cannot grow."""

    def __init__(self) -> None:
        self._changed: dict[Watch, None] = {}
        self._woken = asyncio.Event()

    def put(self, watch: Watch) -> None:
        """Note that a watch has changed."""
        self._changed[watch] = None
        self._woken.set()

    async def changes(self) -> tuple[Watch, ...]:
        """Wait for changes, and return the watches that have changed."""
        await self._woken.wait()
        self._woken.clear()
        changed, self._changed = tuple(self._changed), {}
        return changed


class Watch:
    """The quotes of a single, told under the contract that was asked for."""

    def __init__(self, lines: Lines, instrument: Instrument, contract: Contract, stream: Stream) -> None:
        self.contract = contract
        self._lines = lines
        self._stream = stream
        self._line = lines.join(instrument.contract, contract, self)
        if self._line.is_telling:
            stream.put(self)

    def line_changed(self) -> None:
        """Tell the stream."""
        self._stream.put(self)

    def quote(self) -> Quote | None:
        """Return the quote as it is, or None before anything came; raises what ended the line."""
        if self._line.failure is not None:
            raise self._line.failure
        return self._line.picture.quote(self.contract) if self._line.is_telling else None

    @property
    def opened_at(self) -> float:
        """When the line was put, by the loop's clock."""
        return self._line.opened_at

    @property
    def is_whole(self) -> bool:
        """Whether all came that a quote can hold, or nothing more will."""
        picture = self._line.picture
        greeks = self.contract.kind not in {"OPTION", "FUTURE_OPTION"} or picture.greeks is not None
        told = picture.has_both_sides and picture.sides["last"].told and greeks
        return told or self._line.failure is not None

    @property
    def has_both_sides(self) -> bool:
        """Whether it is known who bids and who offers, or why nobody ever will be."""
        return self._line.failure is not None or self._line.picture.has_both_sides

    def leave(self, *, linger: float = 0) -> None:
        """Watch no longer."""
        self._lines.leave(self._line, self, linger=linger)


class ComboWatch(Watch):
    """The quotes of a combo: TWS's own, else the net of its legs', where TWS refuses or has none for a while."""

    def __init__(self, lines: Lines, instrument: Instrument, contract: Combo, stream: Stream) -> None:
        self._combo = contract
        self._instrument = instrument
        self._legs: list[Watch] = []
        self._failure: BrokerError | None = None
        super().__init__(lines, instrument, contract, stream)
        loop = asyncio.get_running_loop()
        waited = loop.time() - self._line.opened_at
        self._timer = loop.call_later(max(_COMBO_PATIENCE - waited, 0), self._give_up_waiting)

    def line_changed(self) -> None:
        """Turn to the legs where TWS does not quote the combo."""
        if self._line.failure is not None:
            self._turn_to_legs()
        super().line_changed()

    def quote(self) -> Quote | None:
        """Return TWS's own quote, else the net of the legs'; raises what ended a line of these."""
        if self._own_is_priced:
            return self._line.picture.quote(self.contract)
        if self._failure is not None:
            raise self._failure
        quotes = [leg.quote() for leg in self._legs]
        told = [quote for quote in quotes if quote is not None]
        return net_quote(self._combo, told) if quotes and len(told) == len(quotes) else None

    @property
    def opened_at(self) -> float:
        """When the line was put last, its own or a leg's."""
        return max(self._line.opened_at, *(leg.opened_at for leg in self._legs), 0)

    @property
    def is_whole(self) -> bool:
        """Whether there are both sides; nobody tells a combo's last price."""
        return self.has_both_sides

    @property
    def has_both_sides(self) -> bool:
        """Whether it is known who bids and who offers, or why nobody ever will be."""
        if self._failure is not None or self._own_is_priced:
            return True
        return bool(self._legs) and all(leg.has_both_sides for leg in self._legs)

    def leave(self, *, linger: float = 0) -> None:
        """Watch no longer."""
        self._timer.cancel()
        super().leave(linger=linger)
        for leg in self._legs:
            leg.leave(linger=linger)

    @property
    def _own_is_priced(self) -> bool:
        sides = self._line.picture.sides
        return self._line.failure is None and None not in {sides["bid"].price, sides["ask"].price}

    def _give_up_waiting(self) -> None:
        if not self._own_is_priced:
            self._turn_to_legs()

    def _turn_to_legs(self) -> None:
        if self._legs or self._failure is not None:
            return
        inner = _Inner(self)
        try:
            for leg, found in zip(self._combo.legs, self._instrument.legs, strict=True):
                self._legs.append(Watch(self._lines, found, leg.contract, inner))
        except BrokerError as error:
            self._failure = error
            self._stream.put(self)


class _Inner(Stream):
    """Where the legs of a combo put themselves: the combo has changed with any of them."""

    def __init__(self, combo: ComboWatch) -> None:
        super().__init__()
        self._combo = combo

    def put(self, watch: Watch) -> None:  # noqa: ARG002 -- whichever leg it was
        self._combo.line_changed()


def watch(lines: Lines, instrument: Instrument, contract: Contract, stream: Stream) -> Watch:
    """Return a watch of a contract."""
    if isinstance(contract, Combo):
        return ComboWatch(lines, instrument, contract, stream)
    return Watch(lines, instrument, contract, stream)


def net_quote(combo: Combo, legs: Sequence[Quote]) -> Quote:
    """Return what a combo can be bought and sold for leg by leg; as old as the oldest of its legs' quotes."""
    quotes = {quote.contract.key: quote for quote in legs}
    signed = [(contract, Decimal(ratio)) for contract, ratio in combo.signed_legs]
    ask = far_side(signed, quotes)
    sold = far_side([(contract, -ratio) for contract, ratio in signed], quotes)
    return Quote(
        contract=combo,
        time=min(quote.time for quote in legs),
        bid=None if sold is None else -sold,
        bid_size=None if sold is None else _size(combo, quotes, buying=False),
        ask=ask,
        ask_size=None if ask is None else _size(combo, quotes, buying=True),
        delayed=any(quote.delayed for quote in legs),
    )


def _size(combo: Combo, quotes: dict[str, Quote], *, buying: bool) -> Decimal | None:
    """Return how many units the sizes of the legs' quotes make, or None where one is not told."""
    sizes: list[Decimal] = []
    for contract, ratio in combo.signed_legs:
        quote = quotes[contract.key]
        size = quote.ask_size if (ratio > 0) == buying else quote.bid_size
        if size is None:
            return None
        sizes.append(size // abs(ratio))
    return min(sizes)

"""The fills of one order: which of them count, how much they come to, and at what average.

A fill is known by its execution id and counts once. A correction names the execution that it replaces; an execution
that was replaced never counts, also where it arrives after its correction. A second correction of the same execution
is one of whatever took its place, and what was taken back stays so. Commissions attach by execution id, before the
fill or after it, and a later figure takes the place of an earlier one.

A combo fills leg by leg. A unit is filled when each of its legs is, so the filled quantity is the smallest over the
legs of leg quantity / ratio, and the average is the net of the legs' own averages, which is exact as soon as the legs
are complete and does not depend on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Context, Decimal
from typing import NamedTuple, Self

from v6core.contracts import Combo
from v6core.fills import Commission, Fill
from v6core.money import EXACT, MOST_PLACES, ONE, ZERO
from v6core.orders import Order

# Sums are exact, so that they do not depend on the order of the fills; only an average is rounded, to 28 digits.
_AVERAGE = Context(prec=28)
_FINEST = Decimal(1).scaleb(-MOST_PLACES)


class FillSum(NamedTuple):
    """What the fills of one contract come to: their quantity, and the sum of quantity × price."""

    quantity: Decimal = ZERO
    value: Decimal = ZERO

    def plus(self, fill: Fill) -> FillSum:
        """Return the sum with one more fill."""
        return FillSum(EXACT.add(self.quantity, fill.quantity), EXACT.fma(fill.quantity, fill.price, self.value))


_NOTHING = FillSum()
OPERATOR = "operator-"
"""How the execution ids begin of fills that an operator told of."""


@dataclass(frozen=True, slots=True)
class FillLedger:
    """The fills of one order by execution id, in the order of their arrival; ``sums`` is what they come to by contract.

    ``replaced`` holds each execution that was replaced with the one in its place, or None where it was taken back.
    """

    live: Mapping[str, Fill] = field(default_factory=dict[str, Fill])
    replaced: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    commissions: Mapping[str, Commission] = field(default_factory=dict[str, Commission])
    sums: Mapping[str, FillSum] = field(default_factory=dict[str, FillSum])

    def add(self, fill: Fill) -> Self:
        """Return the ledger with a fill; one that is known or was replaced changes nothing."""
        if fill.execution_id in self.live or fill.execution_id in self.replaced:
            return self._with_commission_of(fill)
        told = None if fill.execution_id.startswith(OPERATOR) else self.told_by_operator
        if told is not None:
            return self.correct(told, None).add(fill)
        key = fill.contract.key
        live = {**self.live, fill.execution_id: fill}
        sums = {**self.sums, key: self.sums.get(key, _NOTHING).plus(fill)}
        return type(self)(live, self.replaced, self.commissions, sums)

    def correct(self, replaces: str, fill: Fill | None) -> Self:
        """Return the ledger with an execution replaced by another, or taken back; a known correction changes nothing.

        What a correction replaces need not have arrived, and a correction may itself have been corrected before.
        """
        target = self._successor(replaces)
        if target is None or (fill is not None and self._successor(fill.execution_id) == target):
            return self
        live = {execution: known for execution, known in self.live.items() if execution != target}
        place = None if fill is None else fill.execution_id
        gone = replace(self, live=live, replaced={**self.replaced, target: place}, sums=_sums(live.values()))
        return gone if fill is None else gone.add(fill)

    @property
    def told_by_operator(self) -> str | None:
        """The execution that stands on somebody's word alone, if one does: the broker's own take its place."""
        return next((execution for execution in self.live if execution.startswith(OPERATOR)), None)

    def _successor(self, execution: str) -> str | None:
        """Return what stands in an execution's place: itself, the last of its corrections, or None."""
        if execution not in self.replaced:
            return execution
        return next((last for last in self.corrections_of(execution) if last not in self.replaced), None)

    def corrections_of(self, execution: str) -> Iterator[str]:
        """Yield what took an execution's place, one correction after the other."""
        place = self.replaced.get(execution)
        while place is not None:
            yield place
            place = self.replaced.get(place)

    def charge(self, commission: Commission) -> Self:
        """Return the ledger with an execution's commission, whether its fill is known yet or not."""
        if self.commissions.get(commission.execution_id) == commission:
            return self
        commissions = {**self.commissions, commission.execution_id: commission}
        return type(self)(self.live, self.replaced, commissions, self.sums)

    def _with_commission_of(self, fill: Fill) -> Self:
        """Keep the commission that a repeated fill brings where none was known."""
        known = self.live.get(fill.execution_id)
        if known is None or fill.commission is None or known.commission is not None:
            return self
        return replace(self, live={**self.live, fill.execution_id: known.replace(commission=fill.commission)})

    @property
    def fills(self) -> tuple[Fill, ...]:
        """The fills that count, each with the commission known for it."""
        return tuple(self._charged(fill) for fill in self.live.values())

    def _charged(self, fill: Fill) -> Fill:
        told = self.commissions.get(fill.execution_id)
        if told is None or (told.amount == fill.commission and told.currency == fill.currency):
            return fill
        return fill.model_copy(update={"commission": told.amount, "currency": told.currency})

    @property
    def commission(self) -> Decimal:
        """The sum of the commissions of the fills that count."""
        total = ZERO
        for execution, fill in self.live.items():
            told = self.commissions.get(execution)
            total = EXACT.add(total, told.amount if told is not None else fill.commission or ZERO)
        return total


@dataclass(frozen=True, slots=True)
class FillTotals:
    """What the fills of an order come to: its filled quantity and the average price, None while nothing is filled.

    ``most`` is the quantity by the leg of a combo that is furthest ahead; above the order's own, a leg is overfilled.
    """

    quantity: Decimal = ZERO
    average: Decimal | None = None
    most: Decimal = ZERO


def total(order: Order, ledger: FillLedger) -> FillTotals:
    """Return what the fills come to in units of the order."""
    contract = order.contract
    if isinstance(contract, Combo):
        return _combo_total(order, contract, ledger)
    quantity, value = ledger.sums.get(contract.key, _NOTHING) if contract is not None else _NOTHING
    return FillTotals(quantity, _AVERAGE.divide(value, quantity) if quantity else None, quantity)


def fits(order: Order, fill: Fill) -> bool:
    """Tell whether a fill can be one of this order's: its contract, or a leg of it, on the side that it takes."""
    contract = order.contract
    if contract is None or (order.account and fill.account and order.account != fill.account):
        return False
    if isinstance(contract, Combo):
        sides = {leg.contract.key: leg.action.sign * order.action.sign for leg in contract.legs}
        return sides.get(fill.contract.key) == fill.action.sign
    return fill.contract.key == contract.key and fill.action is order.action


def _sums(fills: Iterable[Fill]) -> dict[str, FillSum]:
    sums: dict[str, FillSum] = {}
    for fill in fills:
        key = fill.contract.key
        sums[key] = sums.get(key, _NOTHING).plus(fill)
    return sums


def _combo_total(order: Order, combo: Combo, ledger: FillLedger) -> FillTotals:
    sums = [(leg, ledger.sums.get(leg.contract.key, _NOTHING)) for leg in combo.legs]
    units = [EXACT.divide(filled.quantity, Decimal(leg.ratio)) for leg, filled in sums]
    step = ONE if order.quantity % 1 == 0 else _FINEST
    whole = min(units).quantize(step, rounding=ROUND_FLOOR, context=EXACT)
    if not whole:
        return FillTotals(most=max(units))
    net = ZERO
    for leg, filled in sums:
        weight = leg.signed_ratio * leg.contract.multiplier
        net = EXACT.add(net, EXACT.divide(EXACT.multiply(weight, filled.value), filled.quantity))
    return FillTotals(whole, _AVERAGE.divide(net, combo.multiplier), max(units))

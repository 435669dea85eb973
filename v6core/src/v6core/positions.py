"""Positions: what fills and adjustments come to, at average cost, and how the broker's figure is split by strategy.

The accumulating record is a ``Holding``. It keeps the cost of what is held, not the average, so that no money is lost
to rounding: realized profit + market value - cost is always the cash that flowed + the market value, to the last digit,
in whatever pieces an order fills. A ``Position`` is the record rounded for people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from v6core.contracts import Combo, Contract
from v6core.fills import Fill
from v6core.money import MOST_PLACES, ZERO, Computed, Number
from v6core.reports import AdjustmentReport, BrokerPosition

# A price and a quantity have up to 23 digits each, 10 of them places; costs are cut at the 40th place, far below what
# any sum of theirs can show, so that products, sums and differences are all exact in 128 digits.
_EXACT = Context(prec=128)
_SMALLEST_COST = Decimal(1).scaleb(-40)
_SCALE = Decimal(10) ** MOST_PLACES


class PositionKey(NamedTuple):
    """Whose position in what: account, strategy and the contract's key."""

    account: str | None
    strategy_id: str | None
    contract: str


class Position(BaseModel):
    """A signed quantity of one contract, of one strategy or (``strategy_id`` None) of none.

    ``avg_cost`` is per unit, in the terms of a price, without commission; ``realized_pnl`` is money, before commission.
    Both are rounded to ten places.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: Contract
    quantity: Number
    avg_cost: Computed
    account: str | None = None
    strategy_id: str | None = None
    realized_pnl: Computed = ZERO

    @property
    def key(self) -> PositionKey:
        """What tells this position from the others."""
        return PositionKey(self.account, self.strategy_id, self.contract.key)

    def unrealized_pnl(self, price: Decimal) -> Decimal:
        """Return what closing at a price would realize beyond ``realized_pnl``, before commission."""
        return (price - self.avg_cost) * self.quantity * self.contract.multiplier


@dataclass(slots=True)
class Holding:
    """A position as it accumulates; ``cost`` is the money that was paid for what is held, negative where it came in."""

    contract: Contract
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO

    def trade(self, quantity: Decimal, price: Decimal) -> None:
        """Add a signed quantity at a price: what reduces realizes at average cost, what passes zero opens anew."""
        with localcontext(_EXACT):
            closing = -_smaller(self.quantity, -quantity)
            if closing:
                self._reduce(closing, price)
            self.quantity += quantity - closing
            self.cost += (quantity - closing) * price * self.contract.multiplier

    def _reduce(self, quantity: Decimal, price: Decimal) -> None:
        left = self.quantity + quantity
        cost_left = (self.cost * left / self.quantity).quantize(_SMALLEST_COST) if left else ZERO
        self.realized += cost_left - self.cost - quantity * price * self.contract.multiplier
        self.quantity, self.cost = left, cost_left

    @property
    def avg_cost(self) -> Decimal:
        """The mean cost per unit in the terms of a price, rounded to ten places; zero where nothing is held."""
        if not self.quantity:
            return ZERO
        with localcontext(_EXACT):
            return _rounded(self.cost / (self.quantity * self.contract.multiplier))

    def position(self, key: PositionKey) -> Position:
        """Return the record as a position of an account and strategy."""
        return Position(
            contract=self.contract,
            quantity=self.quantity,
            avg_cost=self.avg_cost,
            account=key.account,
            strategy_id=key.strategy_id,
            realized_pnl=_rounded(self.realized),
        )


class PositionBook:
    """All positions, kept up to date fill by fill.

    Only live fills belong in it: where a correction takes one back, the book is folded again without it.
    """

    __slots__ = ("_by_contract", "_holdings")

    def __init__(self) -> None:
        self._holdings: dict[PositionKey, Holding] = {}
        self._by_contract: defaultdict[tuple[str | None, str], list[PositionKey]] = defaultdict(list)

    @property
    def holdings(self) -> Mapping[PositionKey, Holding]:
        """Every record in the order in which it was opened; one that is flat keeps what it realized."""
        return self._holdings

    def apply_fill(self, fill: Fill) -> None:
        """Count a fill for its account and strategy."""
        key = PositionKey(fill.account, fill.strategy_id, fill.contract.key)
        self._at(key, fill.contract).trade(fill.signed_quantity, fill.price)

    def apply_adjustment(self, adjustment: AdjustmentReport) -> None:
        """Count a change that no order made; without a price no money moved, and it counts at zero.

        It first takes off what is held the other way, of no strategy before that of strategies, in the order opened;
        what is left belongs to no strategy. ValueError for a combo, which is held in its legs.
        """
        if isinstance(adjustment.contract, Combo):
            raise ValueError(f"a combo is held in its legs, so it cannot be adjusted itself: {adjustment.contract.key}")
        price = ZERO if adjustment.price is None else adjustment.price
        left = adjustment.quantity
        for holding in self._opposite(adjustment):
            taken = -_smaller(holding.quantity, -left)
            if taken:
                holding.trade(taken, price)
                left -= taken
        if left:
            key = PositionKey(adjustment.account, None, adjustment.contract.key)
            self._at(key, adjustment.contract).trade(left, price)

    def positions(self) -> dict[PositionKey, Position]:
        """Return every position by its key, flat ones with what they realized."""
        return {key: holding.position(key) for key, holding in self._holdings.items()}

    def _at(self, key: PositionKey, contract: Contract) -> Holding:
        holding = self._holdings.get(key)
        if holding is None:
            holding = self._holdings[key] = Holding(contract)
            self._by_contract[key.account, key.contract].append(key)
        return holding

    def _opposite(self, adjustment: AdjustmentReport) -> list[Holding]:
        keys = self._by_contract.get((adjustment.account, adjustment.contract.key), [])
        own_last = sorted(keys, key=lambda key: key.strategy_id is not None)
        holdings = [self._holdings[key] for key in own_last]
        return [
            holding for holding in holdings if holding.quantity and (holding.quantity > 0) != (adjustment.quantity > 0)
        ]


def fold_positions(fills: Iterable[Fill], adjustments: Iterable[AdjustmentReport] = ()) -> dict[PositionKey, Position]:
    """Return the positions that live fills and adjustments come to, in the order of their times, fills first."""
    book = PositionBook()
    rows: list[Fill | AdjustmentReport] = [*fills, *adjustments]
    for row in sorted(rows, key=lambda row: row.time):
        if isinstance(row, Fill):
            book.apply_fill(row)
        else:
            book.apply_adjustment(row)
    return book.positions()


def split_by_strategy(
    broker_positions: Iterable[BrokerPosition], strategy_positions: Iterable[Position]
) -> tuple[Position, ...]:
    """Return the broker's positions split by strategy; the rows of a contract always add up to the broker's quantity.

    What no strategy claims is a row of none, at the broker's average cost. Strategies that all claim the same side of
    more than the broker has are cut to it, the last opened first. Where they claim both sides, which the broker nets,
    nothing is cut and the difference is a row of none. Rows of nothing are left out.
    """
    claims: defaultdict[tuple[str | None, str], list[Position]] = defaultdict(list)
    for claim in strategy_positions:
        if claim.quantity and claim.strategy_id is not None:
            claims[claim.account, claim.contract.key].append(claim)
    rows: list[Position] = []
    for broker in _netted(broker_positions):
        rows += _split(broker, claims.pop((broker.account, broker.contract.key), []))
    for left in claims.values():
        nothing = BrokerPosition(contract=left[0].contract, quantity=ZERO, avg_cost=ZERO, account=left[0].account)
        rows += _split(nothing, left)
    return tuple(rows)


def _netted(rows: Iterable[BrokerPosition]) -> Iterator[BrokerPosition]:
    """Yield one row for each account and contract, should a broker tell a position in parts."""
    parts: defaultdict[tuple[str | None, str], list[BrokerPosition]] = defaultdict(list)
    for row in rows:
        parts[row.account, row.contract.key].append(row)
    for first, *others in parts.values():
        holding = Holding(first.contract)
        for row in (first, *others):
            holding.trade(row.quantity, row.avg_cost)
        yield (
            first
            if not others
            else first.model_copy(update={"quantity": holding.quantity, "avg_cost": holding.avg_cost})
        )


def _split(broker: BrokerPosition, claims: list[Position]) -> Iterator[Position]:
    rest = broker.quantity - sum((claim.quantity for claim in claims), ZERO)
    kept: list[Position] = []
    one_sided = len({claim.quantity > 0 for claim in claims}) == 1
    for claim in reversed(claims):
        cut = _smaller(claim.quantity, -rest) if one_sided else ZERO
        rest += cut
        kept.append(claim.model_copy(update={"quantity": claim.quantity - cut}))
    yield from (claim for claim in reversed(kept) if claim.quantity)
    if rest:
        yield Position(contract=broker.contract, quantity=rest, avg_cost=broker.avg_cost, account=broker.account)


def held_by(
    strategy_positions: Iterable[Position], account_positions: Iterable[BrokerPosition | Position]
) -> tuple[tuple[Contract, Decimal], ...]:
    """Return what a strategy can close, by contract: the smaller of what it and what its account holds on that side.

    A contract of which the account holds nothing, or the other side, is left out: closing never crosses zero.
    """
    account: defaultdict[tuple[str | None, str], Decimal] = defaultdict(lambda: ZERO)
    for row in account_positions:
        account[row.account, row.contract.key] += row.quantity
    held: dict[str, tuple[Contract, Decimal]] = {}
    for claim in strategy_positions:
        key = claim.contract.key
        quantity = _smaller(claim.quantity, account[claim.account, key])
        if quantity:
            held[key] = (claim.contract, quantity + held.get(key, (claim.contract, ZERO))[1])
    return tuple(row for row in held.values() if row[1])


def _smaller(quantity: Decimal, other: Decimal) -> Decimal:
    """Return the one nearer to zero, zero where they are on different sides."""
    return min(abs(quantity), abs(other)).copy_sign(quantity) if quantity * other > 0 else ZERO


def _rounded(number: Decimal) -> Decimal:
    # Division gives an exact result without trailing zeros, so that 750 does not read as 750.0000000000.
    with localcontext(_EXACT):
        return (number * _SCALE).to_integral_value() / _SCALE

"""What a broker can do, as data: the engine refuses by it, ``v6 brokers`` prints it, the conformance kit tests it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import auto
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from v6core.orders import OcaType, Order, OrderType, TimeInForce
from v6core.words import Word


class UnitKind(Word):
    """How whole several orders placed as a unit are."""

    ATOMIC = auto()
    """All are accepted or none is."""
    ROLLED_BACK = auto()
    """They go one by one; where one fails, those before it are taken back."""
    SEQUENTIAL = auto()
    """They go one by one, and those before a failure stay."""


class ExitRelease(Word):
    """When the exits of a bracket come to the market."""

    EACH_FILL = auto()
    """With each fill of the entry, sized to what has filled."""
    FULL_FILL = auto()
    """When the entry is full."""


class ModifyKind(Word):
    """How a working order is changed."""

    IN_PLACE = auto()
    REPLACEMENT = auto()
    NONE = auto()


class SubmitIdentity(Word):
    """What the broker does with a reference that it has seen before."""

    ENFORCED = auto()
    """It refuses the second: resending the same order is safe."""
    WINDOW = auto()
    """It refuses the second within ``identity_window`` seconds."""
    QUERYABLE = auto()
    """It takes both, but can be asked which it has."""
    NONE = auto()
    """It does not keep references."""


class HistoryReach(Word):
    """How far back the broker can be asked."""

    NONE = auto()
    SAME_DAY = auto()
    UNLIMITED = auto()


class OrderSupport(BaseModel):
    """One row of what is taken: these types with these times in force on these kinds of contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: frozenset[str]
    order_types: frozenset[OrderType]
    tifs: frozenset[TimeInForce]


class BracketSupport(BaseModel):
    """One row of the brackets that are taken: entries and exits of these types, on these kinds of contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: frozenset[str]
    entry_types: frozenset[OrderType]
    exit_types: frozenset[OrderType]
    tifs: frozenset[TimeInForce]
    one_tif: bool = False
    """The entry and its exits share one time in force."""

    def takes(self, entry: Order, exits: Sequence[Order]) -> bool:
        """Tell whether an entry and its exits, all on one contract of the entry's, are a bracket of this row."""
        contract, tifs = entry.contract, {order.tif for order in (entry, *exits)}
        return (
            contract is not None
            and contract.kind in self.kinds
            and all(order.contract is not None and order.contract.key == contract.key for order in exits)
            and entry.order_type in self.entry_types
            and all(order.order_type in self.exit_types for order in exits)
            and tifs <= self.tifs
            and not (self.one_tif and len(tifs) > 1)
        )


class Capabilities(BaseModel):
    """What a broker does, sentence by sentence. What is not declared is refused before anything is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    simulated: bool
    """No real money moves."""
    orders: tuple[OrderSupport, ...]
    """Order types × times in force × contract kinds."""
    bracket: bool = False
    """An entry and its exits are taken as one unit; exits wait for the entry."""
    brackets: tuple[BracketSupport, ...] = ()
    """Which brackets are taken, where not all are whose orders are taken; none: all."""
    exit_release: ExitRelease | None = None
    """When the exits of a bracket come to the market."""
    oca_types: frozenset[OcaType] = frozenset()
    """The one-cancels-all groups that the broker keeps itself."""
    reserves_holdings: bool = False
    """What an open order is to close is set aside for it: a second one that is to close the same is refused."""
    unit: UnitKind = UnitKind.SEQUENTIAL
    """How whole several orders placed together are."""
    max_combo_legs: int = Field(default=0, ge=0)
    """The most legs that one combo order may have; 0: combos are not taken."""
    combo_leg_kinds: frozenset[str] = frozenset()
    """Kinds of contract that a combo's legs may be; none: all that are traded."""
    combo_guaranteed: bool = False
    """A combo fills all its legs in ratio or none."""
    modify: ModifyKind = ModifyKind.NONE
    """How a working order is changed."""
    submit_identity: SubmitIdentity = SubmitIdentity.NONE
    """What happens to an order whose reference the broker has seen."""
    identity_window: float | None = Field(default=None, gt=0)
    """For how many seconds references are remembered."""
    fills_reach: HistoryReach = HistoryReach.NONE
    """How far back fills can be asked for."""
    completed_reach: HistoryReach = HistoryReach.NONE
    """How far back completed orders can be asked for."""
    global_cancel: bool = False
    """Every open order of the account can be cancelled at once, whoever placed it."""
    preview: bool = False
    """Cost and margin of an order can be asked without placing it."""
    quotes: bool = False
    """Quotes can be asked for and streamed."""
    option_chains: bool = False
    """Listed options can be asked for."""
    fractional: bool = False
    """Quantities need not be whole."""
    fractional_kinds: frozenset[str] = frozenset()
    """Kinds of contract whose quantities need not be whole where others must be."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.submit_identity is SubmitIdentity.WINDOW) != (self.identity_window is not None):
            raise ValueError("identity_window belongs to submit_identity WINDOW, and only to it")
        if self.bracket != (self.exit_release is not None):
            raise ValueError("exit_release belongs to a broker that takes brackets, and only to it")
        if self.max_combo_legs == 1:
            raise ValueError("max_combo_legs is 0 for none, or at least 2")
        if self.brackets and not self.bracket:
            raise ValueError("brackets belongs to a broker that takes brackets, and only to it")
        return self

    def takes_bracket(self, entry: Order, exits: Sequence[Order]) -> bool:
        """Tell whether the broker takes an entry and its exits as one unit."""
        return self.bracket and (not self.brackets or any(row.takes(entry, exits) for row in self.brackets))

    def why_not(self, order: Order) -> str | None:
        """Return why the broker does not take an order, or None where it does."""
        contract = order.contract
        if contract is None:
            return "the order has no contract"
        if contract.kind == "COMBO" and len(contract.legs) > self.max_combo_legs:
            return f"it takes at most {self.max_combo_legs} legs in one order, not {len(contract.legs)}"
        if contract.kind == "COMBO" and self.combo_leg_kinds:
            strange = sorted({leg.contract.kind for leg in contract.legs} - self.combo_leg_kinds)
            if strange:
                return f"it takes no {strange[0]} as a leg of a combo"
        oca_type = order.oca_type or OcaType.CANCEL_WITH_BLOCK
        if order.oca_group is not None and oca_type not in self.oca_types:
            return f"it keeps no one-cancels-all groups of type {oca_type}"
        if not (self.fractional or contract.kind in self.fractional_kinds) and order.quantity % 1:
            return f"it takes whole quantities, not {order.quantity:f}"
        return self._why_not_type(order, contract.kind)

    def _why_not_type(self, order: Order, kind: str) -> str | None:
        for row in self.orders:
            if kind in row.kinds and order.order_type in row.order_types and order.tif in row.tifs:
                return None
        rows = [row for row in self.orders if kind in row.kinds]
        if not rows:
            return f"it does not trade {kind} contracts"
        if not any(order.order_type in row.order_types for row in rows):
            return f"it takes no {order.order_type} orders for {kind} contracts"
        return f"it takes no {order.order_type} orders with tif {order.tif} for {kind} contracts"

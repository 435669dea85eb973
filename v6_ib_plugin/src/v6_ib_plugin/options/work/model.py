"""What all order types of IB share that v6 has no word for: the v6 types they go with, and their fields of an order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from v6_ib_plugin.numbers import told
from v6_ib_plugin.options.fields import OptionsModel
from v6_ib_plugin.terms import IbOrder
from v6core.money import Positive
from v6core.orders import Order, OrderType


class Misfit(NamedTuple):
    """An option that an order cannot carry, with its value and why."""

    option: str
    value: object
    why: str

    def __str__(self) -> str:
        return f"{self.option} {self.value!r}: {self.why}"


STOCKS = frozenset({"STOCK"})
OPTIONS = frozenset({"OPTION"})
LISTED = frozenset({"STOCK", "OPTION", "FUTURE", "FUTURE_OPTION"})
IBKR_ATS = "IBKRATS"


class Work(OptionsModel):
    """How IB works an order whose own type says what it is at most.

    The serialization alias of a field is the one of an IB order in which it stands. ``with_limit`` is the v6 type of an
    order with a limit, which caps what IB makes of it, ``without_limit`` that of one without; None where IB has none.
    ``kinds`` are the contracts that IB names for the type, ``exchange`` is the only one that takes it. ``waits`` says
    that it waits for its price as an exit does. ``moving`` are terms of the order that TWS moves by itself.
    """

    with_limit: ClassVar[OrderType | None] = OrderType.LIMIT
    without_limit: ClassVar[OrderType | None] = OrderType.MARKET
    kinds: ClassVar[frozenset[str]] = LISTED
    exchange: ClassVar[str | None] = None
    waits: ClassVar[bool] = False
    moving: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def word(cls) -> str:
        """Return the type by its name in the options, which is IB's own where IB has one."""
        return str(cls.model_fields["type"].default)

    @classmethod
    def goes_with(cls) -> tuple[OrderType, ...]:
        """Return the v6 types that an order worked so may be of."""
        return tuple(kind for kind in (cls.with_limit, cls.without_limit) if kind is not None)

    @classmethod
    def order_type_of(cls, ib: IbOrder) -> OrderType:
        """Return the v6 type of an order that TWS shows to be worked so."""
        kinds = cls.goes_with()
        return kinds[0] if len(kinds) == 1 or told(ib.lmt_price) else kinds[1]

    @classmethod
    def aliases(cls) -> dict[str, str]:
        """Return each field of an IB order by the name of ours that stands in it as it is."""
        return {name: ib for name, field in cls.model_fields.items() if (ib := field.serialization_alias)}

    def onto(self, ib: IbOrder) -> IbOrder:
        """Return an order in v6's own words as IB is asked to work it."""
        said = {field: value for name, field in self.aliases().items() if (value := getattr(self, name)) is not None}
        return replace(ib, order_type=self.word(), **said, **self.further())

    def further(self) -> dict[str, Any]:
        """Return what else the order says."""
        return {}

    @classmethod
    def plain(cls, ib: IbOrder) -> dict[str, Any]:
        """Return fields that the v6 type of an order reads, where TWS shows them elsewhere or in a word of its own."""
        del ib
        return {}

    @classmethod
    def told_by(cls, ib: IbOrder) -> dict[str, Any]:
        """Return what an order says of this, by our names; what it does not say is left out."""
        values = {name: getattr(ib, field) for name, field in cls.aliases().items()}
        return {name: read for name, value in values.items() if (read := _said(value))}

    @property
    def is_not_held(self) -> bool:
        """Whether IB takes it as a not-held order alone."""
        return self.exchange == IBKR_ATS

    def misfit(self, order: Order) -> Misfit | None:
        """Return why an order is not worked so, or None where it can be."""
        why = self._why_not(order)
        return None if why is None else Misfit("work_as", self.word(), why)

    def _why_not(self, order: Order) -> str | None:
        if order.order_type not in self.goes_with():
            return f"it goes with {self._types()}, not with {order.order_type}"
        if order.parent_order_id is not None and not self.waits:
            return "it would be at the market at once: leave work_as out of what is an exit of a bracket"
        contract = order.contract
        if contract is None:
            return None
        if contract.kind not in self.kinds:
            return f"IB has it for {', '.join(sorted(self.kinds))} contracts, not {contract.kind}"
        if self.exchange is not None and contract.exchange != self.exchange:
            return f'only {self.exchange} takes it: give the contract exchange="{self.exchange}"'
        return None

    @classmethod
    def _types(cls) -> str:
        capped = cls.with_limit and f"{cls.with_limit} (limit_price caps it)"
        return " or ".join(kind for kind in (capped, cls.without_limit) if kind is not None)


class Ranged(Work):
    """One that works only while what it hangs on trades between ``range_low`` and ``range_high``."""

    range_low: Positive | None = Field(default=None, serialization_alias="stock_range_lower")
    range_high: Positive | None = Field(default=None, serialization_alias="stock_range_upper")

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        low, high = self.range_low, self.range_high
        if low is not None and high is not None and low >= high:
            raise ValueError(f"range_low {low:f} must be below range_high {high:f}")
        return self


def _said(value: object) -> object:
    """Return a value that says something: neither zero nor what stands for none does."""
    return told(value) or None if isinstance(value, Decimal) else value or None

"""One order: its terms and what has become of it, always valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Self, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    computed_field,
    field_validator,
    model_validator,
)

from v6core.contracts import Contract, OrderAction
from v6core.identifiers import RandomIds, printable
from v6core.moments import in_utc
from v6core.money import ZERO, Computed, NotNegative, Number, Positive
from v6core.orders.kinds import (
    NEEDS_LIMIT,
    NEEDS_STOP,
    TAKES_STOP,
    TRAILING,
    Anomaly,
    OcaType,
    OrderStatus,
    OrderType,
    Pending,
    TimeInForce,
)

_IDS = RandomIds()
_NOTHING: Mapping[str, Any] = MappingProxyType({})
Amount = Decimal | float | str


def read_only(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a copy that cannot be changed."""
    return MappingProxyType(dict(value)) if value else _NOTHING


Options = Annotated[Mapping[str, Any], AfterValidator(read_only), PlainSerializer(dict, return_type=dict[str, Any])]


def _texts_in(value: Any) -> Iterator[str]:
    """Yield every text in an order's options, the names among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts_in([*value.keys(), *value.values()])  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # a plugin's own
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:  # pyright: ignore[reportUnknownVariableType]  # likewise
            yield from _texts_in(part)


class Order(BaseModel):
    """One order: its terms, and what has become of it.

    ``stop_price`` is the trigger of a stop and of an if-touched order, and the first stop of a trailing one, where it
    may be left out. Quantities are shares, contracts, or units of a combo. ``avg_fill_price`` is the mean over its
    fills weighted by quantity, of a combo the net per unit.

    >>> Order.limit("SELL", 5, "101.50", tif="GTC").limit_price
    Decimal('101.50')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    order_id: UUID = Field(default_factory=_IDS.order_id)
    strategy_id: str | None = None
    contract: Contract | None = None
    conid: int | None = Field(default=None, ge=0)
    action: OrderAction
    quantity: Positive
    order_type: OrderType
    limit_price: Number | None = None
    stop_price: Number | None = None
    trail_amount: Positive | None = None
    trail_percent: Positive | None = None
    limit_offset: NotNegative | None = None
    tif: TimeInForce = TimeInForce.DAY
    good_till: AwareDatetime | None = None
    outside_rth: bool = False
    account: str | None = None
    oca_group: str | None = None
    oca_type: OcaType | None = None
    parent_order_id: UUID | None = None
    order_ref: str | None = None
    options: Options = Field(default_factory=lambda: _NOTHING)

    status: OrderStatus = OrderStatus.CREATED
    working: bool = False
    pending_cancel: Pending | None = None
    pending_modify: Pending | None = None
    filled_quantity: NotNegative = ZERO
    avg_fill_price: Computed | None = None
    commission: Computed = ZERO
    reason: str | None = None
    anomalies: tuple[Anomaly, ...] = ()
    broker_order_id: str | None = None
    created_at: AwareDatetime | None = None
    submitted_at: AwareDatetime | None = None
    filled_at: AwareDatetime | None = None

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know a decorated property
    @property
    def remaining_quantity(self) -> Computed:
        """What may still be filled; zero once the order has ended."""
        if self.status.is_terminal:
            return ZERO
        return max(self.quantity - self.filled_quantity, ZERO)

    @model_validator(mode="before")
    @classmethod
    def _drop_computed(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        fields = cast("dict[str, Any]", data)
        if "remaining_quantity" not in fields:
            return fields
        return {name: value for name, value in fields.items() if name != "remaining_quantity"}

    @field_validator("strategy_id", "account", "oca_group", "order_ref")
    @classmethod
    def _check_text(cls, value: str | None, info: ValidationInfo) -> str | None:
        return None if value is None else printable(value, info.field_name or "text")

    @field_validator("options")
    @classmethod
    def _check_options(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        wrong = next((text for text in _texts_in(value) if not text.isprintable()), None)
        if wrong is not None:
            raise ValueError(f"options must hold no control characters, not {wrong!r}")
        return value

    @field_validator("good_till", "created_at", "submitted_at", "filled_at")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        return None if value is None else in_utc(value)

    @field_validator("anomalies")
    @classmethod
    def _in_order(cls, value: tuple[Anomaly, ...]) -> tuple[Anomaly, ...]:
        return tuple(sorted(set(value)))

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_prices()
        self._check_trail()
        self._check_time()
        self._check_outcome()
        return self

    def _check_prices(self) -> None:
        kind = self.order_type
        if kind in NEEDS_LIMIT and self.limit_price is None:
            raise ValueError(f"a {kind} order needs a limit_price")
        if kind not in NEEDS_LIMIT and self.limit_price is not None:
            raise ValueError(f"a {kind} order takes no limit_price")
        if kind in NEEDS_STOP and self.stop_price is None:
            raise ValueError(f"a {kind} order needs a stop_price")
        if kind not in TAKES_STOP and self.stop_price is not None:
            raise ValueError(f"a {kind} order takes no stop_price")
        if self.contract is not None and self.contract.kind != "COMBO":
            for name in ("limit_price", "stop_price"):
                price: Decimal | None = getattr(self, name)
                if price is not None and price <= 0:
                    raise ValueError(
                        f"{name} must be positive, not {price:f}; only a combo's price may be zero or less"
                    )

    def _check_trail(self) -> None:
        given = [name for name in ("trail_amount", "trail_percent") if getattr(self, name) is not None]
        if self.order_type in TRAILING and len(given) != 1:
            raise ValueError(f"a {self.order_type} order needs exactly one of trail_amount and trail_percent")
        if self.order_type not in TRAILING and given:
            raise ValueError(f"a {self.order_type} order takes no {given[0]}")
        if self.trail_percent is not None and self.trail_percent >= 100:
            raise ValueError(f"trail_percent must be below 100, not {self.trail_percent:f}")
        if (self.order_type is OrderType.TRAIL_LIMIT) != (self.limit_offset is not None):
            need = "needs a" if self.limit_offset is None else "takes no"
            raise ValueError(f"a {self.order_type} order {need} limit_offset")

    def _check_time(self) -> None:
        if self.tif is TimeInForce.GTD and self.good_till is None:
            raise ValueError("a GTD order needs good_till, an aware time in the future")
        if self.tif is not TimeInForce.GTD and self.good_till is not None:
            raise ValueError(f"good_till belongs to tif GTD, not {self.tif}")
        if self.good_till is not None and self.created_at is not None and self.good_till <= self.created_at:
            raise ValueError(f"good_till {self.good_till.isoformat()} is not in the future")
        if self.oca_type is not None and self.oca_group is None:
            raise ValueError("oca_type needs an oca_group")

    def _check_outcome(self) -> None:
        if self.filled_quantity > self.quantity and Anomaly.OVERFILL not in self.anomalies:
            raise ValueError(f"filled_quantity {self.filled_quantity:f} is above quantity {self.quantity:f}")
        if (self.filled_quantity > 0) != (self.avg_fill_price is not None):
            raise ValueError("avg_fill_price belongs to a filled_quantity above zero, and only to it")
        if self.status is OrderStatus.FILLED and self.filled_at is None:
            raise ValueError("a FILLED order needs filled_at")
        if self.status is OrderStatus.FILLED and self.filled_quantity < self.quantity:
            raise ValueError(f"a FILLED order is filled whole, not {self.filled_quantity:f} of {self.quantity:f}")

    @classmethod
    def market(cls, action: OrderAction | str, quantity: Amount, **fields: Any) -> Self:
        """Return an order at whatever price the market gives."""
        return cls._of(OrderType.MARKET, action, quantity, fields)

    @classmethod
    def limit(cls, action: OrderAction | str, quantity: Amount, limit_price: Amount, **fields: Any) -> Self:
        """Return an order at ``limit_price`` or better."""
        return cls._of(OrderType.LIMIT, action, quantity, {"limit_price": limit_price, **fields})

    @classmethod
    def stop(cls, action: OrderAction | str, quantity: Amount, stop_price: Amount, **fields: Any) -> Self:
        """Return an order that becomes a market order once the market reaches ``stop_price``."""
        return cls._of(OrderType.STOP, action, quantity, {"stop_price": stop_price, **fields})

    @classmethod
    def stop_limit(
        cls, action: OrderAction | str, quantity: Amount, stop_price: Amount, limit_price: Amount, **fields: Any
    ) -> Self:
        """Return an order that becomes a limit order at ``limit_price`` once the market reaches ``stop_price``."""
        prices = {"stop_price": stop_price, "limit_price": limit_price}
        return cls._of(OrderType.STOP_LIMIT, action, quantity, {**prices, **fields})

    @classmethod
    def trailing_stop(
        cls,
        action: OrderAction | str,
        quantity: Amount,
        trail_amount: Amount | None = None,
        trail_percent: Amount | None = None,
        **fields: Any,
    ) -> Self:
        """Return a stop that follows the market at ``trail_amount`` in price, or ``trail_percent`` of it."""
        trail = {"trail_amount": trail_amount, "trail_percent": trail_percent}
        return cls._of(OrderType.TRAIL, action, quantity, {**trail, **fields})

    @classmethod
    def _of(cls, kind: OrderType, action: OrderAction | str, quantity: Amount, fields: dict[str, Any]) -> Self:
        return cls.model_validate({"order_type": kind, "action": action, "quantity": quantity, **fields})

    def replace(self, **changes: Any) -> Self:
        """Return a changed copy, validated like the first. What was never given stays not given."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return self.model_validate({**given, "order_id": self.order_id, **changes})

    @property
    def signed_quantity(self) -> Decimal:
        """The quantity, negative to sell."""
        return self.action.sign * self.quantity


# A bracket without its entry is refused in the model's words and not by a TypeError.

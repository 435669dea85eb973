"""All that an order may carry for Interactive Brokers alone, as fields of an IB order and read back from one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from v6_ib_plugin.numbers import told
from v6_ib_plugin.options.algos import AnyAlgo, algo_of
from v6_ib_plugin.options.attached import AdjustedStop, Hedge, Scale, adjusted_stop_of, hedge_of, scale_of
from v6_ib_plugin.options.conditions import Condition, condition_of
from v6_ib_plugin.options.fields import (
    TRIGGER_METHODS,
    TRIGGER_NUMBERS,
    Moment,
    OptionsModel,
    Text,
    TriggerMethod,
)
from v6_ib_plugin.options.lifetimes import Lifetime, ib_lifetime, lifetime_misfit, lifetime_of
from v6_ib_plugin.options.work import AnyWork, Misfit, work_of
from v6_ib_plugin.options.work.model import IBKR_ATS
from v6_ib_plugin.terms import IbOrder, TagValue
from v6_ib_plugin.times import utc_text
from v6_ib_plugin.untranslatable import Untranslatable, translating
from v6core.money import Number, Positive
from v6core.orders import Order

# Options that stand in one field of an IB order, as they are.
_FLAGS = {
    "all_or_none": "all_or_none",
    "hidden": "hidden",
    "sweep_to_fill": "sweep_to_fill",
    "block_order": "block_order",
    "not_held": "not_held",
    "randomize_size": "randomize_size",
    "randomize_price": "randomize_price",
    "discretionary_to_limit": "discretionary_up_to_limit_price",
    "direct_routing": "opt_out_smart_routing",
    "override_percentage_constraints": "override_percentage_constraints",
    "auto_cancel_parent": "auto_cancel_parent",
    "solicited": "solicited",
    "conditions_ignore_rth": "conditions_ignore_rth",
    "conditions_cancel_order": "conditions_cancel_order",
}
_NUMBERS = {
    "display_size": "display_size",
    "min_quantity": "min_qty",
    "discretionary_amount": "discretionary_amt",
    "cash_quantity": "cash_qty",
    "duration": "duration",
    "post_to_ats": "post_to_ats",
    "min_trade_quantity": "min_trade_qty",
}
_TEXTS = {
    "model_code": "model_code",
    "ext_operator": "ext_operator",
    "designated_location": "designated_location",
    "advanced_error_override": "advanced_error_override",
}
_TIMES = {"good_after": "good_after_time", "manual_order_time": "manual_order_time"}
_OPEN_CLOSE = {"OPEN": "O", "CLOSE": "C"}
_AUCTION_STRATEGIES = {"MATCH": 1, "IMPROVEMENT": 2, "TRANSPARENT": 3}
_NON_GUARANTEED = "NonGuaranteed"


class IbOrderOptions(OptionsModel):
    """What an order may carry for Interactive Brokers alone; what is left out is TWS's default.

    ``display_size`` is an iceberg's tip. ``good_after`` holds the order until a time. ``duration`` is in seconds.
    ``short_sale_slot`` 1: the broker holds the shares, 2: they come from ``designated_location``. ``leg_prices`` are
    those of a combo's legs, in the order of the legs. ``routing`` are further parameters of a combo, as IB names them.
    ``work_as`` is a type of IB's that v6 has no word for, ``time_in_force`` likewise: what the order itself says is
    what it is at most. ``min_trade_quantity`` is for orders at IBKRATS, ``auction_strategy`` for options at BOX.
    """

    work_as: AnyWork | None = None
    time_in_force: Lifetime | None = None
    algo: AnyAlgo | None = None
    all_or_none: bool = False
    hidden: bool = False
    display_size: int | None = Field(default=None, gt=0)
    min_quantity: int | None = Field(default=None, gt=0)
    min_trade_quantity: int | None = Field(default=None, gt=0)
    good_after: Moment | None = None
    trigger_method: TriggerMethod = TriggerMethod.DEFAULT
    sweep_to_fill: bool = False
    block_order: bool = False
    discretionary_amount: Positive | None = None
    discretionary_to_limit: bool = False
    not_held: bool = False
    cash_quantity: Positive | None = None
    randomize_size: bool = False
    randomize_price: bool = False
    duration: int | None = Field(default=None, gt=0)
    post_to_ats: int | None = Field(default=None, gt=0)
    price_management: bool | None = None
    direct_routing: bool = False
    auction_strategy: Literal["MATCH", "IMPROVEMENT", "TRANSPARENT"] | None = None
    conditions: tuple[Condition, ...] = ()
    conditions_ignore_rth: bool = False
    conditions_cancel_order: bool = False
    open_close: Literal["OPEN", "CLOSE"] | None = None
    short_sale_slot: Literal[1, 2] | None = None
    designated_location: Text | None = None
    non_guaranteed: bool = False
    routing: dict[Text, Text] = Field(default_factory=dict)
    leg_prices: tuple[Number | None, ...] = ()
    adjusted_stop: AdjustedStop | None = None
    scale: Scale | None = None
    hedge: Hedge | None = None
    auto_cancel_parent: bool = False
    override_percentage_constraints: bool = False
    advanced_error_override: Text | None = None
    solicited: bool = False
    model_code: Text | None = None
    ext_operator: Text | None = None
    manual_order_time: Moment | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.work_as is not None and self.algo is not None:
            raise ValueError("an order is worked by an algo or by its work_as, not by both")
        if self.work_as is not None and self.work_as.type == "AUCTION" and self.time_in_force is not None:
            raise ValueError("the AUCTION is a time in force of its own: leave time_in_force out")
        if self.display_size is not None and self.discretionary_amount is not None:
            raise ValueError("an order has a display_size or a discretionary_amount, not both (IB's error 157)")
        if (self.short_sale_slot == 2) != (self.designated_location is not None):
            raise ValueError("designated_location belongs to short_sale_slot 2, and only to it (IB's errors 352, 353)")
        if not self.conditions and (self.conditions_ignore_rth or self.conditions_cancel_order):
            raise ValueError("conditions_ignore_rth and conditions_cancel_order need conditions")
        if self.leg_prices and not (self.non_guaranteed and len(self.leg_prices) == 2):
            raise ValueError("leg_prices are for combos of two legs that are non_guaranteed (IB's error 10058)")
        if _NON_GUARANTEED in self.routing:
            raise ValueError("say non_guaranteed itself, not in routing")
        return self

    def misfit(self, order: Order) -> Misfit | None:
        """Return the option that an order of its type, contract and time in force cannot carry, or None."""
        found = None if self.work_as is None else self.work_as.misfit(order)
        if found is None and self.time_in_force is not None:
            found = lifetime_misfit(self.time_in_force, order)
        return found or self._misrouted(order)

    def _misrouted(self, order: Order) -> Misfit | None:
        exchange = IBKR_ATS if order.contract is None else order.contract.exchange
        if self.min_trade_quantity is not None and exchange != IBKR_ATS:
            why = f'only {IBKR_ATS} takes it: give the contract exchange="{IBKR_ATS}", or say min_quantity'
            return Misfit("min_trade_quantity", self.min_trade_quantity, why)
        at_box = order.contract is None or (order.contract.kind, order.contract.exchange) == ("OPTION", "BOX")
        if self.auction_strategy is not None and not at_box:
            why = 'it is for options at BOX: give the option exchange="BOX"'
            return Misfit("auction_strategy", self.auction_strategy, why)
        return None

    def onto(self, order: IbOrder) -> IbOrder:
        """Return an IB order with these options."""
        order = order if self.work_as is None else self.work_as.onto(order)
        return replace(order, **self.ib_fields())

    def said(self) -> dict[str, Any]:
        """Return the options that are said, as ``Order.options`` carries them."""
        return self.model_dump(mode="json", exclude_unset=True)

    def ib_fields(self) -> dict[str, Any]:
        """Return the fields of an IB order that say these options, but for ``work_as``; what is not said is out."""
        fields: dict[str, Any] = {
            ib: value for name, ib in (_FLAGS | _NUMBERS | _TEXTS).items() if (value := getattr(self, name))
        }
        fields |= {ib: utc_text(moment) for name, ib in _TIMES.items() if (moment := getattr(self, name)) is not None}
        for part in (self.adjusted_stop, self.scale, self.hedge):
            fields |= {} if part is None else part.ib_fields()
        return fields | self._words() | self._lists()

    def _words(self) -> dict[str, Any]:
        words: dict[str, Any] = {}
        if self.trigger_method is not TriggerMethod.DEFAULT:
            words["trigger_method"] = TRIGGER_NUMBERS[self.trigger_method]
        if self.price_management is not None:
            words["use_price_mgmt_algo"] = int(self.price_management)
        if self.open_close is not None:
            words["open_close"] = _OPEN_CLOSE[self.open_close]
        if self.short_sale_slot is not None:
            words["short_sale_slot"] = self.short_sale_slot
        if self.auction_strategy is not None:
            words["auction_strategy"] = _AUCTION_STRATEGIES[self.auction_strategy]
        if self.time_in_force is not None:
            words["tif"] = ib_lifetime(self.time_in_force)
        return words

    def _lists(self) -> dict[str, Any]:
        lists: dict[str, Any] = {}
        if self.algo is not None:
            lists |= {"algo_strategy": self.algo.strategy, "algo_params": self.algo.params()}
        if self.conditions:
            lists["conditions"] = tuple(condition.terms() for condition in self.conditions)
        if self.leg_prices:
            lists["order_combo_legs"] = self.leg_prices
        routing = ({_NON_GUARANTEED: "1"} if self.non_guaranteed else {}) | self.routing
        if routing:
            lists["smart_combo_routing_params"] = tuple(TagValue(tag, value) for tag, value in routing.items())
        return lists

    @classmethod
    def of(cls, order: IbOrder) -> Self:
        """Return the options that an IB order carries. Raises Untranslatable."""
        with translating("an order's options"):
            fields = {name: value for name, value in _told_of(order).items() if value not in (None, "", (), False)}
            return cls.model_validate(fields)


def _told_of(order: IbOrder) -> dict[str, Any]:
    routing = {param.tag: param.value for param in order.smart_combo_routing_params}
    non_guaranteed = routing.pop(_NON_GUARANTEED, "0")
    simple = {name: getattr(order, ib) for name, ib in (_FLAGS | _TEXTS | _TIMES).items()}
    work = work_of(order)
    return {
        **simple,
        "work_as": work,
        "time_in_force": lifetime_of(order.tif),
        # What is not held by its very type says no more.
        "not_held": order.not_held and not (work is not None and work.is_not_held),
        **{name: _number(getattr(order, ib)) for name, ib in _NUMBERS.items()},
        **_words_of(order),
        "designated_location": order.designated_location if order.short_sale_slot == 2 else None,
        "non_guaranteed": non_guaranteed == "1",
        "routing": routing or None,
        "leg_prices": _leg_prices(order),
        "adjusted_stop": adjusted_stop_of(order),
        "scale": scale_of(order),
        "hedge": hedge_of(order),
        "algo": algo_of(order.algo_strategy, order.algo_params) if order.algo_strategy else None,
        "conditions": tuple(condition_of(condition) for condition in order.conditions),
    }


def _leg_prices(order: IbOrder) -> tuple[Decimal | None, ...]:
    """Return the prices of a combo's legs; TWS writes a list of nothing for a combo without any."""
    prices = tuple(told(price) for price in order.order_combo_legs)
    return prices if any(price is not None for price in prices) else ()


def _number(value: Decimal | int | None) -> Decimal | int | None:
    """Return a number that says something: zero does not."""
    return (told(value) or None) if isinstance(value, Decimal) else value or None


def _words_of(order: IbOrder) -> dict[str, Any]:
    if order.trigger_method not in TRIGGER_METHODS:
        raise Untranslatable("trigger_method", order.trigger_method, "it is no way to trigger a stop")
    method = TRIGGER_METHODS[order.trigger_method]
    letters = {letter: word for word, letter in _OPEN_CLOSE.items()}
    strategies = {number: word for word, number in _AUCTION_STRATEGIES.items()}
    return {
        "trigger_method": None if method is TriggerMethod.DEFAULT else method,
        # The letter is for institutions, and TWS and old clients write it on any order: other letters say nothing.
        "open_close": letters.get(order.open_close),
        "short_sale_slot": order.short_sale_slot or None,
        "auction_strategy": strategies.get(order.auction_strategy, order.auction_strategy or None),
        # TWS writes a zero into every order, and ib_async sends one: it does not tell what was asked for.
        "price_management": bool(order.use_price_mgmt_algo) or None,
        "conditions_ignore_rth": order.conditions_ignore_rth and bool(order.conditions),
        "conditions_cancel_order": order.conditions_cancel_order and bool(order.conditions),
    }

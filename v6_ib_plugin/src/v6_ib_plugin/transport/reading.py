"""Messages of TWS to terms: the flat ones field by field, the winding ones as text that ib_async has unpacked."""

# ib_async's decoder has no annotations.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingParameterType=false, reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields as fields_of
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, cast

from ib_async.decoder import Decoder

from v6_ib_plugin.terms import (
    IbAnswer,
    IbBar,
    IbComboLeg,
    IbCommission,
    IbCompletion,
    IbCondition,
    IbContract,
    IbContractDetails,
    IbExecution,
    IbOptionTick,
    IbOrder,
    IbOrderState,
    IbOrderStatus,
    OptionParameters,
    TagValue,
)
from v6_ib_plugin.transport import numbers
from v6_ib_plugin.transport.names import DELTA_NEUTRAL_TERMS, PEG_BENCH_TERMS, SCALE_TERMS
from v6_ib_plugin.transport.shapes import Shape
from v6_ib_plugin.transport.showings import Showings

Fields = Sequence[str]
T = TypeVar("T")

_CONTRACT, _LEG, _ORDER, _STATE, _COMPLETION, _DETAILS = (
    Shape(record) for record in (IbContract, IbComboLeg, IbOrder, IbOrderState, IbCompletion, IbContractDetails)
)


class _Unpacked:
    """Where ib_async's decoder puts what it has unpacked."""

    def __init__(self) -> None:
        self.what: tuple[Any, ...] = ()

    def openOrder(self, _: Any, contract: Any, order: Any, state: Any) -> None:  # noqa: N802 -- ib_async's name
        self.what = (contract, order, state)

    def completedOrder(self, contract: Any, order: Any, state: Any) -> None:  # noqa: N802 -- ib_async's name
        self.what = (contract, order, state)

    def contractDetails(self, req_id: int, details: Any) -> None:  # noqa: N802 -- ib_async's name
        self.what = (req_id, details)

    bondContractDetails = contractDetails  # noqa: N815 -- ib_async's name


class _Unpacker(Decoder):
    """ib_async's decoder, which leaves every field the text that it was."""

    def __init__(self, server_version: int) -> None:
        self.unpacked = _Unpacked()
        super().__init__(cast(Any, self.unpacked), server_version)

    def parse(self, obj: Any) -> None:
        """Leave the text as it is."""


class Reading:
    """Reads the messages of a server of one version."""

    def __init__(self, server_version: int) -> None:
        self._version = server_version
        self._unpacker = _Unpacker(server_version)
        # Up to version 176 every order says its faProfile in front of the fields whose place is known.
        self._shift = 1 if server_version < 177 else 0  # noqa: PLR2004
        self._showings = Showings()

    def open_order(self, fields: Fields) -> tuple[IbContract, IbOrder, IbOrderState]:
        """Read an openOrder (5)."""
        words = tuple(fields)
        said = self._showings.read(words)
        return said if said is not None else self._open_order_anew(words)

    def _open_order_anew(self, words: tuple[str, ...]) -> tuple[IbContract, IbOrder, IbOrderState]:
        contract, order, state = self._unpack(self._unpacker.openOrder, words)
        at = 61 + self._shift
        trail = words[at + 4 + (8 if words[at] else 0)]
        said = _contract(contract), _order(contract, order, trail)
        self._showings.keep(words, state.status, *said)
        return *said, IbOrderState(**_STATE.of(state))

    def completed_order(self, fields: Fields) -> tuple[IbContract, IbOrder, IbCompletion]:
        """Read a completedOrder (101)."""
        contract, order, state = self._unpack(self._unpacker.completedOrder, fields)
        at = 52 + self._shift
        trail = fields[at + 4 + (4 if fields[at] else 0)]
        ending = _COMPLETION.of(order) | _COMPLETION.of(state)
        if order.filledQuantity.__class__ is str:
            ending["filled_quantity"] = numbers.quantity(order.filledQuantity)
        return _contract(contract), _order(contract, order, trail), IbCompletion(**ending)

    def contract_details(self, fields: Fields) -> tuple[int, IbContractDetails]:
        """Read a contractDetails (10), or that of a bond (18), which is laid out differently."""
        unpacker = self._unpacker
        handler = unpacker.contractDetails if fields[0] == "10" else unpacker.bondContractDetails
        req_id, details = self._unpack(handler, fields)
        sec_ids = tuple(TagValue(row.tag, row.value) for row in details.secIdList)
        return req_id, IbContractDetails(contract=_contract(details.contract), sec_ids=sec_ids, **_DETAILS.of(details))

    def execution(self, fields: Fields) -> tuple[int, IbContract, IbExecution]:
        """Read an execDetails (11); the time stays text."""
        req_id, order_id = int(fields[1]), fields[2]
        (
            exec_id, time, account, exchange, side, shares, price, perm_id, client_id, liquidation, cum_qty,
            avg_price, order_ref, ev_rule, ev_multiplier, model_code, last_liquidity, *rest,
        ) = fields[14:]  # fmt: skip
        execution = IbExecution(
            order_id=numbers.whole_or_zero(order_id),
            exec_id=exec_id,
            time=time,
            acct_number=account,
            exchange=exchange,
            side=side,
            shares=numbers.given_quantity(shares),
            price=numbers.given(price),
            perm_id=numbers.whole_or_zero(perm_id),
            client_id=numbers.whole_or_zero(client_id),
            liquidation=numbers.whole_or_zero(liquidation),
            cum_qty=numbers.given_quantity(cum_qty),
            avg_price=numbers.given(avg_price),
            order_ref=order_ref,
            ev_rule=ev_rule,
            ev_multiplier=numbers.number(ev_multiplier),
            model_code=model_code,
            last_liquidity=numbers.whole_or_zero(last_liquidity),
            pending_price_revision=bool(rest) and numbers.flag(rest[0]),
        )
        return req_id, _flat_contract(tuple(fields[3:14])), execution

    def answer(self, fields: Fields) -> IbAnswer:
        """Read an errMsg (4)."""
        json = fields[5] if len(fields) > 5 else ""  # noqa: PLR2004 -- not before version 166
        return IbAnswer(req_id=int(fields[2]), code=int(fields[3]), text=fields[4], advanced_reject_json=json)

    def _unpack(self, handler: Callable[[list[str]], None], fields: Fields) -> tuple[Any, ...]:
        handler(list(fields))
        return self._unpacker.unpacked.what


def order_status(fields: Fields) -> IbOrderStatus:
    """Read an orderStatus (3)."""
    _, order_id, status, filled, remaining, avg, perm_id, parent_id, last, client_id, why_held, *cap = fields
    return IbOrderStatus(
        order_id=int(order_id),
        status=status,
        filled=numbers.given_quantity(filled),
        remaining=numbers.given_quantity(remaining),
        avg_fill_price=numbers.given(avg),
        perm_id=numbers.whole_or_zero(perm_id),
        parent_id=numbers.whole_or_zero(parent_id),
        last_fill_price=numbers.given(last),
        client_id=numbers.whole_or_zero(client_id),
        why_held=why_held,
        mkt_cap_price=numbers.given(cap[0]) if cap else Decimal(0),
    )


def commission(fields: Fields) -> IbCommission:
    """Read a commissionReport (59)."""
    _, _, exec_id, cost, currency, realized, yielded, redemption = fields
    return IbCommission(
        exec_id=exec_id,
        commission=numbers.number(cost),
        currency=currency,
        realized_pnl=numbers.number(realized),
        yield_=numbers.number(yielded),
        yield_redemption_date=redemption,
    )


def position(fields: Fields) -> tuple[str, IbContract, Decimal, Decimal]:
    """Read a position (61): account, contract, quantity, average cost."""
    return fields[2], _flat_contract(tuple(fields[3:14])), numbers.given_quantity(fields[14]), numbers.given(fields[15])


def option_parameters(fields: Fields) -> tuple[int, OptionParameters]:
    """Read a securityDefinitionOptionParameter (75)."""
    _, req_id, exchange, con_id, trading_class, multiplier, count, *rest = fields
    expirations = tuple(rest[: int(count)])
    strikes = tuple(map(numbers.given, rest[int(count) + 1 :]))
    if len(strikes) != int(rest[int(count)]):
        raise ValueError(f"{rest[int(count)]} strikes are announced and {len(strikes)} follow")
    return int(req_id), OptionParameters(
        exchange=exchange,
        underlying_con_id=int(con_id),
        trading_class=trading_class,
        multiplier=multiplier,
        expirations=expirations,
        strikes=strikes,
    )


def market_rule(fields: Fields) -> tuple[int, tuple[tuple[Decimal, Decimal], ...]]:
    """Read a marketRule (93): its bands, each from a price on, with its increment."""
    rows = fields[3 : 3 + 2 * int(fields[2])]
    return int(fields[1]), tuple(zip(map(numbers.given, rows[::2]), map(numbers.given, rows[1::2]), strict=True))


def bars(fields: Fields) -> tuple[int, tuple[IbBar, ...]]:
    """Read a historicalData (17): all bars of a question."""
    rows = fields[5:]
    width = 8
    if len(rows) != width * int(fields[4]):
        raise ValueError(f"{fields[4]} bars are announced and {len(rows)} fields follow")
    return int(fields[1]), tuple(_bar(rows[at : at + width]) for at in range(0, len(rows), width))


def option_tick(fields: Fields) -> tuple[int, IbOptionTick]:
    """Read a tickOptionComputation (21)."""
    _, req_id, tick_type, attribute, volatility, delta, price, dividend, gamma, vega, theta, underlying = fields
    return int(req_id), IbOptionTick(
        tick_type=int(tick_type),
        attribute=numbers.whole_or_zero(attribute),
        implied_volatility=_unless(volatility, -1),
        delta=_unless(delta, -2),
        price=_unless(price, -1),
        pv_dividend=_unless(dividend, -1),
        gamma=_unless(gamma, -2),
        vega=_unless(vega, -2),
        theta=_unless(theta, -2),
        underlying_price=_unless(underlying, -1),
    )


def _unless(text: str, nothing: int) -> Decimal | None:
    value = numbers.number(text)
    return None if value == nothing else value


def _bar(row: Fields) -> IbBar:
    date, opened, high, low, close, volume, wap, count = row
    return IbBar(
        date=date,
        open=numbers.given(opened),
        high=numbers.given(high),
        low=numbers.given(low),
        close=numbers.given(close),
        volume=numbers.given(volume),
        wap=numbers.given(wap),
        count=int(count),
    )


@lru_cache(maxsize=1024)
def _flat_contract(fields: tuple[str, ...]) -> IbContract:
    con_id, symbol, sec_type, expiry, strike, right, multiplier, exchange, currency, local, trading_class = fields
    return IbContract(
        con_id=numbers.whole_or_zero(con_id),
        symbol=symbol,
        sec_type=sec_type,
        last_trade_date_or_contract_month=expiry,
        strike=numbers.given(strike),
        right=_right(right),
        multiplier=multiplier,
        exchange=exchange,
        currency=currency,
        local_symbol=local,
        trading_class=trading_class,
    )


def _right(text: str) -> str:
    return "" if text in {"?", "0"} else text


def _contract(contract: Any) -> IbContract:
    values = _CONTRACT.of(contract)
    values["right"] = _right(values.get("right", ""))
    legs = tuple(IbComboLeg(**_LEG.of(leg)) for leg in contract.comboLegs)
    return IbContract(**values, combo_legs=legs)


def _tags(rows: Any) -> tuple[TagValue, ...]:
    return tuple(TagValue(row.tag, row.value) for row in rows or ())


def _order(contract: Any, order: Any, trail_stop_price: str) -> IbOrder:
    # ib_async takes the second trailStopPrice of the message, which is TWS's own guess; the first is the order's.
    return IbOrder(
        **_ORDER.of(order),
        trail_stop_price=numbers.number(trail_stop_price),
        combo_legs_descrip=contract.comboLegsDescrip,
        order_combo_legs=tuple(numbers.number(leg.price) for leg in order.orderComboLegs),
        smart_combo_routing_params=_tags(order.smartComboRoutingParams),
        algo_params=_tags(order.algoParams),
        delta_neutral_terms=_texts(order, DELTA_NEUTRAL_TERMS) if order.deltaNeutralOrderType else (),
        delta_neutral_contract=_delta_neutral(contract.deltaNeutralContract),
        scale_price_increment=numbers.number(str(order.scalePriceIncrement)),
        scale_terms=_texts(order, SCALE_TERMS),
        peg_bench_terms=_texts(order, PEG_BENCH_TERMS),
        conditions=tuple(map(_condition, order.conditions)),
        soft_dollar_name=order.softDollarTier.name,
        soft_dollar_value=order.softDollarTier.val,
        soft_dollar_display_name=order.softDollarTier.displayName,
    )


def _texts(order: Any, names: Sequence[str]) -> tuple[str, ...]:
    """Return fields that stand together or not at all."""
    texts = [getattr(order, name) for name in names]
    present = any(text.__class__ is str and text for text in texts)
    return tuple(text if text.__class__ is str else "" for text in texts) if present else ()


def _condition(condition: Any) -> IbCondition:
    kind, *texts = (getattr(condition, field.name) for field in fields_of(condition))
    return IbCondition(int(kind), tuple(map(str, texts)))


def _delta_neutral(contract: Any) -> tuple[str, str, str] | None:
    return None if contract is None else (str(contract.conId), str(contract.delta), str(contract.price))

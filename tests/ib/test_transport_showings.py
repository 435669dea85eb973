"""An order that is shown again is read as if it were shown for the first time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire_records import PLAIN_TEXT, fields_of, records
from v6_ib_plugin.gateway.wire import encode_message, messages
from v6_ib_plugin.gateway.wire.layouts import MESSAGES
from v6_ib_plugin.terms import IbContract, IbOrder, IbOrderState
from v6_ib_plugin.transport.reading import Reading

LAYOUT = next(layout for layout in MESSAGES if layout.make is messages.OpenOrder)
SENSIBLE = {
    "contract.right": st.sampled_from(["", "C", "P"]),
    "order.delta_neutral_contract": st.none() | st.just(("12", "0.5", "101.25")),
}
PRICES = st.none() | st.decimals(min_value=-1000, max_value=1000, places=2)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "order_id": st.integers(1, 3),
        "perm_id": st.integers(0, 3),
        "action": st.sampled_from(["BUY", "SELL"]),
        "order_type": st.sampled_from(["LMT", "MKT", "STP"]),
        "total_quantity": st.decimals(min_value=1, max_value=9, places=1),
        "lmt_price": PRICES,
        "aux_price": PRICES,
        "tif": st.sampled_from(["", "DAY", "GTC"]),
        "oca_group": st.sampled_from(["", "a"]),
        "order_ref": st.sampled_from(["", "one", "other"]),
        "client_id": st.integers(0, 2),
        "account": st.sampled_from(["DU1", "DU2"]),
        "outside_rth": st.booleans(),
        "hidden": st.booleans(),
        "min_trade_qty": st.none() | st.integers(1, 9),
        "parent_id": st.integers(0, 2),
    },
)
STATES = st.builds(
    IbOrderState,
    status=st.sampled_from(["", "X", "Submitted", "Filled"]),
    commission=PRICES,
    warning_text=st.sampled_from(["", "careful"]),
)
PLAIN = IbOrder(order_id=7, action="BUY", total_quantity=Decimal(1), order_type="LMT", lmt_price=Decimal(9), tif="DAY")
GOOG = IbContract(con_id=1, symbol="GOOG", sec_type="STK", exchange="SMART", currency="USD")


def message(order: IbOrder, contract: IbContract = GOOG, status: str = "Submitted") -> list[str]:
    return list(fields_of(encode_message(messages.OpenOrder(contract, order, IbOrderState(status=status)))))


def is_read_alike(said: Sequence[list[str]]) -> bool:
    """Tell whether messages that come one after another are read as if each came first."""
    reading = Reading(178)
    return [reading.open_order(fields) for fields in said] == [Reading(178).open_order(fields) for fields in said]


@given(data=st.data(), changes=st.lists(st.tuples(CHANGES, STATES), min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_whatever_was_shown_before_an_order_is_read_as_if_it_came_first(
    data: st.DataObject, changes: list[tuple[dict[str, Any], IbOrderState]]
) -> None:
    first = data.draw(records(LAYOUT, PLAIN_TEXT, SENSIBLE) | st.just(messages.OpenOrder(GOOG, PLAIN, IbOrderState())))
    shown = [
        replace(first, order=replace(first.order, **changed), state=state)
        for changed, state in [({}, first.state), *changes]
    ]
    assert is_read_alike([list(fields_of(encode_message(one))) for one in shown])


def test_an_order_shown_again_is_the_very_record() -> None:
    reading = Reading(178)
    first = reading.open_order(message(PLAIN))
    again = reading.open_order(message(PLAIN, status="Filled"))
    assert again[1] is first[1]
    assert again[2].status == "Filled"


@pytest.mark.parametrize("contract", [replace(GOOG, con_id=2), replace(GOOG, trading_class="X")])
def test_another_contract_is_not_taken_for_the_one_before(contract: IbContract) -> None:
    assert is_read_alike([message(PLAIN), message(PLAIN.replace(order_id=8), contract)])


@pytest.mark.parametrize("at", range(2, 127))
def test_no_field_that_differs_is_overlooked(at: int) -> None:
    fields = message(PLAIN)
    other = [*fields[:at], "1" if fields[at] != "1" else "0", *fields[at + 1 :]]
    try:
        alone = Reading(178).open_order(other)
    except (ValueError, IndexError, KeyError):
        return
    reading = Reading(178)
    reading.open_order(fields)
    assert reading.open_order(other) == alone


def test_a_message_cut_short_is_not_filled_up_from_the_one_before() -> None:
    reading = Reading(178)
    reading.open_order(message(PLAIN))
    with pytest.raises(ValueError, match="unpack"):
        reading.open_order(message(PLAIN)[:-2])

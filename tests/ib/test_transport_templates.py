"""Orders written by what an order like them came to: byte for byte what the encoder would have written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire_records import PLAIN_TEXT, records
from ib.test_transport_wire_laws import LAYOUTS, ORDER, Drafting
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.pacing import Pacer
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.transport.templates import Templates
from v6core.errors import NotSent

ENCODER = Drafting(Pacer(None))
GOOG = IbContract(symbol="GOOG", sec_type="STK", exchange="SMART", currency="USD")
PLAIN = IbOrder(order_id=1, action="BUY", total_quantity=Decimal(5), order_type="LMT", lmt_price=Decimal(7), tif="DAY")
AMOUNTS = st.decimals(min_value=Decimal("0.0001"), max_value=10**12, places=4)
DIFFERENT = st.fixed_dictionaries(
    {"order_id": st.integers(1, 2**31 - 2), "total_quantity": AMOUNTS, "order_ref": PLAIN_TEXT}
)


class Counted:
    """An encoder that counts."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, contract: IbContract, order: IbOrder) -> bytes:
        self.calls += 1
        return ENCODER.draft(contract, order)


@given(data=st.data(), others=st.lists(DIFFERENT, min_size=1, max_size=3))
@settings(deadline=None, max_examples=30)
def test_what_a_template_writes_is_what_the_encoder_writes(data: st.DataObject, others: list[dict[str, Any]]) -> None:
    first = data.draw(records(LAYOUTS[requests.PlaceOrder], PLAIN_TEXT, ORDER))
    templates = Templates()
    for other in ({}, *others):
        price = {} if first.order.lmt_price is None else {"lmt_price": data.draw(AMOUNTS)}
        order = first.order.replace(**other, **price)
        assert templates.written(first.contract, order, ENCODER.draft) == ENCODER.draft(first.contract, order)


def test_orders_that_differ_in_number_quantity_price_and_reference_are_encoded_once() -> None:
    templates, encode = Templates(), Counted()
    for number in range(1, 9):
        order = PLAIN.replace(order_id=number, total_quantity=Decimal(number), order_ref=f"v6-{number}")
        templates.written(GOOG, order, encode)
    assert encode.calls == 1


@pytest.mark.parametrize(
    "changes", [{"action": "SELL"}, {"lmt_price": None}, {"tif": "GTC"}, {"aux_price": Decimal(3)}]
)
def test_an_order_that_differs_in_anything_else_is_encoded_itself(changes: dict[str, Any]) -> None:
    templates = Templates()
    templates.written(GOOG, PLAIN, ENCODER.draft)
    order = PLAIN.replace(**changes)
    assert templates.written(GOOG, order, ENCODER.draft) == ENCODER.draft(GOOG, order)


@pytest.mark.parametrize(
    "changes", [{"order_ref": "a\0b"}, {"order_ref": "é"}, {"lmt_price": Decimal("NaN")}, {"lmt_price": Decimal("inf")}]
)
def test_what_may_not_be_written_is_not_written_by_a_template_either(changes: dict[str, Any]) -> None:
    templates = Templates()
    templates.written(GOOG, PLAIN, ENCODER.draft)
    with pytest.raises(NotSent):
        templates.written(GOOG, PLAIN.replace(**changes), ENCODER.draft)


def test_an_order_that_says_what_a_mark_says_is_written_as_it_is() -> None:
    templates = Templates()
    order = PLAIN.replace(algo_id="v6-a-mark", order_ref="mine")
    for _ in range(2):
        assert templates.written(GOOG, order, ENCODER.draft) == ENCODER.draft(GOOG, order)


def test_only_the_latest_kinds_of_orders_are_kept() -> None:
    templates = Templates()
    for number in range(200):
        templates.written(GOOG, PLAIN.replace(account=f"DU{number}"), ENCODER.draft)
    assert len(vars(templates)["_kept"]) <= 64

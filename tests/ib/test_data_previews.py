"""What TWS does not preview."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ib.data_tws import ACCOUNT, CALL, GOOG, PUT, Floor, on_floor
from v6core.contracts import Combo, ComboLeg
from v6core.errors import Unavailable
from v6core.orders import Order

PLACE, WHAT_IF = 3, 84


def refused(*orders: Order, code: int = 201, text: str = "Order rejected - reason:margin") -> Unavailable:
    async def work(at: Floor) -> Unavailable:
        at.tws.answers[PLACE] = lambda asked: [(4, 2, asked[1], code, text, "")]
        with pytest.raises(Unavailable) as caught:
            await at.desk.previews.preview(orders, ACCOUNT)
        return caught.value

    return on_floor(work)


def sent_for(orders: Sequence[Order]) -> list[str]:
    async def work(at: Floor) -> list[str]:
        at.tws.answers[PLACE] = lambda asked: [(4, 2, asked[1], 201, "no", "")]
        with pytest.raises(Unavailable):
            await at.desk.previews.preview(orders, ACCOUNT)
        return at.tws.sent(PLACE)[0]

    return on_floor(work)


def test_an_order_is_asked_about_as_what_if() -> None:
    assert sent_for([Order.limit("BUY", 1, 10, contract=GOOG)])[WHAT_IF] == "1"


def test_an_order_of_a_group_is_asked_about_alone() -> None:
    sent = sent_for([Order.limit("BUY", 1, 10, contract=GOOG, oca_group="rivals")])
    assert (sent[WHAT_IF], sent[22]) == ("1", "")


def test_a_refusal_is_told_with_what_tws_says() -> None:
    error = refused(Order.limit("BUY", 1, 10, contract=GOOG))
    assert error.message == "no preview of GOOG: TWS answered 201, Order rejected - reason:margin"
    assert error.code == "201"


def test_combos_of_smart_have_no_preview() -> None:
    combo = Combo("GOOG", [ComboLeg(CALL, "BUY"), ComboLeg(PUT, "SELL")])
    error = refused(Order.limit("BUY", 1, 1, contract=combo), code=360, text="no what-if for smart combos")
    assert error.code == "360"
    assert error.message.startswith("TWS gives no preview of combos routed to SMART")


def test_several_orders_have_no_preview() -> None:
    orders = [Order.limit("BUY", 1, 10, contract=GOOG) for _ in range(2)]
    assert refused(*orders).message == "TWS previews one order at a time, not 2"


def test_an_order_without_a_contract_has_no_preview() -> None:
    assert "has no contract" in refused(Order.limit("BUY", 1, 10)).message

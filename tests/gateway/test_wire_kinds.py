"""How single fields are read and written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6_ib_plugin.gateway.wire import (
    WireError,
    decode_message,
    decode_request,
    encode_message,
    kinds,
    messages,
    requests,
)
from v6_ib_plugin.gateway.wire.kinds import Kind
from v6_ib_plugin.terms import IbAnswer, IbComboLeg, IbCondition, IbContract, IbOrder, IbOrderState, IbOrderStatus

_UNSET_DOUBLES = ["", "1.7976931348623157E308", "1.7976931348623157e+308", "1.7976931348623157081e+308"]
_OF_THE_OFFICIAL_CLIENT = str(2**127 - 1)


@pytest.mark.parametrize("text", [*_UNSET_DOUBLES, _OF_THE_OFFICIAL_CLIENT])
def test_an_unset_double_is_read_in_all_spellings(text: str) -> None:
    assert kinds.DOUBLE_OR_EMPTY.read(text) is None
    assert kinds.DOUBLE.read(text) == 0


@pytest.mark.parametrize("text", ["Infinity", "Infinite"])
def test_infinity_is_read_in_both_spellings(text: str) -> None:
    assert kinds.DOUBLE_OR_INFINITY.read(text) == Decimal("Infinity")


@pytest.mark.parametrize("text", ["", "2147483647", "9223372036854775807"])
def test_an_unset_int_is_read_in_all_spellings(text: str) -> None:
    assert kinds.INT_OR_EMPTY.read(text) is None


@pytest.mark.parametrize(("text", "flag"), [("0", False), ("", False), ("false", False), ("1", True), ("true", True)])
def test_a_flag_is_read_in_all_spellings(text: str, flag: bool) -> None:
    assert kinds.FLAG.read(text) is flag


@pytest.mark.parametrize("text", ["10", "10.0", "1e1", "+10"])
def test_a_whole_number_is_read_in_all_spellings(text: str) -> None:
    assert kinds.INT.read(text) == kinds.DOUBLE.read(text) == 10


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(
            (kinds.DOUBLE, text)
            for text in ("x", "NaN", "Infinity", "1e400", "1e-400", "1_0", " 1", "٣", "0x10", "9" * 65)
        ),
        *((kinds.INT, text) for text in ("x", "1.5", "9223372036854775808", "1e63", "٣")),
        *((kinds.ID, text) for text in ("", "x")),
        *((kinds.FLAG, text) for text in ("2", "-1", "yes")),
        *((kinds.DOUBLE_OR_INFINITY, text) for text in ("-Infinity", "NaN", "infinity")),
    ],
)
def test_what_is_no_number_and_no_flag_is_refused(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError, match=r"number|0 nor 1"):
        kind.read(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((Decimal("1E+2"), "100"), (Decimal(100), "100"), (Decimal("1.50"), "1.50"), (Decimal("0.0"), "0.0")),
        *((Decimal("1E-7"), "0.0000001"), (Decimal("-0.25"), "-0.25")),
    ],
)
def test_a_number_is_written_without_an_exponent_and_as_exact_as_it_is(number: Decimal, text: str) -> None:
    assert kinds.DOUBLE.write(number) == text


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+400"), Decimal("1E-400")])
def test_a_number_that_no_double_can_be_is_refused(number: Decimal) -> None:
    with pytest.raises(ValueError, match="double"):
        kinds.DOUBLE.write(number)


def test_what_is_unset_is_written_as_tws_does_in_that_field() -> None:
    assert kinds.DOUBLE_OR_EMPTY.write(None) == kinds.INT_OR_EMPTY.write(None) == ""
    assert kinds.DOUBLE_OR_LARGEST.write(None) == "1.7976931348623157E308"
    assert kinds.INT_OR_LARGEST.write(None) == "2147483647"
    assert kinds.LONG_OR_LARGEST.write(None) == "9223372036854775807"
    assert kinds.DOUBLE_OR_MINUS_TWO.write(None) == "-2"


@given(text=st.text(st.characters(exclude_characters="\0")))
@settings(deadline=None)
def test_an_escaped_text_is_ascii_and_read_back(text: str) -> None:
    written = kinds.ESCAPED.write(text)
    assert written.isascii()
    if not any(0xD800 <= ord(sign) < 0xE000 for sign in text):
        assert kinds.ESCAPED.read(written) == text


def test_an_escape_that_is_none_is_left_as_it_is() -> None:
    assert kinds.ESCAPED.read("C:\\users") == "C:\\users"


@given(number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
@settings(deadline=None)
def test_a_number_is_read_as_it_was_written(number: Decimal) -> None:
    if len(format(number, "f")) > 64:
        with pytest.raises(ValueError, match=r"digits|double"):
            kinds.DOUBLE.write(number)
    else:
        assert kinds.DOUBLE.read(kinds.DOUBLE.write(number)) == number


def _refused(message: messages.Message) -> str:
    with pytest.raises(WireError) as caught:
        encode_message(message)
    return str(caught.value)


def test_a_text_cannot_become_a_field_of_its_own() -> None:
    told = _refused(messages.ManagedAccounts("DUSIM0001\x00DUSIM0002"))
    assert "managedAccounts: accounts is" in told
    assert "NUL" in told


def test_a_text_that_no_utf_8_can_say_is_refused() -> None:
    assert "managedAccounts: accounts is" in _refused(messages.ManagedAccounts("\ud800"))


def test_what_is_no_text_is_refused_by_name() -> None:
    wrong: object = 5
    assert _refused(messages.ManagedAccounts(wrong)).startswith("managedAccounts: accounts is 5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_number_that_cannot_be_sent_names_message_and_field() -> None:
    status = IbOrderStatus(order_id=1, status="Filled", avg_fill_price=Decimal("NaN"))
    assert _refused(messages.OrderStatus(status)).startswith("orderStatus: avgFillPrice is Decimal('NaN'): ")


def test_conditions_of_a_wrong_length_or_kind_are_refused() -> None:
    order = IbOrder(conditions=(IbCondition(3, ("a", "1", "20260102")), IbCondition(1, ("a",))))
    assert "openOrder: conditions 2: fields" in _refused(messages.OpenOrder(IbContract(), order, IbOrderState()))
    order = IbOrder(conditions=(IbCondition(2, ()),))
    assert "openOrder: conditions 1: kind is 2" in _refused(messages.OpenOrder(IbContract(), order, IbOrderState()))


def test_a_field_of_a_leg_is_named_with_its_leg() -> None:
    wrong: object = None
    legs = (IbComboLeg(con_id=1), IbComboLeg(con_id=2, ratio=wrong))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    contract = IbContract(sec_type="BAG", combo_legs=legs)
    assert "openOrder: comboLegs 2: ratio is None" in _refused(messages.OpenOrder(contract, IbOrder(), IbOrderState()))


def test_a_request_that_cannot_be_read_names_message_and_field() -> None:
    with pytest.raises(WireError, match="cancelOrder: orderId is 'x': no number"):
        decode_request(("4", "1", "x", ""))
    with pytest.raises(WireError, match="cancelOrder: manualCancelTime is missing"):
        decode_request(("4", "1", "5"))
    with pytest.raises(WireError, match="cancelOrder: 1 fields too many, the first 'more'"):
        decode_request(("4", "1", "5", "", "more"))
    with pytest.raises(WireError, match="message id is 'GET / HTTP': no number"):
        decode_request(("GET / HTTP",))
    with pytest.raises(WireError, match="without a field"):
        decode_request(())


def test_a_request_of_an_unknown_id_is_unknown() -> None:
    assert decode_request(("24", "1")) == requests.Unknown(24, ("24", "1"))


def test_the_version_of_a_request_is_not_heeded() -> None:
    assert decode_request(("2", "1", "7")) == decode_request(("2", "2", "7")) == requests.CancelMktData(7)


def test_an_answer_with_a_backslash_cannot_be_mistaken_for_an_escape() -> None:
    answer = IbAnswer(req_id=-1, code=2104, text="C:\\new – ok")
    assert encode_message(messages.ErrMsg(answer)) == b"4\x002\x00-1\x002104\x00C:\\\\new \\u2013 ok\x00\x00"


@pytest.mark.parametrize("count", ["-1", "4", "9223372036854775807"])
def test_a_count_of_more_than_there_is_or_less_than_nothing_is_refused(count: str) -> None:
    with pytest.raises(WireError, match=f"marketRule: number of increments is {count}, with 2 fields left"):
        decode_message(("93", "26", count, "0", "0.01"))

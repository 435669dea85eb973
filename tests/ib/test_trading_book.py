"""What TWS says, turned into reports, message by message: without a wire, for what a gateway cannot be made to say."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from v6_ib_plugin.terms import (
    IbAnswer,
    IbCompletion,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderState,
    IbOrderStatus,
)
from v6_ib_plugin.trading.book import Book
from v6_ib_plugin.trading.executions import Executions
from v6_ib_plugin.trading.hearing import Hearing
from v6_ib_plugin.trading.known import Asked, KnownOrder, Terms
from v6_ib_plugin.trading.names import OrderKey
from v6_ib_plugin.translation.executions import fill_of
from v6core.contracts import Stock
from v6core.orders import Order
from v6core.reports import (
    CancelRefusedReport,
    FillReport,
    ModifyRefusedReport,
    OrderReport,
    RejectionReport,
    Report,
    ReportedStatus,
)

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
GOODS = Stock("ACME")
ACME = IbContract(symbol="ACME", sec_type="STK", exchange="SMART", currency="USD")
D = Decimal
OURS, OTHERS = 6, 9


class Desk:
    """A book, and orders sent through it."""

    def __init__(self) -> None:
        ledger = Executions(fill_of, lambda: NOW)
        self.book = Book(ledger, now=lambda: NOW, contract_of=lambda _: GOODS)

    def sent(self, number: int, reference: str = "a", **fields: Any) -> KnownOrder:
        said: dict[str, Any] = {**_LIMIT, "order_id": number, "order_ref": reference, **fields}
        ib = IbOrder(**said)
        terms = Terms(Order.limit("BUY", 10, 90, contract=GOODS), ib)
        return self.book.sending(KnownOrder(reference, OrderKey(OURS, number), contract=ACME, sent=terms))

    def shown(
        self, number: int, perm_id: int = 0, reference: str = "a", word: str = "Submitted", **fields: Any
    ) -> list[Report]:
        said: dict[str, Any] = {
            **_LIMIT,
            "client_id": OURS,
            "order_id": number,
            "perm_id": perm_id,
            "order_ref": reference,
            **fields,
        }
        return self.book.open_order(ACME, IbOrder(**said), IbOrderState(status=word))

    def status(self, number: int, word: str, perm_id: int = 0, **fields: Any) -> list[Report]:
        said: dict[str, Any] = {"order_id": number, "status": word, "perm_id": perm_id, "client_id": OURS, **fields}
        return self.book.order_status(IbOrderStatus(**said))

    def answer(self, number: int, code: int) -> list[Report]:
        return self.book.answer(IbAnswer(req_id=number, code=code, text="said"), OURS)


_LIMIT: dict[str, Any] = {
    "action": "BUY", "order_type": "LMT", "total_quantity": D(10), "lmt_price": D(90), "tif": "DAY", "account": "DU1",
}  # fmt: skip


def words(reports: list[Report]) -> list[str]:
    return [report.status if isinstance(report, OrderReport) else report.report for report in reports]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_status_without_a_reference_is_bound_by_number_and_then_by_perm_id(desk: Desk) -> None:
    desk.sent(5)
    (first,) = desk.status(5, "PreSubmitted", perm_id=77)
    desk.book.end_session()
    (second,) = desk.status(1, "Submitted", perm_id=77)
    assert isinstance(first, OrderReport)
    assert isinstance(second, OrderReport)
    assert first.order_ref == second.order_ref == "a"


def test_the_perm_id_decides_where_a_number_was_given_out_again(desk: Desk) -> None:
    desk.sent(5, "old")
    desk.shown(5, 77, "old")
    desk.book.end_session()
    desk.sent(5, "new")
    (told,) = desk.status(5, "Filled", perm_id=77, filled=D(10))
    assert isinstance(told, OrderReport)
    assert told.order_ref == "old"


def test_a_status_of_another_perm_id_is_not_the_order_of_that_number(desk: Desk) -> None:
    desk.sent(5, "a")
    desk.shown(5, 77, "a")
    assert desk.status(5, "Cancelled", perm_id=78) == []


def test_the_reference_decides_where_another_order_is_shown_under_a_number(desk: Desk) -> None:
    mine = desk.sent(5, "mine")
    (told,) = desk.shown(5, 77, "another")
    assert isinstance(told, OrderReport)
    assert told.order_ref == "another"
    assert mine.perm_id == 0


def test_an_early_status_is_told_with_its_order(desk: Desk) -> None:
    assert desk.status(5, "Submitted", perm_id=77, filled=D(3)) == []
    assert words(desk.shown(5, 77, word="PreSubmitted")) == ["SUBMITTED", "PARTIALLY_FILLED"]


def executed(number: int, shares: int, revision: int = 1, group: str = "e") -> IbExecution:
    return IbExecution(
        exec_id=f"{group}.01.{revision:02d}",
        time="20261201-15:00:00",
        acct_number="DU1",
        side="BOT",
        shares=D(shares),
        price=D(90),
        perm_id=77,
        client_id=OURS,
        order_id=number,
        cum_qty=D(shares),
        order_ref="a",
    )


def filled(desk: Desk, number: int, shares: int, revision: int = 1) -> list[Report]:
    return desk.book.execution(ACME, executed(number, shares, revision))


@pytest.mark.parametrize(("shares", "word"), [(10, "Filled"), (4, "Submitted")])
def test_a_status_that_says_what_the_fills_have_said_is_not_told(desk: Desk, shares: int, word: str) -> None:
    desk.sent(5)
    desk.shown(5, 77)
    filled(desk, 5, shares)
    assert desk.status(5, word, 77, filled=D(shares)) == []
    assert desk.shown(5, 77, word=word) == []


@pytest.mark.parametrize("claimed", [3, 5])
def test_a_status_that_says_more_or_less_than_the_fills_is_told(desk: Desk, claimed: int) -> None:
    desk.sent(5)
    desk.shown(5, 77)
    filled(desk, 5, 4)
    assert words(desk.status(5, "Submitted", 77, filled=D(claimed))) == ["PARTIALLY_FILLED"]


def test_a_status_before_anything_was_shown_is_told_although_the_fills_say_as_much(desk: Desk) -> None:
    desk.sent(5)
    filled(desk, 5, 10)
    assert words(desk.status(5, "Filled", 77, filled=D(10))) == ["FILLED"]


def test_that_an_order_filled_is_told_where_a_fill_of_it_was_corrected(desk: Desk) -> None:
    desk.sent(5)
    desk.shown(5, 77)
    filled(desk, 5, 10)
    filled(desk, 5, 0, revision=2)
    assert words(desk.status(5, "Filled", 77, filled=D(10))) == ["FILLED"]


def test_that_an_order_filled_is_told_while_a_cancel_of_it_waits_for_an_answer(desk: Desk) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    filled(desk, 5, 10)
    desk.book.asking(known, Asked.CANCEL)
    assert words(desk.status(5, "Filled", 77, filled=D(10))) == ["FILLED"]


def test_that_an_order_filled_with_fewer_is_told_with_the_terms_that_say_so(desk: Desk) -> None:
    desk.sent(5)
    desk.shown(5, 77)
    filled(desk, 5, 4)
    (told,) = desk.shown(5, 77, word="Filled", total_quantity=D(4))
    assert isinstance(told, OrderReport)
    assert told.terms is not None
    assert (told.status, told.terms.quantity) == (ReportedStatus.FILLED, D(4))


def test_an_order_whose_fills_have_said_that_it_filled_is_listed_as_filled(desk: Desk) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    filled(desk, 5, 10)
    desk.status(5, "Filled", 77, filled=D(10))
    assert known.is_over
    listed = desk.book.standing_of(IbOrder(**_LIMIT, client_id=OURS, order_id=5, perm_id=77))
    assert listed is not None
    assert (listed.status, listed.filled_quantity) == (ReportedStatus.FILLED, D(10))


def test_what_tws_repeats_is_told_once(desk: Desk) -> None:
    desk.sent(5)
    assert len(desk.shown(5, 77)) == 1
    assert desk.shown(5, 77) == []
    desk.status(5, "Submitted", perm_id=77)
    assert desk.status(5, "Submitted", perm_id=77) == []


def test_a_status_after_a_question_is_told_though_it_says_nothing_new(desk: Desk) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    desk.book.asking(known, Asked.MODIFY)
    assert len(desk.shown(5, 77)) == 1


@pytest.mark.parametrize("code", [110, 201, 203, 321, 329, 434, 105, 200, 10006, 10043 + 200])
def test_a_refusal_of_what_was_never_shown_is_a_rejection(desk: Desk, code: int) -> None:
    desk.sent(5)
    (told,) = desk.answer(5, code)
    assert isinstance(told, RejectionReport)
    assert told.code == str(code)


@pytest.mark.parametrize("code", [399, 404, 2109, 10349, 10311, 10329, 481, 2137, 99_999, 10148 + 10_000])
def test_a_remark_or_an_unknown_code_ends_nothing(desk: Desk, code: int) -> None:
    known = desk.sent(5)
    assert desk.answer(5, code) == []
    assert not known.is_over
    (told, *_) = desk.shown(5, 77)
    assert isinstance(told, OrderReport)
    assert told.reason == f"{code}: said"


@pytest.mark.parametrize("code", [201, 202, 110, 321, 161, 10147, 10148, 135])
def test_no_code_cancels_an_order_that_works(desk: Desk, code: int) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    told = desk.answer(5, code)
    assert not known.is_over
    assert not any(isinstance(row, RejectionReport) for row in told)
    assert all(row.status is ReportedStatus.SUBMITTED for row in told if isinstance(row, OrderReport))


@pytest.mark.parametrize("code", [201, 202, 110])
def test_a_code_that_may_have_ended_a_working_order_calls_for_a_look(desk: Desk, code: int) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    desk.answer(5, code)
    assert known in desk.book.doubts


def test_a_refusal_and_then_inactive_is_a_rejection(desk: Desk) -> None:
    desk.sent(5)
    desk.shown(5, 77, word="PreSubmitted")
    desk.answer(5, 201)
    (told,) = desk.status(5, "Inactive", perm_id=77)
    assert isinstance(told, RejectionReport)


def test_inactive_alone_is_no_end(desk: Desk) -> None:
    known = desk.sent(5)
    assert words(desk.status(5, "Inactive", perm_id=77)) == ["INACTIVE"]
    assert not known.is_over


def test_inactive_and_then_a_refusal_is_a_rejection(desk: Desk) -> None:
    desk.sent(5)
    desk.status(5, "Inactive", perm_id=77)
    (told,) = desk.answer(5, 201)
    assert isinstance(told, RejectionReport)


@pytest.mark.parametrize("code", [104, 110, 201, 321, 10326, 10327, 135])
def test_a_code_that_answers_a_change_refuses_the_change_alone(desk: Desk, code: int) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    desk.book.asking(known, Asked.MODIFY)
    (told,) = desk.answer(5, code)
    assert isinstance(told, ModifyRefusedReport)
    assert known in desk.book.doubts
    assert not known.is_over


@pytest.mark.parametrize("code", [135, 136, 161, 10147, 10148])
def test_a_code_that_answers_a_cancel_refuses_the_cancel_alone(desk: Desk, code: int) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    desk.book.asking(known, Asked.CANCEL)
    (told,) = desk.answer(5, code)
    assert isinstance(told, CancelRefusedReport)
    assert not known.is_over


def test_a_refused_number_is_settled_by_a_look(desk: Desk) -> None:
    known = desk.sent(5)
    assert desk.answer(5, 103) == []
    assert known in desk.book.doubts
    (told,) = desk.book.refuse(known)
    assert isinstance(told, RejectionReport)


def test_an_answer_to_nobody_or_to_a_question_says_nothing(desk: Desk) -> None:
    desk.sent(5)
    assert desk.answer(-1, 201) == []
    assert desk.answer(6, 201) == []


def test_a_word_that_nobody_knows_is_told_as_such(desk: Desk) -> None:
    desk.sent(5)
    (told,) = desk.status(5, "Hibernating", perm_id=77)
    assert isinstance(told, OrderReport)
    assert (told.status, told.word) == (ReportedStatus.UNKNOWN, "Hibernating")


def test_a_pending_word_proves_that_tws_has_the_order(desk: Desk) -> None:
    desk.sent(5)
    (told,) = desk.shown(5, 77, word="PendingSubmit")
    assert isinstance(told, OrderReport)
    assert (told.status, told.working) == (ReportedStatus.SUBMITTED, False)


def test_a_pending_cancel_leaves_the_standing_as_it_was(desk: Desk) -> None:
    desk.sent(5)
    desk.shown(5, 77, word="Inactive")
    assert words(desk.status(5, "PendingCancel", perm_id=77)) in (["INACTIVE"], [])


@pytest.mark.parametrize("reference", ["", "anything", "caf\u00e9", "a\x00b", "x" * 500, " "])
@pytest.mark.parametrize("number", [-3, 0, 5])
def test_orders_of_others_never_raise(desk: Desk, reference: str, number: int) -> None:
    contract = IbContract(symbol="??", sec_type="BOND")
    order = IbOrder(order_id=number, client_id=OTHERS, order_ref=reference, order_type="PEG BEST", tif="???")
    (told,) = desk.book.open_order(contract, order, IbOrderState(status="Submitted"))
    assert isinstance(told, OrderReport)
    desk.book.execution(contract, IbExecution(order_id=number, exec_id="x", client_id=OTHERS, order_ref=reference))
    desk.book.completed(contract, order, IbCompletion(status="Cancelled", completed_status="Cancelled by Trader"))


def test_an_execution_before_anything_else_binds_the_order(desk: Desk) -> None:
    known = desk.sent(5)
    execution = IbExecution(
        order_id=5, client_id=OURS, perm_id=77, order_ref="a", exec_id="x.01.01", time="20261201-15:00:00",
        side="BOT", shares=D(10), price=D(90), cum_qty=D(10), acct_number="DU1",
    )  # fmt: skip
    assert words(desk.book.execution(ACME, execution)) == ["FILL"]
    assert known.perm_id == 77


@pytest.mark.parametrize(
    ("status", "text", "filled", "kind"),
    [
        ("Cancelled", "Cancelled by Trader", 4, "CANCELLED"),
        ("Filled", "Filled Size: 10", 10, "FILLED"),
        ("Cancelled", "Order expired", 4, "EXPIRED"),
        ("Inactive", "", 0, "REJECTION"),
        ("Inactive", "", 4, "CANCELLED"),
    ],
)
def test_a_completed_order_is_told_as_it_ended(desk: Desk, status: str, text: str, filled: int, kind: str) -> None:
    order = IbOrder(**_LIMIT, perm_id=77, order_ref="a")
    completion = IbCompletion(status=status, completed_status=text, filled_quantity=D(filled))
    assert words([desk.book.completed(ACME, order, completion)]) == [kind]


def test_a_trailing_stop_that_moved_is_no_changed_term(desk: Desk) -> None:
    desk.sent(5, order_type="TRAIL", lmt_price=None, aux_price=D(5))
    (told,) = desk.shown(5, 77, order_type="TRAIL", lmt_price=D(0), aux_price=D(5), trail_stop_price=D("94.5"))
    assert isinstance(told, OrderReport)
    assert told.terms is not None
    assert told.terms.stop_price is None


def test_a_what_if_order_is_no_order(desk: Desk) -> None:
    assert desk.shown(5, 77, what_if=True) == []


def test_the_numbers_of_a_session_end_with_it(desk: Desk) -> None:
    known = desk.sent(5)
    desk.book.end_session()
    assert known.key is None
    assert desk.answer(5, 201) == []


def test_that_nothing_is_filled_yet_is_no_news_of_an_order_that_was_shown(desk: Desk) -> None:
    desk.sent(5)
    desk.shown(5, 77, word="PreSubmitted")
    assert desk.status(5, "PreSubmitted", perm_id=77, filled=D(0)) == []


def test_a_status_said_twice_is_told_once_and_again_once_something_was_asked(desk: Desk) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    assert words(desk.status(5, "Submitted", perm_id=77, filled=D(3))) == ["PARTIALLY_FILLED"]
    assert desk.status(5, "Submitted", perm_id=77, filled=D(3)) == []
    desk.book.asking(known, Asked.CANCEL)
    assert words(desk.status(5, "Submitted", perm_id=77, filled=D(3))) == ["PARTIALLY_FILLED"]


def test_terms_are_told_once_and_again_where_others_were_asked_for(desk: Desk) -> None:
    known = desk.sent(5)
    (first,) = desk.shown(5, 77, word="PreSubmitted")
    (second,) = desk.shown(5, 77)
    desk.book.asking(known, Asked.MODIFY)
    (third,) = desk.shown(5, 77)
    assert [isinstance(one, OrderReport) and one.terms is not None for one in (first, second, third)] == [
        True, False, True,
    ]  # fmt: skip


def test_what_was_said_against_an_order_that_works_on_does_not_colour_its_end(desk: Desk) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    desk.answer(5, 201)
    desk.book.acquit(known)
    assert words(desk.status(5, "Cancelled", 77)) == ["CANCELLED"]


def test_a_rejected_order_that_tws_goes_on_showing_as_inactive_stays_rejected(desk: Desk) -> None:
    desk.sent(5)
    assert words(desk.answer(5, 201)) == ["REJECTION"]
    assert desk.shown(5, 77, word="Inactive") == []
    assert desk.status(5, "Inactive", 77) == []


def half_filled(desk: Desk) -> tuple[KnownOrder, IbOrder]:
    """Return an exit whose entry is half filled, and how TWS lists it once it has ended."""
    entry, leg = desk.sent(5, "entry"), desk.sent(6, "exit")
    leg.parent = entry
    entry.exits.append(leg)
    desk.shown(5, 77, "entry")
    desk.shown(6, 78, "exit")
    desk.status(5, "Submitted", 77, filled=D(4))
    return leg, IbOrder(**_LIMIT, perm_id=78, order_ref="exit")


def test_that_a_list_tells_the_end_of_an_exit_of_a_half_filled_entry_is_kept_back_until_it_is_decided(
    desk: Desk,
) -> None:
    leg, listed = half_filled(desk)
    ended = desk.book.completed(ACME, listed, IbCompletion(status="Cancelled"))
    assert desk.book.is_withheld(ended)
    assert desk.book.orphans == [leg]
    assert words(desk.book.release(leg)) == ["CANCELLED"]
    assert not desk.book.is_withheld(ended)


def test_that_a_list_tells_the_end_of_an_exit_that_was_asked_for_is_kept_back_from_nobody(desk: Desk) -> None:
    leg, listed = half_filled(desk)
    desk.book.asking(leg, Asked.CANCEL)
    assert not desk.book.is_withheld(desk.book.completed(ACME, listed, IbCompletion(status="Cancelled")))
    assert desk.book.orphans == []


def test_a_completed_order_is_the_one_that_was_sent_and_never_shown(desk: Desk) -> None:
    known = desk.sent(5)
    ended = IbOrder(**_LIMIT, order_ref="a", perm_id=77)
    desk.book.completed(ACME, ended, IbCompletion(status="Filled", filled_quantity=D(10)))
    assert (known.is_over, known.perm_id) == (True, 77)
    assert desk.book.register.under("a") == (known,)


def test_a_refused_change_answers_nothing_in_the_next_session(desk: Desk) -> None:
    known = desk.sent(5)
    desk.shown(5, 77)
    desk.book.asking(known, Asked.MODIFY)
    desk.book.end_session()
    desk.shown(5, 77)
    desk.answer(5, 201)
    assert known in desk.book.doubts


def bracket(desk: Desk) -> tuple[KnownOrder, KnownOrder]:
    """Return an entry and an exit that both work."""
    entry, exit_ = desk.sent(5, "a"), desk.sent(6, "b", action="SELL")
    exit_.parent = entry
    entry.exits.append(exit_)
    desk.shown(5, 77)
    desk.shown(6, 78, "b", action="SELL")
    return entry, exit_


def test_an_exit_cancelled_before_its_entry_is_said_to_have_filled_in_part_is_withheld(desk: Desk) -> None:
    _, exit_ = bracket(desk)
    assert desk.status(6, "Cancelled", 78) == []
    assert desk.book.orphans == [exit_]


def test_an_exit_cancelled_behind_an_entry_that_never_filled_is_told(desk: Desk) -> None:
    bracket(desk)
    desk.status(5, "Cancelled", 77)
    assert words(desk.status(6, "Cancelled", 78)) == ["CANCELLED"]


def test_what_its_exits_have_closed_of_an_entry_needs_no_other(desk: Desk) -> None:
    entry, exit_ = bracket(desk)
    desk.status(5, "Cancelled", 77, filled=D(4))
    desk.status(6, "Submitted", 78, filled=D(3))
    assert (entry.unclosed(), entry.unclosed(but=exit_)) == (D(1), D(4))


def shown_again(desk: Desk, number: int, reference: str, **fields: Any) -> None:
    """Show an order of an earlier run."""
    desk.shown(number, 70 + number, reference, **fields)
    desk.book.hang(IbOrder(client_id=OURS, order_id=number))


ENTRY = "v6-abcdefgh-aaaaaaaaaaaaaaaaaaaaaaaaaa"
EXIT = "v6-abcdefgh-aaaaaaaaaaaaaaaaaaaaaaaaae"


@pytest.mark.parametrize("numbers", [(5, 6), (6, 5)])
def test_the_exits_of_an_earlier_run_hang_on_their_entry_again(desk: Desk, numbers: tuple[int, int]) -> None:
    for number in numbers:
        if number == 5:
            shown_again(desk, 5, ENTRY)
        else:
            shown_again(desk, 6, EXIT, action="SELL", parent_id=5)
    (entry,), (exit_,) = desk.book.register.under(ENTRY), desk.book.register.under(EXIT)
    assert exit_.parent is entry
    assert entry.exits == [exit_]


@pytest.mark.parametrize(
    ("reference", "fields"),
    [(EXIT.replace("abcdefgh", "hgfedcba"), {"action": "SELL"}), ("x", {"action": "SELL"}), (EXIT, {"action": "BUY"})],
)
def test_what_only_has_the_number_of_an_entry_hangs_on_nothing(
    desk: Desk, reference: str, fields: dict[str, Any]
) -> None:
    shown_again(desk, 5, ENTRY)
    shown_again(desk, 6, reference, parent_id=5, **fields)
    (exit_,) = desk.book.register.under(reference)
    assert exit_.parent is None


def test_what_is_held_behind_a_report_that_nobody_could_take_is_told_at_the_next_pause(desk: Desk) -> None:
    told: list[Report] = []

    def take(report: Report) -> None:
        told.append(report)
        if len(told) == 1:
            raise RuntimeError("no room")

    hearing = Hearing(desk.book, take, lambda: OURS)
    desk.sent(5)
    for shares in (4, 6):
        hearing.on_execution(-1, ACME, executed(5, shares, group=f"e{shares}"))
    with pytest.raises(RuntimeError):
        hearing.on_pause()
    hearing.on_pause()
    assert [report.fill.quantity for report in told if isinstance(report, FillReport)] == [4, 6]

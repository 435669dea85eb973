"""The ledger of executions: each once, corrections in place, commissions at any time, a combo's own row never."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from v6_ib_plugin.terms import IbCommission, IbContract, IbExecution
from v6_ib_plugin.trading.executions import Executions
from v6_ib_plugin.translation.executions import fill_of
from v6core.lifecycle import FillLedger
from v6core.reports import CommissionReport, FillCorrectionReport, FillReport, Report

ACME = IbContract(symbol="ACME", sec_type="STK", exchange="SMART", currency="USD")
BAG = IbContract(symbol="ACME", sec_type="BAG", exchange="SMART", currency="USD")
BOND = IbContract(symbol="ACME", sec_type="BOND", exchange="SMART", currency="USD")
NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)


def ledger() -> Executions:
    return Executions(fill_of, lambda: NOW)


def execution(revision: int = 1, shares: int = 10, group: str = "0000e0d5.6596b0d2") -> IbExecution:
    return IbExecution(
        exec_id=f"{group}.01.{revision:02d}",
        time="20261201-15:00:00",
        acct_number="DU1",
        side="BOT",
        shares=Decimal(shares),
        price=Decimal(100),
        perm_id=7,
        order_ref="v6-x",
    )


def commission(revision: int = 1, amount: str = "1.5") -> IbCommission:
    return IbCommission(exec_id=f"0000e0d5.6596b0d2.01.{revision:02d}", commission=Decimal(amount), currency="USD")


def test_an_execution_is_told_once() -> None:
    book = ledger()
    assert [type(row) for row in book.hear(ACME, execution())] == [FillReport]
    assert book.hear(ACME, execution()) == []


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    book = ledger()
    book.hear(ACME, execution())
    (told,) = book.hear(ACME, execution(2, shares=8))
    assert isinstance(told, FillCorrectionReport)
    assert told.replaces == execution().exec_id
    assert [row.fill.quantity for row in book.fills()] == [8]


def test_an_older_revision_that_comes_late_says_nothing() -> None:
    book = ledger()
    book.hear(ACME, execution(2))
    assert book.hear(ACME, execution(1)) == []


def test_a_correction_of_what_an_earlier_run_heard_names_the_first_revision() -> None:
    told, *_ = ledger().hear(ACME, execution(3))
    assert isinstance(told, FillCorrectionReport)
    assert told.replaces == execution(1).exec_id


def test_an_execution_taken_back_leaves_nothing() -> None:
    book = ledger()
    book.hear(ACME, execution())
    (told,) = book.hear(ACME, execution(2, shares=0))
    assert isinstance(told, FillCorrectionReport)
    assert told.fill is None
    assert book.fills() == ()


def test_the_own_row_of_a_combo_is_no_fill_and_nothing_to_correct() -> None:
    book = ledger()
    assert book.hear(BAG, execution()) == []
    assert book.hear(BAG, execution(2, shares=0)) == []


def test_an_execution_of_what_v6_cannot_name_is_left_out_and_raises_nothing() -> None:
    assert ledger().hear(BOND, execution()) == []


def test_a_correction_that_cannot_be_read_leaves_what_it_corrects() -> None:
    book = ledger()
    book.hear(ACME, execution())
    assert book.hear(BOND, execution(2)) == []
    assert [row.fill.execution_id for row in book.fills()] == [execution().exec_id]


def test_an_execution_that_was_not_understood_is_told_once_it_is() -> None:
    book = ledger()
    book.hear(BOND, execution())
    assert [type(row) for row in book.hear(ACME, execution())] == [FillReport]


def test_an_execution_that_counts_again_after_it_was_taken_back_in_an_earlier_run_counts() -> None:
    first = ledger()
    told = [*first.hear(ACME, execution()), *first.hear(ACME, execution(2, shares=0))]
    told += ledger().hear(ACME, execution(3, shares=8))
    assert [fill.quantity for fill in folded(told).live.values()] == [8]


def test_a_commission_that_comes_late_attaches() -> None:
    book = ledger()
    book.hear(ACME, execution())
    assert [type(row) for row in book.charge(commission())] == [CommissionReport]
    assert [row.fill.commission for row in book.fills()] == [Decimal("1.5")]


def test_a_commission_that_comes_first_attaches() -> None:
    book = ledger()
    book.charge(commission())
    (told,) = book.hear(ACME, execution())
    assert isinstance(told, FillReport)
    assert told.fill.commission == Decimal("1.5")


def test_a_commission_is_told_once_and_again_where_it_changes() -> None:
    book = ledger()
    assert len(book.charge(commission())) == 1
    assert book.charge(commission()) == []
    assert len(book.charge(commission(amount="1.6"))) == 1


def test_a_commission_that_tws_does_not_know_yet_is_none() -> None:
    assert ledger().charge(IbCommission(exec_id="a.01.01", commission=Decimal(-1))) == []
    assert ledger().charge(IbCommission(exec_id="a.01.01")) == []


def test_the_fills_of_some_executions_are_their_latest_revisions() -> None:
    book = ledger()
    book.hear(ACME, execution())
    book.hear(ACME, execution(2, shares=8))
    book.hear(ACME, execution(group="other"))
    assert [row.fill.quantity for row in book.fills([execution(1).exec_id])] == [8]


def folded(told: list[Report]) -> FillLedger:
    """Return what a program makes of the reports."""
    rows = FillLedger()
    for report in told:
        match report:
            case FillReport():
                rows = rows.add(report.fill)
            case FillCorrectionReport():
                rows = rows.correct(report.replaces, report.fill)
            case CommissionReport():
                rows = rows.charge(report.commission)
            case _:
                raise AssertionError(report)
    return rows


said = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9), st.sampled_from(["a", "b"])), max_size=5)


@given(said, said)
@settings(max_examples=60, deadline=None)
def test_what_two_runs_told_comes_to_the_highest_revisions(
    before: list[tuple[int, int, str]], listed: list[tuple[int, int, str]]
) -> None:
    """The first run hears in any order as it happens; the second is given a list, and hears the newest of it first."""
    shares = {(revision, group): count or (revision == 1) for revision, count, group in [*listed, *before]}
    last = {group: revision for revision, _, group in sorted([*before, *listed])}
    listed_last = {group: revision for revision, _, group in sorted(listed)}
    assume(listed_last == last)
    told: list[Report] = []
    for rows in (before, sorted(listed, reverse=True)):
        book = ledger()
        for revision, _, group in rows:
            told += book.hear(ACME, execution(revision, shares[revision, group], group))
    live = {fill.execution_id.split(".")[0]: fill.quantity for fill in folded(told).live.values()}
    assert live == {group: shares[top, group] for group, top in last.items() if shares[top, group]}


def test_a_commission_that_comes_with_its_execution_is_told_in_the_fill() -> None:
    book = ledger()
    (told,) = book.together([*book.hear(ACME, execution()), *book.charge(commission())])
    assert isinstance(told, FillReport)
    assert told.fill.commission == Decimal("1.5")


def test_a_commission_that_comes_with_the_execution_of_another_is_told_for_itself() -> None:
    book = ledger()
    told = book.together([*book.hear(ACME, execution(group="other")), *book.charge(commission())])
    assert [type(row) for row in told] == [FillReport, CommissionReport]


def test_a_commission_of_what_was_corrected_at_once_is_told_for_itself() -> None:
    book = ledger()
    told = book.together(
        [*book.hear(ACME, execution()), *book.hear(ACME, execution(2, shares=8)), *book.charge(commission())]
    )
    assert [type(row) for row in told] == [FillReport, FillCorrectionReport, CommissionReport]


def test_a_commission_that_changes_is_told_for_itself_though_it_comes_with_the_execution() -> None:
    book = ledger()
    book.charge(commission())
    told = book.together([*book.hear(ACME, execution()), *book.charge(commission(amount="1.6"))])
    assert [type(row) for row in told] == [FillReport, CommissionReport]


@given(st.lists(st.tuples(st.sampled_from(["hear", "charge", "pause"]), st.integers(1, 2), st.integers(0, 2))))
@settings(max_examples=400, deadline=None)
def test_what_is_told_together_comes_to_what_is_told_one_by_one(said: list[tuple[str, int, int]]) -> None:
    one, other = ledger(), ledger()
    by_one: list[Report] = []
    together: list[Report] = []
    held: list[Report] = []
    for what, revision, number in [*said, ("pause", 1, 0)]:
        match what:
            case "hear":
                by_one += one.hear(ACME, execution(revision, number))
                held += other.hear(ACME, execution(revision, number))
            case "charge":
                by_one += one.charge(commission(revision, f"{number}.5"))
                held += other.charge(commission(revision, f"{number}.5"))
            case _:
                together += other.together(held)
                held = []
    assert folded(together).fills == folded(by_one).fills
    assert other.fills() == one.fills()

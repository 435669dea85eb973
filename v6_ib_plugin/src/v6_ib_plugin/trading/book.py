"""What TWS says of orders, as it says it, turned into reports. Pure: it asks nobody anything.

TWS speaks of an order in six kinds of messages, none of which can be relied on to come, to come once, or to come before
another. Each is told on as it comes; ``v6core.lifecycle`` makes a status of it. Three rules are kept here:

* An error never cancels. Hundreds of codes are mere remarks, and an order is cancelled when its own status says so.
* An error is read by what was asked last: the same code refuses an order, or a change of it, or nothing.
* What this program did not send is told to people and touched by nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from v6_ib_plugin.codes import CODES, Answers, Code, Context, Kind, Source, classify
from v6_ib_plugin.terms import (
    IbAnswer,
    IbCommission,
    IbCompletion,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderState,
    IbOrderStatus,
)
from v6_ib_plugin.trading.amounts import counted, executed
from v6_ib_plugin.trading.executions import Executions
from v6_ib_plugin.trading.known import Asked, KnownOrder, Refusal, Register
from v6_ib_plugin.trading.lifetimes import has_run_out
from v6_ib_plugin.trading.names import OrderKey
from v6_ib_plugin.trading.repeats import is_borne_out, is_said_again, says_no_more
from v6_ib_plugin.trading.showing import ContractOf, shown_terms, shows
from v6_ib_plugin.trading.telling import rejection, request_refused, said_last, standing_report
from v6_ib_plugin.translation.contracts import is_combo
from v6_ib_plugin.translation.statuses import Ending, Standing, outcome_of, standing_of
from v6core.identifiers import plainly
from v6core.money import ZERO
from v6core.reports import (
    CancelRefusedReport,
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    Report,
    ReportedStatus,
)

_MOST_KEPT = 1_000
_MOST_REJECTIONS = 1_000
_MISSING_PARENT = 10006
_DUPLICATE_ID = 103
_REFUSALS = frozenset({Answers.ORDER, Answers.REQUEST, Answers.QUESTION_OR_ORDER, Answers.MISSING})
_NOTICE = Code(0, Answers.NOTICE, Source.IBKR)
_LIVE = Standing(ReportedStatus.SUBMITTED)


class Book:
    """Every order of the account that was sent or seen, and what was said of it.

    ``doubts`` are orders of which something was said that only a look at TWS's lists can settle. ``orphans`` are exits
    that TWS cancelled although a part of their entry is filled or can still turn out to be, and ``ended_entries``
    entries that are over: what was said of an orphan is withheld until somebody has decided.
    """

    def __init__(
        self,
        executions: Executions,
        *,
        now: Callable[[], datetime],
        contract_of: ContractOf,
    ) -> None:
        self.register = Register()
        self.executions = executions
        self.rejections: OrderedDict[str, RejectionReport] = OrderedDict()
        self.doubts: dict[KnownOrder, None] = {}
        self.orphans: list[KnownOrder] = []
        self.ended_entries: list[KnownOrder] = []
        self._now = now
        self._contract_of = contract_of
        self._early: OrderedDict[tuple[OrderKey, int], IbOrderStatus] = OrderedDict()

    @property
    def has_loose_ends(self) -> bool:
        """Whether something was said that somebody has to see to: ``doubts``, ``orphans`` or ``ended_entries``."""
        return bool(self.doubts or self.orphans or self.ended_entries)

    # What TWS says.

    def open_order(self, contract: IbContract, order: IbOrder, state: IbOrderState) -> list[Report]:
        """Hear an openOrder: the terms, and how the order stands."""
        if order.what_if:
            return []
        key = OrderKey(order.client_id, order.order_id)
        known = self.register.named(order.order_ref, key, order.perm_id)
        # What is shown again is mostly the very object: comparing two orders field by field takes longer than all else.
        same = known.ib is order or known.ib == order
        if known.shown is None or known.wanted is not None or not same or known.contract != contract:
            known.contract, known.ib = contract, order
            known.shown = shown_terms(known, contract, order, self._contract_of)
            self._note_change(known, order)
        filled = counted(order.total_quantity) if state.status == "Filled" else None
        reports = self._stands(known, state.status, filled=filled, terms=known.shown, reason=state.warning_text)
        if self._early:
            early = self._early.pop((key, order.perm_id), None) or self._early.pop((key, 0), None)
            return reports if early is None else [*reports, *self.order_status(early)]
        return reports

    def order_status(self, status: IbOrderStatus) -> list[Report]:
        """Hear an orderStatus, which bears no reference; one of an order that is not known yet waits until it is."""
        known = self.register.lasting(status.perm_id)
        if known is None:
            key = OrderKey(status.client_id, status.order_id)
            known = self.register.numbered(key, status.perm_id)
            if known is None:
                self._early[key, status.perm_id] = status
                if len(self._early) > _MOST_KEPT:
                    self._early.popitem(last=False)
                return []
        # That a child waits for its parent and a stop for its trigger says nothing that is not known.
        reason = f"held: {status.why_held}" if "locate" in status.why_held else ""
        return self._stands(known, status.status, filled=counted(status.filled), reason=reason)

    def execution(self, contract: IbContract, execution: IbExecution) -> list[Report]:
        """Hear an execution. It proves that TWS has the order, also where nothing else was said of it yet."""
        key = OrderKey(execution.client_id, execution.order_id)
        known = self.register.named(execution.order_ref, key, execution.perm_id)
        known.has_traded = True
        if is_combo(contract) or not known.is_combo:
            known.filled = max(known.filled, counted(execution.cum_qty) or ZERO)
        reports = self.executions.hear(contract, execution)
        known.executed = executed(known.executed, reports)
        return reports

    def commission(self, commission: IbCommission) -> list[Report]:
        """Hear what an execution cost."""
        return self.executions.charge(commission)

    def completed(
        self, contract: IbContract, order: IbOrder, completion: IbCompletion
    ) -> OrderReport | RejectionReport:
        """Hear how an order ended, which TWS tells only when it is asked; see ``is_withheld``."""
        known = self.register.named(order.order_ref, OrderKey(order.client_id, 0), order.perm_id)
        known.contract, known.ib = known.contract or contract, known.ib or order
        outcome = outcome_of(completion)
        filled = counted(outcome.filled)
        known.word, known.filled = completion.status, max(known.filled, filled or ZERO)
        was_over, asked = known.is_over, Asked.CANCEL in known.asked
        self._end(known)
        ending = outcome.ending
        if ending is Ending.REJECTED and known.filled:
            ending = Ending.CANCELLED  # TWS took it, and gave up the rest
        if ending is Ending.REJECTED:
            refusal = known.refusal or Refusal("", outcome.reason or completion.status)
            return self._rejected(known, refusal)
        known.standing = ReportedStatus(ending.value)
        unknown = completion.status if known.standing is ReportedStatus.UNKNOWN else None
        standing = Standing(known.standing, word=unknown and plainly(unknown, 80))
        report = standing_report(known, standing, self._now(), filled=filled, reason=outcome.reason)
        if known.standing is ReportedStatus.CANCELLED:
            self._keeps_back(known, report, asked=asked, was_over=was_over)
        return report

    def answer(self, answer: IbAnswer, client_id: int) -> list[Report]:
        """Hear an error message, which is read by what was asked of the order that it is about."""
        known = self.register.at(OrderKey(client_id, answer.req_id))
        if known is None:
            return []
        reason = f"{answer.code}: {plainly(answer.text)}"
        match _kind_of(answer.code, known):
            case Kind.REJECTS_NEW:
                return self._refuses_new(known, answer)
            case Kind.REFUSES_MODIFY:
                return self._refuses_modify(known, answer)
            case Kind.REFUSES_CANCEL:
                return self._refuses_cancel(known, answer)
            case Kind.CANCELLED if not known.is_over:
                self.doubts[known] = None
            case _ if not known.is_over and CODES.get(answer.code, _NOTICE).answers in _REFUSALS:
                # TWS had shown the order before it refused it: its status, or its absence, says whether it is over.
                known.refusal = Refusal(str(answer.code), plainly(answer.text))
                self.doubts[known] = None
            case _:
                pass
        return self._remark(known, reason)

    def _refuses_new(self, known: KnownOrder, answer: IbAnswer) -> list[Report]:
        refusal = Refusal(str(answer.code), plainly(answer.text))
        if known.is_staged and answer.code in {_MISSING_PARENT, _DUPLICATE_ID}:
            known.is_unknown, known.refusal = True, refusal
            return []
        if answer.code == _DUPLICATE_ID:
            # The number is another order's, or this one's own that arrived already: its reference tells which.
            known.refusal = refusal
            self.doubts[known] = None
            return []
        return [self._rejected(known, refusal)]

    def _refuses_modify(self, known: KnownOrder, answer: IbAnswer) -> list[Report]:
        known.asked.discard(Asked.MODIFY)
        known.wanted, known.must_tell = None, True
        self.doubts[known] = None
        return [request_refused(ModifyRefusedReport, known, answer, self._now())]

    def _refuses_cancel(self, known: KnownOrder, answer: IbAnswer) -> list[Report]:
        known.asked.discard(Asked.CANCEL)
        known.must_tell = True
        if known.is_staged and not known.is_shown:
            known.is_unknown, known.refusal = True, Refusal(str(answer.code), "it never arrived: TWS has no such order")
            return []
        return [request_refused(CancelRefusedReport, known, answer, self._now())]

    def _remark(self, known: KnownOrder, reason: str) -> list[Report]:
        """Return what was last said of an order with a remark to it; the first thing said bears it otherwise."""
        if known.told is None or known.withheld is not None:
            known.remark = reason
            return []
        return self._tell(known, said_last(known, known.told, self._now(), reason=reason))

    # What was asked, and what was settled.

    def sending(self, known: KnownOrder) -> KnownOrder:
        """Take in an order that is about to be sent."""
        known.asked.add(Asked.NEW)
        return self.register.add(known)

    def asking(self, known: KnownOrder, asked: Asked) -> None:
        """Note that a change or a cancel of an order is about to be asked for; what is said then is an answer."""
        known.asked.add(asked)
        known.must_tell = True

    def refuse(self, known: KnownOrder) -> list[Report]:
        """Return the rejection of an order that TWS refused and that none of its lists shows."""
        return [] if known.is_over or known.refusal is None else [self._rejected(known, known.refusal)]

    def acquit(self, known: KnownOrder) -> None:
        """Forget what was said against an order that TWS lists as open: it was not taken for a reason to end it."""
        if known.is_live and not known.is_over:
            known.refusal = None

    def hang(self, order: IbOrder) -> None:
        """Learn from an order that TWS shows on which entry it hangs, where an earlier run sent both."""
        known = self.register.at(OrderKey(order.client_id, order.order_id))
        if known is not None and known.sent is None:
            self.register.hang(known)

    def release(self, known: KnownOrder) -> list[Report]:
        """Return what was withheld of an order."""
        report, known.withheld = known.withheld, None
        return [] if report is None else self._tell(known, report)

    def is_withheld(self, report: OrderReport | RejectionReport) -> bool:
        """Tell whether that an order ended is kept back until somebody has decided what becomes of it."""
        rows = self.register.under(report.order_ref or "")
        return any(row.withheld is not None and row.broker_order_id == report.broker_order_id for row in rows)

    def is_under_way(self, order_ref: str) -> bool:
        """Tell whether a bracket that was begun in this session is being sent or verified."""
        return any(known.is_staged and known.key is not None for known in self.register.under(order_ref))

    def standing_of(self, order: IbOrder) -> OrderReport | None:
        """Return how an order that TWS lists stands, by all that was said of it; None where nothing was."""
        known = self.register.lasting(order.perm_id) or self.register.at(OrderKey(order.client_id, order.order_id))
        if known is None or known.told is None:
            return None
        return said_last(known, known.told, self._now(), filled_quantity=known.filled)

    def end_session(self) -> None:
        """Forget what only the session that has ended could say."""
        for known in self.register:
            known.asked.discard(Asked.MODIFY)  # no refusal of it can come any more, and others are none
        self.register.end_session()
        self._early.clear()

    # What is made of it.

    def _stands(
        self,
        known: KnownOrder,
        word: str,
        *,
        filled: Decimal | None = None,
        terms: OrderTerms | None = None,
        reason: str = "",
    ) -> list[Report]:
        known.word = word
        known.filled = max(known.filled, filled or ZERO)
        standing = standing_of(word, known.filled) or _as_before(known)
        if known.standing is not ReportedStatus.FILLED or known.filled < known.quantity:
            known.standing = standing.status  # what has filled whole does not come back, whatever is said late
        remark, known.remark = known.remark, ""
        reason = reason or remark
        if is_said_again(known, standing, filled, terms, reason):
            return []
        if is_borne_out(known, standing, filled, terms, reason):
            if standing.status is ReportedStatus.FILLED:
                self._end(known)
            return []
        report = standing_report(known, standing, self._now(), filled=filled, terms=terms, reason=reason)
        if standing.status is ReportedStatus.CANCELLED:
            return self._cancelled(known, report)
        if standing.status is ReportedStatus.INACTIVE and known.refusal is not None and not known.filled:
            return [] if known.is_over else [self._rejected(known, known.refusal)]
        if standing.status is ReportedStatus.FILLED:
            self._end(known)
        elif known.refusal is None and known.standing is standing.status:
            known.is_over = False
            known.withheld = None
        return self._tell(known, report)

    def _cancelled(self, known: KnownOrder, report: OrderReport) -> list[Report]:
        was_over, asked = known.is_over, Asked.CANCEL in known.asked
        self._end(known)
        if known.refusal is not None and not known.filled and not was_over:
            return [self._rejected(known, known.refusal)]
        if self._keeps_back(known, report, asked=asked, was_over=was_over):
            return []
        if not asked and has_run_out(known, report.time):
            report = report.model_copy(update={"status": ReportedStatus.EXPIRED})
        return self._tell(known, report)

    def _keeps_back(self, known: KnownOrder, report: OrderReport, *, asked: bool, was_over: bool) -> bool:
        """Keep back that an order was cancelled where somebody may send it anew, and tell whether that is so."""
        entry = known.parent
        if known.withheld is None and (asked or not known.is_staged):
            if entry is None or not entry.may_leave_a_part or known.filled or asked or was_over:
                return False
            self.orphans.append(known)
        known.withheld = report
        return True

    def _note_change(self, known: KnownOrder, shown: IbOrder) -> None:
        """Take a change as made once the order reads back as it was asked to be."""
        if known.wanted is not None and shows(shown, known.wanted.ib):
            known.asked.discard(Asked.MODIFY)
            known.sent, known.wanted = known.wanted, None

    def _rejected(self, known: KnownOrder, refusal: Refusal) -> RejectionReport:
        self._end(known)
        known.refusal = refusal
        report = rejection(known, refusal, self._now())
        if known.order_ref:
            self.rejections[known.order_ref] = report
            if len(self.rejections) > _MOST_REJECTIONS:
                self.rejections.popitem(last=False)
        return report

    def _end(self, known: KnownOrder) -> None:
        if not known.is_over and known.exits:
            self.ended_entries.append(known)
        known.is_over = True
        known.asked.clear()
        self.register.ended(known)

    def _tell(self, known: KnownOrder, report: OrderReport) -> list[Report]:
        """Return a report, unless it says no more than the last one of the same order did: TWS repeats itself."""
        last, known.told = known.told, report
        must_tell, known.must_tell = known.must_tell, False
        if last is not None and report.terms is None:
            known.told = report.model_copy(update={"terms": last.terms})
        if last is None or must_tell:
            return [report]
        return [] if says_no_more(report, last) else [report]


def _kind_of(code: int, known: KnownOrder) -> Kind:
    """Return what a code answers: a cancel or a change under way, else the order itself."""
    contexts = [Context.CANCEL] if Asked.CANCEL in known.asked else []
    contexts += [Context.MODIFY] if Asked.MODIFY in known.asked else []
    contexts += [Context.WORKING if known.is_live or known.is_over else Context.NEW]
    kinds = [classify(code, context) for context in contexts]
    return next((kind for kind in kinds if kind not in {Kind.WARNING, Kind.UNKNOWN}), kinds[-1])


def _as_before(known: KnownOrder) -> Standing:
    """Return what a word that says only what was asked leaves standing: TWS has the order, at least."""
    if known.told is not None:
        return Standing(known.told.status, known.told.working, known.told.word)
    return _LIVE

"""How TWS refuses a question, and what it says beside an answer that still comes."""

from __future__ import annotations

from v6_ib_plugin.codes import Context, Kind, classify
from v6_ib_plugin.terms import IbAnswer
from v6core.errors import Unavailable
from v6core.identifiers import plainly


class Answered(Unavailable):
    """TWS answered a question with an error; ``answer`` is that error."""

    code = "ANSWERED"

    def __init__(self, question: str, answer: IbAnswer) -> None:
        super().__init__(f"TWS answered {question} with error {answer.code}: {plainly(answer.text)}")
        self.answer = answer


# Beside these the answer still comes: a filter that found nothing, delayed data in place of live, a part of the data
# that is not paid for, data that a competing session holds back until it goes.
_STILL_ANSWERED = frozenset({165, 10090, 10167, 10197})
# Of the codes about the link these say that a request was not taken at all.
_NOT_TAKEN = frozenset({501, 502, 504, 1300})
_BESIDE = frozenset({Kind.HOLDS, Kind.WARNING, Kind.CONNECTION})


def is_notice(code: int) -> bool:
    """Tell whether an errMsg of this code leaves the question that it names under way; one not known ends it."""
    if code in _STILL_ANSWERED:
        return True
    return code not in _NOT_TAKEN and {classify(code, Context.QUESTION), classify(code, Context.NEW)} <= _BESIDE

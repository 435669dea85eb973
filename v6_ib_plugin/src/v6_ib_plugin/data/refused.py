"""What TWS answers instead of data, as one of v6's errors with the way out."""

from __future__ import annotations

from v6_ib_plugin.codes import explain
from v6_ib_plugin.terms import IbAnswer
from v6core.errors import Unavailable
from v6core.identifiers import plainly


def refused(what: str, answer: IbAnswer, hint: str | None = None) -> Unavailable:
    """Return the error that ``what`` is not to be had, in TWS's words; without a hint, what its code means."""
    explanation = explain(answer.code)
    return Unavailable(
        f"{what}: TWS answered {answer.code}, {plainly(answer.text)}",
        code=str(answer.code),
        hint=hint or (None if explanation is None else explanation.meaning),
    )

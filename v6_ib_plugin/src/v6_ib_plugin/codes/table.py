"""Every known code and what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from v6_ib_plugin.codes.kinds import Answers, Context, Kind, Source, kind_of

_ORDER = (
    103, 106, 107, 109, 110, 111, *range(113, 122), 125, 126, 129, 131, 132, 133, 140, 141, 142, *range(144, 149),
    *range(151, 161), 163, 164, 167, 168, 201, 203, 303, *range(311, 316), 325, 328, *range(332, 344), *range(345, 354),
    355, 356, *range(358, 365), *range(367, 381), 382, 383, *range(387, 394), *range(395, 399), *range(400, 404),
    *range(405, 414), *range(417, 420), *range(421, 430), *range(432, 440), *range(441, 444), *range(445, 450),
    460, 463, *range(10000, 10004), *range(10005, 10016), *range(10020, 10028), 10058, *range(10234, 10241),
    *range(10243, 10255), 10256, 10257, *range(10268, 10271), 10286, *range(10289, 10295), *range(10296, 10299),
    *range(10302, 10308), 10310, 10312, *range(10314, 10322), 10324, 10325, 10330, *range(10336, 10339), 10340,
    *range(10342, 10346),
)  # fmt: skip
_ANSWERS: dict[Answers, Iterable[int]] = {
    Answers.ORDER: _ORDER,
    Answers.REQUEST: (320, 321, 322, 323, 505, 508, 10313),
    Answers.CHANGE: (104, 134, 440, 444, 2102, 10241, 10242),
    Answers.CHANGE_OR_NEW: (105, 329, 10308, 10326, 10327, 10341),
    Answers.CANCEL: (136, 137, 161, 10147, 10148),
    Answers.MISSING: (135,),
    Answers.CANCELLED: (202,),
    Answers.HOLD: (
        399, 404, 481, 2109, 2111, 2137, 2168, 2169, 10233, 10311, 10329, *range(10331, 10336), 10347, 10349,
    ),
    Answers.LINK: (501, 502, 504, 1100, 1101, 1102, 1300, *range(2103, 2109), 2110, 2119, 2157, 2158, 10328),
    Answers.SESSION: (100, 326, 327, 330, 331, 344, 357, 503, 506, 507, 10141),
    Answers.QUESTION: (
        101, 102, 122, 123, 124, 138, 139, 143, 162, 165, 166, 300, 301, 302, 304, 305, *range(308, 311), 316, 317, 319,
        354, 365, 366, 385, 386, 414, 415, 416, 420, 430, 431, 10016, 10017, 10089, 10090, 10091, 10167, 10168, 10186,
        10187, 10189, 10190, 10197, 10225, *range(10276, 10285), 10285, 10295, 10299, 10300, 10301, 10309, 10322, 10339,
        10346,
    ),
    Answers.QUESTION_OR_ORDER: (200,),
    Answers.NOTICE: (2100, 2101, 2130, 2152, 10018, 10019),
}  # fmt: skip
_OBSERVED = frozenset(
    {
        135, 399, 404, 460, 463, 2157, 10058, 10141, 10147, 10148, 10167, 10168, 10190, 10256, 10257, 10311, 10326,
        10327, 10329, 10349,
    }
)  # fmt: skip
# A range that the API keeps for warnings: what is not listed of it is one.
_WARNINGS = range(2100, 2200)
_STATE = re.compile(r"state: *([A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Code:
    """A code, what it answers, and where that comes from."""

    number: int
    answers: Answers
    source: Source

    def kind(self, context: Context) -> Kind:
        """Return what the code says in a context."""
        return kind_of(self.answers, context)


def _code(number: int, answers: Answers) -> Code:
    return Code(number, answers, Source.OBSERVED if number in _OBSERVED else Source.IBKR)


CODES: dict[int, Code] = {
    code.number: code
    for code in sorted(
        (_code(number, answers) for answers, numbers in _ANSWERS.items() for number in numbers),
        key=lambda code: code.number,
    )
}
"""Every known code, in order."""


def classify(code: int, context: Context) -> Kind:
    """Return what a code says in a context; UNKNOWN ends nothing."""
    known = CODES.get(code)
    if known is not None:
        return known.kind(context)
    return Kind.WARNING if code in _WARNINGS else Kind.UNKNOWN


def state_told(text: str) -> str | None:
    """Return the status word in a refused cancel's text (10148: "…, state: Filled"), or None."""
    found = _STATE.search(text)
    return None if found is None else found[1]

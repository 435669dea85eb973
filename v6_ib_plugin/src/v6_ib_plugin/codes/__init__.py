"""TWS's error codes: what each answers, by what was asked, and what the commonest mean.

A code is no status. What an order came to is told by orderStatus, openOrder and completed orders; a code says which
request it answers: a new order, a change, a cancel, a question, nobody's. One that is not known never ends an order.

* ``kinds``         what a code answers, and what it can be asked in
* ``table``         every known code, with where the rule comes from
* ``explanations``  the commonest in a sentence each
* ``page``          all of it as a page of documentation
"""

from __future__ import annotations

from v6_ib_plugin.codes.explanations import Explanation, explain
from v6_ib_plugin.codes.kinds import Answers, Context, Kind, Source
from v6_ib_plugin.codes.table import CODES, Code, classify, state_told

__all__ = [
    "CODES",
    "Answers",
    "Code",
    "Context",
    "Explanation",
    "Kind",
    "Source",
    "classify",
    "explain",
    "state_told",
]

"""What TWS answers instead of market data, and the way out.

The codes and their meanings: TWS API, "Message codes".
"""

from __future__ import annotations

from v6_ib_plugin.data.refused import refused
from v6_ib_plugin.terms import IbAnswer
from v6_ib_plugin.transport import is_notice
from v6core.contracts import Contract
from v6core.errors import Unavailable

PARTLY = 10090
"""Part of it is not subscribed: something may come, delayed quotes among it."""
_SUBSCRIBE = 'subscribe to the data in the Client Portal, or set market_data_type = "delayed" for this broker'
_HINTS = {
    101: "TWS grants fewer lines than market_data_lines says: lower it, or end streams that nobody reads",
    200: "check the contract: TWS has no definition for it",
    354: _SUBSCRIBE,
    10089: _SUBSCRIBE,
    PARTLY: _SUBSCRIBE,
    10091: _SUBSCRIBE,
    10168: _SUBSCRIBE,
    10186: _SUBSCRIBE,
    10197: "another session of this user takes the live data: end it there, or use the delayed ones",
}


def refusal(contract: Contract, answer: IbAnswer) -> Unavailable | None:
    """Return the error that an answer to a request for quotes is, or None where it is a mere remark."""
    if is_notice(answer.code) and answer.code not in _HINTS:
        return None
    return refused(f"no quotes of {contract.key}", answer, _HINTS.get(answer.code))

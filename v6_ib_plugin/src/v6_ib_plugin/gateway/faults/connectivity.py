"""Whether TWS has its own servers, and what does not go out while it has not."""

from __future__ import annotations

from v6_ib_plugin.gateway.faults.effects import Connectivity
from v6_ib_plugin.gateway.wire import messages
from v6_ib_plugin.terms import IbAnswer

_SENTENCES = {
    1100: "Connectivity between IB and Trader Workstation has been lost.",
    1101: "Connectivity between IB and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IB and Trader Workstation has been restored - data maintained.",
    2110: "Connectivity between Trader Workstation and server is broken. It will be restored automatically.",
}
_LOST = frozenset({1100, 2110})
DATA_LOST = 1101

_REPORTS = (messages.OpenOrder, messages.OrderStatus, messages.ExecDetails, messages.CommissionReport)
_DATA = (
    messages.TickPrice,
    messages.TickSize,
    messages.TickOptionComputation,
    messages.TickGeneric,
    messages.TickString,
    messages.TickByTick,
    messages.RealtimeBar,
    messages.HistoricalDataUpdate,
    messages.PnL,
    messages.PnLSingle,
)


class Uplink:
    """TWS's own link to its servers."""

    def __init__(self) -> None:
        self._lost_by: int | None = None

    @property
    def is_lost(self) -> bool:
        """Whether TWS has lost its servers."""
        return self._lost_by is not None

    def turn(self, effect: Connectivity) -> None:
        """Lose the servers, or have them back."""
        self._lost_by = effect.code if effect.code in _LOST else None

    def mend(self) -> None:
        """Have the servers, without a word."""
        self._lost_by = None

    @property
    def notice(self) -> messages.ErrMsg | None:
        """What a client is told that comes while the servers are lost."""
        return None if self._lost_by is None else notice_of(self._lost_by)

    def holds(self, message: messages.Message, *, is_asked_for: bool) -> bool:
        """Tell whether a message waits until the servers are back: a report for which nobody asked."""
        return self.is_lost and not is_asked_for and isinstance(message, _REPORTS)

    def loses(self, message: messages.Message) -> bool:
        """Tell whether a message never comes: data of a time in which there was none."""
        return self.is_lost and isinstance(message, _DATA)


def notice_of(code: int) -> messages.ErrMsg:
    """Return what clients are told."""
    return messages.ErrMsg(IbAnswer(req_id=-1, code=code, text=_SENTENCES[code]))

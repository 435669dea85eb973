"""What needs neither orders nor a market: the accounts' names, the time, the log level."""

from __future__ import annotations

from collections.abc import Mapping

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.part import Handler
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import messages, requests
from v6core.reports import Report

_LEVELS = {1: "system", 2: "error", 3: "warning", 4: "information", 5: "detail"}


class Housekeeping:
    """The part of the gateway that answers for the gateway itself."""

    def __init__(self, house: House) -> None:
        self._house = house

    def handlers(self) -> Mapping[type[requests.Request], Handler]:
        """Return what takes each kind of request."""
        return {
            requests.ReqManagedAccts: self._tell_accounts,
            requests.ReqCurrentTime: self._tell_time,
            requests.SetServerLogLevel: self._note_level,
            requests.StartApi: self._start_again,
        }

    def _tell_accounts(self, session: Session, _: requests.ReqManagedAccts) -> None:
        session.send(messages.ManagedAccounts(accounts=self._house.account))

    def _tell_time(self, session: Session, _: requests.ReqCurrentTime) -> None:
        session.send(messages.CurrentTime(time=int(self._house.now().timestamp())))

    def _note_level(self, session: Session, request: requests.SetServerLogLevel) -> None:
        level = _LEVELS.get(request.level, str(request.level))
        self._house.logger.info("%s asks for a log of level %s", session.name, level)

    def _start_again(self, session: Session, _: requests.StartApi) -> None:
        self._house.logger.info("%s started the API a second time, which changes nothing", session.name)

    def on_report(self, report: Report) -> None:
        """Leave what the broker reports to the other parts."""

    def on_connect(self, session: Session) -> None:
        """Tell the accounts."""
        session.send(messages.ManagedAccounts(accounts=self._house.account))

    def on_disconnect(self, session: Session) -> None:
        """Keep nothing of a client."""

    async def stop(self) -> None:
        """Nothing runs."""

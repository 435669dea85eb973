"""Why there is no connection, in a sentence with a stable code and a way out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from v6_ib_plugin.settings import IbSettings, is_paper
from v6_ib_plugin.transport import Answered, NotOpened, Obstacle
from v6core.errors import BrokerError
from v6core.identifiers import plainly

_API_SETTINGS = "File > Global Configuration > API > Settings (IB Gateway: Configure > Settings > API > Settings)"
_READ_ONLY = 321
_ADVISOR = re.compile(r"D?F[0-9]+A?", re.IGNORECASE)


def why_not_opened(error: NotOpened, settings: IbSettings) -> BrokerError:
    """Return the error that tells the user why TWS could not be reached."""
    answer = error.answer
    if answer is not None:
        return _ANSWERS.get(answer.code, _OTHER_ANSWER).error(settings, answer.text, answer.code)
    return _OBSTACLES[error.obstacle].error(settings, error.detail)


def why_look_failed(error: BrokerError) -> BrokerError:
    """Return the error that tells the user why TWS does not show what it holds."""
    if isinstance(error, Answered) and error.answer.code == _READ_ONLY:
        return BrokerError(
            f"the API of TWS is read-only, so that it does not even show its orders: {plainly(error.answer.text)}",
            code="READ_ONLY_API",
            hint=f'untick "Read-Only API" in {_API_SETTINGS}',
        )
    return error


def account_to_trade(accounts: Sequence[str], settings: IbSettings) -> str:
    """Return the account of the login that is traded; BrokerError where it is not the one that was meant."""
    advisors = [account for account in accounts if _ADVISOR.fullmatch(account)]
    if advisors:
        raise BrokerError(
            f"this is the login of an advisor ({', '.join(advisors)}), whose orders can be allocated to many accounts",
            code="ADVISOR_LOGIN",
            hint="log TWS in with the user name of the one account that is to be traded",
        )
    if settings.account is not None:
        return _named(settings.account, accounts, settings)
    if len(accounts) > 1:
        raise BrokerError(
            f"this login has several accounts ({', '.join(accounts)}), and the configuration names none",
            code="ACCOUNT_NOT_NAMED",
            hint=f'name the one to be traded: account = "{accounts[0]}"',
        )
    if not is_paper(accounts[0]):
        raise _real_money(accounts)
    return accounts[0]


def _named(account: str, accounts: Sequence[str], settings: IbSettings) -> str:
    if account in accounts:
        return account
    papers = [is_paper(other) for other in accounts]
    if settings.live and all(papers):
        raise BrokerError(
            f"live = true, but TWS is logged in to paper trading ({', '.join(accounts)}), not to {account}",
            code="PAPER_ACCOUNT",
            hint="log TWS in to live trading, or choose the port of the TWS that is",
        )
    if not settings.live and not any(papers):
        raise _real_money(accounts)
    raise BrokerError(
        f"account {account} is not among those of this login: {', '.join(accounts)}",
        code="ACCOUNT_NOT_THERE",
        hint="correct the account in the configuration, or log TWS in to the other one",
    )


def _real_money(accounts: Sequence[str]) -> BrokerError:
    return BrokerError(
        f"TWS is logged in to live trading ({', '.join(accounts)}), and the configuration does not say live = true",
        code="LIVE_ACCOUNT",
        hint="log TWS in to paper trading; to trade real money, say live = true and name the account",
    )


@dataclass(frozen=True, slots=True)
class _Cause:
    """A code, a sentence and a way out, with the places for what is known of the moment."""

    code: str
    text: str
    hint: str

    def error(self, settings: IbSettings, detail: str, number: int = 0) -> BrokerError:
        """Return the error of it."""
        known = {
            "place": f"{settings.host}:{settings.port}",
            "port": settings.port,
            "client_id": settings.client_id,
            "detail": plainly(detail),
            "number": number,
        }
        return BrokerError(self.text.format(**known), code=self.code, hint=self.hint.format(**known))


_TOO_OLD = _Cause("TOO_OLD", "TWS at {place} is too old: {detail}", "update TWS or IB Gateway to 10.19 or later")
_OBSTACLES = {
    Obstacle.NOTHING_LISTENS: _Cause(
        "NOTHING_LISTENS",
        "nothing listens on {place}",
        f'start TWS or IB Gateway and log in; tick "Enable ActiveX and Socket Clients" in {_API_SETTINGS}, and '
        "see whether the socket port there is {port} (paper: 7497 or 4002, live: 7496 or 4001)",
    ),
    Obstacle.UNREACHABLE: _Cause(
        "UNREACHABLE",
        "{place} cannot be reached: {detail}",
        "see whether host is right, and whether a firewall stands between",
    ),
    Obstacle.OTHER_PROTOCOL: _Cause(
        "NOT_TWS",
        "what listens on {place} is neither TWS nor IB Gateway: it sent {detail}",
        f"another program has the port: see which socket port {_API_SETTINGS} says",
    ),
    Obstacle.SILENT: _Cause(
        "SILENT",
        "{place} takes the connection and says nothing",
        "look at TWS: it may ask whether the connection is to be accepted, or still be starting, or hang",
    ),
    Obstacle.HUNG_UP: _Cause(
        "HUNG_UP",
        "TWS at {place} closed the connection without saying why ({detail})",
        f"see in {_API_SETTINGS} whether only local or other addresses are trusted; or the client id "
        "{client_id} is in use, or TWS is about to restart",
    ),
    Obstacle.TOO_OLD: _TOO_OLD,
    Obstacle.UNFINISHED: _Cause(
        "LOGIN_UNFINISHED",
        "TWS at {place} answers, but has not finished its login",
        "look at TWS: log in, give the second factor, and answer its questions (accept the incoming connection)",
    ),
}
_ANSWERS = {
    326: _Cause(
        "CLIENT_ID_IN_USE",
        "client id {client_id} is in use by another program at {place}: {detail}",
        "give each program a client_id of its own; orders belong to the client id that placed them",
    ),
    503: _TOO_OLD,
    10141: _Cause("DISCLAIMER", "TWS waits for its user: {detail}", "accept the disclaimer for paper trading in TWS"),
}
_OTHER_ANSWER = _Cause(
    "REFUSED_BY_TWS",
    "TWS at {place} refused the connection with error {number}: {detail}",
    f"look at {_API_SETTINGS}",
)

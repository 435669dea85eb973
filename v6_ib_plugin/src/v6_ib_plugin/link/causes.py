"""Why there is no connection, in a sentence with a stable code and a way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from v6_ib_plugin.settings import IbSettings, is_paper
from v6_ib_plugin.terms import IbAnswer
from v6_ib_plugin.transport import Answered, NotOpened, Obstacle
from v6core.errors import BrokerError
from v6core.identifiers import plainly

_API_SETTINGS = "File > Global Configuration > API > Settings (IB Gateway: Configure > Settings > API > Settings)"
_CLIENT_ID_IN_USE = 326
_TOO_OLD = 503
_READ_ONLY = 321
_DISCLAIMER = 10141
_ADVISOR = re.compile(r"D?F[0-9]+A?", re.IGNORECASE)


def why_not_opened(error: NotOpened, settings: IbSettings) -> BrokerError:
    """Return the error that tells the user why TWS could not be reached."""
    if error.answer is not None:
        return _told_by_tws(error.answer, settings)
    return _OBSTACLES[error.obstacle](error.detail, settings)


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


def _told_by_tws(answer: IbAnswer, settings: IbSettings) -> BrokerError:
    text = plainly(answer.text)
    if answer.code == _CLIENT_ID_IN_USE:
        return BrokerError(
            f"client id {settings.client_id} is in use by another program at {_place(settings)}: {text}",
            code="CLIENT_ID_IN_USE",
            hint="give each program a client_id of its own; orders belong to the client id that placed them",
        )
    if answer.code == _TOO_OLD:
        return _too_old(text, settings)
    if answer.code == _DISCLAIMER:
        return BrokerError(
            f"TWS waits for its user: {text}",
            code="DISCLAIMER",
            hint="accept the disclaimer for paper trading in TWS",
        )
    return BrokerError(f"TWS at {_place(settings)} refused the connection with error {answer.code}: {text}",
                       code="REFUSED_BY_TWS", hint=f"look at {_API_SETTINGS}")  # fmt: skip


def _place(settings: IbSettings) -> str:
    return f"{settings.host}:{settings.port}"


def _nothing_listens(_: str, settings: IbSettings) -> BrokerError:
    return BrokerError(
        f"nothing listens on {_place(settings)}",
        code="NOTHING_LISTENS",
        hint=f'start TWS or IB Gateway and log in; tick "Enable ActiveX and Socket Clients" in {_API_SETTINGS}, and '
        f"see whether the socket port there is {settings.port} (paper: 7497 or 4002, live: 7496 or 4001)",
    )


def _unreachable(detail: str, settings: IbSettings) -> BrokerError:
    return BrokerError(
        f"{_place(settings)} cannot be reached: {plainly(detail)}",
        code="UNREACHABLE",
        hint="see whether host is right, and whether a firewall stands between",
    )


def _not_tws(detail: str, settings: IbSettings) -> BrokerError:
    return BrokerError(
        f"what listens on {_place(settings)} is neither TWS nor IB Gateway: it sent {plainly(detail)}",
        code="NOT_TWS",
        hint=f"another program has the port: see which socket port {_API_SETTINGS} says",
    )


def _silent(_: str, settings: IbSettings) -> BrokerError:
    return BrokerError(
        f"{_place(settings)} takes the connection and says nothing",
        code="SILENT",
        hint="look at TWS: it may ask whether the connection is to be accepted, or still be starting, or hang",
    )


def _hung_up(detail: str, settings: IbSettings) -> BrokerError:
    return BrokerError(
        f"TWS at {_place(settings)} closed the connection without saying why ({plainly(detail)})",
        code="HUNG_UP",
        hint=f"see in {_API_SETTINGS} whether only local or other addresses are trusted; or the client id "
        f"{settings.client_id} is in use, or TWS is about to restart",
    )


def _too_old(detail: str, settings: IbSettings) -> BrokerError:
    return BrokerError(
        f"TWS at {_place(settings)} is too old: {plainly(detail)}",
        code="TOO_OLD",
        hint="update TWS or IB Gateway to 10.19 or later",
    )


def _unfinished(_: str, settings: IbSettings) -> BrokerError:
    return BrokerError(
        f"TWS at {_place(settings)} answers, but has not finished its login",
        code="LOGIN_UNFINISHED",
        hint="look at TWS: log in, give the second factor, and answer its questions (accept the incoming connection)",
    )


_OBSTACLES: Mapping[Obstacle, Callable[[str, IbSettings], BrokerError]] = {
    Obstacle.NOTHING_LISTENS: _nothing_listens,
    Obstacle.UNREACHABLE: _unreachable,
    Obstacle.OTHER_PROTOCOL: _not_tws,
    Obstacle.SILENT: _silent,
    Obstacle.HUNG_UP: _hung_up,
    Obstacle.TOO_OLD: _too_old,
    Obstacle.UNFINISHED: _unfinished,
}

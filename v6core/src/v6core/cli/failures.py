"""An exception as what a user is told: a sentence, a code, a hint, whether anything was sent, and an exit status.

Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 denied before sending, 4 in doubt, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import click

from v6core.errors import BrokerError, PluginError, Sent, V6Error
from v6core.redaction import redacted

_OPTIONS = {
    "at_market=True": "--market",
    "sequential=True": "--sequential",
    "limit_price": "--limit",
    "only=": "--right",
    "despite_doubt=True": "--despite-doubt",
}
DONE, FAILED, USAGE, DENIED, IN_DOUBT, INTERRUPTED = 0, 1, 2, 3, 4, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong; ``sent`` tells whether an order, a cancel or a change left this machine.

    ``witness`` is what tells what is open where that is not known.
    """

    error: str
    code: str
    status: int = FAILED
    hint: str | None = None
    order_id: UUID | None = None
    sent: Sent = False
    witness: str = "v6 orders --in-doubt"

    @property
    def document(self) -> dict[str, Any]:
        """The error document of ``--json``."""
        order_id = None if self.order_id is None else str(self.order_id)
        return {"error": self.error, "code": self.code, "hint": self.hint, "order_id": order_id, "sent": self.sent}


class CommandFailed(Exception):
    """A command ends with a failure after it has told what there is to tell."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.error)
        self.failure = failure


class Interrupted(Exception):
    """The user pressed Ctrl-C while an engine ran; it was stopped in good order. Click would answer for itself."""


class PipeClosed(Exception):
    """Nobody reads standard output any more. Click would make an exit status of 1 of it, which says that all failed."""


def failure_of(error: BaseException, sent: Sent, order_id: UUID | None = None) -> Failure:
    """Return an exception as a failure; ``sent`` is what the command had done by then, with which order."""
    match error:
        case CommandFailed():
            return error.failure
        case V6Error():
            return _on_purpose(error)
        case click.ClickException():
            return _wrong_usage(error)
        case Interrupted() | KeyboardInterrupt() | click.Abort():
            return Failure(error="interrupted", code="INTERRUPTED", status=INTERRUPTED, order_id=order_id, sent=sent)
        case ValueError():
            return Failure(error=_sentence(error), code="INVALID", status=USAGE, order_id=order_id, sent=sent)
        case _:
            return _unforeseen(error, sent, order_id)


def is_a_fault(error: BaseException) -> bool:
    """Tell an exception that nobody foresaw, or that a plugin's code raised, from one that says what the user did."""
    if isinstance(error, PluginError | BrokerError) and isinstance(error.__cause__, Exception | SystemExit):
        return not isinstance(error.__cause__, OSError | V6Error)
    foreseen = CommandFailed | Interrupted | V6Error | click.ClickException | KeyboardInterrupt | click.Abort
    return not isinstance(error, foreseen)


def _on_purpose(error: V6Error) -> Failure:
    return Failure(
        error=error.message,
        code=str(error.code),
        status=error.exit_status,
        hint=_as_options(error.hint),
        order_id=error.order_id,
        sent=error.sent,
    )


def _as_options(hint: str | None) -> str | None:
    """Return a hint that names arguments of a method with the options that stand for them."""
    for argument, option in _OPTIONS.items():
        hint = hint and hint.replace(argument, option)
    return hint


def _unforeseen(error: BaseException, sent: Sent, order_id: UUID | None) -> Failure:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return Failure(error=f"{where}{error.strerror}", code="SYSTEM", order_id=order_id, sent=sent)
    text = " ".join(redacted(str(error)).split())
    return Failure(
        error=f"unexpected {type(error).__name__}{f': {text}' if text else ''}",
        code="UNEXPECTED",
        hint="V6_DEBUG=1 shows where; please report it",
        order_id=order_id,
        sent=sent,
    )


def _wrong_usage(error: click.ClickException) -> Failure:
    hint = None
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"{error.ctx.command_path} --help"
    message = " ".join(error.format_message().split())
    return Failure(error=message.removesuffix("."), code="USAGE", status=USAGE, hint=hint)


def _sentence(error: ValueError) -> str:
    # Of all ValueErrors only pydantic's has several; asking its type would import it for every wrong option.
    problems: Callable[..., Sequence[Mapping[str, Any]]] | None = getattr(error, "errors", None)
    if problems is not None:
        return "; ".join(dict.fromkeys(map(_one_problem, problems(include_url=False))))
    return " ".join(str(error).split()) or "a value cannot be used"


def _one_problem(detail: Mapping[str, Any]) -> str:
    """Return one of pydantic's problems in words, with the field's name unless the words begin with it."""
    cause = detail.get("ctx", {}).get("error")
    words = str(cause) if isinstance(cause, Exception) else str(detail["msg"]).replace("Input should", "must")
    names = [str(part) for part in detail["loc"] if isinstance(part, str)]
    if not names or names[-1] in words:
        return words
    given = detail.get("input")
    told = f", not {given!r}" if isinstance(given, str | int | float) and "not " not in words else ""
    return f"{names[-1]}: {words}{told}"

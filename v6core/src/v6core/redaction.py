"""What must not be read by others is kept out of every text that leaves: errors, the journal, log lines.

A secret is known from the moment at which it is fetched. Whatever holds it afterwards shows ``***`` in its place, also
where a plugin or its library put it into an exception or a log line. The names of accounts are secret in log lines
alone, where they are masked; who is told of an error, or reads his own journal, must know which account it was.

From the first such text on, all log records of the process are made through here. A secret of fewer than four
characters is not looked for: it would be found in every other word.
"""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any, Final
from urllib.parse import quote, quote_plus

_SHORTEST: Final = 4
_HIDDEN: Final = "***"
_secrets: dict[str, str] = {}
_in_logs: dict[str, str] = {}


def keep_secret(value: str) -> None:
    """Keep a value out of every text from here on, also as it stands in an address or in quotes."""
    if len(value) >= _SHORTEST:
        forms = {value, value.strip(), quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}
        _secrets.update({form: _HIDDEN for form in (*forms, json.dumps(value)[1:-1]) if len(form) >= _SHORTEST})
        _watch_logs()


def mask_in_logs(account: str) -> None:
    """Mask an account's name in log lines from here on: ``U12***67``."""
    if len(account) >= _SHORTEST:
        _in_logs[account] = f"{account[:3]}{_HIDDEN}{account[-2:]}" if len(account) > 6 else _HIDDEN
        _watch_logs()


def forget_all() -> None:
    """Know no secret and no account any more, as at the start of a process."""
    _secrets.clear()
    _in_logs.clear()


def redacted(text: str) -> str:
    """Return a text without the secrets that are known."""
    return _without(text, _secrets) if _secrets else text


def _for_logs(text: str) -> str:
    return _without(redacted(text), _in_logs)


def _without(text: str, hidden: dict[str, str]) -> str:
    # The longest first: one secret may be a part of another.
    for value in sorted(hidden, key=len, reverse=True):
        if value in text:
            text = text.replace(value, hidden[value])
    return text


def _watch_logs() -> None:
    made_by = logging.getLogRecordFactory()
    if getattr(made_by, "redacts", False):
        return

    def factory(*given: Any, **named: Any) -> logging.LogRecord:
        return _redact(made_by(*given, **named))

    factory.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(factory)


def _redact(record: logging.LogRecord) -> logging.LogRecord:
    """Redact a record; its message stays apart from its arguments, by which others count what repeats."""
    if isinstance(record.msg, str):
        record.msg = _for_logs(record.msg)
    if isinstance(record.args, tuple):
        record.args = tuple(map(_argument, record.args))
    elif record.args:
        record.args = {name: _argument(value) for name, value in record.args.items()}
    if record.exc_info and not record.exc_text:
        record.exc_text = _for_logs("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
    return record


def _argument(value: object) -> object:
    if isinstance(value, int | float):
        return value
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 -- a stranger's object; the logging module says what is wrong with it
        return value
    shown = _for_logs(text)
    return value if shown == text else shown

"""References to secrets: ``env:NAME``, ``file:PATH``, ``keyring:SERVICE/NAME``.

The configuration holds the reference, and the reference is all that is ever printed, dumped or told in an error. The
secret itself is fetched each time that it is used and kept nowhere.
"""

from __future__ import annotations

import importlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from v6core.errors import ConfigurationError
from v6core.redaction import keep_secret

_FORMS = "env:NAME, file:PATH or keyring:SERVICE/NAME"
_MOST_BYTES = 65_536


class _Refused:
    """Stands for a value that is no reference, so that no error message can hold the value."""

    def __repr__(self) -> str:
        return "…"


class Secret:
    """A reference to a secret, for the settings of a plugin.

    >>> Secret("env:IB_PASSWORD")
    Secret('env:IB_PASSWORD')
    """

    __slots__ = ("folder", "reference")

    def __init__(self, reference: str, folder: Path | None = None) -> None:
        if not _is_reference(reference):
            raise ValueError(f"a secret is a reference: {_FORMS}; never the secret itself")
        self.reference: Final = reference.strip()
        self.folder = folder

    def reveal(self) -> str:
        """Fetch the secret; ConfigurationError names the reference and what is wrong, never the secret."""
        kind, _, place = self.reference.partition(":")
        found = _WAYS[kind](self, place.strip())
        if not found:
            raise ConfigurationError(f"the secret {self.reference} is empty")
        keep_secret(found)
        return found

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    def __str__(self) -> str:
        return self.reference

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reference == self.reference

    def __hash__(self) -> int:
        return hash(self.reference)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(
            _take,
            core_schema.no_info_plain_validator_function(_check),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": "^(env|file|keyring):.+", "description": f"a secret: {_FORMS}"}


def _is_reference(text: str) -> bool:
    kind, colon, place = text.strip().partition(":")
    if not (colon and place.strip()) or kind not in _WAYS or not text.isprintable():
        return False
    return kind != "keyring" or all(part.strip() for part in place.partition("/"))


def _take(value: Any, info: ValidationInfo) -> Any:
    """Make a Secret of a reference; whatever else it is goes no further than here."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not _is_reference(value):
        return _Refused()
    context = cast("dict[str, Any]", info.context or {})
    return Secret(value, context.get("folder"))


def _check(value: Any) -> Secret:
    if not isinstance(value, Secret):
        raise ValueError(f"a secret is a reference: {_FORMS}; never the secret itself")
    return value


def _from_environment(secret: Secret, name: str) -> str:
    if name not in os.environ:
        raise ConfigurationError(f"the secret {secret.reference} is not there: the environment has no {name}")
    return os.environ[name]


def _from_file(secret: Secret, place: str) -> str:
    try:
        path = (secret.folder or Path.cwd()) / Path(place).expanduser()
        with path.open("rb") as file:
            _check_private(secret, os.fstat(file.fileno()), path)
            raw = file.read(_MOST_BYTES + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: ~ of nobody
        why = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"the secret {secret.reference} cannot be read: {why}") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if len(raw) > _MOST_BYTES or (raw and not text):
        raise ConfigurationError(f"the secret {secret.reference} is not a short text")
    return text.rstrip("\r\n")


def _check_private(secret: Secret, status: os.stat_result, path: Path) -> None:
    if os.name == "posix" and status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise ConfigurationError(
            f"the secret {secret.reference} can be read by others (mode {mode:04o})", hint=f"chmod 600 {path}"
        )


def _from_keyring(secret: Secret, place: str) -> str:
    service, _, name = place.partition("/")
    try:
        keyring: Any = importlib.import_module("keyring")
    except ImportError:
        raise ConfigurationError(
            f"the secret {secret.reference} needs the package keyring", hint='pip install "v6core[keyring]"'
        ) from None
    try:
        found: str | None = keyring.get_password(service, name)
    except Exception as error:  # noqa: BLE001 -- a keyring's backends raise what they like, secrets included
        raise ConfigurationError(
            f"the secret {secret.reference} cannot be fetched: {type(error).__name__}: the keyring did not answer"
        ) from None
    if found is None:
        raise ConfigurationError(
            f"the secret {secret.reference} is not in the keyring", hint=f"keyring set {service} {name}"
        )
    return found


_WAYS: Final[dict[str, Callable[[Secret, str], str]]] = {
    "env": _from_environment,
    "file": _from_file,
    "keyring": _from_keyring,
}

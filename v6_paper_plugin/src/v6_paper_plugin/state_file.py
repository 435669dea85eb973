"""The file that keeps an account over restarts: written whole beside itself, synced, then put in its place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

from v6core.errors import BrokerError

FORMAT = "v6-paper"
VERSION = 1
_WAY_OUT = "restore it from a copy, or move it away to begin anew with the configured cash"


class StateFile:
    """One state file; only its owner may read it, because it holds what an account holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any] | None:
        """Return what was written last, or None where there is no file; BrokerError for one that cannot be trusted."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BrokerError(
                f"state file {self.path} cannot be read: {error.strerror or error}",
                code="STATE_NOT_READ",
                hint='make it readable, name another file with state = ..., or keep none with state = "off"',
            ) from error
        except UnicodeDecodeError as error:
            raise self._broken(f"is not text: {error}") from error
        try:
            data = json.loads(text)
        except ValueError as error:
            raise self._broken(f"is not whole: {error}") from error
        if not isinstance(data, dict) or cast("dict[str, Any]", data).get("format") != FORMAT:
            raise self._broken("was not written by the paper broker")
        return self._checked(cast("dict[str, Any]", data))

    def _checked(self, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("version") != VERSION:
            raise BrokerError(
                f"state file {self.path} has version {data.get('version')}, this v6-paper-plugin reads {VERSION}",
                code="STATE_VERSION",
                hint="use the version that wrote it, or name another file with state = ...",
            )
        return data

    def write(self, parts: dict[str, str]) -> None:
        """Write parts of JSON so that a crash leaves the old file or the new one; BrokerError where it cannot be."""
        known = {"format": json.dumps(FORMAT), "version": json.dumps(VERSION), **parts}
        text = f"{{{','.join(f'{json.dumps(name)}:{part}' for name, part in known.items())}}}"
        beside = self.path.with_name(f".{self.path.name}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _write_synced(beside, text)
            beside.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise BrokerError(
                f"state file {self.path} cannot be written: {error.strerror or error}",
                code="STATE_NOT_WRITTEN",
                hint='make its folder writable, name another file with state = ..., or keep none with state = "off"',
            ) from error

    def broken(self, error: Exception) -> BrokerError:
        """Return the error for a state that was read and makes no sense."""
        return self._broken(f"does not fit together: {error!r}")

    def _broken(self, what: str) -> BrokerError:
        return BrokerError(f"state file {self.path} {what}", code="STATE_BROKEN", hint=_WAY_OUT)


def _write_synced(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # elsewhere a folder cannot be opened, and renaming is durable enough
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

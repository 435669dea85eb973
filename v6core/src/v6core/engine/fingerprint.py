"""What an engine runs with, in a few words that the journal keeps: code and settings that orders depend on.

An order that was placed by one plugin and is looked after by another, or by the same one with other settings, may be
cancelled at the wrong account, or not be found at all. So a start with orders open, or in doubt, is refused where the
fingerprint is not that of the last start, unless ``[engine] accept_change`` says that the change is meant.

In it are v6core's version, the broker's plugin with its distribution and version (of a plugin in a file, the hash of
the file), and a hash of the broker's own section. Not in it is what may change at any time and changes no order that is
out: limits, deadlines, extensions, and secrets with the places where they are kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_core import to_jsonable_python

from v6core import __version__
from v6core.config.problems import looks_secret
from v6core.config.secret import Secret
from v6core.engine.record import Record
from v6core.errors import ConfigurationError

Fingerprint = dict[str, str]
_WORDS = {"v6core": "v6core", "plugin": "the broker's plugin", "settings": "the broker's settings"}
_MOST_NAMED = 3


def fingerprint(plugin: str, settings: BaseModel) -> Fingerprint:
    """Return the fingerprint of a broker that ``plugin`` (its name, distribution and version) makes of settings."""
    text = json.dumps(_public(settings), sort_keys=True)
    return {"v6core": __version__, "plugin": plugin, "settings": hashlib.sha256(text.encode()).hexdigest()}


def _public(value: Any, name: str = "") -> Any:
    """Return a setting as JSON takes it, without the secrets in it."""
    if isinstance(value, Secret | SecretStr | SecretBytes) or looks_secret(name):
        return None
    if isinstance(value, BaseModel):
        return {key: _public(inner, key) for key, inner in value}
    if _is_a(value, Mapping):
        return _public_items(value)
    if _is_a(value, list, tuple, set, frozenset):
        return _public_rows(value, name)
    return to_jsonable_python(value, fallback=str)


def _is_a(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds)


def _public_items(items: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): _public(inner, str(key)) for key, inner in items.items()}


def _public_rows(rows: Collection[Any], name: str) -> list[Any]:
    public = [_public(row, name) for row in rows]
    return sorted(public, key=str) if _is_a(rows, set, frozenset) else public


def check_unchanged(record: Record, present: Mapping[str, str], *, accept: bool) -> None:
    """Raise ConfigurationError where the last start was another one and orders are out that were placed then."""
    before: Mapping[str, str] = record.last_start.fingerprint if record.last_start is not None else {}
    changed = [name for name in present if name in before and before[name] != present[name]]
    waiting = [*dict.fromkeys((*record.open, *record.doubtful_ids))]
    if accept or not changed or not waiting:
        return
    what = " and ".join(_told(name, before[name], present[name]) for name in changed)
    named = ", ".join(map(str, waiting[:_MOST_NAMED])) + (", ..." if len(waiting) > _MOST_NAMED else "")
    raise ConfigurationError(
        f"{what} changed since the last start, and {len(waiting)} orders from before are open or in doubt ({named})",
        code="CHANGED_WITH_OPEN_ORDERS",
        hint="start as before and see them ended, or allow the change: accept_change = true under [engine]",
    )


def _told(name: str, before: str, present: str) -> str:
    return _WORDS[name] if name == "settings" else f"{_WORDS[name]} ({before} -> {present})"

"""The surface of the plugin contract: a line for each name that a plugin may count on: what it is and how it is used.

``NEEDED`` stands in a line where a plugin must give the thing: a field without a default in what it makes, a method
that it must write. Such a line can be added in a new major alone.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

import v6core
from v6core import (
    broker,
    capabilities,
    clock,
    contracts,
    errors,
    fills,
    hookspecs,
    orders,
    quotes,
    reports,
    risk,
)

RECORD = Path(__file__).with_name("surface.txt")
NEEDED = "NEEDED"
_MODULES = (broker, capabilities, clock, contracts, errors, fills, orders, quotes, reports, risk)
_OURS_ALONE = {"SimulatedClock", "SimulatedLoop", "SystemClock", "ExecutionResult", "ActionTaken"}
"""Classes of those modules that plugins neither make nor are given."""
_GIVEN = {"BrokerContext", "CheckContext", "Order", "BracketOrder"}
"""What v6 makes and plugins read: a field without a default may be added there."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from the record, by what has to be done about it."""

    gone: tuple[str, ...]
    added: tuple[str, ...]
    newly_needed: tuple[str, ...]

    @property
    def told(self) -> str:
        """One sentence for each kind of change with its lines; empty where there is none."""
        major, minor = v6core.PLUGIN_API.split(".")
        lost = (
            "plugins that are out there count on what is gone, or cannot know what they must give: restore it, "
            f"give it a default, or raise the major (PLUGIN_API = {int(major) + 1}.0)"
        )
        come = (
            f"this was added and is not recorded: raise the minor (PLUGIN_API = {major}.{int(minor) + 1}) unless "
            "the present one is unreleased, and run scripts/write_plugin_contract.py"
        )
        parts = (((*self.gone, *self.newly_needed), lost), (self.added, come))
        return "\n".join("\n  ".join([f"{text}:", *lines]) for lines, text in parts if lines)


def change(recorded: Iterable[str], there: Iterable[str]) -> Change:
    """Return what has become of the recorded lines. A line that is there in another form is gone and added."""
    old, new = dict.fromkeys(recorded), dict.fromkeys(there)
    classes = {line.partition(":")[0].rpartition(".")[0] for line in old}
    added = [line for line in new if line not in old]
    needed = [line for line in added if NEEDED in line and line.partition(":")[0].rpartition(".")[0] in classes]
    return Change(
        tuple(line for line in old if line not in new),
        tuple(line for line in added if line not in needed),
        tuple(needed),
    )


def recorded() -> dict[str, str]:
    """Return the recorded lines, each with the contract in which it came."""
    if not RECORD.exists():
        return {}
    rows = (line.split("  ", 1) for line in RECORD.read_text(encoding="utf-8").splitlines() if line[:1].isdigit())
    return {line: since for since, line in rows}


def surface() -> list[str]:
    """Return every line of the contract as the code has it."""
    lines = [line for module in _MODULES for kind in _classes(module) for line in _class(module.__name__, kind)]
    lines += [f"v6core.{name}" for name in v6core.__all__]
    hooks = [(name, hook) for name, hook in vars(hookspecs).items() if name.startswith("v6_")]
    lines += [f"v6core.hookspecs.{name}: {_signature(hook)}" for name, hook in hooks]
    return sorted(set(lines))


def _classes(module: ModuleType) -> Iterator[type[Any]]:
    for name, kind in vars(module).items():
        belongs = inspect.isclass(kind) and kind.__module__.partition(".")[2].split(".")[0] == _last(module)
        if belongs and not name.startswith("_") and name not in _OURS_ALONE:
            yield kind


def _last(module: ModuleType) -> str:
    return str(module.__name__.rpartition(".")[2])


def _class(module: str, kind: type[Any]) -> Iterator[str]:
    name = f"{module}.{kind.__name__}"
    above = (base.__name__ for base in kind.__bases__ if base is not object)
    yield f"{name}: class({', '.join(base for base in above if not base.startswith('_'))})"
    if issubclass(kind, enum.Enum):
        yield from (f"{name}.{member.name}: {member.value!r}" for member in kind)
        return
    if issubclass(kind, BaseException):
        yield f"{name}.code: {getattr(kind, 'code', '')!r}"
        return
    yield from (f"{name}.{field}: {text}" for field, text in _fields(kind))
    yield from (f"{name}.{member}: {text}" for member, text in _members(kind))


def _fields(kind: type[Any]) -> Iterator[tuple[str, str]]:
    if issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield name, _field(kind, name, is_needed=field.is_required(), default=field.default)
    elif dataclasses.is_dataclass(kind):
        for row in dataclasses.fields(kind):
            has_none = row.default is dataclasses.MISSING and row.default_factory is dataclasses.MISSING
            yield row.name, _field(kind, row.name, is_needed=has_none, default=row.default)


def _field(kind: type[Any], name: str, *, is_needed: bool, default: Any) -> str:
    annotation = next(annotations[name] for annotations in _annotations(kind) if name in annotations)
    if is_needed:
        return f"{annotation}{'' if kind.__name__ in _GIVEN else f' {NEEDED}'}"
    if isinstance(default, enum.Enum):
        return f"{annotation} = {default.name}"
    return f"{annotation} = {repr(default) if isinstance(default, str | int | float | bool | None) else '...'}"


def _annotations(kind: type[Any]) -> Iterator[dict[str, str]]:
    """Yield what is written in the source, class by class: evaluated, it reads otherwise in each Python."""
    for above in kind.__mro__:
        yield vars(above).get("__annotations__", {})


def _members(kind: type[Any]) -> Iterator[tuple[str, str]]:
    abstract: frozenset[str] = getattr(kind, "__abstractmethods__", frozenset())
    for name, member in vars(kind).items():
        if name.startswith(("_", "model_")):
            continue
        function = getattr(member, "__func__", member)
        if isinstance(member, property):
            yield name, "property"
        elif inspect.isfunction(function):
            yield name, f"{_signature(function)}{f' {NEEDED}' if name in abstract else ''}"


def _signature(function: Any) -> str:
    kind = "async " if inspect.iscoroutinefunction(function) else ""
    return f"{kind}{inspect.signature(function)}".replace("'", "")


def write(lines: Iterable[str]) -> None:
    """Record the lines that are there, each with the contract in which it came."""
    before = recorded()
    rows = [f"{before.get(line, v6core.PLUGIN_API)}  {line}" for line in lines]
    head = (
        "The plugin contract, each line with the version in which it came. Written by scripts/write_plugin_contract.py."
    )
    RECORD.write_text("\n".join([head, "", *rows, ""]), encoding="utf-8")

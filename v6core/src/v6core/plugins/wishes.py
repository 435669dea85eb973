"""What a plugin asked of v6core that is not there: a slip of its author's, or a part of another v6core."""

from __future__ import annotations

import difflib
import inspect
import pkgutil
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError

import v6core

# Above difflib's own 0.6, at which NotYetReport is near Report.
_NEAR = 0.75
_NO_NAME = re.compile(r"cannot import name '(\w+)'")
_NO_ARGUMENT = re.compile(r"(\w+)[\w.]*\(\) got an unexpected keyword argument '(\w+)'")


@dataclass(frozen=True, slots=True)
class Wish:
    """``name`` was asked of ``part``, which has other names."""

    name: str
    part: str
    there: tuple[str, ...] = ()

    def meant(self) -> str | None:
        """Return what to write instead, if that can be told: the module that has the name, or a name that is near."""
        home = _home_of(self.name) if self.part.startswith("v6core") else None
        if home is not None:
            return f"{self.name} is in {home}"
        there = [name for name in self.there if not name.startswith("_")]
        near = difflib.get_close_matches(self.name, there, 1, _NEAR)
        return f"{self.part} has no {self.name}; did you mean {near[0]}?" if near else None


def wish_of(error: BaseException) -> Wish | None:
    """Return what an exception shows to have been asked of v6core in vain; None where nothing of ours was asked."""
    match error:
        case ModuleNotFoundError():
            return _module(error.name or "")
        case ImportError():
            return _import(error, error.name or "")
        case AttributeError():
            return _attribute(error)
        case ValidationError():
            return _field(error)
        case TypeError():
            return _argument(error)
        case _:
            return None


def _module(name: str) -> Wish | None:
    parent, _, leaf = name.rpartition(".")
    if not _is_ours(parent):
        return None
    above = sys.modules.get(parent)
    return Wish(leaf, parent, tuple(one.name for one in pkgutil.iter_modules(getattr(above, "__path__", ()))))


def _import(error: ImportError, module: str) -> Wish | None:
    found = _NO_NAME.match(str(error))
    return Wish(found[1], module, tuple(dir(sys.modules.get(module)))) if found and _is_ours(module) else None


def _attribute(error: AttributeError) -> Wish | None:
    part: Any = error.obj
    # Nothing is asked of a stranger's object itself: it may answer with anything.
    kind = part if isinstance(part, type) else type(part)
    if not _is_ours(part.__name__ if isinstance(part, ModuleType) else kind.__module__):
        return None
    return Wish(error.name or "", getattr(part, "__name__", type(part).__name__), tuple(dir(part)))


def _field(error: ValidationError) -> Wish | None:
    """Return the field that a model of ours does not have; a model of the plugin's own may refuse one as well."""
    models = [model for model in _models(BaseModel) if model.__name__ == error.title]
    if not models or not all(_is_ours(model.__module__) for model in models):
        return None
    strange = [row["loc"] for row in error.errors(include_url=False) if row["type"] == "extra_forbidden"]
    fields = tuple(models[0].model_fields)
    return next((Wish(str(loc[-1]), error.title, fields if len(loc) == 1 else ()) for loc in strange), None)


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for below in model.__subclasses__():
        yield below
        yield from _models(below)


def _argument(error: TypeError) -> Wish | None:
    found = _NO_ARGUMENT.match(str(error))
    # The call failed before it began: the innermost frame is the caller's, and shows what the name stands for there.
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if found is None or not frames:
        return None
    called: Any = frames[-1].f_globals.get(found[1], getattr(v6core, found[1], None))
    if not callable(called) or not _is_ours(getattr(called, "__module__", None)):
        return None
    return Wish(found[2], found[1], tuple(inspect.signature(called).parameters))


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] == "v6core"


def _home_of(name: str) -> str | None:
    """Return the module nearest to the top that offers a name. The sources are read: an import may do anything."""
    root = Path(v6core.__file__).parent
    homes = (_dotted(file, root) for file in _public(root) if _offers(file, name))
    return min(homes, key=lambda home: (home.count("."), home), default=None)


def _public(root: Path) -> Iterable[Path]:
    for file in root.rglob("*.py"):
        parts = file.relative_to(root).with_suffix("").parts
        if file.name == "__init__.py" or not any(part.startswith("_") for part in parts):
            yield file


def _offers(file: Path, name: str) -> bool:
    text = file.read_text(encoding="utf-8")
    if file.name == "__init__.py":
        return re.search(rf'^__all__ = \[[^\]]*"{name}"', text, re.MULTILINE) is not None
    return re.search(rf"^(?:class|def|async def) {name}\b|^{name}(?: =|:)", text, re.MULTILINE) is not None


def _dotted(file: Path, root: Path) -> str:
    parts = file.relative_to(root.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")

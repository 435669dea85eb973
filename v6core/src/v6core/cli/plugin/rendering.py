"""The template's files with a project's words in them, and the folder that they become."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from v6core.cli.plugin.project import Project
from v6core.errors import PluginError

_SUFFIX = ".jinja"
_EXPRESSION = re.compile(r"\{\{ (.+?) \}\}")


def rendered(project: Project) -> dict[str, str]:
    """Return the project's files: their paths in its folder, and their texts."""
    words = project.words
    return {
        _filled(path.removesuffix(_SUFFIX), words): _filled(text, words) if path.endswith(_SUFFIX) else text
        for path, text in _files(resources.files("v6core.cli.plugin") / "template")
    }


def _files(folder: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry, f"{above}{entry.name}/")
        else:
            yield above + entry.name, entry.read_text(encoding="utf-8")


def _filled(text: str, words: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: words[found[1]], text)


def write_project(project: Project, into: Path) -> Path:
    """Write a project's folder into another, whole or not at all, and return it; an existing one is never touched."""
    target = into / project.distribution
    if target.exists() or target.is_symlink():
        raise PluginError(
            f"{target} exists and is not overwritten", hint="choose another name, or another folder with --into"
        )
    if not into.is_dir():
        if into.exists():
            raise PluginError(f"{into} is no folder", hint="name a folder with --into")
        raise PluginError(f"there is no folder {into}", hint="make it first, or name another with --into")
    # Written beside its place and moved there at the end: what is there is whole.
    with _scratch(into, project.distribution) as scratch:
        folder = Path(scratch) / project.distribution
        for path, text in rendered(project).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        folder.rename(target)
    return target


def _scratch(into: Path, distribution: str) -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(dir=into, prefix=f".{distribution}-")
    except OSError as error:
        raise PluginError(
            f"nothing can be written into {into}: {error.strerror}", hint="name another folder with --into"
        ) from error

"""Where the template lives, as ``copier update`` will read it: the address of a git repository, or a clone's folder."""

from __future__ import annotations

import re
from pathlib import Path

from v6core.errors import PluginError

_ADDRESS = re.compile(r"((git\+)?(https?|ssh|git|file)://|[\w.-]+@[\w.-]+:|g[hl]:[\w.-]+/)[!-~]+")
_QUESTIONS = "copier.yml"


def address_of(given: str) -> str:
    """Return an address as it is given, and a folder with its whole path; PluginError for what is neither."""
    if _ADDRESS.fullmatch(given):
        return given
    folder = Path(given).expanduser()
    if not (given.strip() and given.isprintable() and folder.is_dir()):
        raise PluginError(
            f"{given!r} is no address of a git repository, and no folder that is there",
            hint="--template https://HOST/v6.git, git@HOST:v6.git, or the folder of a clone of v6",
        )
    if not (folder / _QUESTIONS).is_file():
        raise PluginError(f"the folder {given} is no clone of v6: it has no {_QUESTIONS}")
    return str(folder.absolute())

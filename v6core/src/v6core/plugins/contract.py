"""The plugin contract: which plugins this v6core can run, told before anything of theirs is used.

A broker says in ``BrokerSpec.api`` what it was written for. Within a major, a newer core runs an older plugin; an older
core does not run a newer one, which may count on what is not there yet.
"""

from __future__ import annotations

import re
from importlib import metadata

from v6core import PLUGIN_API, __version__
from v6core.errors import PluginError
from v6core.plugins.wishes import wish_of

_API = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")


def check_api(api: object, broker: str, whose: str) -> None:
    """Raise PluginError unless a broker written for a contract runs on this v6core; ``whose`` is its distribution."""
    given = _read(api)
    if given is None:
        raise PluginError(
            f"broker {broker!r} of {whose} has an unfit api: {type(api).__name__} {str(api)[:40]!r}",
            hint=f'write the plugin contract that it was made for as major.minor: api="{PLUGIN_API}"',
        )
    ours = _read(PLUGIN_API)
    assert ours is not None
    if given[0] == ours[0] and given[1] <= ours[1]:
        return
    way_out = (
        "pip install --upgrade v6core"
        if given > ours
        else "update the plugin, or install the v6core that it was made for"
    )
    raise PluginError(
        f"broker {broker!r} of {whose} was made for plugin contract {api}; v6core {__version__} has {PLUGIN_API}",
        hint=way_out,
    )


def _read(api: object) -> tuple[int, int] | None:
    found = _API.fullmatch(api) if isinstance(api, str) else None
    return None if found is None else (int(found[1]), int(found[2]))


def hint_of(error: BaseException, distribution: str = "") -> str | None:
    """Return a hint where a plugin asked for a name, an argument or a module of ours that is not there, else None.

    Where no name is near what it asked for, it may have been made for another v6core, before it could say its contract.
    """
    wish = wish_of(error)
    if wish is None:
        return None
    return wish.meant() or _age(distribution)


def _age(distribution: str) -> str:
    needs = needed_of_v6core(distribution) if distribution else None
    asked = f"{distribution} asks for {needs}" if needs else "it may have been made for another v6core"
    update = f"pip install --upgrade v6core {distribution}".strip()
    return f"{asked}; this is v6core {__version__} with plugin contract {PLUGIN_API}: {update}"


def needed_of_v6core(distribution: str) -> str | None:
    """Return what a distribution's metadata says of v6core, as in ``v6core>=0.2``."""
    try:
        required = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    return next((line for line in required if re.match(r"v6core\b", line)), None)

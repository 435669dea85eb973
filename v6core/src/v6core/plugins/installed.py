"""What the installed distributions announce in our entry-point groups.

Only metadata is read. An entry is imported when it is named, so a broken plugin harms nobody who does not use it.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from v6core.errors import PluginError
from v6core.plugins.contract import hint_of, needed_of_v6core
from v6core.plugins.places import told_at

BROKERS = "v6.brokers"
"""The group of brokers; an entry's name is what the configuration calls ``plugin``."""
EXTENSIONS = "v6.extensions"
"""The group of checks and observers."""
COMMANDS = "v6.commands"
"""The group of subcommands of ``v6``."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Installed:
    """One entry of a group: its name, and the distribution that claims it."""

    name: str
    distribution: str
    version: str
    target: str = ""
    group: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    @property
    def needs(self) -> str | None:
        """What the distribution asks of v6core, as in ``v6core>=0.2``; None where its metadata does not say."""
        return needed_of_v6core(self.distribution)

    def load(self) -> Any:
        """Import what the entry points at; PluginError names distribution, version, cause and the way out."""
        try:
            return metadata.EntryPoint(self.name, self.target, self.group).load()
        except (Exception, SystemExit) as error:
            package = self.target.partition(":")[0].partition(".")[0]
            raise PluginError(
                f"plugin {self.name!r} of {self} cannot be imported: {told_at(error, package)}",
                hint=hint_of(error, self.distribution) or _way_out(error, self.distribution),
            ) from error


def _way_out(error: BaseException, distribution: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return (
            f"a package that it needs is missing ({error.name.partition('.')[0]}): pip install --upgrade {distribution}"
        )
    return f"pip install --upgrade {distribution}, or leave the plugin out of the configuration"


def installed(group: str = BROKERS) -> list[Installed]:
    """Return what is installed in a group, by name; nothing is imported."""
    found: dict[tuple[str, str, str], Installed] = {}
    for distribution in metadata.distributions():
        for entry in _entries(distribution, group):
            # The same distribution may be on the path twice; the first is the one that imports find.
            found.setdefault((entry.name, _normal(entry.distribution), entry.target), entry)
    firsts: dict[tuple[str, str], str] = {}
    for entry in found.values():
        firsts.setdefault((entry.name, _normal(entry.distribution)), entry.version)
    return sorted(e for e in found.values() if firsts[e.name, _normal(e.distribution)] == e.version)


def _entries(distribution: metadata.Distribution, group: str) -> Iterator[Installed]:
    try:
        entries = [entry for entry in distribution.entry_points if entry.group == group]
    except RecursionError:
        raise  # the stack is at its end, and nothing is wrong with the metadata
    except Exception:  # noqa: BLE001 -- whatever is wrong with a stranger's metadata
        _LOG.debug("the entry points of %r cannot be read", distribution, exc_info=True)
        return
    if not entries:
        return
    name, version = _identity(distribution)
    for entry in entries:
        yield Installed(entry.name, name, version, entry.value, group)


def _identity(distribution: metadata.Distribution) -> tuple[str, str]:
    try:
        return str(distribution.metadata["Name"] or "?"), str(distribution.version or "?")
    except Exception:  # noqa: BLE001 -- a folder without METADATA has neither, and says so differently in each Python
        return "?", "?"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def find(name: str, group: str) -> Installed:
    """Return the one entry with a name; PluginError where there is none, or where several claim it."""
    entries = installed(group)
    fitting = [entry for entry in entries if entry.name == name]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        claimants = " and ".join(str(entry) for entry in fitting)
        raise PluginError(
            f"{name!r} in {group} is claimed by {len(fitting)} distributions: {claimants}",
            hint=f"uninstall the one that you do not want, as in: pip uninstall {fitting[0].distribution}",
        )
    names = sorted({entry.name for entry in entries})
    near = difflib.get_close_matches(name, names, 1)
    question = f"; did you mean {near[0]!r}?" if near else ""
    raise PluginError(
        f"no plugin provides {name!r} in {group} (installed: {', '.join(names) or 'none'}){question}",
        hint="install the distribution that provides it; v6 brokers lists what is installed",
    )


def load_command(name: str) -> Any:
    """Import the subcommand that a plugin adds to ``v6``; PluginError where it cannot be had."""
    return find(name, COMMANDS).load()

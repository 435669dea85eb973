"""A plugin to be: its name, and the words of its project that are made of it."""

from __future__ import annotations

import json
import keyword
import re
from dataclasses import dataclass

from v6core import PLUGIN_API, __version__
from v6core.errors import PluginError

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 24
# A YAML scalar that is a text as it stands: an address or a path, without a mark that would make it something else.
_PLAIN = re.compile(r"[A-Za-z/.~][\w/.@~+-]*(:[\w/.@~+-]+)*")


@dataclass(frozen=True, slots=True)
class Project:
    """``name`` is the word of the configuration, ``template`` where ``copier update`` asks later."""

    name: str
    template: str | None = None

    def __post_init__(self) -> None:
        """Refuse a name that no package, class and word of a configuration could be made of."""
        if keyword.iskeyword(self.name):
            raise PluginError(
                f"{self.name!r} cannot be the name of a plugin: it is a word of Python", hint=f"my_{self.name}, say"
            )
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST:
            raise PluginError(
                f"{self.name!r} cannot be the name of a plugin",
                hint=f"small letters, digits and single underscores, a letter first, {_LONGEST} at most: my_broker",
            )

    @property
    def distribution(self) -> str:
        """What is installed: ``v6-my-broker-plugin``."""
        return f"v6-{self.name.replace('_', '-')}-plugin"

    @property
    def words(self) -> dict[str, str]:
        """What stands between braces in the template, and what comes in its place."""
        major, minor, _ = __version__.split(".", 2)
        return {
            "name": self.name,
            "distribution": self.distribution,
            "package": f"v6_{self.name}_plugin",
            "class_name": "".join(part.capitalize() for part in self.name.split("_")),
            "api": PLUGIN_API,
            "core": f"v6core>={major}.{minor}",
            "_copier_conf.answers_file": ".copier-answers.yml",
            "_copier_answers|to_nice_yaml": self._answers,
        }

    @property
    def _answers(self) -> str:
        """What copier would have written: where the template is, which state of it this is, and what was answered."""
        answers = {"_commit": f"v{__version__}", "_src_path": self.template, "name": self.name}
        return "".join(f"{key}: {_scalar(value)}\n" for key, value in answers.items() if value is not None)


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)

"""File, environment and option made into one Configuration; everything that is wrong with them is told at once."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict

from v6core.config.document import Document, read_document
from v6core.config.environment import PATH_VARIABLE, Overlay, misspelt, plain, variables
from v6core.config.origins import KeyPath, Origin, Source, origin_of
from v6core.config.problems import Problem, did_you_mean, quoted, refuse, validated
from v6core.config.sections import BrokerSection, Configuration, EngineSection, JournalSection
from v6core.errors import ConfigurationError
from v6core.risk import RiskLimits

FILE_NAME = "v6.toml"
# With no file and no choice, nothing leaves the machine: the paper broker is always there to be chosen.
_PAPER = "paper"


class _Broker(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    plugin: str


class _File(BaseModel):
    """What v6.toml may hold; a broker's own settings are judged later, by its plugin's model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: str | None = None
    extensions: tuple[str, ...] = ()
    brokers: dict[str, _Broker] = {}
    risk: RiskLimits = RiskLimits()
    journal: JournalSection = JournalSection()
    engine: EngineSection = EngineSection()


KNOWN = {
    "": tuple(_File.model_fields),
    "risk": tuple(RiskLimits.model_fields),
    "journal": tuple(JournalSection.model_fields),
    "engine": tuple(EngineSection.model_fields),
}


def load(
    path: str | Path | None = None,
    *,
    broker: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Configuration:
    """Return the configuration of a file, else of ``V6_CONFIG``, else of ``v6.toml`` in the working folder, else none.

    The environment is laid over it, and ``broker`` over both. ConfigurationError tells all problems at once, each with
    its line or its variable.
    """
    given = os.environ if environment is None else environment
    working = (folder or Path.cwd()).absolute()
    where = find(path, given, working)
    if where is not None and path is None and not os.path.lexists(where):
        named = given[PATH_VARIABLE].strip()
        raise ConfigurationError(f"environment {PATH_VARIABLE}: there is no configuration file {named}")
    document = read_document(where, name_of(where, working)) if where is not None else Document(FILE_NAME, {}, {})
    overlay = Overlay(document.values, KNOWN)
    problems = _lay(overlay, given)
    built_in = is_built_in(document, overlay)
    if built_in:
        overlay.values["brokers"][_PAPER]["plugin"] = _PAPER
    origins = _origins(document, overlay, broker)
    if where is not None:
        origins[()] = Origin(Source.FILE, document.name)
    taken = validated(_File, overlay.values, origins)
    if isinstance(taken, list):
        refuse([*problems, *taken])
        raise AssertionError("a refused file has problems")
    home = where.parent if where is not None else working
    brokers = {name: _section(name, raw, origins, home) for name, raw in taken.brokers.items()}
    written = [name for name in brokers if not (built_in and name == _PAPER)]
    choice = choose(taken.broker if broker is None else broker, written, origins, problems)
    journal = absolute(str(taken.journal.path).replace("{broker}", choice), home)
    halt_file = _halt_file(taken.risk.halt_file, home)
    problems += _place_problems(journal, halt_file, origins)
    problems += [problem for name in brokers for problem in _name_problems(name, brokers, origins)]
    refuse(problems)
    brokers.setdefault(_PAPER, BrokerSection(name=_PAPER, plugin=_PAPER, folder=home))
    return Configuration(
        broker=choice,
        brokers=MappingProxyType(brokers),
        extensions=taken.extensions,
        risk=taken.risk.model_copy(update={"halt_file": halt_file}),
        journal=JournalSection(path=journal),
        engine=taken.engine,
        path=where,
        folder=home,
        origins=MappingProxyType(origins),
    )


def find(path: str | Path | None, environment: Mapping[str, str], working: Path) -> Path | None:
    """Return the file that a path, the environment or the working folder names, there or not; None where none does."""
    if path is not None:
        return absolute(path, working)
    if named := environment.get(PATH_VARIABLE, "").strip():
        return absolute(named, working)
    usual = working / FILE_NAME
    # A link that leads nowhere is a file that somebody meant to be there.
    return usual if os.path.lexists(usual) else None


def absolute(path: str | Path, home: Path) -> Path:
    """Return a path as the file's folder has it; ConfigurationError where it begins with the home of nobody."""
    try:
        return Path(os.path.normpath(home / Path(path).expanduser()))
    except RuntimeError:
        raise ConfigurationError(f"{path} names the home of a user who is not known here") from None


def _halt_file(given: str, home: Path) -> str:
    return "off" if given.strip().lower() in {"", "off"} else str(absolute(given, home))


def _place_problems(journal: Path, halt_file: str, origins: Mapping[KeyPath, Origin]) -> list[Problem]:
    """Tell what stands where a file of ours must be: a folder there would halt for ever, or fail at the first order."""
    places = {("journal", "path"): journal}
    if halt_file != "off":
        places["risk", "halt_file"] = Path(halt_file)
    return [
        Problem(origin_of(path, origins), f"[{path[0]}] {path[1]} must name a file, and {place} is {what}")
        for path, place in places.items()
        if (what := _not_a_file(place)) is not None
    ]


def _not_a_file(place: Path) -> str | None:
    try:
        if place.is_dir():
            return "a folder"
        return "no regular file" if place.exists() and not place.is_file() else None
    except OSError:
        return None  # what cannot be looked at is told when it is used


def name_of(where: Path, working: Path) -> str:
    """Return what people call a file."""
    return str(where.relative_to(working)) if where.is_relative_to(working) else str(where)


def _lay(overlay: Overlay, environment: Mapping[str, str]) -> list[Problem]:
    problems = [
        Problem(Origin(Source.ENVIRONMENT, name), f"there is no such variable; did you mean {meant}?")
        for name, meant in misspelt(environment, KNOWN[""])
    ]
    for variable in variables(environment, KNOWN[""]):
        try:
            overlay.lay(variable)
        except ValueError as error:
            problems.append(Problem(variable.origin, str(error)))
    return problems


def is_built_in(document: Document, overlay: Overlay) -> bool:
    """Tell whether variables alone speak of the paper broker that is always there, which needs no plugin named."""
    base = ("brokers", _PAPER)
    laid = any(path[:2] == base and len(path) > len(base) for path in overlay.origins)
    return laid and base not in document.lines and (*base, "plugin") not in overlay.origins


def _origins(document: Document, overlay: Overlay, broker: str | None) -> dict[KeyPath, Origin]:
    origins = {path: Origin(Source.FILE, document.name, line) for path, line in document.lines.items()}
    origins.update(overlay.origins)
    for path, origin in overlay.origins.items():  # a section that only variables make stands where the first of them is
        for length in range(1, len(path)):
            origins.setdefault(path[:length], replace(origin, text=None))
    if broker is not None:
        origins["broker",] = Origin(Source.OPTION, "--broker")
    return origins


def _section(name: str, raw: _Broker, origins: Mapping[KeyPath, Origin], home: Path) -> BrokerSection:
    settings: dict[str, Any] = raw.model_extra or {}
    return BrokerSection(
        name=name, plugin=raw.plugin, settings=MappingProxyType(settings), folder=home, origins=origins
    )


def choose(
    wanted: str | None,
    brokers: Collection[str],
    origins: Mapping[KeyPath, Origin],
    problems: list[Problem],
) -> str:
    """Return the name of the broker to use: the one that is wanted, or the only one there is."""
    if wanted is None:
        if len(brokers) > 1:
            names = ", ".join(brokers)
            problems.append(
                Problem(origin_of((), origins), f"several brokers and no choice: set broker to one of {names}")
            )
        return next(iter(brokers), _PAPER)
    fitting = [name for name in (*brokers, _PAPER) if name == wanted]
    fitting = fitting or [name for name in (*brokers, _PAPER) if plain(name) == plain(wanted.strip())]
    if not fitting:
        known = dict.fromkeys((*brokers, _PAPER))
        sentence = f"there is no broker {wanted[:60]!a}: no section [brokers.{wanted[:60]}]"
        problems.append(Problem(origin_of(("broker",), origins), sentence + did_you_mean(wanted, known)))
        return _PAPER
    return fitting[0]


def _name_problems(name: str, brokers: Mapping[str, BrokerSection], origins: Mapping[KeyPath, Origin]) -> list[Problem]:
    """Check a broker's name, which becomes the name of a folder and part of a variable's."""
    place = origin_of(("brokers", name), origins)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        return [
            Problem(place, f"[{quoted(('brokers', name))}] a broker's name is letters, digits, - and _, at most 64")
        ]
    twins = [other for other in brokers if other != name and plain(other) == plain(name)]
    return (
        [Problem(place, f"[brokers.{name}] and [brokers.{twins[0]}] cannot be told apart: rename one")] if twins else []
    )

"""Where the demo plays: the configured broker as it is, or a paper broker of its own, in a folder that goes away."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from v6core.broker import BrokerSpec
from v6core.cli.quote_listing import why_no_file
from v6core.cli.running import LoopFactory
from v6core.clock import SystemClock
from v6core.config import Configuration, settings_for
from v6core.engine import OrderExecutionEngine
from v6core.engine.assembly import Blueprint
from v6core.errors import ConfigurationError
from v6core.identifiers import IdSource, RandomIds, SeededIds
from v6core.journal import SqliteJournal
from v6core.plugins import load_broker, load_extensions

_PAPER = "paper"
_FIRST_SEED = 6


@dataclass(frozen=True, slots=True)
class Stage:
    """An engine that is not started, and what the story must know of it.

    ``is_own``: the account was made for the demo, so that all that is in it comes from the demo. ``ids`` repeat with
    the seed there.
    """

    engine: OrderExecutionEngine
    loop_factory: LoopFactory | None
    ids: IdSource
    is_own: bool
    quotes: str
    seed: int | None = None


@contextmanager
def stage_of(configuration: Configuration, quotes: Path | None, seed: int | None) -> Generator[Stage]:
    """Set the stage; ConfigurationError where quotes or a seed are given for a broker that takes none."""
    section = configuration.chosen
    spec: BrokerSpec[Any] = load_broker(section.plugin, configuration.folder)
    if section.plugin == _PAPER:
        with tempfile.TemporaryDirectory(prefix="v6-demo-") as folder:
            yield _paper(configuration, spec, Path(folder), quotes, seed)
        return
    if quotes is not None or seed is not None:
        raise ConfigurationError(
            f"--quotes and --seed are for the paper broker, and {section.name} is {section.plugin!r}",
            hint="leave them out, or choose another broker with --broker",
        )
    settings = settings_for(section, spec.settings)
    engine = OrderExecutionEngine.from_configuration(configuration)
    yield Stage(engine, spec.event_loop(settings), RandomIds(), is_own=False, quotes=section.name)


def _paper(
    configuration: Configuration, spec: BrokerSpec[Any], folder: Path, quotes: Path | None, seed: int | None
) -> Stage:
    section = configuration.chosen
    settings_for(section, spec.settings)  # what is wrong with it is told, also where the demo would not use it
    given: dict[str, Any] = {**section.settings, "fills": "realistic", "speed": "max"}
    given.pop("state", None)
    given["quotes"] = _quotes(configuration, quotes)
    if seed is not None:
        given["seed"] = seed
    settings = settings_for(section.model_copy(update={"settings": given}), spec.settings)
    used: int = getattr(settings, "seed", _FIRST_SEED)
    ids = SeededIds(used)
    plan = Blueprint(
        name=section.name,
        spec=spec,
        settings=settings,
        open_journal=lambda: SqliteJournal.open(folder / "journal.db", ids=ids),
        limits=configuration.risk,
        deadlines=configuration.engine,
        extensions=load_extensions(configuration.extensions),
        clock=SystemClock(),
        folder=folder,
        halt_file=None,
        ids=ids,
    )
    engine = OrderExecutionEngine(plan, configuration)
    return Stage(engine, spec.event_loop(settings), ids, is_own=True, quotes=given["quotes"], seed=used)


def _quotes(configuration: Configuration, quotes: Path | None) -> str:
    """Return where quotes come from: the option's file, else what the section names, else a synthetic day.

    Quotes that a program gives are none here, because nobody would give them.
    """
    if quotes is not None:
        return f"replay:{_found(quotes, [Path.cwd()])}"
    named = str(configuration.chosen.settings.get("quotes", "synthetic")).strip()
    kind, _, name = named.partition(":")
    if kind.lower() == "replay":
        folders = [Path.cwd(), configuration.folder, configuration.journal.path.parent]
        return f"replay:{_found(Path(name.strip()), folders)}"
    return "synthetic" if kind.lower() == "given" else named


def _found(path: Path, folders: list[Path]) -> Path:
    """Return a file as an absolute path: the paper broker's own folder is a temporary one here."""
    path = path.expanduser()
    found = next((folder / path for folder in folders if (folder / path).is_file()), None)
    if found is None:
        raise ConfigurationError(why_no_file(path), hint="v6 replay FILE tells what is in one")
    return found.absolute()

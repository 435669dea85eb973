"""How a broker comes to be: by its plugin's name and its section, alone, and with its secrets kept."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

from pydantic import BaseModel

from v6core.config import BrokerSection, Secret, settings_for
from v6core.config.problems import looks_secret
from v6core.contracts import Stock
from v6core.errors import BrokerError, ConfigurationError, OrderDenied, PluginError
from v6core.plugins import load_broker
from v6core.testing.conformance.case import case
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.trial import Trial

_LOOK = """
import sys
from v6core.plugins import load_broker
from v6core.plugins.installed import BROKERS, installed
mine = sys.argv[1]
load_broker(mine)
others = {entry.target.partition(".")[0] for entry in installed(BROKERS) if entry.name != mine}
print(*sorted(others & (sys.modules.keys() - set(sys.argv[2:]))))
"""


@case(
    "CON-03",
    why="a key that is misspelt is a limit or an account that is not set",
    pitfall="settings that ignore what they do not know; a plugin that is another one when it is loaded by its name",
    starts=False,
)
async def is_configured_strictly(trial: Trial) -> None:
    """The plugin's name gives this broker, and a key that its settings do not know is an error."""
    spec = trial.driver.spec
    section = BrokerSection(name="mine", plugin=spec.name, settings={"no_such_key": 1})
    try:
        settings_for(section, spec.settings)
    except ConfigurationError as error:
        expect("no_such_key" in str(error), f"a key that there is not was told as: {error}")
    else:
        raise Broken("the settings take a key that there is not")
    try:
        loaded = load_broker(_source(trial))
    except PluginError as error:
        raise Broken(f"the plugin cannot be loaded as the configuration names it: {error}") from error
    expect_equal(loaded.name, spec.name, "the name of what is loaded")
    expect(loaded.settings.__name__ == spec.settings.__name__, f"what is loaded has settings of {loaded.settings}")
    expect_equal(loaded.capabilities, spec.capabilities, "what is loaded declares, against what is driven,")


def _source(trial: Trial) -> str:
    """Return by what the configuration names the plugin: its entry point, or the file that it is."""
    spec = trial.driver.spec
    module = sys.modules[spec.settings.__module__]
    if module.__name__.startswith("v6_broker_file_"):
        return str(module.__file__)
    return spec.name


@case(
    "CON-04",
    why="who trades at one broker does not wait for another's library, nor crash with it",
    pitfall="a package that imports all its brokers, or logs in where it is imported",
    starts=False,
)
async def comes_alone(trial: Trial) -> None:
    """Loading the broker imports no other broker's plugin."""
    anyway = await _run(sys.executable, "-c", "import sys, v6core.plugins; print(*sys.modules)")
    imported = await _run(sys.executable, "-c", _LOOK, _source(trial), *anyway.split())
    expect(not imported, f"loading {trial.driver.spec.name} imports {imported}")


async def _run(*command: str) -> str:
    # A process by itself, run in this thread: a loop whose time jumps cannot wait for one.
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: ASYNC221, S603 -- our own
    expect(done.returncode == 0, f"loading the plugin in a process of its own failed: {done.stderr[-800:]}")
    return done.stdout.strip()


@case(
    "CON-10",
    why="logs, journals and error texts are passed around",
    pitfall="the settings hold the key itself and not a reference, and their repr shows it",
    starts=False,
)
async def secrets_stay_secret(trial: Trial) -> None:
    """No secret is in the settings' text, in log lines, in the journal or in an error."""
    async with _overheard() as lines:
        await trial.start()
        settings = trial.driver.settings
        for name in type(settings).model_fields:
            held = getattr(settings, name)
            plain = looks_secret(name) and isinstance(held, str) and held
            expect(not plain, f"the setting {name} holds its secret itself: make it a v6core.config.Secret")
        try:
            await trial.engine.quote(Stock("ZZNOSUCH"))
        except (BrokerError, OrderDenied) as error:
            lines.append(str(error))
        texts = [repr(settings), str(settings), settings.model_dump_json(), repr(trial.broker), *lines]
        texts += [row.payload for row in trial.engine.journal.rows()]
        await trial.stop()
    for secret in _secrets(settings):
        expect(
            all(secret not in text for text in (*texts, *lines)), "a secret stands in a text that leaves the process"
        )


@asynccontextmanager
async def _overheard() -> AsyncGenerator[list[str]]:
    """Collect what is logged."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)


def _secrets(settings: BaseModel) -> Iterator[str]:
    for name in type(settings).model_fields:
        held = getattr(settings, name)
        if isinstance(held, Secret):
            yield held.reveal()

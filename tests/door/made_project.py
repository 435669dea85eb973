"""A plugin's project as its author has it: made by ``v6 plugin new``, installed, and its tools run in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from end_to_end.v6_calls import v6_json

BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Made:
    """A project's folder, and a folder beside it that stands for what pip would have written of it."""

    folder: Path
    installed: Path

    @property
    def package(self) -> Path:
        """The folder of its package."""
        (package,) = (self.folder / "src").iterdir()
        return package

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, as it is installed there."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("V6_", "PYTEST_"))}
        environment = {**kept, "PYTHONPATH": os.pathsep.join([str(self.installed), str(self.folder / "src")])}
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def python(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run Python in the project."""
        return self.run(sys.executable, *arguments)

    def pytest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the project's tests."""
        return self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)

    def conform(self, *ids: str) -> dict[str, dict[str, Any]]:
        """Return what came of cases of the suite, by their ids; of all of them unless some are named."""
        options = [option for one in ids for option in ("--case", one)]
        done = self.python(
            "-c", "from v6core.cli import main; main()", "conform", name_of(self.folder), "--json", *options
        )
        return {row["id"]: row for row in json.loads(done.stdout)["cases"]}


def name_of(folder: Path) -> str:
    """Return the word of the configuration."""
    (name,) = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][
        "v6.brokers"
    ]
    return str(name)


def make(name: str, into: Path) -> Made:
    """Make a project, and write what installing it in place would have written."""
    folder = Path(v6_json("plugin", "new", name, "--into", into)["path"])
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = into / "installed" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head + "".join(f"Requires-Dist: {one}\n" for one in project["dependencies"]))
    lines = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{entry} = {target}" for entry, target in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join([*lines, ""]))
    return Made(folder, info.parent)


def tool(name: str) -> Path | None:
    """Return a tool that is installed beside this Python, or None."""
    found = shutil.which(name, path=str(BIN))
    return None if found is None else Path(found)

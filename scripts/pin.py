"""Resolve the workspace afresh and write every version into the root's constraint-dependencies.

Run it to renew the pins: ``uv run python scripts/pin.py``. The lock file itself names package hosts and stays
out of the repository; the constraints name versions alone, so two clones install the same.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIELD = re.compile(r"constraint-dependencies = \[.*?\]", re.DOTALL)


def resolved_versions() -> list[str]:
    """Lock without constraints and read the versions that came out."""
    lock = ROOT / "uv.lock"
    lock.unlink(missing_ok=True)
    subprocess.run(["uv", "lock", "--quiet"], cwd=ROOT, check=True)
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    return sorted(_pin(p) for p in packages if "registry" in p["source"])


def _pin(package: dict[str, Any]) -> str:
    """Return a version, and for which Pythons it is where others take another."""
    # Each marker names the Python first; the platforms behind it are told apart for the sake of other packages.
    markers = " or ".join(dict.fromkeys(one.partition(" and ")[0] for one in package.get("resolution-markers", ())))
    return f"{package['name']}=={package['version']}" + (f" ; {markers}" if markers else "")


def main() -> None:
    """Replace the pins in the root's pyproject.toml."""
    path = ROOT / "pyproject.toml"
    path.write_text(
        FIELD.sub("constraint-dependencies = []", path.read_text(encoding="utf-8"), count=1), encoding="utf-8"
    )
    pins = "".join(f'    "{pin}",\n' for pin in resolved_versions())
    pinned = f"constraint-dependencies = [\n{pins}]"
    path.write_text(FIELD.sub(lambda _: pinned, path.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    print(f"pinned {pins.count(chr(10))} packages")


if __name__ == "__main__":
    main()

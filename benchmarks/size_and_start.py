"""How large v6core is with what it needs, and how long ``v6 --help`` takes beside ``python -c pass``.

The size is that of a fresh environment with v6core alone, twice: as the files come, and with the byte code that pip
compiles. The two starts take turns, so that a busy machine slows both alike.

    uv run python benchmarks/size_and_start.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STARTS = 15
# What a fresh environment holds without us.
NOT_OURS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")


def installed(folder: Path) -> Path:
    """Make an environment with v6core in it and return its python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", ROOT / "v6core"], check=True)
    return python


def megabytes(python: Path, *, compiled: bool) -> float:
    """Return what lies in the environment's site-packages beyond pip's own."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip())
    files = (
        path for path in site.rglob("*") if path.is_file() and not path.relative_to(site).parts[0].startswith(NOT_OURS)
    )
    return sum(path.stat().st_size for path in files if compiled or path.suffix != ".pyc") / 1e6


def seconds(command: list[str | Path]) -> float:
    """Return how long a command takes."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as where:
        python = installed(Path(where) / "env")
        print(f"v6core and what it needs: {megabytes(python, compiled=False):.1f} MB as the files come")
        print(f"                          {megabytes(python, compiled=True):.1f} MB with pip's byte code")
        bare: list[float] = []
        ours: list[float] = []
        for _ in range(STARTS):
            bare.append(seconds([python, "-c", "pass"]))
            ours.append(seconds([python.parent / "v6", "--help"]))
    difference = statistics.median(ours) - statistics.median(bare)
    print(f"python -c pass: {statistics.median(bare):.3f} s, v6 --help: {statistics.median(ours):.3f} s")
    print(f"difference: {difference:.3f} s (fastest of each: {min(ours) - min(bare):.3f} s)")


if __name__ == "__main__":
    main()

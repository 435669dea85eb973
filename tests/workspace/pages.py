"""The documentation as data: pages, their fenced blocks, their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GUIDES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
"""The pages that users read; what they show must run."""
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "v6*/*.md", "examples/**/*.md")
    for page in ROOT.glob(pattern)
    if not {".pytest_cache", ".venv"} & set(page.parts)
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; ``line`` is where its fence stands."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file_name(self) -> str | None:
        """The file that a block stands for: its first line is a comment with nothing but a name."""
        named = re.match(r"# ([\w-]+\.(?:py|toml))\n", self.text)
        return None if named is None else named[1]


def blocks(page: Path, language: str = "") -> Iterator[Block]:
    """Yield a page's blocks, of one language or of all."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        if language in {"", found[1]}:
            yield Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])


def prose(page: Path) -> str:
    """Return a page without its blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def table(page: Path, first: str, section: str = "") -> list[list[str]]:
    """Return the rows of the table whose first column is called so, after a heading if one is given."""
    text = prose(page)
    if section:
        heading = re.search(rf"^#+ {re.escape(section)}$", text, re.MULTILINE)
        assert heading is not None, f"{page.name} has no section {section}"
        text = text[heading.end() :]
    lines = iter(text.splitlines())
    head = next((line for line in lines if line.startswith(f"| {first} |")), None)
    assert head is not None, f"{page.name} has no table of {first} {section}"
    next(lines)
    rows: list[list[str]] = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in _CELL.split(line)[1:-1]])
    return rows


def names(cell: str) -> list[str]:
    """Return what a cell has in code quotes."""
    return re.findall(r"`([^`]+)`", cell)

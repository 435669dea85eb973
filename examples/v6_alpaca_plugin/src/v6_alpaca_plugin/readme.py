"""The table of what is declared, as it stands in the README: ``python -m v6_alpaca_plugin.readme`` writes it anew."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from v6_alpaca_plugin.capabilities import CAPABILITIES
from v6core.capabilities import BracketSupport, Capabilities, OrderSupport

_BEGIN, _END = "<!-- declared: begin -->", "<!-- declared: end -->"


def table(capabilities: Capabilities) -> str:
    """Return what a broker declares, as two tables of Markdown."""
    rows = [_orders(row) for row in capabilities.orders]
    lines = ["| kinds | order types | times in force |", "| --- | --- | --- |", *rows, "", "| | |", "| --- | --- |"]
    return "\n".join([*lines, *_sentences(capabilities)])


def _orders(row: OrderSupport) -> str:
    return f"| {_listed(row.kinds)} | {_listed(row.order_types)} | {_listed(row.tifs)} |"


def _sentences(capabilities: Capabilities) -> Iterator[str]:
    for name, value in capabilities:
        if name != "orders":
            yield f"| {name.replace('_', ' ')} | {_told(value)} |"


def _told(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case frozenset():
            return _listed(str(one) for one in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case tuple():
            return "; ".join(_bracket(row) for row in value if isinstance(row, BracketSupport)) or "-"  # pyright: ignore[reportUnknownVariableType]
        case None:
            return "-"
        case _:
            return str(value)


def _bracket(row: BracketSupport) -> str:
    same = ", one for all" if row.one_tif else ""
    types = f"entry {_listed(row.entry_types)}, exits {_listed(row.exit_types)}"
    return f"{_listed(row.kinds)}: {types}, {_listed(row.tifs)}{same}"


def _listed(words: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, words))) or "-"


def rewritten(text: str) -> str:
    """Return a README with its table as it must be."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{table(CAPABILITIES)}\n{_END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "README.md")
    path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")

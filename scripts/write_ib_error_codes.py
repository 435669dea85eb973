"""Write docs/ib-error-codes.md from the table of Interactive Brokers' error codes."""

from __future__ import annotations

from pathlib import Path

from v6_ib_plugin.codes.page import render

PAGE = Path(__file__).resolve().parents[1] / "docs" / "ib-error-codes.md"

if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    print(f"wrote {PAGE.name}")

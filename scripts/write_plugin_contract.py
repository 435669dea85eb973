"""Write tests/contract/surface.txt: every name that plugins may count on, with the contract in which it came.

Run it after adding to the contract: ``uv run python scripts/write_plugin_contract.py``. What takes something away is
not written unless the major of ``v6core.PLUGIN_API`` was raised, or ``--unreleased`` says that no plugin is out there
yet. A test compares the file with the code.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from contract.contract_surface import RECORD, change, recorded, surface, write  # noqa: E402 -- the folder first
from v6core import PLUGIN_API  # noqa: E402


def main() -> None:
    """Write the record, or say why not."""
    before, there = recorded(), surface()
    found = change(before, there)
    majors = {since.partition(".")[0] for since in before.values()}
    is_new_major = PLUGIN_API.partition(".")[0] not in majors
    if (found.gone or found.newly_needed) and not is_new_major and "--unreleased" not in sys.argv[1:]:
        raise SystemExit(found.told)
    write(there)
    print(f"wrote {RECORD.name}: {len(there)} names")


if __name__ == "__main__":
    main()

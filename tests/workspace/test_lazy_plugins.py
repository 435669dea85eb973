"""Choosing a broker imports that broker's plugin and no other; the workspace's folders shadow no package."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = ("v6core", "v6_ib_plugin", "v6_paper_plugin")


def modules_after(code: str, folder: Path) -> set[str]:
    program = f"{code}\nimport sys; print('\\n'.join(sys.modules))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("V6_")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_choosing_paper_imports_no_other_broker(tmp_path: Path) -> None:
    code = "from v6core.config import load; from v6core.plugins import load_broker; load_broker(load().chosen.plugin)"
    modules = modules_after(code, tmp_path)
    assert "v6_paper_plugin" in modules
    assert not {"v6_ib_plugin", "ib_async"} & modules


def test_listing_brokers_imports_none(tmp_path: Path) -> None:
    modules = modules_after("from v6core.plugins import installed; assert installed()", tmp_path)
    assert not {"v6_paper_plugin", "v6_ib_plugin", "ib_async"} & modules


def test_the_configuration_needs_no_plugin_and_no_number_library(tmp_path: Path) -> None:
    modules = modules_after("from v6core.config import load; load()", tmp_path)
    assert not {"v6core.plugins", "v6_paper_plugin", "v6_ib_plugin", "keyring", "numpy", "pandas"} & modules


def test_no_outer_folder_shadows_a_package() -> None:
    assert list(ROOT.glob("*/__init__.py")) == []


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_is_typed(member: str) -> None:
    assert (ROOT / member / "src" / member / "py.typed").is_file()

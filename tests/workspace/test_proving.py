"""What the pages under docs/proof say of the sources that they are of."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from workspace.loading import script
from workspace.pages import ROOT

PROVE = script("prove")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with one file in each folder that is looked at, committed."""
    for name in PROVE.SOURCES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.py").write_text("", encoding="utf-8")
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "one")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(PROVE, "ROOT", tmp_path)
    monkeypatch.setattr(PROVE, "PAGES", tmp_path / "pages")
    return tmp_path


def test_every_package_of_ours_is_looked_at() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ours = {member for member in project["tool"]["uv"]["workspace"]["members"] if not member.startswith("examples/")}
    assert ours | {"tests"} == set(PROVE.SOURCES)


@pytest.mark.parametrize("name", PROVE.SOURCES)
def test_a_change_anywhere_is_told(repository: Path, name: str) -> None:
    assert "changes" not in PROVE.commit()
    (repository / name / "one.py").write_text("1", encoding="utf-8")
    assert PROVE.commit().endswith(" with changes")


def test_a_page_says_its_minutes_and_that_the_sources_changed_meanwhile(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "harness.py").write_text("open('tests/one.py', 'w').write('1')", encoding="utf-8")
    monkeypatch.setitem(PROVE.HARNESSES, "harness", ("harness.py",))
    assert PROVE.prove("harness")
    page = (repository / "pages" / "harness.txt").read_text(encoding="utf-8")
    assert ", changed while it ran, Python " in page
    assert " 0.0 minutes, exit status 0" in page

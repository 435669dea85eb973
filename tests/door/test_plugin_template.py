"""The template is one for copier too: it makes the same files, and what changes in it later arrives by an update."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

from end_to_end.v6_calls import ROOT, v6_json
from v6core import __version__

TEMPLATE = Path("v6core/src/v6core/cli/plugin/template")
NEEDED = [
    pytest.mark.skipif(util.find_spec("copier") is None, reason="copier is not installed"),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]
pytestmark = NEEDED
_AUTHOR = {
    **{f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def run(folder: Path, *command: str | Path) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **_AUTHOR},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def commit(folder: Path, tag: str = "") -> None:
    """Commit all that is in a folder, which becomes a repository if it is none."""
    if not (folder / ".git").exists():
        run(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "--quiet", "--no-gpg-sign", "--message", "state")
    if tag:
        run(folder, "git", "tag", tag)


def copier(folder: Path, *arguments: str | Path) -> None:
    run(folder, sys.executable, "-W", "ignore", "-m", "copier", *arguments, "--defaults", "--quiet")


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the template as it stands, tagged as this version's."""
    repository = tmp_path / "v6"
    shutil.copytree(ROOT / TEMPLATE, repository / TEMPLATE)
    shutil.copy(ROOT / "copier.yml", repository)
    commit(repository, f"v{__version__}")
    return repository


@pytest.mark.parametrize("name", ["sandpit", "my_bank2"])
def test_copier_makes_the_same_files(repository: Path, tmp_path: Path, name: str) -> None:
    copier(tmp_path, "copy", repository, tmp_path / "copied", "--data", f"name={name}")
    made = v6_json("plugin", "new", name, "--into", tmp_path, "--template", repository)["path"]
    assert files(tmp_path / "copied") == files(Path(made))


@pytest.mark.parametrize("name", ["Bad", "a-b", "a__b", "x" * 25])
def test_copier_refuses_the_same_names(repository: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(AssertionError, match="small letters, digits and single underscores"):
        copier(tmp_path, "copy", repository, tmp_path / "copied", "--data", f"name={name}")


def test_an_update_brings_what_changed_and_keeps_what_the_author_wrote(repository: Path, tmp_path: Path) -> None:
    project = Path(v6_json("plugin", "new", "sandpit", "--into", tmp_path, "--template", repository)["path"])
    broker = project / "src" / "v6_sandpit_plugin" / "broker.py"
    broker.write_text(broker.read_text().replace("await self._link.close()", "await self._link.close()  # mine"))
    (project / "src" / "v6_sandpit_plugin" / "mine.py").write_text("MINE = 1\n")
    commit(project)

    skeleton = repository / TEMPLATE / "src" / "{{ package }}" / "broker.py.jinja"
    skeleton.write_text(skeleton.read_text() + "\n# {{ class_name }} has come on.\n")
    (repository / TEMPLATE / "NOTES.md").write_text("new in the template\n")
    commit(repository, "v9.9.9")
    copier(project, "update")

    assert "close()  # mine" in broker.read_text()
    assert "# Sandpit has come on.\n" in broker.read_text()
    assert (project / "NOTES.md").is_file()
    assert (project / "src" / "v6_sandpit_plugin" / "mine.py").read_text() == "MINE = 1\n"
    assert "_commit: v9.9.9" in (project / ".copier-answers.yml").read_text()


def test_an_address_that_is_added_later_serves_as_well(repository: Path, tmp_path: Path) -> None:
    project = Path(v6_json("plugin", "new", "sandpit", "--into", tmp_path)["path"])
    with (project / ".copier-answers.yml").open("a", encoding="utf-8") as answers:
        answers.write(f"_src_path: {repository}\n")
    commit(project)
    (repository / TEMPLATE / "NOTES.md").write_text("new in the template\n")
    commit(repository, "v9.9.9")
    copier(project, "update")
    assert (project / "NOTES.md").is_file()


def test_an_update_needs_the_tag_that_the_project_was_made_from(repository: Path, tmp_path: Path) -> None:
    project = Path(v6_json("plugin", "new", "sandpit", "--into", tmp_path, "--template", repository)["path"])
    commit(project)
    run(repository, "git", "tag", "--delete", f"v{__version__}")
    with pytest.raises(AssertionError, match=f"v{__version__}"):
        copier(project, "update")

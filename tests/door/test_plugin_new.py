"""``v6 plugin new``: a whole project or nothing, whose every test but the unwritten passes as it is made."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from door.made_project import Made, make, tool
from end_to_end.v6_calls import one_sentence, v6, v6_json
from v6core.cli.plugin import Project, rendered
from v6core.errors import PluginError

NAMES = ["ab", "sandpit", "my_own_markets_at_a_hill"]
"""A short, a plain and the longest name."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make("sandpit", tmp_path_factory.mktemp("fresh"))


# What is made.


def test_the_project_has_what_a_plugin_needs(fresh: Made) -> None:
    package = "src/v6_sandpit_plugin"
    assert {path.relative_to(fresh.folder).as_posix() for path in fresh.folder.rglob("*") if path.is_file()} >= {
        *("pyproject.toml", "README.md", "LICENSE", ".gitignore", ".copier-answers.yml", ".github/workflows/tests.yml"),
        *(f"{package}/{name}.py" for name in ("__init__", "settings", "capabilities", "translation", "link", "broker")),
        *(f"{package}/{name}" for name in ("py.typed", "testing/venue.py", "testing/driver.py")),
        *("scripts/write_readme.py", "tests/test_conformance.py", "tests/test_readme.py", "tests/test_translation.py"),
        "tests/test_link.py",
    }


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_templates_language_is_left(name: str) -> None:
    files = rendered(Project(name))
    assert [path for path, text in files.items() if "{{" in path + text or path.endswith(".jinja")] == []


def test_a_name_of_several_words_makes_the_words_of_a_project() -> None:
    words = Project("my_bank").words
    assert [words[key] for key in ("distribution", "package", "class_name")] == [
        "v6-my-bank-plugin",
        "v6_my_bank_plugin",
        "MyBank",
    ]


def test_the_answer_tells_where_it_is(tmp_path: Path) -> None:
    told = v6_json("plugin", "new", "sandpit", "--into", tmp_path)
    assert told == {
        "path": str(tmp_path / "v6-sandpit-plugin"),
        "name": "sandpit",
        "distribution": "v6-sandpit-plugin",
    }


def test_it_is_made_in_the_working_folder_unless_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "v6-sandpit-plugin is made" in v6("plugin", "new", "sandpit").out
    assert (tmp_path / "v6-sandpit-plugin" / "pyproject.toml").is_file()


def test_it_says_how_the_project_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = v6("plugin", "new", "sandpit").out.splitlines()
    it = "-e './v6-sandpit-plugin[test]'"
    assert f"    uv pip install {it} && uv run v6 conform sandpit" in told
    assert f"    python3 -m venv env && env/bin/pip install -e CLONE/v6core {it}" in told


def test_a_folder_with_a_blank_in_its_name_can_be_copied_from_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "my own").mkdir()
    told = v6("plugin", "new", "sandpit", "--into", tmp_path / "my own").out
    assert f" -e '{tmp_path}/my own/v6-sandpit-plugin[test]'" in told


@pytest.mark.parametrize(
    "address",
    [
        *("https://example.org/v6.git", "git+https://example.org/v6", "git@example.org:me/v6.git"),
        *("ssh://git@example.org/v6", "file:///srv/v6", "gh:me/v6"),
    ],
)
def test_an_address_is_where_an_update_will_look(tmp_path: Path, address: str) -> None:
    made = v6_json("plugin", "new", "sandpit", "--into", tmp_path, "--template", address)["path"]
    assert f"_src_path: {address}\n" in (Path(made) / ".copier-answers.yml").read_text()


def test_a_clone_is_where_an_update_will_look_wherever_it_is_asked_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("v6").mkdir()
    Path("v6/copier.yml").touch()
    made = v6_json("plugin", "new", "sandpit", "--template", "v6")["path"]
    assert f"_src_path: {tmp_path / 'v6'}\n" in (Path(made) / ".copier-answers.yml").read_text()


def test_without_an_address_the_readme_says_what_is_missing(fresh: Made) -> None:
    assert "_src_path" not in (fresh.folder / ".copier-answers.yml").read_text()
    said = " ".join((fresh.folder / "README.md").read_text().split())
    assert "Under `_src_path` in `.copier-answers.yml` it needs" in said
    assert "where that line is missing, add it" in said
    assert "must have the tag that stands under `_commit`" in said


# What is refused.


@pytest.mark.parametrize("given", ["", " ", "not a url", 'a"b\nc', "/no/such/folder", "https://", "https://a b", "a\n"])
def test_what_is_no_address_and_no_folder_is_refused(tmp_path: Path, given: str) -> None:
    called = v6("plugin", "new", "sandpit", "--into", tmp_path, "--template", given)
    assert called.status == 2
    assert one_sentence(called) == f"{given!r} is no address of a git repository, and no folder that is there"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_the_template_is_refused(tmp_path: Path) -> None:
    called = v6("plugin", "new", "sandpit", "--into", tmp_path, "--template", tmp_path)
    assert called.status == 2
    assert one_sentence(called) == f"the folder {tmp_path} is no clone of v6: it has no copier.yml"


@pytest.mark.parametrize(
    "name", ["", "Sandpit", "sand-pit", "2pit", "_pit", "pit_", "sand__pit", "sänd", "../pit", "a b", "x" * 25]
)
def test_a_name_that_makes_no_package_is_refused(tmp_path: Path, name: str) -> None:
    called = v6("plugin", "new", "--into", tmp_path, "--", name)
    assert called.status == 2
    assert one_sentence(called) == f"{name!r} cannot be the name of a plugin"
    assert list(tmp_path.iterdir()) == []


def test_a_word_of_python_is_refused_as_one() -> None:
    called = v6("plugin", "new", "class")
    assert called.status == 2
    assert one_sentence(called) == "'class' cannot be the name of a plugin: it is a word of Python"
    assert "hint: my_class" in called.err


def test_a_name_that_an_installed_plugin_has_is_refused(tmp_path: Path) -> None:
    called = v6("plugin", "new", "paper", "--into", tmp_path)
    assert called.status == 2
    assert one_sentence(called).startswith("v6-paper-plugin ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "file", "broken link"])
def test_what_is_there_is_never_touched(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "v6-sandpit-plugin"
    match kind:
        case "folder":
            target.mkdir()
        case "file":
            target.write_text("mine")
        case _:
            target.symlink_to(tmp_path / "nowhere")
    before = target.lstat()
    called = v6("plugin", "new", "sandpit", "--into", tmp_path)
    assert called.status == 2
    assert one_sentence(called) == f"{target} exists and is not overwritten"
    assert "another folder with --into" in " ".join(called.err.split())
    assert (target.lstat().st_ino, stat.S_IFMT(target.lstat().st_mode)) == (before.st_ino, stat.S_IFMT(before.st_mode))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    called = v6("plugin", "new", "sandpit", "--into", tmp_path / "nowhere")
    assert called.status == 2
    assert one_sentence(called) == f"there is no folder {tmp_path / 'nowhere'}"


def test_a_file_is_no_folder_to_make_it_in(tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("mine")
    called = v6("plugin", "new", "sandpit", "--into", tmp_path / "afile")
    assert called.status == 2
    assert one_sentence(called) == f"{tmp_path / 'afile'} is no folder"
    assert "hint: name a folder with --into" in called.err


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no folder that nobody may write into")
def test_a_folder_that_takes_no_files_is_named(tmp_path: Path) -> None:
    called = v6("plugin", "new", "sandpit", "--into", "/proc")
    assert called.status == 2
    assert one_sentence(called).startswith("nothing can be written into /proc: ")


def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    plainly = Path.write_text

    def filling_up(path: Path, *text: str, **how: str) -> int:
        written.append(path)
        if len(written) > 5:
            raise OSError(28, "No space left on device", str(path))
        return plainly(path, *text, **how)

    monkeypatch.setattr(Path, "write_text", filling_up)
    called = v6("plugin", "new", "sandpit", "--into", tmp_path)
    assert called.status == 1
    assert "No space left on device" in one_sentence(called)
    assert list(tmp_path.iterdir()) == []


def test_a_name_is_judged_where_a_program_makes_a_project() -> None:
    with pytest.raises(PluginError, match="cannot be the name of a plugin"):
        Project("No")


# What passes as it is made.


def test_its_pure_tests_pass(fresh: Made) -> None:
    done = fresh.pytest("--ignore", "tests/test_conformance.py")
    assert done.returncode == 0, done.stdout


def test_each_case_of_the_suite_that_fails_says_what_is_to_be_written(fresh: Made) -> None:
    failed = {case: row["reason"] for case, row in fresh.conform().items() if row["outcome"] == "FAILED"}
    assert len(failed) > 60
    assert {case: reason for case, reason in failed.items() if "is to be written" not in reason} == {}


def test_no_core_case_passes_before_anything_is_written(fresh: Made) -> None:
    cases = ("LMT-01", "MKT-01", "CXL-01", "REC-02", "POS-01")
    assert {row["outcome"] for row in fresh.conform(*cases).values()} == {"FAILED"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.skipif(tool("ruff") is None, reason="ruff is not installed")
def test_it_is_clean_for_ruff_as_it_is_made(tmp_path: Path, name: str) -> None:
    made, ruff = make(name, tmp_path), tool("ruff")
    assert ruff is not None
    for what in (["check", "--no-cache"], ["format", "--no-cache", "--diff"]):
        done = made.run(ruff, *what)
        assert done.returncode == 0, done.stdout


@pytest.mark.skipif(tool("mypy") is None, reason="mypy is not installed")
def test_it_is_clean_for_mypy_as_it_is_made(fresh: Made, mypy_cache: Path) -> None:
    mypy = tool("mypy")
    assert mypy is not None
    done = fresh.run(mypy, "--cache-dir", mypy_cache)
    assert done.returncode == 0, done.stdout

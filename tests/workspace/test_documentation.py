"""What the pages show runs, what they name is there, and what they promise is held by a test that exists."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from v6core.cli.invocation import Invocation
from v6core.cli.program import program
from v6core.config import load, settings_for
from v6core.plugins import load_broker
from workspace.pages import DOCS, GUIDES, PAGES, ROOT, Block, blocks, names, prose, table

PROGRAMS = [block for page in GUIDES for block in blocks(page, "python") if block.file_name is None]
CONFIGURATIONS = [block for page in PAGES for block in blocks(page, "toml") if block.file_name in {None, "v6.toml"}]
COMMANDS = [
    (block, command)
    for page in PAGES
    for block in blocks(page, "console")
    for command in re.findall(
        r"(?:^\$ |&& |^\$ .*\| )(?:[A-Z0-9_]+=\S+ )*(?:uv run )?(v6 [^\n|&>#]*)", block.text, re.MULTILINE
    )
]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_MACHINE = re.compile(r"(?<![\w.~/-])/(?:home|root|tmp|work|mnt|Users)/")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder, with nothing configured."""
    for name in tuple(os.environ):
        if name.startswith("V6_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _write_files_above(block: Block, folder: Path) -> None:
    """Write the files that a page has shown before a block."""
    for other in blocks(block.page):
        if other.line < block.line and other.file_name is not None:
            (folder / other.file_name).write_text(other.text, encoding="utf-8")


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_a_program_on_a_page_runs(block: Block, tmp_path: Path) -> None:
    """In an empty folder, with the files that the page has shown; ``await`` may stand at the top, as in a notebook."""
    _write_files_above(block, tmp_path)
    code = compile(block.text, str(block), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    ended = eval(code, {"__name__": "__main__"})
    if inspect.iscoroutine(ended):
        asyncio.run(ended)


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=str)
def test_a_configuration_on_a_page_is_accepted(block: Block, tmp_path: Path) -> None:
    """Whole, and each broker's section by its plugin."""
    _write_files_above(block, tmp_path)
    text = block.text
    if len(tomllib.loads(text).get("brokers", {})) > 1 and "broker" not in tomllib.loads(text):
        text = f'broker = "paper"\n{text}'
    path = tmp_path / "v6.toml"
    path.write_text(text, encoding="utf-8")
    for section in load(path).brokers.values():
        settings_for(section, load_broker(section.plugin, tmp_path).settings)


@pytest.mark.parametrize(("block", "command"), COMMANDS, ids=[f"{block} {command}" for block, command in COMMANDS])
def test_a_command_on_a_page_exists_with_its_options(
    block: Block, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line is parsed whole; --help at its end keeps it from running."""
    with pytest.raises(SystemExit) as ended:
        program.main([*shlex.split(command)[1:], "--help"])
    assert ended.value.code == 0, f"{block}: {capsys.readouterr().err}"


def test_pages_show_commands() -> None:
    """Guard the pattern that finds them."""
    assert len(COMMANDS) >= 10
    assert any(command.startswith("v6 demo") for block, command in COMMANDS if block.page.name == "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in _LINK.findall(prose(page)) if not target.startswith(("http:", "https:"))]
    missing = [target for target in targets if not _exists(page, target)]
    assert missing == []


def _exists(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    return there.exists() and (not anchor or anchor in _anchors(there))


def _anchors(page: Path) -> set[str]:
    """Return the anchors that headings get: lower case, hyphens for spaces, no other punctuation."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_folder_of_somebodys_machine(page: Path) -> None:
    assert _MACHINE.findall(page.read_text(encoding="utf-8")) == []


def test_every_promise_names_tests_that_exist() -> None:
    rows = table(ROOT / "README.md", "promise")
    missing = [name for _, held_by in rows for name in names(held_by) if not (ROOT / name).is_file()]
    assert rows
    assert all(names(held_by) for _, held_by in rows)
    assert missing == []


def test_the_readme_leads_to_every_page() -> None:
    linked = {Path(target).name for target in _LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert {page.name for page in DOCS.glob("*.md")} <= linked


def test_every_generated_file_and_its_script_exist() -> None:
    rows = table(ROOT / "CONTRIBUTING.md", "file")
    files = re.findall(r"[\w/.-]+\.(?:py|md|toml)", " ".join(cell for row in rows for cell in row))
    assert len(files) >= 2 * len(rows)
    assert [name for name in files if not (ROOT / name).is_file()] == []


# The architecture.


STOREYS = {"v6core": "The storeys of v6core, from the ground up", "v6_ib_plugin": "The Interactive Brokers plugin"}
"""Where ARCHITECTURE.md has a package's storeys."""


def _storeys(package: str) -> list[set[str]]:
    """Return the modules of each storey as ARCHITECTURE.md lists them, from the ground up."""
    storeys: list[set[str]] = []
    for number, modules, _ in table(ROOT / "ARCHITECTURE.md", "storey", STOREYS[package]):
        if number:
            assert int(number) == len(storeys) + 1
            storeys.append(set())
        storeys[-1] |= set(names(modules))
    return storeys


@pytest.mark.parametrize("package", STOREYS)
def test_the_architecture_has_the_storeys_that_the_linter_holds(package: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = [contract["layers"] for contract in contracts if contract.get("containers") == [package]]
    assert _storeys(package) == [{name.strip() for name in layer.split(":")} for layer in reversed(layers)]


@pytest.mark.parametrize("package", STOREYS)
def test_the_architecture_names_every_module_and_no_other(package: str) -> None:
    source = ROOT / package / "src" / package
    modules = {path.stem for path in source.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert set().union(*_storeys(package)) == modules - {"__init__"}


def test_the_parts_of_the_engine_that_the_architecture_names_are_there() -> None:
    """``engine.gate`` and the like, wherever they stand in the text."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(engine)[./](\w+)", text))
    assert named
    places = (ROOT / "v6core/src/v6core" / package / part for package, part in named)
    assert all(place.is_dir() or place.with_suffix(".py").is_file() for place in places)


# The command line.


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, obj=Invocation())
        yield inner.command_path
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def test_every_command_has_a_section() -> None:
    page = prose(DOCS / "command-line.md")
    commands = list(_commands(program, click.Context(program, info_name="v6")))
    assert [command for command in commands if f"# `{command}`\n" not in page] == []

"""The tables of names on the pages are those of the code: keys with their defaults, hooks, fields, methods."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from v6_ib_plugin.settings import IbSettings
from v6_paper_plugin.settings import Fills, PaperSettings
from v6core import hookspecs
from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.capabilities import Capabilities
from v6core.config import EngineSection, JournalSection, json_schema
from v6core.plugins import BROKERS, COMMANDS, EXTENSIONS
from v6core.risk import CheckContext, RiskLimits
from v6core.testing.conformance.finding import DRIVERS
from v6core.words import Word
from workspace.loading import script
from workspace.pages import DOCS, blocks, names, prose, table

CONFIGURATION, PLUGINS, PAPER = DOCS / "configuration.md", DOCS / "plugins.md", DOCS / "paper-broker.md"
IB = DOCS / "interactive-brokers.md"
HOOKS = [function for name, function in sorted(vars(hookspecs).items()) if name.startswith("v6_")]


def as_toml(value: Any) -> str:
    """Return a default as somebody would write it into the file."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case Word():
            return f'"{value.lower()}"'
        case str() | Path():
            return f'"{value}"'
        case ():
            return "[]"
        case _:
            return str(value)


def default_of(field: FieldInfo, none: str) -> str:
    """Return the default as the page shows it; ``none`` is what stands for None."""
    if field.is_required():
        return "needed"
    default = field.get_default(call_default_factory=True)
    return none if default is None else f"`{as_toml(default)}`"


@pytest.mark.parametrize(
    ("page", "section", "model", "none"),
    [
        (CONFIGURATION, "`[risk]`", RiskLimits, '`"off"`'),
        (CONFIGURATION, "`[journal]`", JournalSection, "unset"),
        (CONFIGURATION, "`[engine]`", EngineSection, "unset"),
        (PAPER, "Settings", PaperSettings, "unset"),
        (IB, "Settings", IbSettings, "unset"),
    ],
    ids=["risk", "journal", "engine", "paper", "ib"],
)
def test_a_section_has_the_models_keys_with_their_defaults(
    page: Path, section: str, model: type[BaseModel], none: str
) -> None:
    shown = [(names(key)[0], default) for key, default, _ in table(page, "key", section)]
    assert shown == [(name, default_of(field, none)) for name, field in model.model_fields.items()]


def test_the_top_level_is_that_of_the_schema() -> None:
    assert first_column(CONFIGURATION, "key", "Top level") == list(json_schema({})["properties"])


def test_every_way_to_fill_is_explained() -> None:
    explained = [names(cell)[0].strip('"').upper() for cell, _ in table(PAPER, "`fills`", "Fills")]
    assert explained == list(Fills)


def first_column(page: Path, head: str, section: str = "") -> list[str]:
    return [names(row[0])[0] for row in table(page, head, section)]


def methods(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_the_entry_point_groups_are_ours() -> None:
    assert first_column(PLUGINS, "group") == [BROKERS, EXTENSIONS, COMMANDS, DRIVERS]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("CheckContext", [field.name for field in fields(CheckContext)]),
        ("BrokerSpec", [field.name for field in fields(BrokerSpec)]),
        ("BrokerContext", [field.name for field in fields(BrokerContext)]),
        ("Capabilities", list(Capabilities.model_fields)),
    ],
)
def test_a_table_has_every_field(head: str, expected: Iterable[str]) -> None:
    assert first_column(PLUGINS, f"`{head}`") == list(expected)


def test_the_methods_of_a_broker_are_all_there_and_the_needed_ones_said_to_be() -> None:
    rows = [(names(name)[0], needed) for name, needed, _ in table(PLUGINS, "method")]
    assert {name for name, _ in rows} == methods(Broker)
    assert {name for name, needed in rows if needed == "yes"} == Broker.__abstractmethods__


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
def test_a_hook_has_a_section_with_its_exact_signature(hook: Any) -> None:
    (node,) = ast.parse(inspect.getsource(hook)).body
    assert isinstance(node, ast.FunctionDef)
    assert node.returns is not None
    signature = f"def {node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}\n"
    assert f"### `{node.name}`\n" in prose(PLUGINS)
    assert signature in [block.text for block in blocks(PLUGINS, "text")]


def test_the_page_of_the_command_line_is_what_the_commands_say() -> None:
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    assert page == script("write_command_line").render(page), "run scripts/write_command_line.py"

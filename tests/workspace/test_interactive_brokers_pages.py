"""The guide to Interactive Brokers and the page of the gateway name all that there is, and what they show runs."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

import v6_ib_plugin
from v6_ib_plugin.capabilities import CAPABILITIES
from v6_ib_plugin.gateway import faults
from v6_ib_plugin.gateway.faults.control_file import read_faults
from v6_ib_plugin.gateway.manners import Manner, Manners
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.options.algos import TYPED
from v6_ib_plugin.options.work import WORKS
from v6core.orders import OrderType, TimeInForce
from workspace.pages import DOCS, Block, blocks, names, prose, table

pytest_plugins = ["pytester"]

GUIDE, GATEWAY = DOCS / "interactive-brokers.md", DOCS / "tws-gateway.md"
KINDS = {
    "stocks": "STOCK",
    "options": "OPTION",
    "futures": "FUTURE",
    "futures options": "FUTURE_OPTION",
    "currencies": "FOREX",
    "crypto": "CRYPTO",
    "combos": "COMBO",
}
CAUSES = Path(v6_ib_plugin.__file__).parent / "link" / "causes.py"


def column(page: Path, head: str) -> list[str]:
    return [names(row[0])[0] for row in table(page, head)]


def shown(page: Path, file_name: str) -> str:
    """Return the file that a page shows under a name."""
    return next(block.text for block in blocks(page) if block.file_name == file_name)


def test_every_answer_to_connecting_is_explained() -> None:
    codes = re.findall(r'(?:code=|_Cause\(\s*)"([A-Z_]+)"', CAUSES.read_text(encoding="utf-8"))
    assert sorted(column(GUIDE, "code")) == sorted(set(codes))


def test_every_option_of_an_order_is_explained() -> None:
    assert column(GUIDE, "option") == list(IbOrderOptions.model_fields)


def test_every_typed_algo_is_named() -> None:
    meaning = dict(table(GUIDE, "option"))["`algo`"]
    assert [name for name in TYPED if name not in meaning] == []


def test_every_type_of_ibs_own_is_explained_with_what_it_goes_with() -> None:
    rows = {names(word)[0]: (types, contracts, said) for word, types, contracts, said in table(GUIDE, "`work_as`")}
    assert list(rows) == list(WORKS)
    for word, (types, contracts, said) in rows.items():
        work = WORKS[word]
        assert set(re.findall(r"[A-Z_]{4,}", types)) == set(work.goes_with())
        assert {KINDS[kind] for kind in re.findall("|".join(sorted(KINDS, reverse=True)), contracts)} == work.kinds
        assert set(names(said)) - {"stop_price"} == set(work.model_fields) - {"type"}


def test_the_order_types_are_those_that_it_has() -> None:
    text = " ".join(" ".join(row) for row in table(GUIDE, "contracts"))
    types = {kind for row in CAPABILITIES.orders for kind in row.order_types}
    tifs = {tif for row in CAPABILITIES.orders for tif in row.tifs}
    assert {word for word in OrderType if re.search(rf"\b{word}\b", text)} == types
    assert {word for word in TimeInForce if re.search(rf"\b{word}\b", text)} == tifs


def test_the_kinds_of_contract_are_those_that_it_has() -> None:
    text = " ".join(row[0] for row in table(GUIDE, "contracts"))
    assert {kind for row in CAPABILITIES.orders for kind in row.kinds} == {
        kind for name, kind in KINDS.items() if name in text
    }


def test_every_effect_is_explained_with_where_it_strikes() -> None:
    effects = {kind.model_fields["effect"].default: kind for kind in get_args(get_args(faults.Effect)[0])}
    told = {names(name)[0]: where for name, where, _ in table(GATEWAY, "effect")}
    assert set(told) == set(effects)
    for name, where in told.items():
        points = set(faults.At) if where == "anywhere" else {faults.At(word) for word in where.split(", ")}
        assert points == effects[name].points, name


def test_every_preset_is_named() -> None:
    presets = {
        node.name
        for node in ast.parse(Path(faults.presets.__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert presets <= set(names(prose(GATEWAY).replace("\n", " ")))


def test_every_request_that_is_named_is_one() -> None:
    rows = [what for about, what in table(GATEWAY, "about") if about != "the session"]
    named = re.findall(r"\b(?:req|place|cancel)[A-Z]\w+", " ".join(rows))
    assert len(named) > 20
    assert [name for name in named if not hasattr(requests, name[0].upper() + name[1:])] == []


def test_the_control_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(shown(GATEWAY, "faults.toml"), encoding="utf-8")
    assert [fault.what.effect for fault in read_faults(path)] == ["CUT", "DUPLICATE", "DELAY"]


@pytest.mark.parametrize("block", [*blocks(GATEWAY, "json")], ids=str)
def test_a_control_file_may_be_json(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    path.write_text(block.text, encoding="utf-8")
    assert len(read_faults(path)) == 2


def test_every_manner_of_some_settings_is_named_as_it_is_said() -> None:
    rows = table(GATEWAY, "`--manner`")
    assert [Manner(names(name)[0]) for name, *_ in rows] == list(Manner)
    for name, said, _ in rows:
        assert names(said)[0] in repr(Manners.of(names(name)[0]))


@pytest.mark.parametrize("name", ["test_my_program", "test_my_presets"])
def test_the_tests_on_the_page_pass(pytester: pytest.Pytester, name: str) -> None:
    pytester.makepyfile(**{name: shown(GATEWAY, f"{name}.py")})
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)

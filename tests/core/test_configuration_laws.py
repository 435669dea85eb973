"""Laws of the configuration: a text makes it or a ConfigurationError, and no number changes on its way."""

import tempfile
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from v6core.config import Configuration, load
from v6core.config.document import parse_document
from v6core.errors import ConfigurationError
from v6core.money import LARGEST
from v6core.risk import RiskLimits

FOLDER = Path(tempfile.gettempdir()) / "no-such-folder-of-v6"
NAMES = st.text("abcxyz_-", min_size=1, max_size=6)
PIECES = st.sampled_from(
    [
        "[risk]",
        "[brokers.a]",
        "[[b]]",
        "a",
        "=",
        " = ",
        "1",
        '"x"',
        "'",
        '"""',
        "{",
        "}",
        "[",
        "]",
        "\n",
        "#",
        ".",
        "é",
        "\\",
    ]
)
SOUP = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


def toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {toml(inner)}' for key, inner in cast("dict[str, Any]", value).items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(inner) for inner in value) + "]"  # pyright: ignore[reportUnknownVariableType]  # any list
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08x}" for letter in value) + '"'
    return str(value)


def attempt(environment: dict[str, str]) -> Configuration | None:
    try:
        return load(environment=environment, folder=FOLDER)
    except ConfigurationError:
        return None


@settings(deadline=None, max_examples=200)
@given(SOUP)
def test_any_text_is_a_document_or_a_configuration_error(text: str) -> None:
    refusal: ConfigurationError | None = None
    try:
        document = parse_document(text, "x")
    except ConfigurationError as error:
        refusal = error
    else:
        last = text.count("\n") + 1
        assert all(1 <= line <= last for line in document.lines.values())
    assert refusal is None or str(refusal).startswith("x")


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(NAMES, VALUES, max_size=5), st.lists(st.sampled_from(["", "# [x]", "  "]), max_size=3))
def test_each_key_stands_on_the_line_that_holds_it(table: dict[str, object], between: list[str]) -> None:
    lines: list[str] = []
    where: dict[str, int] = {}
    for key, value in table.items():
        lines += between
        where[key] = len(lines) + 1
        lines.append(f"{key} = {toml(value)}")
    found = parse_document("\n".join(lines), "x").lines
    assert {key: found[key,] for key in table} == where


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([*RiskLimits.model_fields, "nothing"]),
    SOUP.filter(lambda text: "\0" not in text and text.isascii()) | VALUES.map(toml),
)
def test_any_variable_is_taken_or_named(key: str, text: str) -> None:
    name = f"V6_RISK__{key.upper()}"
    refusal: ConfigurationError | None = None
    try:
        load(environment={name: text}, folder=FOLDER)
    except ConfigurationError as error:
        refusal = error
    assert refusal is None or name in str(refusal)


@settings(deadline=None, max_examples=100)
@given(st.decimals(min_value=Decimal("0.0001"), max_value=LARGEST - 1, places=4))
def test_a_limit_comes_out_as_it_was_written(number: Decimal) -> None:
    made = attempt({"V6_RISK__MAX_ORDER_VALUE": f"{number:f}"})
    assert made is not None
    assert made.risk.max_order_value == number


@settings(deadline=None, max_examples=100)
@given(VALUES)
def test_a_variable_is_read_as_the_file_would_be(value: object) -> None:
    written = toml(value)
    made = attempt({"V6_BROKERS__X__PLUGIN": "p", "V6_BROKERS__X__KEY": written})
    assert made is not None
    in_file = tomllib.loads(f"value = {written}", parse_float=Decimal)["value"]
    expected = written if isinstance(value, dict) else in_file
    assert repr(made.brokers["x"].settings["key"]) == repr(expected)

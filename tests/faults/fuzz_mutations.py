"""How an input is spoiled: in its bytes, and in the tree that it holds."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, cast

TOKENS = (
    *("", " ", "\0", "\n", "\r\n", "\t", "\x1b[31m", "\x7f", "\ud800", "\xe9", "\u07c0", "\u202e", "\ufeff", "A" * 200),
    *("0", "-0", "-1", "1e400", "1E-400", "NaN", "Infinity", "-Infinity", "0x10", "1_000", "9" * 40, "0." + "0" * 40),
    *("null", "true", "{}", "[]", "[[[[", "}", '"', "\\", "\\u0000", "'", "'''", "=", "[risk]", "#", ":", "/", ","),
    *("v6-", "GOOG", "GOOG151231C00750000", "2026-02-30", "0000-00-00", "9999-12-31T23:59:59Z", "off", "env:X"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**63, -(2**63) - 1, 10**40, 0.1, -0.0, 1e308, 5e-324),
    *("", " ", "0", "-1", "NaN", "sNaN", "Infinity", "1e400", "1e-400", "1_0", "\u0663", "x", "\0", "a\nb", "A" * 5000),
    *(
        [],
        {},
        [[]],
        {"": None},
        [None] * 50,
        "2026-12-01T15:00:00Z",
        "2026-12-01T15:00:00",
        "9999-12-31T23:59:59-14:00",
    ),
    *("BUY", "MARKET", "FILLED", "ORDER", "FILL", "STOCK", "COMBO", "GTD", "00000000-0000-0000-0000-000000000000"),
)


class Mutator:
    """Spoils inputs; equal seeds spoil alike."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self, text: str) -> str:
        """Return a text that is nearly the one given."""
        for _ in range(self.random.choice((1, 1, 1, 2, 3, 8))):
            text = self.random.choice(_ON_TEXT)(self.random, text)
        return text

    def tree(self, tree: Any) -> Any:
        """Return a JSON value that is nearly the one given."""
        for _ in range(self.random.choice((1, 1, 1, 2, 4))):
            tree = self._changed(tree)
        return tree

    def json(self, tree: Any) -> str:
        """Return text that is nearly a JSON value: the value is spoiled, or its text, or both."""
        way = self.random.random()
        text = json.dumps(self.tree(tree) if way < 0.8 else tree)
        return self.text(text) if way > 0.7 else text

    def _changed(self, tree: Any) -> Any:
        children = _children(tree)
        if children and self.random.random() < 0.85:
            key = self.random.choice(children)
            copy: Any = tree.copy()
            copy[key] = self._changed(tree[key])
            return copy
        return self.random.choice(_ON_TREES)(self.random, tree)


def _children(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return list(cast("dict[str, Any]", tree))
    return list(range(len(tree))) if isinstance(tree, list) else []  # pyright: ignore[reportUnknownArgumentType]  # JSON


def _cut(chance: random.Random, text: str) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _without(chance: random.Random, text: str) -> str:
    start = chance.randrange(len(text) + 1)
    return text[:start] + text[start + chance.randrange(1, 9) :]


def _inserted(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(TOKENS) + text[place:]


def _replaced(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chr(chance.choice((chance.randrange(128), chance.randrange(0x2100)))) + text[place + 1 :]


def _twice(chance: random.Random, text: str) -> str:
    start = chance.randrange(len(text) + 1)
    piece = text[start : start + chance.randrange(1, 40)]
    return text[:start] + piece * chance.choice((2, 2, 50)) + text[start + len(piece) :]


def _swapped(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]


def _other_case(_: random.Random, text: str) -> str:
    return text.swapcase()


_ON_TEXT: Sequence[Callable[[random.Random, str], str]] = (
    _cut,
    _without,
    _inserted,
    _inserted,
    _replaced,
    _replaced,
    _twice,
    _swapped,
    _other_case,
)


def _another_value(chance: random.Random, _: Any) -> Any:
    return chance.choice(VALUES)


def _spoilt_leaf(chance: random.Random, tree: Any) -> Any:
    if isinstance(tree, str):
        return chance.choice(_ON_TEXT)(chance, tree)
    if isinstance(tree, bool) or not isinstance(tree, int | float):
        return chance.choice(VALUES)
    return chance.choice((-tree, tree + 1, tree * 10, str(tree), tree * 1e300))


def _fewer_or_more(chance: random.Random, tree: Any) -> Any:
    children = _children(tree)
    if isinstance(tree, dict):
        copy = dict(cast("dict[str, Any]", tree))
        if children and chance.random() < 0.6:
            del copy[chance.choice(children)]
        else:
            copy[chance.choice(("x", "", *map(str, children)))] = chance.choice(VALUES)
        return copy
    if isinstance(tree, list) and children:
        items: list[Any] = [*tree]  # pyright: ignore[reportUnknownVariableType]  # JSON
        items.insert(chance.choice(children), items[chance.choice(children)])
        return items[chance.randrange(2) :]
    return chance.choice(VALUES)


def _wrapped(chance: random.Random, tree: Any) -> Any:
    return chance.choice(([tree], {"x": tree}, str(tree)))


_ON_TREES: Sequence[Callable[[random.Random, Any], Any]] = (
    _another_value,
    _spoilt_leaf,
    _spoilt_leaf,
    _fewer_or_more,
    _wrapped,
)

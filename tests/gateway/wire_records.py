"""Records of every message, drawn from the layouts themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from v6_ib_plugin.gateway.wire import kinds
from v6_ib_plugin.gateway.wire.kinds import Kind
from v6_ib_plugin.gateway.wire.layout import (
    Field,
    Fixed,
    Item,
    Layout,
    Picked,
    Present,
    Several,
    Stated,
    Texts,
    TextsBy,
    Values,
    When,
)

Strategy = st.SearchStrategy[Any]

_SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
ANY_TEXT: Strategy = st.text(_SIGNS, max_size=6) | st.sampled_from(["", "\\", "\\u20ac €", "None", "?", "a=b;"])
PLAIN_TEXT: Strategy = st.text("abcXYZ 019.:/-_", max_size=6)
_DOUBLES: Strategy = st.decimals(min_value=-(10**9), max_value=10**9, places=4) | st.sampled_from(
    [Decimal(0), Decimal("0.0"), Decimal("1E+2"), Decimal("-0.00000001")]
)
_INTS: Strategy = st.integers(-(10**9), 10**9)
_LONGS: Strategy = _INTS | st.integers(-(2**62), 2**62)
_VALUES: Mapping[Kind, Strategy] = {
    kinds.FLAG: st.booleans(),
    kinds.INT: _LONGS,
    kinds.ID: _LONGS,
    kinds.INT_OR_EMPTY: st.none() | _INTS,
    kinds.INT_OR_LARGEST: st.none() | _INTS,
    kinds.LONG_OR_LARGEST: st.none() | _LONGS,
    kinds.DOUBLE: _DOUBLES,
    kinds.DOUBLE_OR_EMPTY: st.none() | _DOUBLES,
    kinds.DOUBLE_OR_LARGEST: st.none() | _DOUBLES,
    kinds.DOUBLE_OR_INFINITY: st.none() | _DOUBLES | st.just(Decimal("Infinity")),
    kinds.DOUBLE_OR_MINUS_ONE: st.none() | _DOUBLES.filter(lambda number: number != -1),
    kinds.DOUBLE_OR_MINUS_TWO: st.none() | _DOUBLES.filter(lambda number: number != -2),
}
TELLING: Mapping[str, Strategy] = {
    "order.order_type": st.sampled_from(
        ["LMT", "TRAIL", "VOL", "PEG BEST", "PEGBEST", "PEG MID", "PEGMID", "PEG BENCH"]
    ),
    "contract.sec_type": st.sampled_from(["STK", "OPT", "BAG"]),
    "contract.exchange": st.sampled_from(["SMART", "IBKRATS"]),
}
"""The words on which it depends what else a message says."""
_TELLING_IN: Mapping[str, Mapping[str, Strategy]] = {"tickByTick": {"tick_type": st.integers(0, 5) | _INTS}}
"""Those that mean something else in other messages."""


class _Drawing:
    """One record on the way."""

    def __init__(self, draw: st.DrawFn, text: Strategy, told: Mapping[str, Strategy], parts: Iterable[str]) -> None:
        self._draw, self._text, self._told = draw, text, told
        self.values: dict[str, dict[str, Any]] = {part: {} for part in ("", *parts)}

    def take(self, items: Iterable[Item]) -> None:
        for item in items:
            if isinstance(item, When):
                if item.holds(self._get(item.path)):
                    self.take(item.items)
            elif not isinstance(item, Fixed | Stated):
                part, _, name = item.path.rpartition(".")
                self.values[part][name] = self._drawn(item)

    def _get(self, path: str) -> Any:
        part, _, name = path.rpartition(".")
        return self.values[part][name]

    def _drawn(self, item: Field | Texts | TextsBy | Picked | Present | Several | Values) -> Any:
        told = self._told.get(item.path)
        return self._draw(self._strategy(item) if told is None else told)

    def _strategy(  # noqa: PLR0911 -- one for each item
        self, item: Field | Texts | TextsBy | Picked | Present | Several | Values
    ) -> Strategy:
        match item:
            case Field():
                return self._of(item.kind)
            case Values():
                return st.lists(self._of(item.kind), max_size=3).map(tuple)
            case Texts():
                return self._texts(len(item.names))
            case Present():
                return st.none() | self._texts(len(item.names))
            case Picked():
                blank = st.just("")
                return st.tuples(*(self._text if index in item.picks else blank for index in range(item.width)))
            case TextsBy():
                return self._texts(item.widths[self._get(item.by)])
            case Several():
                return st.lists(_record(item.make, item.items, self._text, self._inside(item.path)), max_size=3).map(
                    tuple
                )

    def _inside(self, path: str) -> dict[str, Strategy]:
        return {key.removeprefix(f"{path}."): told for key, told in self._told.items() if key.startswith(f"{path}.")}

    def _of(self, kind: Kind) -> Strategy:
        return _VALUES.get(kind, self._text)

    def _texts(self, width: int) -> Strategy:
        return st.tuples(*[self._text] * width)


@st.composite
def _record(draw: st.DrawFn, make: type, items: tuple[Item, ...], text: Strategy, told: Mapping[str, Strategy]) -> Any:
    by_kind = {"kind": st.sampled_from(list(_widths(items)))} if any(_widths(items)) else {}
    drawing = _Drawing(draw, text, {**by_kind, **told}, ())
    drawing.take(items)
    return make(**drawing.values[""])


def _widths(items: Iterable[Item]) -> Iterable[int]:
    return [kind for item in items if isinstance(item, TextsBy) for kind in item.widths]


@st.composite
def records(
    draw: st.DrawFn, layout: Layout, text: Strategy = ANY_TEXT, told: Mapping[str, Strategy] | None = None
) -> Any:
    """Draw a record that a layout can say, in all its conditional parts; ``told`` says what to draw for a path."""
    drawing = _Drawing(draw, text, {**TELLING, **_TELLING_IN.get(layout.name, {}), **(told or {})}, layout.parts)
    drawing.take(layout.items)
    for path, make in sorted(layout.parts.items(), key=lambda part: -part[0].count(".")):
        part, _, name = path.rpartition(".")
        drawing.values[part][name] = make(**drawing.values[path])
    return layout.make(**drawing.values[""])


def fields_of(payload: bytes) -> tuple[str, ...]:
    """Return the fields of a payload."""
    return tuple(payload.decode().split("\0")[:-1])

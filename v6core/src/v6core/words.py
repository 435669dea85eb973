"""Enumerations whose values are their names in capitals, read from text in any case."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A StrEnum that takes ``"buy"``, ``"Buy"`` and ``"BUY"`` alike and names the choices when it takes none."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:  # noqa: ARG004 -- enum's signature
        return name

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if isinstance(value, str):
            wanted = value.strip().upper().replace(" ", "_").replace("-", "_")
            for member in cls:
                if member.value == wanted:
                    return member
        return None

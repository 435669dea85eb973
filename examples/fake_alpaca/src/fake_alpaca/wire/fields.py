"""One field of a request after the other, read strictly: a body or a query, and the names that may stand in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar, cast
from uuid import UUID

from fake_alpaca.refusals import invalid, malformed
from v6core.money import to_decimal

Choice = TypeVar("Choice", bound=StrEnum)


class Fields:
    """The members of one JSON object. Prices may be text or numbers: Alpaca's own clients send both."""

    def __init__(self, members: Mapping[str, Any], known: frozenset[str], where: str = "") -> None:
        self._members = {name: value for name, value in members.items() if value is not None}
        self._where = where
        unknown = sorted(set(members) - known)
        if unknown:
            raise invalid(f"unknown field {where}{unknown[0]}")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def text(self, name: str) -> str | None:
        """Return a text."""
        value = self._members.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wrong(name, value)
        return value

    def number(self, name: str) -> Decimal | None:
        """Return a number."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise self._wrong(name, value)
        try:
            return to_decimal(value, name)
        except ValueError:
            raise self._wrong(name, value) from None

    def flag(self, name: str) -> bool:
        """Return a yes or no; a query writes it as text."""
        value = self._members.get(name, False)
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise self._wrong(name, value)
        return value

    def choice(self, name: str, kind: type[Choice]) -> Choice | None:
        """Return one of Alpaca's words."""
        value = self.text(name)
        if value is None or value == "":
            return None
        try:
            return kind(value)
        except ValueError:
            raise self._wrong(name, value) from None

    def required(self, name: str, kind: type[Choice]) -> Choice:
        """Return one of Alpaca's words that has to be there."""
        value = self.choice(name, kind)
        if value is None:
            raise invalid(f"{self._where}{name} is required")
        return value

    def whole(self, name: str, default: int, most: int) -> int:
        """Return a count of at least one."""
        value = self._members.get(name, default)
        if str(value).isdecimal() and 1 <= int(value) <= most:
            return int(value)
        raise self._wrong(name, value)

    def moment(self, name: str) -> datetime | None:
        """Return a time, or a day's beginning; one without a zone is in UTC."""
        value = self.text(name)
        if value is None:
            return None
        try:
            parsed = datetime.fromisoformat(value.replace(" ", "+"))
        except ValueError:
            raise self._wrong(name, value) from None
        return parsed if parsed.tzinfo is not None else datetime.fromisoformat(f"{parsed.isoformat()}+00:00")

    def day(self, name: str) -> date | None:
        """Return a day."""
        value = self.text(name)
        try:
            return None if value is None else date.fromisoformat(value)
        except ValueError:
            raise self._wrong(name, value) from None

    def ident(self, name: str) -> UUID | None:
        """Return an id."""
        value = self.text(name)
        try:
            return None if value is None else UUID(value)
        except ValueError:
            raise self._wrong(name, value) from None

    def words(self, name: str) -> frozenset[str]:
        """Return a list that is separated by commas."""
        return frozenset(part.strip() for part in (self.text(name) or "").split(",") if part.strip())

    def inner(self, name: str, known: frozenset[str]) -> Fields | None:
        """Return an object inside."""
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._wrong(name, value)
        return Fields(cast("dict[str, Any]", value), known, f"{self._where}{name}.")

    def rows(self, name: str, known: frozenset[str]) -> list[Fields]:
        """Return the objects of a list inside."""
        value = self._members.get(name)
        if value is None:
            return []
        rows = _objects(value)
        if not rows:
            raise self._wrong(name, value)
        return [Fields(row, known, f"{self._where}{name}.{number}.") for number, row in enumerate(rows)]

    def _wrong(self, name: str, value: object) -> Exception:
        return invalid(f"invalid {self._where}{name}: {value}")


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none where it is no list, or holds anything else."""
    return value if isinstance(value, list) and all(isinstance(row, dict) for row in value) else []  # pyright: ignore[reportUnknownVariableType]  # JSON


def body_of(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a request's body, its numbers exact; Refusal 400 where it is none."""
    try:
        body = json.loads(raw, parse_float=Decimal)
    except ValueError:
        raise malformed("request body format is invalid") from None
    if not isinstance(body, dict):
        raise malformed("request body format is invalid")
    return cast("dict[str, Any]", body)

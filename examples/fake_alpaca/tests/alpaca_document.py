"""Alpaca's own OpenAPI documents, and what an answer has that they do not allow."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import FormatChecker  # type: ignore[import-untyped]  # its types are a distribution of their own
from openapi_schema_validator import OAS31Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_DOCUMENTS = "alpaca-mcp-server"
_VERSION = "2.4.0"
_FILES = ("trading-api", "market-data-api")


def official_document() -> Document:
    """Return the documents from the distribution that ships them; skip the test where it cannot be had."""
    folder = _installed() or _downloaded()
    return Document({name: json.loads((folder / f"{name}.json").read_text()) for name in _FILES})


def _installed() -> Path | None:
    try:
        found = Path(str(distribution(_DOCUMENTS).locate_file("alpaca_mcp_server/specs")))
    except PackageNotFoundError:
        return None
    return found if found.is_dir() else None


def _downloaded() -> Path:
    """Have the distribution fetched without what it depends on, once, into a folder that is kept."""
    target = Path(tempfile.gettempdir()) / f"{_DOCUMENTS}-{_VERSION}"
    specs = target / "alpaca_mcp_server" / "specs"
    reasons: list[str] = []
    for installer in _installers():
        if specs.is_dir():
            break
        command = [*installer, "--quiet", "--no-deps", "--target", str(target), f"{_DOCUMENTS}=={_VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        reasons.append(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "")
    if not specs.is_dir():
        pytest.skip(f"Alpaca's document cannot be had: {_DOCUMENTS} is not installed, {'; '.join(reasons)}")
    return specs


def _installers() -> Iterator[list[str]]:
    yield [sys.executable, "-m", "pip", "install"]
    uv = shutil.which("uv")
    if uv is not None:
        yield [uv, "pip", "install", "--python", sys.executable]


@dataclass
class Document:
    """What Alpaca promises of its answers."""

    files: dict[str, Any]

    @cached_property
    def _registry(self) -> Registry[Any]:
        resources = [(f"urn:alpaca:{name}", DRAFT202012.create_resource(file)) for name, file in self.files.items()]
        return Registry[Any]().with_resources(resources).crawl()

    def operation(self, method: str, path: str) -> tuple[str, Any] | None:
        """Return the file and the operation that a request is, by the template that fits its path."""
        for name, file in self.files.items():
            for template, operations in file["paths"].items():
                if _fits(template, path) and method.lower() in operations:
                    return name, operations[method.lower()]
        return None

    def problems(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Return what an answer has that the document does not allow."""
        found = self.operation(method, path)
        if found is None:
            return [f"{method} {path} is not in the document"]
        name, operation = found
        answer = operation["responses"].get(str(status))
        if answer is None:
            return [f"{method} {path} does not answer {status}"]
        content = answer.get("content", {}).get("application/json")
        return [] if content is None else self.against(name, content["schema"], body)

    def against(self, name: str, schema: Any, body: Any) -> list[str]:
        """Return where a body breaks a schema of a file, known deviations left out."""
        rooted = json.loads(json.dumps(schema).replace('"#/', f'"urn:alpaca:{name}#/'))
        validator = OAS31Validator(rooted, registry=self._registry, format_checker=_FORMATS)
        errors = validator.iter_errors(body)
        return [f"{error.json_path}: {error.message}" for error in errors if not _is_known(error)]


def _fits(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        part == own or (part.startswith("{") and bool(own)) for part, own in zip(wanted, given, strict=True)
    )


DEVIATIONS = {
    "asset_id": "a multi-leg order as a whole has none",
    "asset_class": "a multi-leg order as a whole has none",
    "symbol": "a multi-leg order as a whole has none",
    "side": "a multi-leg order as a whole has none",
    "type": "a leg of a multi-leg order has none",
    "order_type": "a leg of a multi-leg order has none",
}
"""Members that are empty text against their schema. The document's own example MultilegOptionsOrderResponse has them
empty as well: it breaks its schemas Order and OrderLeg in these six members and in no other."""


def _is_known(error: Any) -> bool:
    place = next((part for part in reversed(error.absolute_path) if isinstance(part, str)), "")
    return (error.instance == "" and place in DEVIATIONS) or _is_activity(error)


def _is_activity(error: Any) -> bool:
    """Whether an activity is blamed for being of two kinds.

    /v2/account/activities/{activity_type} wants exactly one of TradingActivities and NonTradeActivities, neither of
    which requires a single member: whatever is the one is the other too, the document's own examples among them.
    """
    return (
        error.validator == "oneOf" and "is valid under each of" in error.message and "activity_type" in error.instance
    )


_FORMATS = FormatChecker(formats=())


def _format(name: str, read: Callable[[str], object]) -> None:
    def check(value: object) -> bool:
        if isinstance(value, str):
            read(value)
        return True

    _FORMATS.checks(name, raises=(ValueError, ArithmeticError))(check)


def _moment(text: str) -> None:
    """Read a time as RFC 3339 has it, with a zone; its fraction may have nine places."""
    if re.fullmatch(r"[^T]{10}T[0-9:]{8}([.][0-9]{1,9})?(Z|[+-][0-9:]{5})", text) is None:
        raise ValueError(f"no time with a zone: {text}")
    datetime.fromisoformat(text[:19])


_format("uuid", UUID)
_format("date", date.fromisoformat)
_format("date-time", _moment)
_format("decimal", Decimal)

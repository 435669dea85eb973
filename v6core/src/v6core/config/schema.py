"""The JSON schema of ``v6.toml``: an editor completes and checks by it (first line: ``#:schema ./v6.schema.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from v6core.config.sections import EngineSection, JournalSection
from v6core.risk import RiskLimits

_SECTIONS: dict[str, type[BaseModel]] = {"risk": RiskLimits, "journal": JournalSection, "engine": EngineSection}


def json_schema(plugins: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """Return the schema of the file; ``plugins`` are the settings models of the brokers, by the plugin's name."""
    models = list(dict.fromkeys([*_SECTIONS.values(), *plugins.values()]))
    by_model, shared = models_json_schema([(model, "validation") for model in models], title="v6.toml")
    definitions: dict[str, Any] = shared.get("$defs", {})
    sections = {name: by_model[model, "validation"] for name, model in _SECTIONS.items()}
    chosen = [_when(name, definitions[_title_of(by_model[model, "validation"])]) for name, model in plugins.items()]
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "v6.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "broker": {"type": "string", "description": "which of [brokers.NAME] is used"},
            "extensions": {"type": "array", "items": {"type": "string"}, "default": []},
            "brokers": {"type": "object", "additionalProperties": _any_broker(list(plugins), chosen)},
            **sections,
        },
        "$defs": definitions,
    }
    return cast("dict[str, Any]", _as_toml_has_it(schema))


def _title_of(reference: Mapping[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _any_broker(names: list[str], chosen: list[dict[str, Any]]) -> dict[str, Any]:
    plugin = {"type": "string", "description": "the plugin that provides the broker", "examples": names}
    schema = {"type": "object", "required": ["plugin"], "properties": {"plugin": plugin}}
    return {**schema, "allOf": chosen} if chosen else schema


def _when(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rule that a section of this plugin takes its settings and nothing else."""
    closed = settings.get("additionalProperties", False)
    then = {
        **settings,
        "additionalProperties": closed,
        "properties": {"plugin": {"const": name}, **settings.get("properties", {})},
    }
    return {"if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]}, "then": then}


def _as_toml_has_it(node: Any) -> Any:
    """Leave out null, which TOML does not have, and give a Decimal's default as the number that people write."""
    if isinstance(node, list):
        return [_as_toml_has_it(item) for item in node if item != {"type": "null"}]  # pyright: ignore[reportUnknownVariableType]  # JSON
    if not isinstance(node, dict):
        return node
    table = {key: _as_toml_has_it(value) for key, value in cast("dict[str, Any]", node).items()}
    if table.get("default", 0) is None:
        del table["default"]
    if isinstance(default := table.get("default"), str) and "number" in str(table.get("anyOf", "")):
        table["default"] = float(default) if "." in default else int(default)
    return table

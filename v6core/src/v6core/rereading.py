"""Models read back from text that v6 wrote itself: built, not judged anew.

A model that was valid when it was written is valid when it is read, as long as the text is the same; of the journal,
the chain says so. ``rereader`` takes the schema that pydantic checks live input by and leaves out what Python code
judges and tidies in it, which is most of what validation costs. The kinds of all values are still checked, and fields
that a model does not have are refused, so a row of a later v6 is not half understood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from pydantic_core import SchemaValidator, core_schema

T = TypeVar("T")
Schema = dict[str, Any]
Function = Callable[..., Any]
Parts = tuple[dict[str, Any], dict[str, Any] | None, set[str]]
"""What a model is made of: its fields, what more there is, and the names of the fields that were given."""
M = TypeVar("M", bound=BaseModel)
_MOST_SHARED: Final = 10_000
_JUDGING: Final = frozenset({"function-before", "function-after"})


def rereader(
    adapter: TypeAdapter[T], *, shaping: tuple[Function, ...] = (), shared: tuple[type[BaseModel], ...] = ()
) -> Callable[[str], T]:
    """Return what reads a type's JSON back; ValueError for text that is no JSON of it.

    ``shaping`` are validators that make a value what it is and not only judge it: they stay. Of the models in
    ``shared``, which must be frozen, equal texts become one object.
    """
    rewritten = _Rewriting(shaping, shared).rewrite(adapter.core_schema)
    return cast("Callable[[str], T]", SchemaValidator(cast("core_schema.CoreSchema", rewritten)).validate_json)


class _Rewriting:
    """One walk through a schema. Parts of a schema occur many times in it; each is rewritten once."""

    def __init__(self, shaping: tuple[Function, ...], shared: tuple[type[BaseModel], ...]) -> None:
        self._shaping = shaping
        self._shared = shared
        self._done: dict[int, Any] = {}
        self._known: dict[tuple[type[BaseModel], tuple[object, ...]], BaseModel] = {}

    def rewrite(self, part: Any) -> Any:
        """Return a part of a schema without what judges."""
        if isinstance(part, Mapping):
            key = id(cast("object", part))
            if key not in self._done:
                self._done[key] = self._of_mapping(cast("Schema", part))
            return self._done[key]
        if isinstance(part, list | tuple):
            rewritten = map(self.rewrite, cast("Iterable[Any]", part))
            return list(rewritten) if isinstance(part, list) else tuple(rewritten)
        return part

    def _of_mapping(self, part: Schema) -> Any:
        match part.get("type"):
            case str(kind) if kind in _JUDGING and part["function"]["function"] not in self._shaping:
                return self.rewrite(part["schema"])
            case "datetime":
                written = core_schema.str_schema(pattern="Z$")  # in UTC
                return core_schema.no_info_after_validator_function(datetime.fromisoformat, written)
            case "uuid":
                return core_schema.no_info_after_validator_function(_one_uuid, core_schema.str_schema())
            case "model":
                return self._of_model(part)
            case "definitions":
                named = [{**self.rewrite(found), "ref": found["ref"]} for found in part["definitions"]]
                return {"type": "definitions", "schema": self.rewrite(part["schema"]), "definitions": named}
            case _:
                return {name: self.rewrite(value) for name, value in part.items() if name not in {"metadata", "ref"}}

    def _of_model(self, part: Schema) -> Any:
        cls: type[BaseModel] = part["cls"]
        computed = frozenset(cls.model_computed_fields)  # written with the others, and worked out anew
        fields = self._fields_of(part["schema"], "allow" if computed else "forbid")
        schema = core_schema.no_info_after_validator_function(builder(cls, computed), fields)
        return self._sharing(cls, schema) if issubclass(cls, self._shared) else schema

    def _fields_of(self, part: Schema, extra: str) -> Any:
        """Return the fields of a model, without the model's own validators, which lie around them."""
        while part["type"] != "model-fields":
            part = part["schema"]
        return {**self.rewrite(part), "extra_behavior": extra}

    def _sharing(self, cls: type[BaseModel], schema: core_schema.CoreSchema) -> core_schema.CoreSchema:
        known = self._known

        def share(value: Any, build: Callable[[Any], BaseModel]) -> BaseModel:
            try:
                key = cls, tuple(value.items())
                found = known.get(key)
            except (AttributeError, TypeError):  # no object, or one that holds others
                return build(value)
            if found is None:
                found = build(value)
                if len(known) >= _MOST_SHARED:
                    known.clear()
                known[key] = found
            return found

        return core_schema.no_info_wrap_validator_function(share, schema)


def builder(cls: type[M], computed: frozenset[str] = frozenset()) -> Callable[[Parts], M]:
    """Return what makes a model of all its fields in their order, as pydantic's ``model_construct`` does."""
    new, put = cls.__new__, object.__setattr__

    def build(parts: Parts) -> M:
        fields, extra, given = parts
        if extra:
            if strange := extra.keys() - computed:
                raise ValueError(f"{cls.__name__} has no field {min(strange)}")
            given.difference_update(extra)
        model = new(cls)
        put(model, "__dict__", fields)
        put(model, "__pydantic_fields_set__", given)
        put(model, "__pydantic_extra__", None)
        put(model, "__pydantic_private__", None)
        return model

    return build


@lru_cache(_MOST_SHARED)
def _one_uuid(text: str) -> UUID:
    """Return the same object for the same text while it is in use: dictionaries find it without comparing."""
    return UUID(text)

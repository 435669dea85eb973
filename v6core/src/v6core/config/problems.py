"""What is wrong with a configuration, each problem in one sentence that says where, and all of them at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from v6core.config.origins import KeyPath, Origin, Source, origin_of
from v6core.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)
_SECRET_NAME = re.compile(r"password|passwd|secret|token|api_?key|private|credential|^key$", re.IGNORECASE)
_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text in quotes",
    "tuple": 'a list like ["a", "b"]',
    "list": 'a list like ["a", "b"]',
    "set": 'a list like ["a", "b"]',
    "frozen_set": 'a list like ["a", "b"]',
    "dict": "a table",
    "model": "a table",
    "mapping": "a table",
    "date": "a date like 2026-12-18",
    "datetime": "a time like 2026-12-18T14:30:00Z",
    "path": "a path in quotes",
}
_BOUNDS = {
    "greater_than": "above",
    "greater_than_equal": "at least",
    "less_than": "below",
    "less_than_equal": "at most",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, and a sentence."""

    origin: Origin
    sentence: str

    def __str__(self) -> str:
        return self.sentence if self.origin.source is Source.DEFAULT else f"{self.origin}: {self.sentence}"


def refuse(problems: Iterable[Problem], hint: str | None = None) -> None:
    """Raise one ConfigurationError that tells all problems, in the order of their lines; none: do nothing."""
    lines = list(dict.fromkeys(str(problem) for problem in sorted(problems, key=lambda problem: problem.origin.rank)))
    if len(lines) == 1:
        raise ConfigurationError(lines[0], hint=hint)
    if lines:
        raise ConfigurationError("\n".join([f"the configuration has {len(lines)} problems:", *lines]), hint=hint)


def looks_secret(key: object) -> bool:
    """Tell whether a key is called like one that holds a secret, so that its value must not be shown."""
    return _SECRET_NAME.search(str(key)) is not None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "port"?`` where a known word is near, else the known words in brackets."""
    names = list(known)
    if (near := nearest(word, names)) is not None:
        return f'; did you mean "{near}"?'
    return f" (there is: {', '.join(names)})" if names else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that may have been meant, in whatever case it was written; None where none is near."""
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), folded, 1)
    return folded[near[0]] if near else None


def quoted(path: KeyPath) -> str:
    """Return the way to a table or key as it is written in TOML."""
    return ".".join(str(part) if re.fullmatch(r"[\w-]+", str(part)) else f'"{part}"' for part in path)


def explain(
    error: ValidationError, model: type[BaseModel], origins: Mapping[KeyPath, Origin], base: KeyPath = ()
) -> list[Problem]:
    """Return what pydantic found as problems; ``base`` is the section that was validated by ``model``."""
    return [_problem(detail, model, origins, base) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails, model: type[BaseModel], origins: Mapping[KeyPath, Origin], base: KeyPath) -> Problem:
    path = base + detail["loc"]
    if detail["type"] == "extra_forbidden":
        sentence = _unknown(path, detail["input"], keys_at(model, detail["loc"][:-1]))
    elif detail["type"] == "missing":
        sentence = _missing(path, detail["input"])
    elif detail["type"] in {"value_error", "assertion_error"}:
        sentence = _own_words(path, detail, is_key=bool(detail["loc"]))
    else:
        sentence = f"{_named(path)} {_requirement(detail)}{_instead(path, detail['input'])}"
    return Problem(origin_of(path, origins), sentence)


def _unknown(path: KeyPath, value: object, known: Iterable[str]) -> str:
    key = str(path[-1])
    if isinstance(value, dict):
        return f"there is no section [{quoted(path)}]{did_you_mean(key, known)}"
    if len(path) == 1:
        return f'there is no key "{key}"{did_you_mean(key, known)}'
    return f'[{quoted(path[:-1])}] has no key "{key}"{did_you_mean(key, known)}'


def _missing(path: KeyPath, section: object) -> str:
    key = str(path[-1])
    near = difflib.get_close_matches(key, [str(name) for name in cast("dict[str, Any]", section)], 1)
    tail = f', but "{near[0]}": did you mean "{key}"?' if near else ""
    return f'[{quoted(path[:-1])}] has no "{key}"{tail}' if len(path) > 1 else f'"{key}" is missing{tail}'


def _own_words(path: KeyPath, detail: ErrorDetails, *, is_key: bool) -> str:
    """Take a validator's own sentence, which names the key already or else is given its name."""
    cause = detail.get("ctx", {}).get("error")
    words = str(cause) if cause is not None else detail["msg"]
    if not is_key:
        return f"[{quoted(path)}] {words}" if path else words
    key = next(str(part) for part in reversed(path) if isinstance(part, str))
    if looks_secret(key):
        words = re.sub(r", not .*", "", words)
    return f"{_section(path)}{words}" if words.startswith(key) else f"{_named(path)}: {words}"


def _requirement(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _BOUNDS:
        bound = next(iter(context.values()))
        return f"must be {_BOUNDS[kind]} {f'{bound:g}' if isinstance(bound, float) else bound}"
    if "expected" in context:
        return f"must be {context['expected']}".replace("'", '"')
    expected = next((words for name, words in _EXPECTED.items() if kind.startswith(f"{name}_")), None)
    if expected is not None:
        return f"must be {expected}"
    return detail["msg"].replace("Input should", "must").replace("should", "must")


def _instead(path: KeyPath, value: object) -> str:
    """Say what was given instead; never what might be a secret, nor more than a glance of it."""
    if any(looks_secret(part) for part in path[-2:]):
        return ""
    if isinstance(value, dict):
        return ", not a table"
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return f", not {ascii(shown)[1:-1] if len(shown) <= 60 else ascii(shown[:57])[1:-1] + '…'}"


def _named(path: KeyPath) -> str:
    names = [str(part) for part in path if isinstance(part, str)]
    return f"{_section(path)}{names[-1]}" if names else "the file"


def _section(path: KeyPath) -> str:
    names = tuple(part for part in path if isinstance(part, str))
    return f"[{quoted(names[:-1])}] " if len(names) > 1 else ""


def keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that a model takes at a place within it."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = _model_in(field.annotation) if field is not None else None
        if inner is not None:
            model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    find: Callable[[Any], type[BaseModel] | None] = _model_in
    return next((found for argument in get_args(annotation) if (found := find(argument)) is not None), None)


def validated(
    model: type[Model],
    values: Mapping[str, Any],
    origins: Mapping[KeyPath, Origin],
    base: KeyPath = (),
    context: Mapping[str, Any] | None = None,
) -> Model | list[Problem]:
    """Return the values as a model, or what is wrong with them.

    What a variable holds was read as TOML before anybody knew what its key takes: where the key takes no number, the
    text itself is tried, so that an account called 1234567 can come from the environment.
    """
    try:
        return model.model_validate(dict(values), context=context)
    except ValidationError as error:
        texts = _texts_behind(error, origins, base)
        if texts:
            try:
                return model.model_validate(_replaced(values, texts), context=context)
            except ValidationError as second:
                error = min(second, error, key=ValidationError.error_count)
        return explain(error, model, origins, base)


def _texts_behind(error: ValidationError, origins: Mapping[KeyPath, Origin], base: KeyPath) -> dict[KeyPath, str]:
    places = [detail["loc"] for detail in error.errors(include_url=False) if not isinstance(detail["input"], str)]
    found = {place: origins[base + place].text for place in places if base + place in origins}
    return {place: text for place, text in found.items() if text is not None}


def _replaced(values: Mapping[str, Any], texts: Mapping[KeyPath, str]) -> dict[str, Any]:
    copy = deepcopy(dict(values))
    for path, text in texts.items():
        table: Any = copy
        for part in path[:-1]:
            table = table[part]
        table[path[-1]] = text
    return copy

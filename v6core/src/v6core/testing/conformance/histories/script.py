"""Histories as text: one step a line in JSON, fit to be kept beside a report of a fault, read and cut by hand.

Lines that are empty or begin with ``#`` count for nothing.
"""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from v6core.errors import ConfigurationError
from v6core.testing.conformance.histories.steps import History, Step

_STEP: TypeAdapter[Step] = TypeAdapter(Step)


def script_of(history: History) -> str:
    """Return a history as text; what a step leaves as usual is left out."""
    return "".join(f"{_line(step)}\n" for step in history)


def _line(step: Step) -> str:
    told = step.model_fields_set | {"step"}
    return step.model_dump_json(include=told)


def history_of(script: str, name: str = "the script") -> History:
    """Return the history that a text tells; ConfigurationError names the line that is no step, and whose it is."""
    return tuple(
        _step(f"line {number} of {name}", line)
        for number, line in enumerate(script.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def _step(place: str, line: str) -> Step:
    try:
        return _STEP.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{place} is no step: {f'{where}: ' if where else ''}{first['msg']}") from error

"""What TWS says and v6 has no word for, or v6 says and TWS has no field for: an error that names both."""

from __future__ import annotations

from pydantic import ValidationError

from v6core.errors import BrokerError
from v6core.identifiers import plainly


class Untranslatable(BrokerError):
    """A ``field`` holds a ``value`` that has no word on the other side; nothing was sent."""

    code = "UNTRANSLATABLE"

    def __init__(self, field: str, value: object, why: str, *, hint: str | None = None) -> None:
        self.field = field
        self.value = value
        super().__init__(plainly(f"{field} {value!r}: {why}"), hint=hint)


class translating:  # noqa: N801 -- what stands behind ``with`` reads as a word
    """Let what a v6 model refuses be an Untranslatable that names the model's field and the value."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValidationError):
            raise _refused(self._what, error) from error


def _refused(what: str, error: ValidationError) -> Untranslatable:
    first = error.errors(include_url=False, include_context=False)[0]
    why = f"{what} cannot be told in v6: {first['msg'].removeprefix('Value error, ')}"
    if not first["loc"]:  # the input is all of it, of which its repr would say nothing
        return Untranslatable(what, "as it is", why)
    return Untranslatable(".".join(map(str, first["loc"])), first["input"], why)

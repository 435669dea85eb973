"""What TWS says and v6 has no word for, or v6 says and TWS has no field for: an error that names both."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

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


@contextmanager
def translating(what: str) -> Generator[None]:
    """Let what a v6 model refuses be an Untranslatable that names the model's field and the value."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        why = f"{what} cannot be told in v6: {first['msg'].removeprefix('Value error, ')}"
        if not first["loc"]:  # the input is all of it, of which its repr would say nothing
            raise Untranslatable(what, "as it is", why) from error
        raise Untranslatable(".".join(map(str, first["loc"])), first["input"], why) from error

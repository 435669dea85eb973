"""How a case says what it expects; what it saw instead is the reason of its failure."""

from __future__ import annotations

from typing import Any


class Broken(AssertionError):
    """A broker did not keep what a case asks for; ``law`` is the id of another case whose law it broke by that.

    ``script`` is the history by which it did, where one was searched for: text to replay (``histories.script``).
    """

    script: str = ""

    def __init__(self, message: str, law: str | None = None) -> None:
        super().__init__(message if law is None else f"{law}: {message}")
        self.law = law


def expect(condition: object, message: str) -> None:
    """Go on where a condition holds; else the case has failed, and the message says what was seen."""
    if not condition:
        raise Broken(message)


def expect_equal(seen: Any, wanted: Any, what: str) -> None:
    """Go on where something is as it should be."""
    if seen != wanted:
        raise Broken(f"{what} is {seen}, not {wanted}")


def expect_kind(answer: object, kind: type, question: str) -> None:
    """Go on where a question was answered with what it promises."""
    if not isinstance(answer, kind):
        raise Broken(f"{question} answered {type(answer).__name__}, and promises a {kind.__name__}")

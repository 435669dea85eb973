"""What Alpaca answers when it does not do what it is asked: a status of HTTP, a code and a sentence."""

from __future__ import annotations

from typing import Any

INVALID_INPUT = 40010001
UNPROCESSABLE = 42210000
FORBIDDEN = 40310000
NOT_FOUND = 40410000


class Refusal(Exception):
    """A request is not done. ``details`` are the further members that some answers carry."""

    def __init__(self, status: int, code: int, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        return {**self.details, "code": self.code, "message": self.message}


def malformed(message: str) -> Refusal:
    """Return the refusal of a body that is not the JSON it should be."""
    return Refusal(400, 40010000, message)


def invalid(message: str) -> Refusal:
    """Return the refusal of a field whose value is not taken."""
    return Refusal(422, INVALID_INPUT, message)


def unprocessable(message: str, **details: Any) -> Refusal:
    """Return the refusal of a request that is well-formed and cannot be done."""
    return Refusal(422, UNPROCESSABLE, message, **details)


def forbidden(message: str, **details: Any) -> Refusal:
    """Return the refusal of what the account cannot carry."""
    return Refusal(403, FORBIDDEN, message, **details)


def not_found(message: str) -> Refusal:
    """Return the refusal of what asks for something that is not there."""
    return Refusal(404, NOT_FOUND, message)


def unauthorized() -> Refusal:
    """Return the refusal of wrong keys."""
    return Refusal(401, 40110000, "request is not authorized")

"""A question that TWS would answer with an error instead."""

from __future__ import annotations


class Refused(Exception):
    """A request is answered with an errMsg: ``code`` is TWS's number, ``text`` what goes with it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def no_definition() -> Refused:
    """Return what TWS says of a contract that it does not know."""
    return Refused(200, "No security definition has been found for the request")


def ambiguous(symbol: str) -> Refused:
    """Return what TWS says where a description fits several contracts."""
    return Refused(200, f"The contract description specified for {symbol} is ambiguous")


def invalid(cause: str) -> Refused:
    """Return what TWS says of a request that makes no sense."""
    return Refused(321, f"Error validating request.-'gateway' : cause - {cause}")

"""What is wrong with bytes that came, or with a record that shall go."""

from __future__ import annotations


class WireError(ValueError):
    """The bytes are not the protocol, or the record cannot be said in it; the text names the message and the field."""

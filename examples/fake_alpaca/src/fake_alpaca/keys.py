"""The keys of the one account that there is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """What a client shows. They open nothing but this server, and are no secret."""

    key_id: str = "PKFAKE0000000000"
    secret_key: str = "fake-alpaca"  # noqa: S105 -- it opens nothing

    def fit(self, key_id: object, secret_key: object) -> bool:
        """Whether these are the keys."""
        return key_id == self.key_id and secret_key == self.secret_key

    def in_headers(self, headers: Mapping[str, str]) -> bool:
        """Whether a request's headers (names in small letters) carry them, Alpaca's own or those of basic auth."""
        if "apca-api-key-id" in headers:
            return self.fit(headers["apca-api-key-id"], headers.get("apca-api-secret-key"))
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            key_id, _, secret_key = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return self.fit(key_id, secret_key)

"""The TWS protocol at server version 178, from the side of the server, as pure code.

``frames`` turns bytes into fields and back, ``decode_request`` fields into what a client asks, ``encode_message`` what
TWS tells into bytes. ``layouts`` say once what each message looks like; they are compiled for both directions, so that
``decode_message`` and ``encode_request``, the side of the client, come from the same source. Whatever does not fit
raises WireError, which names the message and the field.
"""

from __future__ import annotations

from v6_ib_plugin.gateway.wire import frames, messages, requests
from v6_ib_plugin.gateway.wire.codec import decode_message, decode_request, encode_message, encode_request
from v6_ib_plugin.gateway.wire.errors import WireError

__all__ = [
    "WireError",
    "decode_message",
    "decode_request",
    "encode_message",
    "encode_request",
    "frames",
    "messages",
    "requests",
]

"""Hands a connection over to uvicorn's WebSocket protocol, which is loaded when the first client asks for it.

Follows RFC 6455. Messages are as large as a door may take, and are not compressed: what compression yields on a
terminal's output is little, and what a secret beside chosen text yields under it is known (CRIME).
"""

import asyncio
import importlib
from typing import Final

MAX_MESSAGE_BYTES: Final = 1024 * 1024


def protocol_class() -> type[asyncio.Protocol]:
    """Return uvicorn's protocol over the library `websockets`."""
    module = importlib.import_module("uvicorn.protocols.websockets.websockets_sansio_impl")
    found: type[asyncio.Protocol] = module.WebSocketsSansIOProtocol
    return found

"""Opens a WebSocket to the authority: its trust, its limits, and the text that says who is there.

Follows RFC 6455 and aws/session-manager-plugin, `src/websocketutil`. Compression stays off: frames are small, and
what it yields is not worth its memory per connection.
"""

import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from keystead.remote.link import MAX_MESSAGE_BYTES, Gone

OPEN_SECONDS: Final = 10.0
WRITE_LIMIT_BYTES: Final = 256 * 1024
SCHEMA_VERSION: Final = "1.0"
_DEFINITE: Final = frozenset({400, 401, 403, 404, 410})


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return whom to trust: the file where one is named, or else the system's and `SSL_CERT_FILE`'s."""
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


async def open_socket(
    url: str, first: Mapping[str, Any], *, headers: Mapping[str, str], context: ssl.SSLContext | None
) -> ClientConnection:
    """Return an open socket on which `first` was said. Raises Gone, OSError, TimeoutError.

    An answer that says no is final; one that says "not now" (5xx) is an OSError, and worth another try.
    """
    try:
        socket = await connect(
            url,
            additional_headers=dict(headers),
            ssl=context if url.startswith("wss:") else None,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=OPEN_SECONDS,
            ping_interval=None,
            write_limit=WRITE_LIMIT_BYTES,
            user_agent_header=None,
            proxy=None,
        )
    except InvalidStatus as refused:
        status = refused.response.status_code
        if status in _DEFINITE:
            raise Gone(f"the authority refused the channel ({status})") from refused
        raise ConnectionError(f"status {status}") from refused
    except InvalidURI as error:
        raise Gone("the channel's address cannot be read") from error
    except InvalidHandshake as error:
        raise ConnectionError("no WebSocket answers there") from error
    await socket.send(json.dumps(first))
    return socket

"""One HTTP request: posts a body and says what became of it. Bounded in time and size; follows no redirect.

Follows RFC 9112 through h11, the protocol without I/O.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import h11

from keystead.products.ssm.webhook.destination import Destination

SECONDS: Final = 10.0
"""How long one try may last, from the look-up of the name to the answer's head."""
_HEAD_BYTES: Final = 16 * 1024


async def post(destination: Destination, headers: Mapping[str, str], body: bytes) -> int:
    """Return the status of the answer. Raises Forbidden, OSError (TimeoutError too) and h11.ProtocolError."""
    async with asyncio.timeout(SECONDS):
        reader, writer = await destination.open()
        try:
            return await _exchange(destination, reader, writer, headers, body)
        finally:
            # Nothing more is said: what the receiver goes on to send is not read.
            writer.transport.abort()


async def _exchange(
    destination: Destination,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    headers: Mapping[str, str],
    body: bytes,
) -> int:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
    own = {
        "host": destination.authority,
        "user-agent": "keystead",
        "connection": "close",
        "content-length": str(len(body)),
    }
    request = h11.Request(method="POST", target=destination.target, headers=[*own.items(), *headers.items()])
    for each in (request, h11.Data(data=body), h11.EndOfMessage()):
        writer.write(connection.send(each) or b"")
    await writer.drain()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_HEAD_BYTES))
        elif isinstance(event, h11.Response):
            return event.status_code
        elif not isinstance(event, h11.InformationalResponse):
            raise ConnectionError("closed without an answer")

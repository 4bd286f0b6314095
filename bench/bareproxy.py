"""The normaliser of the proxied door: uvicorn and aiohttp's client, and nothing between them that judges anything.

`python -m bench.bareproxy URL` prints its port and serves until it is told to stop. It reads an answer whole and
sends it on with its content type and length; it knows no token, no limits and no time-outs.
"""

import sys
from typing import Any

import aiohttp

from bench.bare import serve


class BareProxy:
    """Sends every request on to one URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request. The types are ASGI's own loose ones."""
        while (await receive()).get("more_body"):
            pass
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False)
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in scope["headers"]
            if name not in (b"host", b"connection")
        ]
        url = self._url + scope["raw_path"].decode()
        async with self._session.request(scope["method"], url, headers=headers) as answer:
            body = await answer.read()
            fields = [
                (b"content-type", answer.content_type.encode()),
                (b"content-length", str(len(body)).encode()),
            ]
        await send({"type": "http.response.start", "status": answer.status, "headers": fields})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    serve(BareProxy(sys.argv[1]))

"""What stands behind a proxy in the bench: constant bytes to every request, and as much of Grafana as mints tokens.

`python -m bench.farside` prints its port and serves until it is told to stop.
"""

import json
from typing import Any

from bench.bare import serve

_DASHBOARD = json.dumps({"dashboard": {"title": "x" * 1800}, "meta": {"version": 1}}).encode()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the whole request, answer. The types are ASGI's own loose ones."""
    while (await receive()).get("more_body"):
        pass
    path: str = scope["path"]
    body, status = _DASHBOARD, 200
    if path.endswith("/search"):
        body = b'{"serviceAccounts": []}'
    elif path.endswith("/tokens"):
        body = b'{"id": 1, "name": "bench", "key": "glsa_bench"}'
    elif path == "/api/serviceaccounts":
        body, status = b'{"id": 2, "name": "bench", "role": "Viewer", "isDisabled": false}', 201
    elif path == "/api/health":
        body = b'{"commit": "x", "database": "ok", "version": "12.4.1"}'
    fields = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    serve(app)

"""What stands behind a proxy in the bench: constant bytes to every request, and as much of Grafana as mints tokens.

`python -m bench.farside` prints its port and serves until it is told to stop.
"""

import asyncio
import json
import socket
from typing import Any

import uvicorn

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


def serve(application: Any) -> None:
    """Serve an application on a free port with the options that keystead gives uvicorn."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    serve(app)

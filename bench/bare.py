"""The normaliser: keystead's HTTP stack and nothing behind it, 400 constant bytes to every request.

`python -m bench.bare` prints its port and serves until it is told to stop.
"""

import asyncio
import socket
from typing import Any

import uvicorn

_BODY = b"x" * 400
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/xml"), (b"content-length", b"400")],
}
_END = {"type": "http.response.body", "body": _BODY}


async def app(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the whole request, answer the constant body. The types are ASGI's own loose ones."""
    while (await receive()).get("more_body"):
        pass
    await send(_START)
    await send(_END)


def serve(application: Any) -> None:
    """Serve an application on a free port with the options that keystead gives uvicorn, and print the port."""
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

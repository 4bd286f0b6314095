"""Upstreams for tests: a second keystead's workspace, and listeners that behave as no Grafana should."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from grafana.workspaces import GrafanaRoom

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Behaviour = Callable[["Heard", Reader, Writer], Awaitable[None]]
KEY = "glsa_VVQjot0nijQ59lun6pMZRtsdBXxnFQ9M_77c34a79"


class Heard:
    """One request as an upstream heard it: the request line's parts, and header fields in lower case as sent."""

    def __init__(self, head: bytes) -> None:
        first, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.fields = [
            (name.lower(), value.strip()) for name, _, value in (f.partition(":") for f in fields if f)
        ]

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.fields if each == name]


class ScriptedUpstream:
    """A hand-written Grafana: its service-account API works, and everything else behaves as `behaviour` says."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.heard: list[Heard] = []
        self.accounts: dict[str, dict[str, Any]] = {}
        self.minted = 0
        self.good = {KEY}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="upstream")
        self._thread.start()
        self.port: int = self._run(self._listen())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> int:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0, limit=1 << 20)
        return self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin(self, reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                while True:
                    heard = Heard(await reader.readuntil(b"\r\n\r\n"))
                    if heard.target.startswith(("/api/serviceaccounts", "/api/health", "/api/org")):
                        await self._administer(heard, reader, writer)
                    else:
                        self.heard.append(heard)
                        await self.behaviour(heard, reader, writer)
            finally:
                writer.close()

    async def _administer(self, heard: Heard, reader: Reader, writer: Writer) -> None:
        length = int((heard.all("content-length") or ["0"])[0])
        body = json.loads(await reader.readexactly(length)) if length else {}
        path = heard.target.partition("?")[0]
        shown = (heard.all("authorization") or [""])[0].removeprefix("Bearer ")
        if path == "/api/health":
            await answer(writer, {"commit": "x", "database": "ok", "version": "10.4.1"})
        elif shown not in self.good:
            await answer(writer, {"message": "Invalid API key"}, 401)
        elif path == "/api/org":
            await answer(writer, {"id": 7, "name": "Theirs"})
        elif path.endswith("/search"):
            await answer(writer, {"serviceAccounts": list(self.accounts.values())})
        elif path.endswith("/tokens"):
            self.minted += 1
            self.good.add(key := f"theirs-{self.minted}")
            await answer(writer, {"id": self.minted, "name": body["name"], "key": key})
        elif heard.method == "POST":
            made = {"id": 40 + len(self.accounts), **body}
            self.accounts[body["name"]] = made
            await answer(writer, made, 201)
        else:
            if heard.method == "DELETE" and "/tokens/" not in path:
                number = int(path.rpartition("/")[2])
                self.accounts = {name: each for name, each in self.accounts.items() if each["id"] != number}
            await answer(writer, {"message": "done"})


async def answer(writer: Writer, body: object, status: int = 200, *fields: str) -> None:
    """Send a whole answer as JSON."""
    raw = json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} Said",
        "Content-Type: application/json",
        f"Content-Length: {len(raw)}",
        *fields,
    ]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + raw)
    await writer.drain()


async def told(heard: Heard, reader: Reader, writer: Writer) -> None:
    """Answer with what was heard."""
    length = int((heard.all("content-length") or ["0"])[0])
    await reader.readexactly(length)
    await answer(writer, {"method": heard.method, "target": heard.target, "fields": heard.fields})


@contextlib.contextmanager
def scripted(room: GrafanaRoom, workspace: str, behaviour: Behaviour = told) -> Iterator[ScriptedUpstream]:
    """Put a hand-written upstream behind a workspace for a while."""
    upstream = ScriptedUpstream(behaviour)
    try:
        point(room, workspace, upstream.url, KEY)
        yield upstream
    finally:
        with contextlib.suppress(Exception):
            room.authority.command("workspace-upstream-clear", id=workspace)
        upstream.stop()


def point(room: GrafanaRoom, workspace: str, url: str, key: str, **more: object) -> Any:
    """Set the upstream of a workspace, as the operator does."""
    return room.authority.command("workspace-upstream-set", id=workspace, url=url, secret=key, **more)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

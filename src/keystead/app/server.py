"""`serve`: an authority with its listeners, from the lock to the last flushed row.

Start: initialise if needed, open, listen, say so. Stop, on SIGTERM or SIGINT: no new connections, requests in
flight are answered, what waits is written, the directory is free.
"""

import asyncio
import gc
import resource
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from keystead.access.doors import Listener
from keystead.app.admin import AdminServer
from keystead.app.authority import Authority, open_authority
from keystead.app.certificate_watch import CertificateWatch
from keystead.app.certificates import Certificates, Names, ensure_certificates, server_context
from keystead.config.settings import Settings
from keystead.gateway.http.asgi import Application
from keystead.gateway.http.listeners import HTTPListener
from keystead.identity import records
from keystead.kernel.files import write_private

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

DRAIN_SECONDS = 10.0
READY = "ready.json"
"""In the data directory while a server runs: what `keystead env` and `keystead health` go by."""
WANTED_FILES = 16384
YOUNG_OBJECTS = 20_000


class Ready(msgspec.Struct):
    """What is said once every listener answers; doors that this authority does not have are null."""

    http: str
    https: str
    data: str
    account: str
    region: str
    doh: str | None = None
    dot: str | None = None
    do53: str | None = None
    console: str | None = None


@dataclass(slots=True)
class Server:
    """The listeners of one authority."""

    authority: Authority
    application: Application
    http: HTTPListener
    https: HTTPListener
    listeners: Sequence[Listener]
    admin: AdminServer
    certificates: CertificateWatch
    _watching: "asyncio.Task[None] | None" = None

    async def start(self) -> Ready:
        """Listen everywhere, or nowhere. Raises CannotListen."""
        try:
            doors = await self._listen()
        except BaseException:
            await self._stop_listening(0)
            raise
        await self.admin.start()
        self.application.is_ready = True
        self._watching = asyncio.create_task(self.certificates.run(), name="certificates")
        settings, addresses = self.authority.settings, self.authority.base.addresses
        return Ready(
            http=f"http://{addresses.local('http')}",
            https=f"https://{addresses.local('https')}",
            data=str(settings.data),
            # What `init` made; the setting of a later start changes nothing of it.
            account=records.accounts(self.authority.store.reader)[0].account,
            region=settings.region,
            **doors,
        )

    async def stop(self) -> None:
        """Stop listening and let requests in flight finish."""
        self.application.is_ready = False
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._stop_listening(DRAIN_SECONDS)
        await self.admin.stop()

    async def _listen(self) -> dict[str, str]:
        """Start every listener and return what the ready file says of the doors' own."""
        addresses = self.authority.base.addresses
        await self.http.start()
        addresses.settle("http", *self.http.address)
        await self.https.start()
        addresses.settle("https", *self.https.address)
        doors: dict[str, str] = {}
        for listener in self.listeners:
            doors |= await listener.start()
        return doors

    async def _stop_listening(self, drain_seconds: float) -> None:
        """Stop every listener, also those that never started."""
        await asyncio.gather(*(each.stop(drain_seconds) for each in (self.http, self.https, *self.listeners)))


def build_server(authority: Authority) -> Server:
    """Put listeners in front of an open authority."""
    settings = authority.settings
    doors = [door for parts in authority.parts for door in parts.doors]
    application = Application(authority.gateway(), settings.trusted_proxy, doors)
    # uvicorn types every message of ASGI; our application takes them as the dictionaries that they are.
    app = cast("ASGI3Application", application)
    files, renew = _certificates(authority)
    context = server_context(files)
    listen = HTTPListener(
        app,
        settings.http.host,
        settings.http.port,
        clock=authority.clock,
        takes_websocket=application.takes_websocket,
        at_once=application.at_once,
    )
    listen_tls = HTTPListener(
        app,
        settings.https.host,
        settings.https.port,
        clock=authority.clock,
        ssl_context=context,
        takes_websocket=application.takes_websocket,
        at_once=application.at_once,
    )
    listeners = [listener for parts in authority.parts for listener in parts.listeners]
    watch = CertificateWatch(files, context, listeners, renew)
    return Server(authority, application, listen, listen_tls, listeners, AdminServer(authority), watch)


def _certificates(authority: Authority) -> tuple[Certificates, Callable[[], object] | None]:
    """Return the files of the TLS listeners, and what renews them if they are our own."""
    settings = authority.settings
    if settings.tls_certificate is not None and settings.tls_key is not None:
        return Certificates(settings.tls_certificate, settings.tls_key), None
    names = Names(settings.domain, settings.public_host or None)
    ensure = partial(ensure_certificates, authority.directory.tls, names=names, clock=authority.clock)
    return ensure(), ensure


async def serve(settings: Settings, ready_file: Path | None, greet: Callable[[Ready], None]) -> None:
    """Serve until told to stop. `greet` is called, and `ready_file` written, once everything answers.

    Raises DirectoryInUse, SchemaMismatch, RootKeyUnusable, BadCertificates, AddressInUse.
    """
    _raise_file_limit()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    authority = open_authority(settings)
    work = authority.start()
    try:
        server = build_server(authority)
        ready = await server.start()
        _settle_memory()
        for path in filter(None, (settings.data / READY, ready_file)):
            write_private(path, msgspec.json.encode(ready))
        greet(ready)
        await stopping.wait()
        (settings.data / READY).unlink(missing_ok=True)
        await server.stop()
    finally:
        await authority.stop(work)


def _raise_file_limit() -> None:
    """Allow as many connections as the listeners accept; the usual soft limit is a quarter of one's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _settle_memory() -> None:
    """Take what start-up made out of the collector's sight: a full collection paused requests for 40 ms.

    Requests make few cycles, so the youngest generation may grow larger than by default before it is searched.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
    gc.enable()

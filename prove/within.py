"""An authority served on the caller's own event loop: for proofs that look inside between two requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from keystead.app.authority import Authority, open_authority
from keystead.app.initialise import initialise
from keystead.app.server import build_server
from keystead.config.settings import Settings
from keystead.config.values import Address

_ANY_PORT = Address("127.0.0.1", 0)


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[tuple[Authority, str, int]]:
    """Serve a data directory, made if there is none; gives the authority, host and port."""
    settings = Settings(
        data=data,
        http=_ANY_PORT,
        https=_ANY_PORT,
        doh=_ANY_PORT,
        dot=_ANY_PORT,
        users_per_account=10_000_000,
    )
    initialise(settings, test=True)
    authority = open_authority(settings)
    work = authority.start()
    server = build_server(authority)
    try:
        address = urlsplit((await server.start()).http)
        yield authority, str(address.hostname), address.port or 0
        await server.stop()
    finally:
        await authority.stop(work)

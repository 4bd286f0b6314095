"""How many requests and sockets an upstream may hold, so that a dead or slow one takes room from nobody else."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


class Busy(Exception):
    """An upstream holds as many requests, or sockets, as it may."""


class Slots:
    """Places at one upstream: for requests as many as connections, and as many again may wait for one."""

    def __init__(self, requests: int, sockets: int, wait_seconds: float) -> None:
        self._free = asyncio.Semaphore(requests)
        self._may_wait = requests
        self._wait_seconds = wait_seconds
        self._sockets = sockets

    async def take(self) -> None:
        """Take a place for a request. Raises Busy when none comes free in time, or too many wait already."""
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()

    def give_back(self) -> None:
        """Leave the place that a request has taken."""
        self._free.release()

    @contextmanager
    def socket(self) -> Generator[None]:
        """Hold a place for a socket. Raises Busy."""
        if self._sockets <= 0:
            raise Busy
        self._sockets -= 1
        try:
            yield
        finally:
            self._sockets += 1

    async def _wait(self) -> None:
        if self._may_wait <= 0:
            raise Busy
        self._may_wait -= 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise Busy from error
        finally:
            self._may_wait += 1

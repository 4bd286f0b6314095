"""An authority served from a thread of the test process, and boto3 clients for it."""

import asyncio
import configparser
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import boto3
import uvloop
from botocore.config import Config

from keystead.app.authority import Authority, open_authority
from keystead.app.commands import perform
from keystead.app.initialise import initialise
from keystead.app.server import Ready, Server, build_server
from keystead.config.settings import Settings
from keystead.config.values import Address
from keystead.store.interface import Reader

Result = TypeVar("Result")
ANY_PORT = Address("127.0.0.1", 0)
_PATIENCE = 60
"""Seconds that a step of the authority may take before its test gives up."""


@dataclass(frozen=True)
class Key:
    """An access key as a client holds it."""

    id: str
    secret: str
    session_token: str | None = None


def settings_for(data: Path, **changes: object) -> Settings:
    """Return settings for a directory, on free ports."""
    return replace(Settings(data=data, http=ANY_PORT, https=ANY_PORT, doh=ANY_PORT, dot=ANY_PORT), **changes)


def root_key_of(data: Path) -> Key:
    """Return the key in a directory's root-credentials."""
    return key_in(data / "root-credentials")


def admin_key_of(data: Path) -> Key:
    """Return the key of the user `admin`."""
    return key_in(data / "credentials")


def key_in(path: Path) -> Key:
    file = configparser.ConfigParser()
    file.read(path)
    return Key(file["default"]["aws_access_key_id"], file["default"]["aws_secret_access_key"])


def client(url: str, service: str, key: Key, region: str = "us-east-1", **config: object) -> Any:
    """Return an unmodified boto3 client that tries once."""
    return boto3.session.Session().client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        aws_session_token=key.session_token,
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=64, **config),
    )


class RunningAuthority:
    """Serves a data directory until `stop`. Everything of the authority happens on its own thread's loop."""

    def __init__(self, settings: Settings, *, test: bool = True) -> None:
        initialise(settings, test=test)
        self.settings = settings
        self.root_key = root_key_of(settings.data)
        self.admin_key = admin_key_of(settings.data)
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="authority", daemon=True)
        self._thread.start()
        self.authority: Authority
        self.ready: Ready
        self._server: Server
        self._work: list[asyncio.Task[None]] = []
        try:
            self.run(self._start())
        except BaseException:
            self._end_loop()
            raise

    @property
    def url(self) -> str:
        return self.ready.http

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the authority's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def look(self, job: Callable[[Reader], Result]) -> Result:
        """Return what a look-up finds. It runs on the authority's loop, whose reader is no other thread's."""

        async def on_the_loop() -> Result:
            return job(self.authority.store.reader)

        return self.run(on_the_loop())

    def client(self, service: str, key: Key | None = None, **config: object) -> Any:
        """Return a boto3 client that signs with `key`, the root's by default."""
        return client(self.url, service, key or self.root_key, **config)

    def command(self, name: str, **arguments: object) -> Any:
        """Carry out an administration command as the operator."""
        return self.run(perform(self.authority, name, arguments, 0))

    def user_key(self, name: str) -> Key:
        """Make a user and a key for it."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"])

    def stop(self) -> None:
        """Stop as `serve` does on SIGTERM."""
        try:
            self.run(self._stop())
        finally:
            self._end_loop()

    async def _start(self) -> None:
        self.authority = open_authority(self.settings)
        self._work = self.authority.start()
        self._server = build_server(self.authority)
        self.ready = await self._server.start()

    async def _stop(self) -> None:
        await self._server.stop()
        await self.authority.stop(self._work)

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            raise RuntimeError(f"the loop's thread does not end; it is here:\n{_place_of(self._thread)}")
        self._loop.close()


def _place_of(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    return "".join(traceback.format_stack(frame)) if frame else "nowhere"

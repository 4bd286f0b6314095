"""The door put together: what it looks things up in, what it asks upstream, and its listeners."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from keystead.access.doors import Listener
from keystead.config.places import TLSFiles
from keystead.config.settings import Settings
from keystead.credentials.usage import Usage
from keystead.credentials.verify import Verifier
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.products.globalresolver.door.admission import Admission
from keystead.products.globalresolver.door.answering import Answering
from keystead.products.globalresolver.door.cache import AnswerCache
from keystead.products.globalresolver.door.directory import Directory
from keystead.products.globalresolver.door.doh import DoH
from keystead.products.globalresolver.door.dohserver import DoHListener
from keystead.products.globalresolver.door.engine import Engine
from keystead.products.globalresolver.door.listeners import Do53Listener, DoTListener, no_tokens
from keystead.products.globalresolver.door.plans import Plans
from keystead.products.globalresolver.door.querylog import FLUSH_SECONDS, QueryLog
from keystead.products.globalresolver.door.upstream import Upstreams, connect, parse_target, system_targets
from keystead.products.globalresolver.managedlists import ManagedLists
from keystead.store.interface import Reader, Store
from keystead.zones.zones import Zones

_LOG = logging.getLogger("keystead.dns")
LOG_FILE = "dns-queries.jsonl"


class Ground(Protocol):
    """What a door is built on: part of a product's Foundation."""

    @property
    def settings(self) -> Settings: ...
    @property
    def store(self) -> Store: ...
    @property
    def reader(self) -> Reader: ...
    @property
    def verifier(self) -> Verifier: ...
    @property
    def usage(self) -> Usage: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def entropy(self) -> Entropy: ...
    @property
    def tls(self) -> TLSFiles: ...
    @property
    def zones(self) -> Zones: ...


@dataclass(frozen=True, slots=True)
class Door:
    """The listeners as one, and the log that has to be written now and then."""

    listener: Listener
    log: QueryLog
    flush_seconds: float = FLUSH_SECONDS


class Resolving:
    """The upstreams of a running door; there are none before its listeners start or after they stop."""

    def __init__(self, settings: Settings, entropy: Entropy) -> None:
        self._settings = settings
        self._entropy = entropy
        self._upstreams = Upstreams([])
        self._engine: Engine | None = None

    def upstreams(self) -> Upstreams:
        """Return what questions are forwarded to."""
        return self._upstreams

    async def start(self) -> None:
        """Read where upstreams are, or start the engine; connections are made when the first question comes.

        Raises CannotListen.
        """
        targets = [parse_target(text) for text in self._settings.upstream]
        if self._settings.dns_engine:
            self._engine = Engine(self._settings.data, targets)
            targets = [await self._engine.start()]
        targets = targets or system_targets()
        if not targets:
            _LOG.warning("no upstream resolver is known: only private zones and firewall rules are answered")
        self._upstreams = connect(targets, self._entropy)

    async def stop(self) -> None:
        """Let go of every connection, and end the engine."""
        self._upstreams.close()
        if self._engine is not None:
            await self._engine.stop()


class Together:
    """The listeners of the door, and what they stand on, as one.

    They stop before their upstreams do, and the log is written last, so that a stop loses no line.
    """

    def __init__(self, resolving: Resolving, listeners: Sequence[Listener], log: QueryLog) -> None:
        self._resolving = resolving
        self._listeners = listeners
        self._log = log

    async def start(self) -> Mapping[str, str]:
        """Start everything and return what the ready file says of it. Raises CannotListen."""
        await self._resolving.start()
        said: dict[str, str] = {}
        for listener in self._listeners:
            said |= await listener.start()
        return said

    async def take_certificates(self) -> None:
        """Have every listener show the files as they are now. Raises BadCertificates, CannotListen."""
        for listener in self._listeners:
            await listener.take_certificates()

    async def stop(self, drain_seconds: float) -> None:
        """Stop listening; what has begun is answered in time and noted."""
        await asyncio.gather(*(listener.stop(drain_seconds) for listener in self._listeners))
        await self._resolving.stop()
        try:
            await self._log.flush()
        except OSError as error:
            _LOG.warning("the end of the query log cannot be written: %s", error.strerror)


def build_door(ground: Ground, managed: ManagedLists) -> Door:
    """Return the door; it listens when its listeners are started."""
    settings, changes = ground.settings, ground.zones.changes
    directory = Directory(ground.reader, changes, settings.domain)
    resolving = Resolving(settings, ground.entropy)
    path: Path = settings.dns_query_log or settings.data / LOG_FILE
    log = QueryLog(path, ground.clock, ground.entropy)
    answering = Answering(
        Admission(ground.verifier, directory, ground.clock, ground.entropy),
        Plans(ground.store, changes, managed, ground.clock),
        AnswerCache(resolving.upstreams, ground.clock.monotonic, keeps=settings.dns_answer_cache),
        ground.usage,
        log,
        ground.clock,
        ground.entropy,
        region=settings.region,
        tells_reasons=settings.dns_refusal_reasons,
    )
    doh = DoH(
        answering,
        takes_extensions=settings.dns_token_extensions,
        refused_status=settings.doh_refused_status,
    )
    tokens_in = _tokens_in(directory) if settings.dns_token_extensions else no_tokens
    listeners: list[Listener] = [
        DoHListener(settings.doh, ground.tls, doh),
        DoTListener(settings.dot, ground.tls, answering, tokens_in),
    ]
    if settings.do53 is not None:
        listeners.append(Do53Listener(settings.do53, answering))
    return Door(Together(resolving, listeners, log), log)


def _tokens_in(directory: Directory) -> Callable[[str], tuple[bytes, ...]]:
    """Return what finds a token in a server name, as the label before a resolver's own name."""

    def tokens(server_name: str) -> tuple[bytes, ...]:
        token, dot, _ = directory.label_of(server_name).partition(".")
        return (token.encode("ascii", "replace"),) if dot else ()

    return tokens

"""An upstream as this process holds it, and a request on its way there."""

import asyncio
import re
from dataclasses import dataclass

from keystead.access.doors import SOURCE_ADDRESS, Message, Receive, Send
from keystead.products.grafana.door.asking import Holder
from keystead.products.grafana.records import Workspace
from keystead.products.grafana.upstream.limits import Slots
from keystead.products.grafana.upstream.upstream_records import Upstream
from keystead.products.grafana.upstream.wire import Line

_OURS = re.compile(r"1\.1 keystead-g-[0-9a-f]{10}-[0-9a-f]{16}")
_MOST_HOPS = 8


@dataclass(slots=True)
class Site:
    """One upstream. `health` is a status and a body, good until `health_until` (monotonic seconds)."""

    upstream: Upstream
    line: Line
    slots: Slots
    health_lock: asyncio.Lock
    health: tuple[int, bytes] = (502, b"")
    health_until: float = 0.0

    @property
    def signature(self) -> str:
        """The name by which a workspace recognises its own requests when they come back to it, in `Via`."""
        return f"1.1 keystead-{self.upstream.workspace}-{self.upstream.serial}"


@dataclass(frozen=True, slots=True)
class Place:
    """What a request asks for at a site: the path below the workspace as it was sent, and read into segments.

    `base` is the path under which the workspace is served here, "" at a host name of its own.
    """

    raw_path: bytes
    segments: tuple[bytes, ...]
    base: str


@dataclass(frozen=True, slots=True)
class Errand:
    """One request for an upstream, of somebody who was let in; `hops` are the workspaces that it came through."""

    scope: Message
    receive: Receive
    send: Send
    site: Site
    place: Place
    workspace: Workspace
    holder: Holder
    hops: list[str]

    def introduction(self) -> list[tuple[str, str]]:
        """Return the fields that we say ourselves: for whom we ask, and through whom the request came."""
        return [
            ("X-Forwarded-For", self.scope["state"][SOURCE_ADDRESS]),
            ("X-Forwarded-Proto", "https" if self.scope["scheme"] in ("https", "wss") else "http"),
            ("Via", ", ".join([*self.hops, self.site.signature])),
        ]

    @property
    def goes_in_circles(self) -> bool:
        """Whether this workspace, or too many others, sent this very request on already."""
        return self.site.signature in self.hops or len(self.hops) >= _MOST_HOPS


def hops_of(scope: Message) -> list[str]:
    """Return the workspaces, here or elsewhere, that sent a request on; nobody else's `Via` goes on."""
    said = b",".join([value for name, value in scope["headers"] if name.lower() == b"via"])
    hops = (hop.strip() for hop in said.decode("latin-1").split(",")) if said else ()
    return [hop for hop in hops if _OURS.fullmatch(hop)]

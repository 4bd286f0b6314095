"""The URL of an upstream, as the operator writes it: what a request's path is put behind, and taken off again.

Nobody but the operator says where requests go. Of a request only the path below the workspace and the query are
used, as they were sent, behind a scheme, a host and a prefix that it cannot change.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from keystead.kernel.errors import DomainError
from keystead.products.grafana.door.paths import segments_of

_LONGEST = 1024
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\]")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


class BadAddress(DomainError):
    """The URL of an upstream cannot be used; the message says why and does not repeat it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Scheme and host, `https://grafana.example:3000`, and the path that Grafana is under, "" or `/grafana`."""

    origin: str
    prefix: str

    @property
    def text(self) -> str:
        """The whole, without a slash at the end."""
        return self.origin + self.prefix

    @property
    def is_encrypted(self) -> bool:
        """Whether requests travel under TLS."""
        return self.origin.startswith("https:")

    def url(self, raw_path: bytes, query: bytes) -> str:
        """Return the URL of a request below the workspace, each byte as it was sent."""
        # Only ASCII gets here: the path was read by `paths.segments_of`, and the listener refuses another query.
        behind = b"?" + query if query else b""
        return self.text + (raw_path + behind).decode("latin-1")

    def below(self, location: str) -> str | None:
        """Return the path at the workspace that a redirect means, or None when it leads out of this Grafana."""
        if location.startswith(self.origin + "/"):
            location = location.removeprefix(self.origin)
        if not location.startswith("/") or location.startswith("//") or "\\" in location:
            return None
        if not location.startswith(self.prefix + "/"):
            return None
        below = location.removeprefix(self.prefix)
        # A step up would lead to another workspace, and a tab, which browsers leave out, to another host.
        path = re.split("[?#]", below)[0]
        is_plain = below.isascii() and below.isprintable() and segments_of(path.encode()) is not None
        return below if is_plain else None


def parse(text: str) -> Address:
    """Return the address that a URL spells. Raises BadAddress."""
    if len(text) > _LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        raise BadAddress("the URL is too long, or holds what no URL holds")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadAddress("the URL cannot be read") from error
    if parts.scheme not in ("http", "https"):
        raise BadAddress("the URL begins with neither https:// nor http://")
    if "@" in parts.netloc:
        raise BadAddress("the URL holds a user or a password; the token comes by --token-file")
    if "?" in text or "#" in text:
        raise BadAddress("the URL has a query or a fragment")
    host = parts.netloc.removesuffix(f":{port}") if port is not None else parts.netloc
    if not _HOST.fullmatch(host):
        raise BadAddress("the URL names no host")
    prefix = parts.path.rstrip("/")
    if not _PREFIX.fullmatch(prefix) or any(part in (".", "..") for part in prefix.split("/")):
        raise BadAddress(
            "the path of the URL is not plain: letters, digits, and - . _ ~ between single slashes"
        )
    return Address(f"{parts.scheme}://{host.lower()}" + ("" if port is None else f":{port}"), prefix)

"""`Destination`: the one address that is posted to, judged at every try, so that no name leads elsewhere.

Follows the OWASP cheat sheet on server-side request forgery: what a name resolves to is judged, and that very
address is dialled. Hosts that `webhook_hosts` names may be of one's own network and speak plain HTTP; no other may.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Collection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from keystead.config.settings import BadSetting

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_PORTS: Final = {"https": 443, "http": 80}


class Forbidden(Exception):
    """Nothing is posted there; the text says why."""


class Destination:
    """Where events are posted. `listed` are the hosts that may be near. Raises BadSetting."""

    def __init__(self, url: str, listed: Collection[str], ca: Path | None) -> None:
        try:
            parts = urlsplit(url)
            self.host = (parts.hostname or "").rstrip(".")
            self._port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError as error:
            raise BadSetting("webhook_url: not a URL") from error
        if parts.scheme not in _PORTS or not self.host or parts.username is not None or parts.fragment:
            raise BadSetting("webhook_url: not https://HOST[:PORT]/PATH, without user and fragment")
        if not url.isascii() or any(each.isspace() or not each.isprintable() for each in url):
            raise BadSetting("webhook_url: not printable ASCII without spaces")
        self._is_listed = self.host in {each.lower().strip("[]") for each in listed}
        if parts.scheme == "http" and not self._is_listed:
            raise BadSetting(
                f"webhook_url: plain HTTP only to a host that webhook_hosts names, as {self.host}"
            )
        self.authority = parts.netloc
        self.target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            self._context = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None
        except (OSError, ssl.SSLError) as error:
            raise BadSetting(f"webhook_ca_file: {ca}: {error.strerror or 'no certificates'}") from error

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection to an address that was judged. Raises Forbidden, OSError."""
        found = await asyncio.get_running_loop().getaddrinfo(
            self.host, self._port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
        addresses = [str(each[4][0]) for each in found]
        for address in addresses:
            judge(address, is_listed=self._is_listed)
        return await asyncio.open_connection(
            addresses[0],
            self._port,
            ssl=self._context,
            server_hostname=self.host if self._context else None,
        )


def judge(text: str, *, is_listed: bool) -> None:
    """Raise Forbidden unless an address is on the public internet, or near and of a host that is listed."""
    address = _plain(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_link_local or address.is_multicast or address.is_unspecified or _is_tunnel(address):
        # A cloud's metadata is link-local; nobody has a receiver there.
        raise Forbidden(f"{text} is no address of a receiver")
    if not address.is_global and not is_listed:
        raise Forbidden(f"{text} is not public, and webhook_hosts does not name the host")


def _plain(address: _Address) -> _Address:
    """Return the IPv4 address within one that only wraps it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address


def _is_tunnel(address: _Address) -> bool:
    """Return whether an address has another one within, which whoever made it chose."""
    return isinstance(address, ipaddress.IPv6Address) and bool(address.sixtofour or address.teredo)

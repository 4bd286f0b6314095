"""Which addresses a node may dial for a session: never a cloud's metadata service, nor what is denied to it.

Follows amazon-ssm-agent, `agent/session/plugins/port`, whose list is the first constant. The address that is judged
is the one that is dialled: a name is resolved once.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

NEVER: Final = frozenset(
    ipaddress.ip_address(each)
    for each in (
        "169.254.169.254",
        "169.254.169.253",
        "169.254.169.123",
        "169.254.169.250",
        "169.254.169.251",
        "fd00:ec2::254",
        "fd00:ec2::253",
        "fd00:ec2::123",
        "fd00:ec2::240",
    )
)
DIAL_SECONDS: Final = 10.0


class Denied(OSError):
    """This node does not dial that address."""


class Destinations:
    """Dials for sessions."""

    def __init__(self, denied_networks: Sequence[str]) -> None:
        self._denied = [ipaddress.ip_network(each, strict=False) for each in denied_networks]

    async def dial(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection to `host`, this machine's own address if it is empty. Raises OSError, Denied."""
        loop = asyncio.get_running_loop()
        last: OSError = Denied(f"{host} is not dialled from here")
        try:
            found = await loop.getaddrinfo(host or "localhost", port, type=socket.SOCK_STREAM)
        except ValueError as error:
            # A label that is empty or too long, or a NUL: no name that anybody could resolve.
            raise last from error
        for *_, address in found:
            where = str(address[0])
            if self._is_denied(where):
                continue
            try:
                async with asyncio.timeout(DIAL_SECONDS):
                    return await asyncio.open_connection(where, port)
            except OSError as error:  # A time out is one too.
                last = error
        raise last

    def _is_denied(self, where: str) -> bool:
        address = ipaddress.ip_address(where.partition("%")[0])
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        judged = mapped or address
        if judged.is_unspecified:
            # Whoever dials it reaches this machine itself.
            judged = ipaddress.ip_address("::1" if judged.version == 6 else "127.0.0.1")
        return judged in NEVER or any(judged in network for network in self._denied)

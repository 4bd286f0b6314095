"""How a query came, and what was presented with it beside the message itself."""

from dataclasses import dataclass, field
from typing import Literal

Transport = Literal["DO53", "DOT", "DOH"]
"""In the words of access sources' protocols."""


@dataclass(slots=True)
class Arrival:
    """A query's way here. `server_name` is what the client called us, in TLS or HTTP; empty if it did not.

    That name may hold a token. `tokens` are what was presented outside the message, each place's once; they may
    disagree.
    """

    transport: Transport
    host: str
    port: int
    server_name: str = field(default="", repr=False)
    tokens: tuple[bytes, ...] = field(default=(), repr=False)
    is_datagram: bool = False
    digest: bytes | None = field(default=None, compare=False, repr=False)
    """What stands for all of this but the port, once somebody has worked it out: a connection has many queries."""

"""Where a running authority is found: its addresses, and the files that its TLS listeners show."""

from dataclasses import dataclass, field
from pathlib import Path

from keystead.config.values import Address

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound.


@dataclass(frozen=True, slots=True)
class TLSFiles:
    """The certificate chain and the private key (PKCS#8 if we made it) of every TLS listener, PEM."""

    chain: Path
    key: Path


@dataclass(slots=True)
class Addresses:
    """Where the listeners really are, by scheme; known once they listen, and the same until they stop."""

    public_host: str = ""
    _bound: dict[str, Address] = field(default_factory=dict[str, Address])

    def settle(self, scheme: str, host: str, port: int) -> None:
        """Note where the listener of `scheme`, http or https, is bound."""
        self._bound[scheme] = Address(host, port)

    def local(self, scheme: str) -> str:
        """Return `HOST:PORT` for clients of this machine: as bound, or by name where that is every address.

        Raises LookupError before the listener is up.
        """
        bound = self._bound[scheme]
        host = bound.host if bound.host not in _EVERY_ADDRESS else self.public_host or "localhost"
        return str(Address(host, bound.port))

    def public(self, scheme: str) -> str:
        """Return `HOST:PORT` for clients anywhere: the public host where one is set. Raises LookupError."""
        bound = self._bound[scheme]
        return str(Address(self.public_host, bound.port)) if self.public_host else self.local(scheme)


@dataclass(slots=True)
class FirstSegments:
    """The first segments of paths that mean an API or a door, so that nothing found by path may be called so.

    Known once every product has said what it serves.
    """

    _taken: frozenset[str] = frozenset()

    def settle(self, taken: frozenset[str]) -> None:
        """Note what is taken."""
        self._taken = taken

    def __contains__(self, name: object) -> bool:
        return name in self._taken

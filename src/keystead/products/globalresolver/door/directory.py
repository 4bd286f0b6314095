"""Resolvers, views and access sources as the door looks them up: held in memory until anything changes.

Invalidation: `Changes` moves on with every committed change, before it is acknowledged; then all is read
afresh, so that the staleness is zero queries.
"""

import ipaddress
from dataclasses import dataclass, field

from keystead.products.globalresolver.ids import SERVICE
from keystead.products.globalresolver.records import RESOLVERS, SOURCES, TOKENS, VIEWS, Resolver, Source, View
from keystead.store.interface import Reader
from keystead.zones.changes import Changes

_LONGEST_LABEL = 63
"""Octets. Longer ones are no names: HTTP lets anybody send 60,000, and what is looked up is held."""
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(slots=True)
class SourceTable:
    """The access sources of a resolver: the most specific network of a protocol decides."""

    # By protocol, IP version and prefix length: network address to source, the longest prefixes first.
    _levels: dict[tuple[str, int], list[tuple[int, dict[int, Source]]]] = field(
        default_factory=dict[tuple[str, int], list[tuple[int, dict[int, Source]]]]
    )

    def add(self, source: Source) -> None:
        """Take a source in; one without a network admits nobody here."""
        if source.facts.cidr is None:
            return
        network = ipaddress.ip_network(source.facts.cidr)
        levels = self._levels.setdefault((source.facts.protocol, network.version), [])
        for length, table in levels:
            if length == network.prefixlen:
                table[int(network.network_address)] = source
                return
        levels.append((network.prefixlen, {int(network.network_address): source}))
        levels.sort(key=lambda level: -level[0])

    def find(self, protocol: str, address: IPAddress) -> Source | None:
        """Return the most specific source that has this address."""
        number, width = int(address), address.max_prefixlen
        for length, table in self._levels.get((protocol, address.version), ()):
            found = table.get(number >> width - length << width - length)
            if found is not None:
                return found
        return None


class Directory:
    """Finds views by id, resolvers by the names that clients use, and sources by address."""

    def __init__(self, reader: Reader, changes: Changes, domain: str) -> None:
        self._reader = reader
        self._changes = changes
        self._suffix = f".{SERVICE}.{domain}".lower()
        self._seen = -1
        self._views: dict[str, View | None] = {}
        self._resolvers: dict[str, Resolver | None] = {}
        self._sources: dict[str, SourceTable] = {}
        self._only: str | None = None

    @property
    def number(self) -> int:
        """The number of the change that all which is told here is as of."""
        return self._changes.value

    def token_name(self, token_id: str) -> str:
        """Return what a token is called, for the log; an empty text for one without a name."""
        found = TOKENS.by_id(self._reader, token_id)
        return "" if found is None else found.name

    def view(self, view_id: str) -> View | None:
        """Return a view, whatever its state."""
        self._look()
        if view_id not in self._views:
            self._views[view_id] = VIEWS.by_id(self._reader, view_id)
        return self._views[view_id]

    def resolver(self, resolver_id: str) -> Resolver | None:
        """Return a resolver."""
        self._look()
        if resolver_id not in self._resolvers:
            if len(self._resolvers) > 10_000:
                # Ids that nobody has come from the network: they must not fill the memory.
                self._resolvers.clear()
            self._resolvers[resolver_id] = RESOLVERS.by_id(self._reader, resolver_id)
        return self._resolvers[resolver_id]

    def label_of(self, server_name: str) -> str:
        """Return what stands before our suffix in a name, or an empty text for any other name."""
        name = server_name.lower().rstrip(".")
        return name.removesuffix(self._suffix) if name.endswith(self._suffix) else ""

    def named(self, server_name: str) -> Resolver | None:
        """Return the resolver whose `dnsName` this is, with or without a token's label before it."""
        label = self.label_of(server_name).rpartition(".")[2]
        return self.resolver(f"gr-{label}") if 0 < len(label) <= _LONGEST_LABEL else None

    def only(self) -> Resolver | None:
        """Return the resolver of this authority if there is exactly one."""
        self._look()
        if self._only is None:
            every = RESOLVERS.all(self._reader)
            self._only = every[0].id if len(every) == 1 else ""
        return self.resolver(self._only) if self._only else None

    def sources(self, resolver_id: str) -> SourceTable:
        """Return a resolver's access sources."""
        self._look()
        found = self._sources.get(resolver_id)
        if found is None:
            found = self._sources[resolver_id] = SourceTable()
            for source in SOURCES.in_resolver(self._reader, resolver_id):
                found.add(source)
        return found

    def _look(self) -> None:
        if self._seen != self._changes.value:
            self._seen = self._changes.value
            self._views.clear()
            self._resolvers.clear()
            self._sources.clear()
            self._only = None

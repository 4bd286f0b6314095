"""The rows of Global Resolver's resources, all of one form, and of the domains in lists.

A resource is found by id together with its account: another account's looks like none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from keystead.kernel.errors import NotFound
from keystead.products.globalresolver import facts as f
from keystead.store.interface import Reader, Row, Transaction

Facts = TypeVar("Facts", bound=msgspec.Struct)

OPERATIONAL = "OPERATIONAL"
DISABLED = "DISABLED"
_COLUMNS = (
    "row, id, account, parent, resolver, name, status, created_at, updated_at, client_token, fingerprint,"
    " facts"
)


@dataclass(frozen=True, slots=True)
class Resource(Generic[Facts]):
    """A resource. Times are epoch milliseconds; `name` may be empty where the API does not require one."""

    row: int
    id: str
    account: str
    parent: str
    resolver: str
    name: str
    status: str
    created_at: int
    updated_at: int
    client_token: str
    fingerprint: bytes
    facts: Facts


class Shelf(Generic[Facts]):
    """The rows of one type of resource. `type` is the word of its ARN and of errors about it."""

    def __init__(self, kind: str, facts: type[Facts]) -> None:
        self.type = kind
        self._decoder = msgspec.json.Decoder(facts)

    def find(self, reader: Reader, account: str, resource_id: str) -> Resource[Facts] | None:
        """Return the resource of this account with this id."""
        row = reader.one(
            f"SELECT {_COLUMNS} FROM globalresolver_resource WHERE id = ? AND account = ? AND type = ?",
            (resource_id, account, self.type),
        )
        return None if row is None else self._resource(row)

    def get(self, reader: Reader, account: str, resource_id: str) -> Resource[Facts]:
        """Return the resource of this account with this id. Raises NotFound."""
        found = self.find(reader, account, resource_id)
        if found is None:
            raise NotFound(self.type, resource_id)
        return found

    def by_id(self, reader: Reader, resource_id: str) -> Resource[Facts] | None:
        """Return a resource of whichever account, for doors: it is led to by what was verified."""
        row = reader.one(
            f"SELECT {_COLUMNS} FROM globalresolver_resource WHERE id = ? AND type = ?",
            (resource_id, self.type),
        )
        return None if row is None else self._resource(row)

    def made_by(self, reader: Reader, account: str, client_token: str) -> Resource[Facts] | None:
        """Return what a client token made."""
        row = reader.one(
            f"SELECT {_COLUMNS} FROM globalresolver_resource"
            " WHERE account = ? AND type = ? AND client_token = ?",
            (account, self.type, client_token),
        )
        return None if row is None else self._resource(row)

    def of_account(
        self, reader: Reader, account: str, after: int = 0, limit: int = 1_000_000
    ) -> list[Resource[Facts]]:
        """Return an account's resources in order of creation, from above row `after`."""
        rows = reader.all(
            f"SELECT {_COLUMNS} FROM globalresolver_resource"
            " WHERE account = ? AND type = ? AND row > ? ORDER BY row LIMIT ?",
            (account, self.type, after, limit),
        )
        return [self._resource(row) for row in rows]

    def in_parent(
        self, reader: Reader, parent: str, after: int = 0, limit: int = 1_000_000
    ) -> list[Resource[Facts]]:
        """Return what a view, or a resolver, holds of this type, in order of creation."""
        rows = reader.all(
            f"SELECT {_COLUMNS} FROM globalresolver_resource"
            " WHERE parent = ? AND type = ? AND row > ? ORDER BY row LIMIT ?",
            (parent, self.type, after, limit),
        )
        return [self._resource(row) for row in rows]

    def in_resolver(self, reader: Reader, resolver: str) -> list[Resource[Facts]]:
        """Return all of this type under a resolver, in order of creation."""
        rows = reader.all(
            f"SELECT {_COLUMNS} FROM globalresolver_resource WHERE resolver = ? AND type = ? ORDER BY row",
            (resolver, self.type),
        )
        return [self._resource(row) for row in rows]

    def all(self, reader: Reader) -> list[Resource[Facts]]:
        """Return every account's resources of this type; for the doors, of what there are few."""
        rows = reader.all(
            f"SELECT {_COLUMNS} FROM globalresolver_resource WHERE type = ? ORDER BY row", (self.type,)
        )
        return [self._resource(row) for row in rows]

    def count(self, reader: Reader, account: str) -> int:
        """Return how many of this type an account has."""
        row = reader.one(
            "SELECT count(*) FROM globalresolver_resource WHERE account = ? AND type = ?",
            (account, self.type),
        )
        return 0 if row is None else row[0]

    def count_in_parent(self, reader: Reader, parent: str) -> int:
        """Return how many of this type a view or a resolver holds."""
        row = reader.one(
            "SELECT count(*) FROM globalresolver_resource WHERE parent = ? AND type = ?", (parent, self.type)
        )
        return 0 if row is None else row[0]

    def count_in_resolver(self, reader: Reader, resolver: str) -> int:
        """Return how many of this type there are under a resolver."""
        row = reader.one(
            "SELECT count(*) FROM globalresolver_resource WHERE resolver = ? AND type = ?",
            (resolver, self.type),
        )
        return 0 if row is None else row[0]

    def add(self, tx: Transaction, resource: Resource[Facts]) -> None:
        """Keep a new resource; its row number is drawn."""
        tx.run(
            "INSERT INTO globalresolver_resource (id, type, account, parent, resolver, name, status,"
            " created_at, updated_at, client_token, fingerprint, facts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                resource.id,
                self.type,
                resource.account,
                resource.parent,
                resource.resolver,
                resource.name,
                resource.status,
                resource.created_at,
                resource.updated_at,
                resource.client_token,
                resource.fingerprint,
                msgspec.json.encode(resource.facts),
            ),
        )

    def change(self, tx: Transaction, resource: Resource[Facts]) -> None:
        """Write down what may change of a resource: its parent, name, state and facts."""
        tx.run(
            "UPDATE globalresolver_resource SET parent = ?, name = ?, status = ?, updated_at = ?, facts = ?"
            " WHERE id = ?",
            (
                resource.parent,
                resource.name,
                resource.status,
                resource.updated_at,
                msgspec.json.encode(resource.facts),
                resource.id,
            ),
        )

    def _resource(self, row: Row) -> Resource[Facts]:
        number, made_id, account, parent, resolver, name, status, created, updated, token, digest, facts = row
        decoded = self._decoder.decode(facts)
        return Resource(
            number, made_id, account, parent, resolver, name, status, created, updated, token, digest, decoded
        )


RESOLVERS = Shelf("global-resolver", f.ResolverFacts)
VIEWS = Shelf("dns-view", f.ViewFacts)
SOURCES = Shelf("access-source", f.SourceFacts)
TOKENS = Shelf("access-token", f.TokenFacts)
RULES = Shelf("firewall-rule", f.RuleFacts)
LISTS = Shelf("firewall-domain-list", f.ListFacts)
CORE_ENDPOINTS = Shelf("core-network-endpoint", f.CoreEndpointFacts)

Resolver = Resource[f.ResolverFacts]
View = Resource[f.ViewFacts]
Source = Resource[f.SourceFacts]
Token = Resource[f.TokenFacts]
Rule = Resource[f.RuleFacts]
DomainList = Resource[f.ListFacts]
CoreEndpoint = Resource[f.CoreEndpointFacts]


def remove(tx: Transaction, resource_id: str) -> None:
    """Delete one resource; what hangs on it is its group's to delete first."""
    tx.run("DELETE FROM globalresolver_share WHERE view_id = ?", (resource_id,))
    tx.run("DELETE FROM globalresolver_domain WHERE list = ?", (resource_id,))
    tx.run("DELETE FROM globalresolver_resource WHERE id = ?", (resource_id,))


def remove_children(tx: Transaction, parent: str) -> None:
    """Delete what a view holds: sources, tokens' records and rules."""
    tx.run("DELETE FROM globalresolver_resource WHERE parent = ?", (parent,))


def domains(reader: Reader, list_id: str, after: str = "", limit: int = 10_000_000) -> list[str]:
    """Return a list's domains in order, from above `after`."""
    rows = reader.all(
        "SELECT domain FROM globalresolver_domain WHERE list = ? AND domain > ? ORDER BY domain LIMIT ?",
        (list_id, after, limit),
    )
    return [row[0] for row in rows]


def count_domains(reader: Reader, list_id: str) -> int:
    """Return how many domains a list has."""
    row = reader.one("SELECT count(*) FROM globalresolver_domain WHERE list = ?", (list_id,))
    return 0 if row is None else row[0]


def add_domains(tx: Transaction, list_id: str, domains: Iterable[str]) -> None:
    """Add domains to a list; one that is there already stays."""
    tx.run_many(
        "INSERT INTO globalresolver_domain (list, domain) VALUES (?, ?) ON CONFLICT (list, domain) DO NOTHING",
        [(list_id, domain) for domain in domains],
    )


def remove_domains(tx: Transaction, list_id: str, domains: Sequence[str] | None) -> None:
    """Remove these domains from a list, or all when None."""
    if domains is None:
        tx.run("DELETE FROM globalresolver_domain WHERE list = ?", (list_id,))
        return
    tx.run_many(
        "DELETE FROM globalresolver_domain WHERE list = ? AND domain = ?",
        [(list_id, domain) for domain in domains],
    )


def shared_with(reader: Reader, account: str, after: int = 0, limit: int = 1_000_000) -> list[View]:
    """Return the views that other accounts share with this one, in order of their creation."""
    rows = reader.all(
        "SELECT r.id FROM globalresolver_share s JOIN globalresolver_resource r ON r.id = s.view_id"
        " WHERE s.account = ? AND r.row > ? ORDER BY r.row LIMIT ?",
        (account, after, limit),
    )
    found = (VIEWS.by_id(reader, row[0]) for row in rows)
    return [view for view in found if view is not None]


def is_shared(reader: Reader, view_id: str, account: str | None = None) -> bool:
    """Return whether a view is shared with an account, or with any when None."""
    # Two statements: PostgreSQL cannot tell the type of a parameter that is only compared with NULL.
    if account is None:
        row = reader.one("SELECT 1 FROM globalresolver_share WHERE view_id = ? LIMIT 1", (view_id,))
    else:
        row = reader.one(
            "SELECT 1 FROM globalresolver_share WHERE view_id = ? AND account = ?", (view_id, account)
        )
    return row is not None

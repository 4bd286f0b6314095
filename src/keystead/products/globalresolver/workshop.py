"""What every group of operations here works with: drawing ids, replaying creates, changing rows, tags.

Follows facts/dns.md §4, "Idempotency": a client token given again with the same parameters gives the same
resource, with others it is a conflict, for as long as the resource lives.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from keystead.config.settings import Settings
from keystead.gateway.call import Call
from keystead.identity import records as identity_records
from keystead.identity.records import Tag
from keystead.identity.tags import Tags
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import AlreadyExists, QuotaExceeded
from keystead.kernel.ids import RequestIds
from keystead.products.globalresolver import records
from keystead.products.globalresolver.ids import new_id
from keystead.products.globalresolver.records import OPERATIONAL, Resource, Shelf
from keystead.store.interface import Transaction
from keystead.zones.changes import Changes

Facts = TypeVar("Facts", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new resource hangs: its parent, and the resolver above it."""

    parent: str
    resolver: str


class Workshop:
    """Makes, changes and removes resources, and tells the doors of it once it is committed."""

    def __init__(
        self, settings: Settings, tags: Tags, changes: Changes, clock: Clock, entropy: Entropy
    ) -> None:
        self.settings = settings
        self.tags = tags
        self.clock = clock
        self._changes = changes
        self._entropy = entropy
        self._client_tokens = RequestIds(entropy)

    def now_ms(self) -> int:
        """Return the movable time, as rows keep it."""
        return now_ms(self.clock)

    def made_before(
        self, call: Call, shelf: Shelf[Facts], request: Mapping[str, Any]
    ) -> Resource[Facts] | None:
        """Return what the request's client token made before. Raises AlreadyExists if it asked for other things."""
        client_token = request.get("clientToken")
        found = client_token and shelf.made_by(call.tx, call.principal.account, client_token)
        if not found:
            return None
        if found.fingerprint != fingerprint(request):
            raise AlreadyExists(shelf.type, found.id)
        return found

    def make(
        self,
        call: Call,
        shelf: Shelf[Facts],
        prefix: str,
        place: Place,
        request: Mapping[str, Any],
        facts: Facts,
        *,
        resource_id: str = "",
    ) -> Resource[Facts]:
        """Keep a new resource with the request's name, client token and tags. Raises QuotaExceeded for tags."""
        now, made_id = self.now_ms(), resource_id or new_id(prefix, self._entropy)
        # A raw client may send no token, and the answers have to show one.
        client_token = request.get("clientToken") or self._client_tokens.next()
        made = Resource(
            0,
            made_id,
            call.principal.account,
            place.parent,
            place.resolver,
            request.get("name", ""),
            OPERATIONAL,
            now,
            now,
            client_token,
            fingerprint(request),
            facts,
        )
        shelf.add(call.tx, made)
        self.tags.put(call.tx, made.id, made.id, tags_in(request))
        self.told(call.tx)
        return made

    def change(
        self, call: Call, shelf: Shelf[Facts], resource: Resource[Facts], **changed: object
    ) -> Resource[Facts]:
        """Write down a resource with these fields changed, and return it."""
        # The fields are those of Resource, whose constructor checks their names.
        fields: dict[str, Any] = {**changed, "updated_at": self.now_ms()}
        after = replace(resource, **fields)
        shelf.change(call.tx, after)
        self.told(call.tx)
        return after

    def remove(self, tx: Transaction, resource_id: str) -> None:
        """Delete a resource and its tags."""
        self.tags.remove(tx, resource_id, [tag.key for tag in tags_of(tx, resource_id)])
        records.remove(tx, resource_id)
        self.told(tx)

    def told(self, tx: Transaction) -> None:
        """Have the doors look afresh once this is committed, before anybody is told of it."""
        self._changes.bump_after(tx)

    def check_quota(self, name: str, held: int, limit: int, owner: str) -> None:
        """Let one more be made. Raises QuotaExceeded when `limit` are held."""
        if held >= limit:
            raise QuotaExceeded(name, limit, owner)


def fingerprint(request: Mapping[str, Any]) -> bytes:
    """Return what tells requests with one client token apart: a digest of all its other members."""
    rest = {name: request[name] for name in sorted(request) if name != "clientToken"}
    return hashlib.sha256(msgspec.json.encode(rest, order="sorted")).digest()


def tags_in(request: Mapping[str, Any]) -> list[Tag]:
    """Return the tags that a request brings."""
    return [Tag(key, value) for key, value in request.get("tags", {}).items()]


def tags_of(tx: Transaction, resource_id: str) -> list[Tag]:
    """Return a resource's tags."""
    return identity_records.tags(tx, resource_id)

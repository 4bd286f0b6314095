"""Who may ask, and in which view: an access token, or the address that a query comes from.

Follows facts/dns.md §6. A token that was presented decides alone: one that is not good is refused even from an
allowed address, or a revoke could be got round from there (which precedence AWS has is UNCONFIRMED).
"""

import hashlib
import ipaddress
from dataclasses import dataclass

from keystead.credentials.shelf import Credential
from keystead.credentials.verify import ANY_AUDIENCE, Accepts, Verified, Verifier
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import StoreUnavailable
from keystead.kernel.secret import Secret
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.directory import Directory
from keystead.products.globalresolver.kinds import ACCESS_TOKEN
from keystead.products.globalresolver.records import OPERATIONAL, Resolver, Source, View

# A token leads to its view, which is its audience; the resolver that was named is compared below.
_ACCEPTS: Accepts = {ACCESS_TOKEN: ANY_AUDIENCE}
_MOST_TICKETS = 100_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """A client that may ask, the view that answers it, and by which token or source."""

    view: View
    resolver: Resolver
    token: Credential | None = None
    source: Source | None = None
    token_name: str = ""


@dataclass(frozen=True, slots=True)
class Denied:
    """A client that may not. `reason` is for the log, and for the client only where a setting says so."""

    reason: str
    resolver: Resolver | None = None
    token: Credential | None = None


NO_CREDENTIAL = "no access token, and no access source for this address"
NOT_GOOD = "the access token is not good here"
EXPIRED = "the access token has expired"
DISAGREEING = "more than one access token"
NO_VIEW = "the DNS view is not operational"
UNAVAILABLE = "access cannot be checked now"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a verdict stands on: these two numbers, and the time until its token ends (epoch milliseconds)."""

    generation: int
    number: int
    ends_at: float


@dataclass(frozen=True, slots=True)
class _Ticket:
    access: Admitted
    standing: Standing


class Admission:
    """Judges every query by itself, so that a revoke and an expiry hold on open connections too.

    A token that was good is not worked out again while nothing changed: its ticket ends with the first change to
    any credential the verifier holds, or to anything that the directory holds, before that change is acknowledged;
    its expiry is compared at each query. So the staleness of a ticket is zero queries.
    """

    def __init__(self, verifier: Verifier, directory: Directory, clock: Clock, entropy: Entropy) -> None:
        self._verifier = verifier
        self._directory = directory
        self._clock = clock
        # Tickets are found by a salted hash: no token stays in memory for them, nor does time tell of one.
        self._salt = entropy.token_bytes(16)
        self._tickets: dict[bytes, _Ticket] = {}

    def judge(self, arrival: Arrival, tokens: list[bytes]) -> Admitted | Denied:
        """Return whether a query is admitted, given every token that was presented with it."""
        key = None
        if len(tokens) == 1:
            # The name is hashed, too: it may hold a token, and over HTTP be as long as its sender likes.
            presented = repr((tokens[0], arrival.server_name))
            key = hashlib.sha256(self._salt + presented.encode("utf-8", "surrogatepass")).digest()
            ticket = self._tickets.get(key)
            if ticket is not None and self.stands(ticket.standing):
                return ticket.access
        generation, number = self._verifier.generation, self._directory.number
        access = self._judge(arrival, tokens)
        if key is not None and isinstance(access, Admitted) and access.token is not None:
            if len(self._tickets) >= _MOST_TICKETS:
                self._tickets.clear()
            self._tickets[key] = _Ticket(access, Standing(generation, number, _end_of(access)))
        return access

    def standing(self, access: Admitted) -> Standing:
        """Return what a verdict of this turn of the loop stands on: nothing changes within one."""
        return Standing(self._verifier.generation, self._directory.number, _end_of(access))

    def stands(self, standing: Standing) -> bool:
        """Return whether nothing has changed since that a verdict was made of."""
        return (
            standing.generation == self._verifier.generation
            and standing.number == self._directory.number
            and self._clock.epoch() * 1000 < standing.ends_at
        )

    def _judge(self, arrival: Arrival, tokens: list[bytes]) -> Admitted | Denied:
        try:
            named = self._directory.named(arrival.server_name)
            if not tokens:
                return self._by_source(arrival, named or self._directory.only())
            if len(tokens) > 1:
                return Denied(DISAGREEING, named)
            return self._by_token(tokens[0], named)
        except StoreUnavailable:
            return Denied(UNAVAILABLE)

    def _by_token(self, token: bytes, named: Resolver | None) -> Admitted | Denied:
        outcome = self._verifier.verify_bearer(Secret(token), accepts=_ACCEPTS)
        if not isinstance(outcome, Verified):
            # Why a token is refused may be known to who holds it; unknown and wrong ones look alike.
            is_expired = getattr(outcome, "reason", "") == "expired"
            return Denied(EXPIRED if is_expired else NOT_GOOD, named)
        credential = outcome.credential
        view = self._directory.view(credential.audience)
        if view is None or (named is not None and named.id != view.resolver):
            return Denied(NOT_GOOD, named, credential)
        return self._in(view, token=credential)

    def _by_source(self, arrival: Arrival, resolver: Resolver | None) -> Admitted | Denied:
        if resolver is None:
            return Denied(NO_CREDENTIAL)
        address = ipaddress.ip_address(arrival.host)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        source = self._directory.sources(resolver.id).find(arrival.transport, address)
        view = None if source is None else self._directory.view(source.parent)
        return Denied(NO_CREDENTIAL, resolver) if view is None else self._in(view, source=source)

    def _in(
        self, view: View, token: Credential | None = None, source: Source | None = None
    ) -> Admitted | Denied:
        resolver = self._directory.resolver(view.resolver)
        if resolver is None or view.status != OPERATIONAL:
            return Denied(NO_VIEW, resolver, token)
        name = "" if token is None else self._directory.token_name(token.id)
        return Admitted(view, resolver, token, source, name)


def _end_of(access: Admitted) -> float:
    ends_at = None if access.token is None else access.token.expires_at
    return float("inf") if ends_at is None else ends_at

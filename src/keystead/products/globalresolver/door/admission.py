"""Who may ask, and in which view: an access token, or the address that a query comes from.

Follows facts/dns.md §6. A token that was presented decides alone: one that is not good is refused even from an
allowed address, or a revoke could be got round from there (which precedence AWS has is UNCONFIRMED).
"""

import ipaddress
from dataclasses import dataclass

from keystead.credentials.shelf import Credential
from keystead.credentials.verify import ANY_AUDIENCE, Accepts, Verified, Verifier
from keystead.kernel.errors import StoreUnavailable
from keystead.kernel.secret import Secret
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.directory import Directory
from keystead.products.globalresolver.kinds import ACCESS_TOKEN
from keystead.products.globalresolver.records import OPERATIONAL, Resolver, Source, View

# A token leads to its view, which is its audience; the resolver that was named is compared below.
_ACCEPTS: Accepts = {ACCESS_TOKEN: ANY_AUDIENCE}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A client that may ask, the view that answers it, and by which token or source."""

    view: View
    resolver: Resolver
    token: Credential | None = None
    source: Source | None = None


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


class Admission:
    """Judges every query by itself, so that a revoke and an expiry hold on open connections too."""

    def __init__(self, verifier: Verifier, directory: Directory) -> None:
        self._verifier = verifier
        self._directory = directory

    def judge(self, arrival: Arrival, tokens: list[bytes]) -> Admitted | Denied:
        """Return whether a query is admitted, given every token that was presented with it."""
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
        return Admitted(view, resolver, token, source)

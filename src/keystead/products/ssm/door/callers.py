"""Who knocks at a channel: the SigV4 signature of a client or a node, and what it may open.

Follows the Session Manager endpoints' actions (`ssmmessages:*`). The door decides with the same authenticator and
policies as the API, and again inside the transaction that mints or takes a token.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from keystead.access.authenticate import Authenticated, Authenticator
from keystead.access.authorise import Authoriser
from keystead.access.doors import Message
from keystead.access.policy.context import Values
from keystead.access.sigv4 import Malformed, Presented, Refused, SignedRequest, find, rules_for
from keystead.identity.principals import Principal
from keystead.protocol.regions import public_regions
from keystead.store.interface import Reader

SERVICE: Final = "ssmmessages"


class NotAllowed(Exception):
    """The caller is not known, or may not; the text is for the journal."""


@dataclass(frozen=True, slots=True)
class Knock:
    """A verified caller and the region that it signed for."""

    caller: Authenticated
    region: str

    @property
    def principal(self) -> Principal:
        """Whom it acts as."""
        return self.caller.principal


class Callers:
    """Verifies who knocks."""

    def __init__(self, authenticator: Authenticator, authoriser: Authoriser, region: str) -> None:
        self._authenticator = authenticator
        self._authoriser = authoriser
        regions = frozenset(public_regions()) | {region}
        self._rules = {name: rules_for(name, regions, region) for name in (SERVICE, "ssm", "ec2messages")}

    def knock(self, scope: Message, body: bytes, *, service: str = SERVICE) -> Knock | None:
        """Return who signed the request, None if nobody did. Raises NotAllowed."""
        signed = SignedRequest(
            scope.get("method", "GET"),
            scope["raw_path"],
            scope["query_string"],
            [(name.lower(), value) for name, value in scope["headers"]],
            hashlib.sha256(body).hexdigest(),
        )
        try:
            presented: Presented | None = find(signed)
            if presented is None:
                return None
            return Knock(
                self._authenticator.authenticate(signed, presented, self._rules[service]), presented.region
            )
        except (Malformed, Refused) as refused:
            raise NotAllowed(type(refused).__name__) from refused

    def require(
        self, reader: Reader, knock: Knock, action: str, *resources: str, service: str = SERVICE
    ) -> None:
        """Let pass who may do `action` on one of `resources`, ways to write the same thing. Raises NotAllowed."""
        principal = knock.principal
        if self._authoriser.is_above_policies(principal):
            return
        decisions = [
            self._authoriser.decide(reader, principal, f"{service}:{action}", resource, _no_keys)
            for resource in resources
        ]
        if not any(decision.is_allowed for decision in decisions):
            raise NotAllowed(f"{service}:{action}")

    def again(self, reader: Reader, knock: Knock) -> None:
        """Let pass who is still good inside this transaction. Raises NotAllowed."""
        try:
            self._authenticator.again(reader, knock.caller)
        except Refused as refused:
            raise NotAllowed("no longer good") from refused


def _no_keys(key: str) -> Values | None:
    """Know no condition key of the request: a policy that needs one does not match."""
    del key
    return None

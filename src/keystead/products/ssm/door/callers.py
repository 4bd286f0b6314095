"""Who knocks at a channel: the SigV4 signature of a client or a node, and what it may open.

Follows the Session Manager endpoints' actions (`ssmmessages:*`). The door decides with the same authenticator and
policies as the API, and again inside the transaction that mints or takes a token.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from keystead.access.authenticate import Authenticated, Authenticator
from keystead.access.authorise import Authoriser
from keystead.access.doors import SOURCE_ADDRESS, Message
from keystead.access.policy.context import Late, Values
from keystead.access.sigv4 import Malformed, Presented, Refused, SignedRequest, find, rules_for
from keystead.credentials import shelf
from keystead.identity.principals import Principal
from keystead.kernel.clock import Clock, now
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
    late: Late

    @property
    def principal(self) -> Principal:
        """Whom it acts as."""
        return self.caller.principal


class Callers:
    """Verifies who knocks."""

    def __init__(
        self, authenticator: Authenticator, authoriser: Authoriser, region: str, clock: Clock
    ) -> None:
        self._authenticator = authenticator
        self._authoriser = authoriser
        self._clock = clock
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
            caller = self._authenticator.authenticate(signed, presented, self._rules[service])
            return Knock(caller, presented.region, _RequestKeys(scope, presented.region, self._clock))
        except (Malformed, Refused) as refused:
            raise NotAllowed(type(refused).__name__) from refused

    def behind(self, reader: Reader, scope: Message, credential_id: str, region: str) -> Knock | None:
        """Return who comes unsigned, but with a token that a credential was given; None if that is gone."""
        found = shelf.find(reader, credential_id)
        if found is None:
            return None
        try:
            caller = Authenticated(self._authenticator.principal(found.credential), found.credential)
        except Refused:
            return None
        return Knock(caller, region, _RequestKeys(scope, region, self._clock))

    def require(
        self, reader: Reader, knock: Knock, action: str, *resources: str, service: str = SERVICE
    ) -> None:
        """Let pass who may do `action` on one of `resources`, ways to write the same thing. Raises NotAllowed.

        A statement that denies one of them denies all. Nothing held in memory counts.
        """
        principal = knock.principal
        if self._authoriser.is_above_policies(principal):
            return
        decisions = [
            self._authoriser.decide_again(reader, principal, f"{service}:{action}", resource, knock.late)
            for resource in resources
        ]
        is_denied = any(not each.is_allowed and each.statement is not None for each in decisions)
        if is_denied or not any(each.is_allowed for each in decisions):
            raise NotAllowed(f"{service}:{action}")

    def is_denied(self, reader: Reader, knock: Knock, action: str, resource: str, late: Late) -> bool:
        """Return whether a statement denies by now what a caller was let do. What nothing allows is not denied."""
        decision = self._authoriser.decide(reader, knock.principal, action, resource, late)
        return not decision.is_allowed and decision.statement is not None

    def again(self, reader: Reader, knock: Knock) -> None:
        """Let pass who is still good inside this transaction. Raises NotAllowed."""
        try:
            self._authenticator.again(reader, knock.caller)
        except Refused as refused:
            raise NotAllowed("no longer good") from refused


@dataclass(frozen=True, slots=True)
class _RequestKeys:
    """The condition keys of one request that every service has, by name in lower case."""

    scope: Message
    region: str
    clock: Clock

    def __call__(self, key: str) -> Values | None:
        """Return the values of a key, or None when the request has none."""
        match key:
            case "aws:sourceip":
                return (str(self.scope["state"].get(SOURCE_ADDRESS, "")),)
            case "aws:securetransport":
                return ("true" if self.scope["scheme"] in ("https", "wss") else "false",)
            case "aws:currenttime":
                return (now(self.clock).isoformat(timespec="seconds").replace("+00:00", "Z"),)
            case "aws:epochtime":
                return (str(int(self.clock.epoch())),)
            case "aws:requestedregion":
                return (self.region,)
            case "aws:useragent":
                found = dict(self.scope["headers"]).get(b"user-agent")
                return None if found is None else (found.decode("latin-1"),)
            case _:
                return None

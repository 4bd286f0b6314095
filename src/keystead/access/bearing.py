"""What bears on a principal: its policies, compiled, and the part of the request context that is its own.

Follows the IAM User Guide, "Policy evaluation logic" and "AWS global condition context keys": a user's own policies
and those of all its groups are its identity policies, a role's are those of its sessions; a boundary stands apart,
and so do the session policies that were passed when a session was made. What is held of a principal carries the
policy epoch at which its rows were begun to be read, and is dropped when the epoch has moved: on one node its
staleness is zero requests.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from keystead.access.policy import Caller, CompiledPolicy, PolicySource, PrincipalPolicies, compile_policy
from keystead.access.policy.compile import SourcePolicyType
from keystead.access.policy.context import Values
from keystead.access.policy.principals import CallerType
from keystead.identity import group_records, managed, records, role_records
from keystead.identity.entity import Entity, entity_of
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.policies import Policies, SourcedDocument
from keystead.identity.principals import NOBODY, Principal, PrincipalType
from keystead.identity.session_records import Scope, Session
from keystead.kernel.errors import NotFound
from keystead.store.interface import Reader

MAX_HELD = 100_000
MAX_COMPILED = 20_000
SESSION_POLICY = "SessionPolicy"
"""The name under which a decision names an inline session policy, which has none of its own."""

_CALLERS: dict[PrincipalType, CallerType] = {
    "root": "root",
    "user": "user",
    "assumed-role": "role-session",
    "federated-user": "federated-user",
    "anonymous": "anonymous",
}
_TYPES: dict[PrincipalType, str] = {
    "root": "Account",
    "user": "User",
    "assumed-role": "AssumedRole",
    "federated-user": "FederatedUser",
    "anonymous": "Anonymous",
}


@dataclass(frozen=True, slots=True)
class Bearing:
    """A principal as the decision sees it. `context` are its condition keys, in lower case."""

    caller: Caller
    policies: PrincipalPolicies
    context: dict[str, Values]


class Bearings:
    """Finds what bears on principals, and holds it while `epoch`, the policy epoch, stands still."""

    def __init__(self, policies: Policies, epoch: PolicyEpoch) -> None:
        self._policies = policies
        self.epoch = epoch
        self._held: dict[tuple[str, str], tuple[int, Bearing]] = {}
        self._compiled: dict[tuple[str, PolicySource], CompiledPolicy] = {}

    def of(self, reader: Reader, principal: Principal) -> Bearing:
        """Return what bears on a principal, from memory where nothing changed since it was read."""
        key, epoch = principal.key, self.epoch.value
        held = self._held.get(key)
        if held is not None and held[0] == epoch and held[1].caller.arn == principal.arn:
            return held[1]
        bearing = self.read(reader, principal)
        if len(self._held) >= MAX_HELD:
            self._held.clear()
        self._held[key] = (epoch, bearing)
        return bearing

    def read(self, reader: Reader, principal: Principal) -> Bearing:
        """Return what bears on a principal as the reader has it now: inside a transaction, its own state."""
        entity = _entity(reader, principal)
        if entity is None:
            return Bearing(_caller(principal), PrincipalPolicies(), _context(principal))
        boundary = self._policies.boundary(reader, entity)
        policies = PrincipalPolicies(
            identity=tuple(self._compile(document) for document in self._documents(reader, entity)),
            boundary=None if boundary is None else self._compile(boundary),
            sessions=None if principal.session is None else self._passed(reader, principal.session),
        )
        tags = {tag.key: tag.value for tag in records.tags(reader, entity.id)}
        return Bearing(_caller(principal), policies, {**_context(principal), **_tags(principal, tags)})

    def _documents(self, reader: Reader, entity: Entity) -> Iterator[SourcedDocument]:
        yield from self._policies.documents(reader, entity)
        if entity.kind == "user":
            for group in group_records.groups_of_user(reader, entity.id):
                yield from self._policies.documents(reader, entity_of(group))

    def _passed(self, reader: Reader, session: Session) -> tuple[CompiledPolicy, ...] | None:
        """Return the policies passed when a session was made, None when none were.

        Managed ones count as they are now; one that has been deleted allows nothing.
        """
        if not session.scope.is_limited:
            return None
        return tuple(self._compile(each) for each in self._passed_documents(reader, session))

    def _passed_documents(self, reader: Reader, session: Session) -> Iterator[SourcedDocument]:
        if session.scope.policy is not None:
            yield SourcedDocument(session.scope.policy, SESSION_POLICY, None, None)
        for arn in session.scope.policy_arns:
            try:
                yield self._policies.in_force(reader, session.account, arn)
            except NotFound:
                continue

    def _compile(self, document: SourcedDocument) -> CompiledPolicy:
        """Return a document compiled; what is remembered is a pure function of the text, and never stale."""
        key = (document.document, source_of(document))
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) >= MAX_COMPILED:
                self._compiled.clear()
            found = self._compiled[key] = compile_policy(*key)
        return found


def source_of(document: SourcedDocument) -> PolicySource:
    """Return where a document comes from, in the simulator's words."""
    if document.arn is None:
        kind: SourcePolicyType = "none" if document.holder is None else document.holder.kind
        return PolicySource(document.name, kind, "")
    shipped = managed.find(document.arn) is not None
    return PolicySource(document.name, "aws-managed" if shipped else "user-managed", document.arn)


def _entity(reader: Reader, principal: Principal) -> Entity | None:
    """Return whose policies are a principal's: its user's or role's; root and nobody have none."""
    if principal.is_root or principal is NOBODY:
        return None
    find = role_records.role_by_id if principal.type == "assumed-role" else records.user_by_id
    found = find(reader, principal.account, principal.owner)
    return None if found is None else entity_of(found)


def _caller(principal: Principal) -> Caller:
    plain = (_CALLERS[principal.type], principal.account, principal.arn, principal.id)
    if principal.type in ("assumed-role", "federated-user"):
        return Caller(*plain, principal.issuer_arn, principal.owner)
    return Caller(*plain)


def _context(principal: Principal) -> dict[str, Values]:
    """Return the global condition keys that are the principal's own ("AWS global condition context keys")."""
    is_role = principal.type == "assumed-role"
    keys: dict[str, Values] = {
        "aws:principalarn": (principal.issuer_arn if is_role else principal.arn,),
        "aws:principalaccount": (principal.account,),
        "aws:principaltype": (_TYPES[principal.type],),
        "aws:principalisawsservice": ("false",),
        # Nobody asks for somebody else here. The usual deny of foreign addresses applies only where it is false.
        "aws:viaawsservice": ("false",),
        "aws:userid": (principal.id,),
    }
    if principal.user_name:
        keys["aws:username"] = (principal.user_name,)
    if principal.session is not None:
        keys |= _of_session(principal.session)
    return keys


def _of_session(session: Session) -> Iterable[tuple[str, Values]]:
    """Give the keys that only temporary credentials have."""
    scope = session.scope
    issued = datetime.fromtimestamp(session.issued_at // 1000, UTC).isoformat().replace("+00:00", "Z")
    yield "aws:tokenissuetime", (issued,)
    if scope.has_mfa is not None:
        yield "aws:multifactorauthpresent", (str(scope.has_mfa).lower(),)
    if scope.source_identity:
        yield "aws:sourceidentity", (scope.source_identity,)
    if scope.provider:
        yield "aws:federatedprovider", (scope.provider,)


def _tags(principal: Principal, own: dict[str, str]) -> dict[str, Values]:
    """Return the principal tags: of a role or user, and over them, whatever the case of the key, the session's."""
    scope = Scope() if principal.session is None else principal.session.scope
    merged = {key.lower(): value for key, value in own.items()}
    merged |= {key.lower(): value for key, value in scope.tags.items()}
    return {f"aws:principaltag/{key}": (value,) for key, value in merged.items()}

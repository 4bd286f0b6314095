"""What bears on a principal: its policies, compiled, and the part of the request context that is its own.

Follows the IAM User Guide, "Policy evaluation logic": a user's own policies and those of all its groups are its
identity policies; its boundary stands apart. What is held of a principal carries the policy epoch at which its
rows were begun to be read, and is dropped when the epoch has moved: on one node its staleness is zero requests.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keystead.access.policy import Caller, CompiledPolicy, PolicySource, PrincipalPolicies, compile_policy
from keystead.access.policy.compile import SourcePolicyType
from keystead.access.policy.context import Values
from keystead.identity import group_records, managed, records
from keystead.identity.entity import Entity, entity_of
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.policies import Policies, SourcedDocument
from keystead.identity.principals import Principal
from keystead.store.interface import Reader

MAX_HELD = 100_000
MAX_COMPILED = 20_000


@dataclass(frozen=True, slots=True)
class Bearing:
    """A principal as the decision sees it. `context` are its condition keys, in lower case."""

    caller: Caller
    policies: PrincipalPolicies
    context: dict[str, Values]


class Bearings:
    """Finds what bears on principals, and holds it while the policy epoch stands still."""

    def __init__(self, policies: Policies, epoch: PolicyEpoch) -> None:
        self._policies = policies
        self._epoch = epoch
        self._held: dict[tuple[str, str], tuple[int, Bearing]] = {}
        self._compiled: dict[tuple[str, PolicySource], CompiledPolicy] = {}

    def of(self, reader: Reader, principal: Principal) -> Bearing:
        """Return what bears on a principal, from memory where nothing changed since it was read."""
        key, epoch = (principal.account, principal.owner), self._epoch.value
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
        user = records.user_by_id(reader, principal.account, principal.owner)
        if user is None:
            return Bearing(_caller(principal), PrincipalPolicies(), _context(principal))
        entity = entity_of(user)
        boundary = self._policies.boundary(reader, entity)
        policies = PrincipalPolicies(
            identity=tuple(self._compile(document) for document in self._documents(reader, entity)),
            boundary=None if boundary is None else self._compile(boundary),
        )
        tags = {f"aws:principaltag/{tag.key.lower()}": (tag.value,) for tag in records.tags(reader, user.id)}
        return Bearing(_caller(principal), policies, {**_context(principal), **tags})

    def _documents(self, reader: Reader, entity: Entity) -> Iterator[SourcedDocument]:
        yield from self._policies.documents(reader, entity)
        for group in group_records.groups_of_user(reader, entity.id):
            yield from self._policies.documents(reader, entity_of(group))

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


def _caller(principal: Principal) -> Caller:
    return Caller(principal.caller_type, principal.account, principal.arn, principal.id)


def _context(principal: Principal) -> dict[str, Values]:
    """Return the global condition keys that are the principal's own ("AWS global condition context keys")."""
    keys: dict[str, Values] = {
        "aws:principalarn": (principal.arn,),
        "aws:principalaccount": (principal.account,),
        "aws:principaltype": ("Account" if principal.type == "root" else "User",),
        "aws:principalisawsservice": ("false",),
        "aws:userid": (principal.id,),
    }
    if principal.user_name:
        keys["aws:username"] = (principal.user_name,)
    return keys

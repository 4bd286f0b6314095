"""Policies on users, groups and roles: managed ones with versions, inline ones, attachments and boundaries.

Documents come here already checked by whoever knows the policy language. Every change moves the policy epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keystead.identity import managed
from keystead.identity import policy_records as records
from keystead.identity.entity import Entity
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.policy_records import InlinePolicy, ManagedPolicy, PolicyVersion
from keystead.identity.quotas import Quotas
from keystead.kernel.arn import iam_arn
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import AlreadyExists, DomainError, NotFound, QuotaExceeded, StillInUse
from keystead.kernel.ids import unique_id
from keystead.store.interface import Reader, Transaction

POLICY_ID_PREFIX = "ANPA"


class PolicyInUse(DomainError):
    """A managed policy cannot go: it is attached, or has other versions, or the version is the default."""


class ReadOnlyPolicy(DomainError):
    """AWS managed policies are the authority's own and cannot be changed."""


class PolicyTooLarge(DomainError):
    """A document, or an entity's inline documents together, exceed their quota."""

    def __init__(self, size: int, entity: Entity | None) -> None:
        super().__init__(f"a policy exceeds {size} characters")
        self.size = size
        self.entity = entity


@dataclass(frozen=True, slots=True)
class SourcedDocument:
    """A policy document and where it hangs: `arn` of a managed policy, else the name of an inline one."""

    document: str
    name: str
    arn: str | None
    holder: Entity | None


def size_of(document: str) -> int:
    """Return the size of a document that quotas count: its characters without white space."""
    return sum(1 for character in document if not character.isspace())


def check_free_of_policies(reader: Reader, entity_id: str) -> None:
    """Raise StillInUse while policies hang on a user, group or role that is to be deleted."""
    if records.attached_to(reader, entity_id):
        raise StillInUse("detach all policies")
    if records.inline(reader, entity_id):
        raise StillInUse("delete policies")


class Policies:
    """The policies of all accounts; every method says of which."""

    def __init__(self, quotas: Quotas, epoch: PolicyEpoch, clock: Clock, entropy: Entropy) -> None:
        self._quotas = quotas
        self._epoch = epoch
        self._clock = clock
        self._entropy = entropy

    # Managed policies and their versions.

    def create(
        self, tx: Transaction, account: str, name: str, path: str, document: str, description: str | None
    ) -> ManagedPolicy:
        """Return a new managed policy with its version 1. Raises AlreadyExists, QuotaExceeded, PolicyTooLarge."""
        self._check_size(document)
        now = now_ms(self._clock)
        policy = ManagedPolicy(
            account,
            unique_id(POLICY_ID_PREFIX, self._entropy),
            iam_arn(account, f"policy{path}{name}"),
            name,
            path,
            description,
            now,
            now,
            1,
            2,
        )
        if not records.add_policy(tx, policy):
            raise AlreadyExists("policy", name)
        if records.count_policies(tx, account, +1) > self._quotas.policies_per_account:
            raise QuotaExceeded("PoliciesPerAccount", self._quotas.policies_per_account, account)
        records.add_version(tx, policy.id, PolicyVersion(1, document, now))
        return policy

    def get(self, reader: Reader, account: str, arn: str) -> ManagedPolicy:
        """Return a policy of the account, or an AWS managed one. Raises NotFound."""
        policy = managed.find(arn) or records.policy_by_arn(reader, account, arn)
        if policy is None:
            raise NotFound("policy", arn)
        return policy

    def versions(self, reader: Reader, policy: ManagedPolicy) -> list[PolicyVersion]:
        """Return a policy's versions, newest first."""
        built_in = managed.version_of(policy.arn)
        return records.versions(reader, policy.id) if built_in is None else [built_in]

    def version(self, reader: Reader, policy: ManagedPolicy, number: int) -> PolicyVersion:
        """Return one version. Raises NotFound."""
        for version in self.versions(reader, policy):
            if version.number == number:
                return version
        raise NotFound("policy version", f"{policy.arn} version v{number}")

    def add_version(
        self, tx: Transaction, policy: ManagedPolicy, document: str, *, as_default: bool
    ) -> PolicyVersion:
        """Return a new version. Raises ReadOnlyPolicy, QuotaExceeded, PolicyTooLarge."""
        self.check_writable(policy)
        self._check_size(document)
        if len(records.versions(tx, policy.id)) >= self._quotas.versions_per_policy:
            raise QuotaExceeded("VersionsPerPolicy", self._quotas.versions_per_policy, policy.name)
        now = now_ms(self._clock)
        added = PolicyVersion(policy.next_version, document, now)
        records.add_version(tx, policy.id, added)
        default = added.number if as_default else policy.default_version
        records.update_policy(
            tx, replace(policy, updated_at=now, default_version=default, next_version=policy.next_version + 1)
        )
        self._epoch.bump_after(tx)
        return added

    def set_default(self, tx: Transaction, policy: ManagedPolicy, number: int) -> None:
        """Put another version in force. Raises NotFound, ReadOnlyPolicy."""
        self.check_writable(policy)
        self.version(tx, policy, number)
        records.update_policy(tx, replace(policy, updated_at=now_ms(self._clock), default_version=number))
        self._epoch.bump_after(tx)

    def remove_version(self, tx: Transaction, policy: ManagedPolicy, number: int) -> None:
        """Delete a version that is not in force. Raises NotFound, PolicyInUse, ReadOnlyPolicy."""
        self.check_writable(policy)
        self.version(tx, policy, number)
        if number == policy.default_version:
            raise PolicyInUse("Cannot delete the default version of a policy.")
        records.remove_version(tx, policy.id, number)

    def delete(self, tx: Transaction, policy: ManagedPolicy) -> None:
        """Delete a policy that nothing uses and that has one version. Raises PolicyInUse, ReadOnlyPolicy."""
        self.check_writable(policy)
        in_use = records.holders(tx, policy.account, policy.arn) or records.bounded(
            tx, policy.account, policy.arn
        )
        if in_use:
            raise PolicyInUse("Cannot delete a policy attached to entities.")
        if len(records.versions(tx, policy.id)) > 1:
            raise PolicyInUse(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's"
                " versions. The default version is deleted with the policy."
            )
        records.remove_policy(tx, policy)
        records.count_policies(tx, policy.account, -1)
        # It hangs on nothing, but sessions may be limited by it.
        self._epoch.bump_after(tx)

    # What hangs on an entity.

    def attach(self, tx: Transaction, entity: Entity, arn: str) -> None:
        """Attach a managed policy; being attached already is no error. Raises NotFound, QuotaExceeded."""
        self._check_attachable(tx, entity.account, arn)
        records.attach(tx, entity.account, entity.id, arn)
        limit = {
            "user": self._quotas.attached_per_user,
            "group": self._quotas.attached_per_group,
            "role": self._quotas.attached_per_role,
        }[entity.kind]
        if len(records.attached_to(tx, entity.id)) > limit:
            raise QuotaExceeded(f"PoliciesPer{entity.kind.capitalize()}", limit, entity.name)
        self._epoch.bump_after(tx)

    def detach(self, tx: Transaction, entity: Entity, arn: str) -> None:
        """Detach a managed policy. Raises NotFound when it is not attached."""
        if not records.detach(tx, entity.id, arn):
            raise NotFound("policy", arn)
        self._epoch.bump_after(tx)

    def put_inline(self, tx: Transaction, entity: Entity, name: str, document: str) -> None:
        """Keep an inline policy, in place of one of the same name. Raises PolicyTooLarge."""
        records.put_inline(tx, entity.id, InlinePolicy(name, document))
        limit = {
            "user": self._quotas.inline_user_size,
            "group": self._quotas.inline_group_size,
            "role": self._quotas.inline_role_size,
        }[entity.kind]
        if sum(size_of(policy.document) for policy in records.inline(tx, entity.id)) > limit:
            raise PolicyTooLarge(limit, entity)
        self._epoch.bump_after(tx)

    def inline(self, reader: Reader, entity: Entity, name: str) -> InlinePolicy:
        """Return an entity's inline policy. Raises NotFound."""
        for policy in records.inline(reader, entity.id):
            if policy.name.lower() == name.lower():
                return policy
        raise NotFound(f"{entity.kind} policy", name)

    def remove_inline(self, tx: Transaction, entity: Entity, name: str) -> None:
        """Delete an inline policy. Raises NotFound."""
        if not records.remove_inline(tx, entity.id, name):
            raise NotFound(f"{entity.kind} policy", name)
        self._epoch.bump_after(tx)

    def set_boundary(self, tx: Transaction, entity: Entity, arn: str) -> None:
        """Give a user or role a permissions boundary, in place of the one it had. Raises NotFound."""
        self._check_attachable(tx, entity.account, arn)
        records.set_boundary(tx, entity.account, entity.id, arn)
        self._epoch.bump_after(tx)

    def remove_boundary(self, tx: Transaction, entity: Entity) -> None:
        """Take an entity's boundary away. Raises NotFound when it has none."""
        if not records.remove_boundary(tx, entity.id):
            raise NotFound("permissions boundary", entity.name)
        self._epoch.bump_after(tx)

    # What is in force.

    def documents(self, reader: Reader, entity: Entity) -> list[SourcedDocument]:
        """Return the documents that hang on an entity itself, inline ones first."""
        inline = [
            SourcedDocument(policy.document, policy.name, None, entity)
            for policy in records.inline(reader, entity.id)
        ]
        attached = [
            self.in_force(reader, entity.account, arn, entity)
            for arn in records.attached_to(reader, entity.id)
        ]
        return inline + attached

    def boundary(self, reader: Reader, entity: Entity) -> SourcedDocument | None:
        """Return an entity's boundary document, if it has one."""
        arn = records.boundary(reader, entity.id)
        return None if arn is None else self.in_force(reader, entity.account, arn, entity)

    def in_force(
        self, reader: Reader, account: str, arn: str, holder: Entity | None = None
    ) -> SourcedDocument:
        """Return a managed policy's default version. Raises NotFound."""
        policy = self.get(reader, account, arn)
        version = self.version(reader, policy, policy.default_version)
        return SourcedDocument(version.document, policy.name, arn, holder)

    def attached_arns(self, reader: Reader, entity: Entity) -> Sequence[str]:
        """Return the ARNs attached to an entity, in the order of attachment."""
        return records.attached_to(reader, entity.id)

    def check_writable(self, policy: ManagedPolicy) -> None:
        """Raise ReadOnlyPolicy for an AWS managed policy."""
        if managed.find(policy.arn) is not None:
            raise ReadOnlyPolicy(policy.arn)

    def _check_attachable(self, reader: Reader, account: str, arn: str) -> None:
        if managed.find(arn) is None and records.policy_by_arn(reader, account, arn) is None:
            raise NotFound("attachable policy", arn)

    def _check_size(self, document: str) -> None:
        if size_of(document) > self._quotas.managed_policy_size:
            raise PolicyTooLarge(self._quotas.managed_policy_size, None)

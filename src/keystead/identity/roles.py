"""Roles and instance profiles: made, changed and deleted, each inside the caller's transaction.

Trust policies come here already checked by whoever knows the policy language.
"""

from dataclasses import replace

import msgspec

from keystead.identity import policy_records, trust
from keystead.identity import role_records as records
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.policies import PolicyTooLarge, check_free_of_policies, size_of
from keystead.identity.quotas import Quotas
from keystead.identity.role_records import InstanceProfile, Role
from keystead.identity.trust import Trust
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import AlreadyExists, NotFound, QuotaExceeded, StillInUse
from keystead.kernel.ids import unique_id
from keystead.store.interface import Reader, Transaction

ROLE_ID_PREFIX = "AROA"
PROFILE_ID_PREFIX = "AIPA"
DEFAULT_SESSION_SECONDS = 3600


class TrustTooLarge(PolicyTooLarge):
    """A trust policy exceeds its quota."""


class Roles:
    """The roles of all accounts; every method says of which."""

    def __init__(self, quotas: Quotas, epoch: PolicyEpoch, clock: Clock, entropy: Entropy) -> None:
        self._quotas = quotas
        self._epoch = epoch
        self._clock = clock
        self._entropy = entropy

    def create(
        self,
        tx: Transaction,
        account: str,
        name: str,
        path: str,
        trusted: Trust,
        description: str | None,
        max_session_seconds: int,
    ) -> Role:
        """Return a new role. Raises AlreadyExists, QuotaExceeded, TrustTooLarge, UnknownPrincipal."""
        self._check_size(trusted)
        role = Role(
            account,
            unique_id(ROLE_ID_PREFIX, self._entropy),
            name,
            path,
            now_ms(self._clock),
            description,
            max_session_seconds,
            trusted.document,
            _encoded(trust.resolve(tx, account, trusted.names)),
        )
        if not records.add_role(tx, role):
            raise AlreadyExists("role", name)
        if records.count_roles(tx, account, +1) > self._quotas.roles_per_account:
            raise QuotaExceeded("RolesPerAccount", self._quotas.roles_per_account, account)
        return role

    def get(self, reader: Reader, account: str, name: str) -> Role:
        """Return the role of this name. Raises NotFound."""
        role = records.role_named(reader, account, name)
        if role is None:
            raise NotFound("role", name)
        return role

    def update(
        self, tx: Transaction, role: Role, *, description: str | None, max_session_seconds: int
    ) -> Role:
        """Return the role with another description and longest session."""
        changed = replace(role, description=description, max_session_seconds=max_session_seconds)
        records.update_role(tx, changed)
        return changed

    def set_trust(self, tx: Transaction, role: Role, trusted: Trust) -> None:
        """Change who may assume a role. Raises TrustTooLarge, UnknownPrincipal."""
        self._check_size(trusted)
        ids = _encoded(trust.resolve(tx, role.account, trusted.names))
        records.update_role(tx, replace(role, trust=trusted.document, trust_ids=ids))
        self._epoch.bump_after(tx)

    def delete(self, tx: Transaction, role: Role) -> None:
        """Delete a role that no profile holds and no policy hangs on. Raises StillInUse."""
        if records.profiles_of_role(tx, role.id):
            raise StillInUse("remove roles from instance profile")
        check_free_of_policies(tx, role.id)
        policy_records.remove_boundary(tx, role.id)
        records.remove_role(tx, role)
        records.count_roles(tx, role.account, -1)
        self._epoch.bump_after(tx)

    def _check_size(self, trusted: Trust) -> None:
        if size_of(trusted.document) > self._quotas.trust_policy_size:
            raise TrustTooLarge(self._quotas.trust_policy_size, None)


def _encoded(ids: dict[str, str]) -> str:
    return msgspec.json.encode(ids).decode()


class InstanceProfiles:
    """The instance profiles of all accounts; records only: no machine fetches credentials by them."""

    def __init__(self, quotas: Quotas, clock: Clock, entropy: Entropy) -> None:
        self._quotas = quotas
        self._clock = clock
        self._entropy = entropy

    def create(self, tx: Transaction, account: str, name: str, path: str) -> InstanceProfile:
        """Return a new instance profile without a role. Raises AlreadyExists, QuotaExceeded."""
        profile_id = unique_id(PROFILE_ID_PREFIX, self._entropy)
        profile = InstanceProfile(account, profile_id, name, path, now_ms(self._clock), None)
        if not records.add_profile(tx, profile):
            raise AlreadyExists("instance profile", name)
        if records.count_profiles(tx, account, +1) > self._quotas.profiles_per_account:
            raise QuotaExceeded("InstanceProfilesPerAccount", self._quotas.profiles_per_account, account)
        return profile

    def get(self, reader: Reader, account: str, name: str) -> InstanceProfile:
        """Return the instance profile of this name. Raises NotFound."""
        profile = records.profile_named(reader, account, name)
        if profile is None:
            raise NotFound("instance profile", name)
        return profile

    def add_role(self, tx: Transaction, profile: InstanceProfile, role: Role) -> None:
        """Put a role into a profile, which holds one at most. Raises QuotaExceeded."""
        if profile.role_id is not None:
            raise QuotaExceeded("InstanceSessionsPerInstanceProfile", 1, profile.name)
        records.set_profile_role(tx, profile.id, role.id)

    def remove_role(self, tx: Transaction, profile: InstanceProfile, role: Role) -> None:
        """Take a role out of a profile. Raises NotFound when another one, or none, is in it."""
        if profile.role_id != role.id:
            raise NotFound("role", role.name)
        records.set_profile_role(tx, profile.id, None)

    def delete(self, tx: Transaction, profile: InstanceProfile) -> None:
        """Delete a profile that holds no role. Raises StillInUse."""
        if profile.role_id is not None:
            raise StillInUse("remove roles from instance profile")
        records.remove_profile(tx, profile)
        records.count_profiles(tx, profile.account, -1)

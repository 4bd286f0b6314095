"""Groups of users: made, renamed, filled and deleted, each inside the caller's transaction."""

from dataclasses import replace

from keystead.identity import group_records as records
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.group_records import Group
from keystead.identity.policies import check_free_of_policies
from keystead.identity.quotas import Quotas
from keystead.identity.records import User
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import AlreadyExists, NotFound, QuotaExceeded, StillInUse
from keystead.kernel.ids import unique_id
from keystead.store.interface import Reader, Transaction

GROUP_ID_PREFIX = "AGPA"


class Groups:
    """The groups of all accounts; every method says of which."""

    def __init__(self, quotas: Quotas, epoch: PolicyEpoch, clock: Clock, entropy: Entropy) -> None:
        self._quotas = quotas
        self._epoch = epoch
        self._clock = clock
        self._entropy = entropy

    def create(self, tx: Transaction, account: str, name: str, path: str) -> Group:
        """Return a new group. Raises AlreadyExists, QuotaExceeded."""
        group = Group(account, unique_id(GROUP_ID_PREFIX, self._entropy), name, path, now_ms(self._clock))
        if not records.add_group(tx, group):
            raise AlreadyExists("group", name)
        if records.count_groups(tx, account, +1) > self._quotas.groups_per_account:
            raise QuotaExceeded("GroupsPerAccount", self._quotas.groups_per_account, account)
        return group

    def get(self, reader: Reader, account: str, name: str) -> Group:
        """Return the group of this name. Raises NotFound."""
        group = records.group_named(reader, account, name)
        if group is None:
            raise NotFound("group", name)
        return group

    def rename(self, tx: Transaction, group: Group, name: str, path: str) -> Group:
        """Change a group's name and path; id, members and policies stay. Raises AlreadyExists."""
        holder = records.group_named(tx, group.account, name)
        if holder is not None and holder.id != group.id:
            raise AlreadyExists("group", name)
        records.rename_group(tx, group, name, path)
        self._epoch.bump_after(tx)
        return replace(group, name=name, path=path)

    def delete(self, tx: Transaction, group: Group) -> None:
        """Delete a group that is empty and has no policies. Raises StillInUse."""
        if records.has_members(tx, group.id):
            raise StillInUse("remove users from group")
        check_free_of_policies(tx, group.id)
        records.remove_group(tx, group)
        records.count_groups(tx, group.account, -1)

    def add(self, tx: Transaction, group: Group, user: User) -> None:
        """Put a user into a group; being in it already is no error. Raises QuotaExceeded."""
        records.add_member(tx, group.id, user.id)
        if len(records.groups_of_user(tx, user.id)) > self._quotas.groups_per_user:
            raise QuotaExceeded("GroupsPerUser", self._quotas.groups_per_user, user.name)
        self._epoch.bump_after(tx)

    def remove(self, tx: Transaction, group: Group, user: User) -> None:
        """Take a user out of a group; not being in it is no error."""
        records.remove_member(tx, group.id, user.id)
        self._epoch.bump_after(tx)

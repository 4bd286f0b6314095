"""Users of an account: made, renamed and deleted, each inside the caller's transaction."""

from dataclasses import replace

from keystead.credentials import shelf
from keystead.identity import group_records, policy_records, records
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.policies import check_free_of_policies
from keystead.identity.principals import Principals
from keystead.identity.quotas import Quotas
from keystead.identity.records import User
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import AlreadyExists, NotFound, QuotaExceeded, StillInUse
from keystead.kernel.ids import unique_id
from keystead.store.interface import Reader, Transaction

USER_ID_PREFIX = "AIDA"


class Users:
    """The users of all accounts; every method says of which."""

    def __init__(
        self, principals: Principals, quotas: Quotas, epoch: PolicyEpoch, clock: Clock, entropy: Entropy
    ) -> None:
        self._principals = principals
        self._quotas = quotas
        self._epoch = epoch
        self._clock = clock
        self._entropy = entropy

    def create(self, tx: Transaction, account: str, name: str, path: str) -> User:
        """Return a new user. Raises AlreadyExists, QuotaExceeded."""
        user = User(account, unique_id(USER_ID_PREFIX, self._entropy), name, path, now_ms(self._clock))
        if not records.add_user(tx, user):
            raise AlreadyExists("user", name)
        limit = self._quotas.users_per_account
        if records.count_users(tx, account, +1) > limit:
            raise QuotaExceeded("UsersPerAccount", limit, account)
        return user

    def get(self, reader: Reader, account: str, name: str) -> User:
        """Return the user of this name. Raises NotFound."""
        user = records.user_named(reader, account, name)
        if user is None:
            raise NotFound("user", name)
        return user

    def rename(self, tx: Transaction, user: User, name: str, path: str) -> User:
        """Change a user's name and path; id, keys and tags stay. Raises AlreadyExists."""
        holder = records.user_named(tx, user.account, name)
        if holder is not None and holder.id != user.id:
            raise AlreadyExists("user", name)
        records.rename_user(tx, user, name, path)
        self._forget_after(tx, user)
        return replace(user, name=name, path=path)

    def delete(self, tx: Transaction, user: User) -> None:
        """Delete a user that nothing depends on. Raises StillInUse, which says what must go first.

        What kinds of credential it may hold is the products' affair: they check those that they can name
        before. Here none at all may be left, so that no credential outlives its owner.
        """
        self.check_unattached(tx, user)
        if shelf.owner_has_any(tx, user.account, user.id):
            raise StillInUse("remove referenced objects")
        policy_records.remove_boundary(tx, user.id)
        records.remove_user(tx, user)
        records.count_users(tx, user.account, -1)
        self._forget_after(tx, user)

    def check_unattached(self, tx: Transaction, user: User) -> None:
        """Raise StillInUse while a user is in a group or policies hang on it."""
        if group_records.groups_of_user(tx, user.id):
            raise StillInUse("remove users from group")
        check_free_of_policies(tx, user.id)

    def _forget_after(self, tx: Transaction, user: User) -> None:
        tx.after_commit(lambda: self._principals.forget(user.account, user.id))
        self._epoch.bump_after(tx)

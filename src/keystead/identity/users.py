"""Users of an account: made, renamed, tagged and deleted, each inside the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from keystead.credentials import shelf
from keystead.identity import records
from keystead.identity.principals import Principals
from keystead.identity.records import Tag, User
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import AlreadyExists, DomainError, NotFound, QuotaExceeded, StillInUse
from keystead.kernel.ids import unique_id
from keystead.store.interface import Reader, Transaction

USER_ID_PREFIX = "AIDA"


class DuplicateTags(DomainError):
    """Two tags of one request have the same key, without regard to case."""


class ReservedTag(DomainError):
    """Tag keys that begin with `aws:` are AWS's own."""


@dataclass(frozen=True, slots=True)
class UserQuotas:
    """How many users an account may have, and how many tags a user."""

    users_per_account: int
    tags_per_user: int = 50


class Users:
    """The users of all accounts; every method says of which."""

    def __init__(self, principals: Principals, quotas: UserQuotas, clock: Clock, entropy: Entropy) -> None:
        self._principals = principals
        self.quotas = quotas
        self._clock = clock
        self._entropy = entropy

    def create(self, tx: Transaction, account: str, name: str, path: str, tags: Sequence[Tag]) -> User:
        """Return a new user. Raises AlreadyExists, QuotaExceeded, DuplicateTags, ReservedTag."""
        user = User(account, unique_id(USER_ID_PREFIX, self._entropy), name, path, now_ms(self._clock))
        if not records.add_user(tx, user):
            raise AlreadyExists("user", name)
        records.count_users(tx, account, +1)
        limit = self.quotas.users_per_account
        found = records.account(tx, account)
        if found is None or found.users > limit:
            raise QuotaExceeded("UsersPerAccount", limit, account)
        self.tag(tx, user, tags)
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
        tx.after_commit(lambda: self._principals.forget(user.account, user.id))
        return replace(user, name=name, path=path)

    def delete(self, tx: Transaction, user: User) -> None:
        """Delete a user that nothing depends on. Raises StillInUse, which says what must go first."""
        if shelf.owner_has_any(tx, user.account, user.id):
            raise StillInUse("delete access keys")
        records.remove_user(tx, user)
        records.count_users(tx, user.account, -1)
        tx.after_commit(lambda: self._principals.forget(user.account, user.id))

    def tag(self, tx: Transaction, user: User, tags: Sequence[Tag]) -> None:
        """Add tags, replacing those of the same key. Raises QuotaExceeded, DuplicateTags, ReservedTag."""
        if not tags:
            return
        _check_tags(tags)
        for tag in tags:
            records.put_tag(tx, user.id, tag)
        if len(records.tags(tx, user.id)) > self.quotas.tags_per_user:
            raise QuotaExceeded("TagsPerUser", self.quotas.tags_per_user, user.name)

    def untag(self, tx: Transaction, user: User, keys: Iterable[str]) -> None:
        """Remove tags by key; a key that is not there is no error."""
        for key in keys:
            records.remove_tag(tx, user.id, key)


def _check_tags(tags: Sequence[Tag]) -> None:
    keys = {tag.key.lower() for tag in tags}
    if len(keys) != len(tags):
        raise DuplicateTags("two tags have the same key")
    if any(key.startswith("aws:") for key in keys):
        raise ReservedTag("a tag key cannot begin with aws:")

"""Tags of any entity: users, roles, policies and instance profiles keep theirs alike.

Follows the IAM User Guide, "Tags for IAM resources": keys are unique without regard to case, 50 to an entity,
and `aws:` is AWS's own.
"""

from collections.abc import Iterable, Sequence

from keystead.identity import records
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.quotas import Quotas
from keystead.identity.records import Tag
from keystead.kernel.errors import DomainError, QuotaExceeded
from keystead.store.interface import Transaction


class DuplicateTags(DomainError):
    """Two tags of one request have the same key, without regard to case."""


class ReservedTag(DomainError):
    """Tag keys that begin with `aws:` are AWS's own."""


class Tags:
    """Puts tags on entities, by unique id, and takes them off. Policies ask for them, so the epoch moves."""

    def __init__(self, quotas: Quotas, epoch: PolicyEpoch) -> None:
        self._epoch = epoch
        self._limit = quotas.tags

    def put(self, tx: Transaction, owner: str, name: str, tags: Sequence[Tag]) -> None:
        """Add tags, replacing those of the same key. Raises QuotaExceeded, DuplicateTags, ReservedTag."""
        if not tags:
            return
        _check(tags)
        for tag in tags:
            records.put_tag(tx, owner, tag)
        if len(records.tags(tx, owner)) > self._limit:
            raise QuotaExceeded("TagsPerEntity", self._limit, name)
        self._epoch.bump_after(tx)

    def remove(self, tx: Transaction, owner: str, keys: Iterable[str]) -> None:
        """Remove tags by key; a key that is not there is no error."""
        for key in keys:
            records.remove_tag(tx, owner, key)
        self._epoch.bump_after(tx)


def _check(tags: Sequence[Tag]) -> None:
    keys = {tag.key.lower() for tag in tags}
    if len(keys) != len(tags):
        raise DuplicateTags("two tags have the same key")
    if any(key.startswith("aws:") for key in keys):
        raise ReservedTag("a tag key cannot begin with aws:")

"""Principals: what a verified credential makes of its holder.

Follows the IAM User Guide, "IAM JSON policy elements: Principal", and the STS API, GetCallerIdentity, for the
three names that a principal has. The cache of users is emptied of a user on the event loop when its change is
committed, before anybody is told of that commit: its staleness is zero requests.
"""

from dataclasses import dataclass
from typing import Literal

from keystead.audit.event import Identity
from keystead.credentials.shelf import Credential
from keystead.identity import records
from keystead.kernel.arn import iam_arn
from keystead.store.interface import Reader

ROOT_OWNER = "root"
"""The owner of an account's root credentials; users' credentials are owned by the user's unique id."""
MAX_HELD = 200_000


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request acts as. `id` is GetCallerIdentity's UserId; `user_name` is empty for the account root."""

    type: Literal["root", "user"]
    account: str
    owner: str
    id: str
    arn: str
    user_name: str

    @property
    def caller_type(self) -> Literal["root", "user"]:
        """What kind of caller a policy sees."""
        return self.type

    def identity(self, access_key_id: str) -> Identity:
        """Return the principal as the journal writes it, using one of its keys."""
        return Identity(
            "Root" if self.type == "root" else "IAMUser",
            self.id,
            self.arn,
            self.account,
            access_key_id,
            self.user_name,
        )


class Principals:
    """Finds the principal of a credential."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._held: dict[tuple[str, str], Principal] = {}

    def of(self, credential: Credential) -> Principal | None:
        """Return whom a credential belongs to, or None when that owner is gone; callers refuse."""
        key = (credential.account, credential.owner)
        held = self._held.get(key)
        if held is None:
            held = load(self._reader, *key)
            if held is not None:
                if len(self._held) >= MAX_HELD:
                    del self._held[next(iter(self._held))]
                self._held[key] = held
        return held

    def forget(self, account: str, owner: str) -> None:
        """Drop what is held of an owner; its next request reads it afresh."""
        self._held.pop((account, owner), None)

    def forget_all(self) -> None:
        """Drop all that is held."""
        self._held.clear()


def load(reader: Reader, account: str, owner: str) -> Principal | None:
    """Return the principal that owns credentials under (account, owner), as the database has it now."""
    if owner == ROOT_OWNER:
        if records.account(reader, account) is None:
            return None
        return Principal("root", account, owner, account, iam_arn(account, "root"), "")
    user = records.user_by_id(reader, account, owner)
    if user is None:
        return None
    return Principal("user", account, owner, user.id, user.arn, user.name)

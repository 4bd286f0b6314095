"""What a client knows: every answer it saw, and for every answer it did not see, what may have come of it.

Each user belongs to one worker at a time, so at most one request is open per user when the server dies, and every
doubt has exactly two outcomes.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.requests import Key

ACTIVE, INACTIVE, DELETED = "Active", "Inactive", "Deleted"
QUOTA = 2


@dataclass
class HeldKey:
    """A key, and the states that it may be in: one, unless an answer was not seen.

    `key` is None where the answer that told the secret was lost.
    """

    id: str
    user: str
    key: Key | None
    possible: set[str]

    @property
    def status(self) -> str:
        """The state that it is in. Only for keys without a doubt."""
        (status,) = self.possible
        return status


@dataclass
class HeldUser:
    """A user. `is_certain` once its creation was acknowledged, `may_have_more` while a mint was not answered."""

    name: str
    is_certain: bool
    may_have_more: bool = False
    keys: list[HeldKey] = field(default_factory=list)

    def living(self) -> list[HeldKey]:
        """Return the keys that count against the quota."""
        return [key for key in self.keys if key.possible != {DELETED}]


@dataclass(frozen=True)
class Found:
    """What an authority holds: user names, and keys by id as (user, status)."""

    users: frozenset[str]
    keys: dict[str, tuple[str, str]]


class Ledger:
    """Everything that was asked for since the proof began."""

    def __init__(self) -> None:
        self.users: dict[str, HeldUser] = {}
        self.acknowledged: Counter[str] = Counter()
        self.unseen: Counter[str] = Counter()
        self.touched: set[str] = set()

    def all_keys(self) -> Iterator[HeldKey]:
        """Return every key that was ever made."""
        for user in self.users.values():
            yield from user.keys

    def settle(self, found: Found) -> list[str]:
        """Compare with what an authority holds, decide every doubt by it, and return what cannot be.

        What must be there and is not, what must not be there and is, and any user above its quota.
        """
        broken = [f"user {name} was never asked for" for name in found.users - self.users.keys()]
        for user in list(self.users.values()):
            broken += self._settle_user(user, found)
        ours = {key.id for key in self.all_keys()}
        for key_id, (name, status) in found.keys.items():
            if key_id not in ours:
                broken += self._adopt(key_id, name, status)
        counts = Counter(name for name, _ in found.keys.values())
        broken += [f"user {name} holds {count} keys" for name, count in counts.items() if count > QUOTA]
        for user in self.users.values():
            user.may_have_more = False
        return broken

    def _settle_user(self, user: HeldUser, found: Found) -> list[str]:
        if user.name not in found.users:
            if not user.is_certain:
                del self.users[user.name]
                return []
            return [f"user {user.name} was acknowledged and is gone"]
        user.is_certain = True
        broken: list[str] = []
        for key in user.keys:
            owner, status = found.keys.get(key.id, (user.name, DELETED))
            if owner != user.name or status not in key.possible:
                broken.append(f"key {key.id} of {user.name} is {status} of {owner}, not {key.possible}")
            key.possible = {status}
        return broken

    def _adopt(self, key_id: str, name: str, status: str) -> list[str]:
        """Take up a key whose mint was not answered; each such mint explains one."""
        user = self.users.get(name)
        if user is None or not user.may_have_more or status != ACTIVE:
            return [f"key {key_id} of {name} ({status}) was never asked for"]
        user.may_have_more = False
        user.keys.append(HeldKey(key_id, name, None, {status}))
        return []

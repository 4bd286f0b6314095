"""When and where the sessions of each role were last used: coalesced in memory, written apart from requests.

Follows the IAM API reference, "RoleLastUsed". As with the last use of keys, a crash loses at most a flush's worth.
"""

from keystead.identity import role_records
from keystead.identity.principals import Principal
from keystead.identity.role_records import Role, RoleUse
from keystead.kernel.clock import Clock, now_ms
from keystead.store.interface import Reader, Store, Transaction


class RoleUses:
    """What this process saw used since the last flush, over what the database says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recent: dict[str, RoleUse] = {}

    def touch(self, principal: Principal, region: str) -> None:
        """Note that a principal was let in now, if it is a session of a role."""
        if principal.type == "assumed-role":
            self._recent[principal.owner] = RoleUse(now_ms(self._clock), region)

    def last(self, reader: Reader, role: Role) -> RoleUse | None:
        """Return the last use of a role, or None if no session of it was ever used."""
        return self._recent.get(role.id) or role_records.role_use(reader, role.id)

    async def flush(self, store: Store) -> None:
        """Write down what waits. It stays readable until it is on disk, and goes on waiting on a failure."""
        waiting = dict(self._recent)
        if not waiting:
            return

        def keep(tx: Transaction) -> None:
            for role_id, use in waiting.items():
                role_records.keep_role_use(tx, role_id, use)

        await store.write(keep)
        for role_id, use in waiting.items():
            if self._recent.get(role_id) is use:
                del self._recent[role_id]

"""The load that is running when the server dies: each worker makes users and keys, switches and deletes them.

Every answer goes into the ledger at once; a request that got none goes in as a doubt.
"""

import contextlib
import random
from collections.abc import Iterator
from itertools import islice

from bench.requests import Key

from prove.client import Answer, Caller, Connection, Lost, made_key
from prove.ledger import ACTIVE, DELETED, INACTIVE, QUOTA, HeldKey, HeldUser, Ledger

_OLD_USERS = 4
_NEW_USERS = 6


class Unexpected(Exception):
    """An answer that no promise allows, such as a server error under load."""


class Worker:
    """One connection's worth of changes, on users of its own."""

    def __init__(self, ledger: Ledger, caller: Caller, names: Iterator[str], rng: random.Random) -> None:
        self._ledger = ledger
        self._caller = caller
        self._names = names
        self._rng = rng
        self._users: list[HeldUser] = []

    def take_over(self, users: Iterator[HeldUser]) -> None:
        """Go on with users of earlier rounds; no other worker may have them."""
        self._users = list(islice(users, _OLD_USERS))

    async def run(self, host: str, port: int) -> None:
        """Change things until the server is gone. Raises Unexpected."""
        with contextlib.suppress(Lost):
            connection = await Connection.open(host, port)
            try:
                while True:
                    await self._step(connection)
            finally:
                await connection.close()

    async def _step(self, connection: Connection) -> None:
        if not self._users or (len(self._users) < _OLD_USERS + _NEW_USERS and self._rng.random() < 0.2):
            await self._create_user(connection)
            return
        user = self._rng.choice(self._users)
        self._ledger.touched.add(user.name)
        living = user.living()
        if not living or self._rng.random() < 0.4:
            await self._mint(connection, user)
        elif self._rng.random() < 0.5:
            await self._switch(connection, self._rng.choice(living))
        else:
            await self._delete(connection, self._rng.choice(living))
        if self._rng.random() < 0.05:
            self._users.remove(user)

    async def _create_user(self, connection: Connection) -> None:
        user = HeldUser(next(self._names), is_certain=False)
        self._ledger.users[user.name] = user
        self._ledger.touched.add(user.name)
        await self._change(connection, "CreateUser", UserName=user.name)
        user.is_certain = True
        self._users.append(user)

    async def _mint(self, connection: Connection, user: HeldUser) -> None:
        if len(user.living()) >= QUOTA:
            answer = await self._caller.iam(connection, "CreateAccessKey", UserName=user.name)
            if (answer.status, answer.code) != (409, "LimitExceeded"):
                raise Unexpected(f"a third key for {user.name}: {answer.status} {answer.code}")
            return
        user.may_have_more = True
        key = made_key(await self._change(connection, "CreateAccessKey", UserName=user.name))
        user.may_have_more = False
        user.keys.append(HeldKey(key.key_id, user.name, key, {ACTIVE}))

    async def _switch(self, connection: Connection, key: HeldKey) -> None:
        wanted = INACTIVE if key.possible == {ACTIVE} else ACTIVE
        key.possible |= {wanted}
        await self._change(
            connection, "UpdateAccessKey", UserName=key.user, AccessKeyId=key.id, Status=wanted
        )
        key.possible = {wanted}

    async def _delete(self, connection: Connection, key: HeldKey) -> None:
        key.possible |= {DELETED}
        await self._change(connection, "DeleteAccessKey", UserName=key.user, AccessKeyId=key.id)
        key.possible = {DELETED}

    async def _change(self, connection: Connection, action: str, **parameters: str) -> Answer:
        self._ledger.unseen[action] += 1
        answer = await self._caller.iam(connection, action, **parameters)
        if answer.status != 200:
            raise Unexpected(f"{action} {parameters}: {answer.status} {answer.code} {answer.text[:200]}")
        self._ledger.unseen[action] -= 1
        self._ledger.acknowledged[action] += 1
        return answer


def workers(ledger: Ledger, root: Key, host: str, count: int, rng: random.Random) -> list[Worker]:
    """Return workers for one round; each takes over a few users that the others leave alone."""
    settled = rng.sample(sorted(ledger.users), min(len(ledger.users), count * _OLD_USERS))
    users = iter([ledger.users[name] for name in settled])
    names = (f"u{rng.getrandbits(64):016x}" for _ in iter(int, 1))
    caller = Caller(root, host)
    hired: list[Worker] = []
    for _ in range(count):
        worker = Worker(ledger, caller, names, random.Random(rng.getrandbits(64)))
        worker.take_over(users)
        hired.append(worker)
    return hired

"""What a running authority must say about the keys of a ledger: asked through the API, each key with its secret."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from bench.requests import Key

from prove.client import Caller, Connection
from prove.ledger import ACTIVE, DELETED, QUOTA, HeldKey, HeldUser

_AT_ONCE = 16
Subject = TypeVar("Subject")
Check = Callable[[Connection, Subject], Coroutine[Any, Any, str | None]]


class Checks:
    """Asks one server. Each check returns what is wrong, in words."""

    def __init__(self, root: Key, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._authority = f"{host}:{port}"
        self._root = Caller(root, self._authority)

    async def keys_open_what_they_should(self, keys: Sequence[HeldKey]) -> list[str]:
        """Each active key is its user's, every other is refused as one that never was."""
        return await self._all(self._key, keys)

    async def listings_agree(self, users: Sequence[HeldUser]) -> list[str]:
        """ListAccessKeys shows exactly the keys of each user, in their states."""
        return await self._all(self._listing, users)

    async def third_keys_are_refused(self, users: Iterable[HeldUser]) -> list[str]:
        """A user at its quota gets no further key."""
        full = [user for user in users if len(user.living()) >= QUOTA]
        return await self._all(self._third, full)

    async def _key(self, connection: Connection, held: HeldKey) -> str | None:
        if held.key is None:
            return None
        answer = await Caller(held.key, self._authority).whoami(connection)
        said = (answer.status, answer.code or answer.element("Arn").rpartition("/")[2])
        should = (200, held.user) if held.status == ACTIVE else (403, "InvalidClientTokenId")
        return None if said == should else f"{held.status} key {held.id} of {held.user} got {said}"

    async def _listing(self, connection: Connection, user: HeldUser) -> str | None:
        answer = await self._root.iam(connection, "ListAccessKeys", UserName=user.name)
        listed = dict(zip(answer.elements("AccessKeyId"), answer.elements("Status"), strict=True))
        should = {key.id: key.status for key in user.keys if key.status != DELETED}
        return None if listed == should else f"{user.name} lists {listed}, not {should}"

    async def _third(self, connection: Connection, user: HeldUser) -> str | None:
        answer = await self._root.iam(connection, "CreateAccessKey", UserName=user.name)
        said = (answer.status, answer.code)
        return None if said == (409, "LimitExceeded") else f"a third key for {user.name} got {said}"

    async def _all(self, check: Check[Subject], subjects: Sequence[Subject]) -> list[str]:
        waiting = iter(subjects)

        async def work() -> list[str]:
            connection = await Connection.open(self._host, self._port)
            wrong = [await check(connection, subject) for subject in waiting]
            await connection.close()
            return [text for text in wrong if text is not None]

        results = await asyncio.gather(*(work() for _ in range(min(_AT_ONCE, len(subjects)))))
        return [text for each in results for text in each]

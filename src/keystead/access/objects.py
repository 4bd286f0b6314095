"""Objects in buckets as operations of other products read them: for their caller, by the caller's own right.

The product that keeps objects offers the reading, so that products need not know each other. The right is asked for
again inside the transaction that uses what was read (DESIGN rule 3).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from keystead.credentials.shelf import Credential
from keystead.identity.principals import Principal
from keystead.store.interface import Transaction


@dataclass(frozen=True, slots=True)
class Errand:
    """Which object is read, for whom, and what is known of that caller's request."""

    bucket: str
    key: bytes
    principal: Principal
    credential: Credential
    request_id: str
    source_address: str
    user_agent: str
    is_secure: bool


class Unreadable(Exception):
    """An object cannot be read. Who may not read it does not learn whether it exists: that is `denied`, too."""

    def __init__(self, why: Literal["denied", "missing", "too-large"]) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read. `require_again` raises Unreadable if by now the caller may not, as the transaction has it."""

    data: bytes
    require_again: Callable[[Transaction], None]


Fetch = Callable[[Errand, int], Awaitable[Fetched]]


class Objects:
    """Reads objects, once a product has offered to."""

    def __init__(self) -> None:
        self._fetch: Fetch | None = None

    def offer(self, fetch: Fetch) -> None:
        """Have objects read by `fetch`."""
        self._fetch = fetch

    async def fetch(self, errand: Errand, most_bytes: int) -> Fetched:
        """Return an object of at most so many bytes. Raises Unreadable."""
        if self._fetch is None:
            raise Unreadable("missing")
        return await self._fetch(errand, most_bytes)

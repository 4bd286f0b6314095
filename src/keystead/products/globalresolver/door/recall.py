"""What was decided of a query, remembered for those who ask the very same again while nothing has changed.

A decision is who was let in, which rule matched, and where the answer comes from. Invalidation: a decision ends
with the first change to any credential the verifier holds or to anything that the door answers from, before that
change is acknowledged, and with the token's own end, which is compared at each query. So the staleness is zero
queries. What a firewall decides by more than the query (how often something was asked) is never remembered.

Decisions are found by a salted hash of everything they were made from: no token stays in memory for them, nor does
time tell of one.
"""

import hashlib
from dataclasses import dataclass

from keystead.kernel.entropy import Entropy
from keystead.products.globalresolver.door.admission import Admitted, Standing
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.logline import Circumstances
from keystead.products.globalresolver.door.message import Query
from keystead.products.globalresolver.door.told import Told

MOST_REMEMBERED = 10_000
LONGEST_ANSWER = 2048
"""Octets: what was answered at greater length is decided each time, so that decisions stay below 4 KiB each."""


@dataclass(slots=True)
class Known:
    """A decision. `told` is the answer as it was last told, made of what is kept for `rest` if that is not None.

    `query` is without its options, which may hold a token; `id` is the one of whoever asked first.
    """

    id: bytes
    standing: Standing
    access: Admitted
    query: Query
    circumstances: Circumstances
    rest: bytes | None
    told: Told


class Recall:
    """Decisions by what they were made from; the oldest makes room."""

    def __init__(self, entropy: Entropy) -> None:
        self._salt = entropy.token_bytes(16)
        self._known: dict[bytes, Known] = {}

    def key_of_message(self, arrival: Arrival, wire: bytes) -> bytes:
        """Return what stands for a message but for its id, and for how it came but for the port."""
        before = arrival.digest
        if before is None:
            # A tuple's text ends where it ends: no two tuples with messages behind them read alike.
            way = repr((arrival.transport, arrival.host, arrival.server_name, arrival.tokens))
            before = arrival.digest = hashlib.sha256(self._salt + way.encode()).digest()
        return hashlib.sha256(before + wire[2:]).digest()

    def key_of_request(self, host: str, name: str, path: str, query: str) -> bytes:
        """Return what stands for a GET: all that it presents, its message included."""
        before = f"{len(host)} {len(name)} {len(path)} {host}{name}{path}{query}"
        return hashlib.sha256(self._salt + before.encode("utf-8", "surrogatepass")).digest()

    def find(self, key: bytes) -> Known | None:
        """Return the decision of a key; whether it still stands is for the caller to ask."""
        return self._known.get(key)

    def remember(self, key: bytes, known: Known) -> None:
        """Remember a decision in place of the one of before, if its answer is not too long."""
        if len(known.told.rest) > LONGEST_ANSWER:
            return
        if self._known.pop(key, None) is None and len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[key] = known

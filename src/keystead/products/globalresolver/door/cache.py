"""Answers of upstreams, kept while they are true; and a question that several ask at once, asked once.

Follows RFC 1035 §7.4, RFC 2308 (answers that say no) and RFC 8020's caution: only what was said is kept. What is
kept is found by the query exactly as an upstream sees it: the question in its very letters, DO, CD and the client
subnet, which are what a view's settings decide. It replaces an upstream and no judgement: token, view, firewall and
zones come before it, for each query.

Staleness: none beyond what the records' own times allow. An answer is kept no longer than the least of them (and
SOA's minimum where it says no), and its times are counted down. A failure is not kept.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from keystead.products.globalresolver.door import message
from keystead.products.globalresolver.door.upstream import Told, Upstreams, asked

MOST_ANSWERS = 20_000
MOST_OCTETS = 16 * 1024 * 1024
LONGEST_SECONDS = 86_400
"""However long a record says that it is good for: who changes one waits a day at most."""
_TIME, _COUNTS = struct.Struct("!I"), struct.Struct("!3H")
_NO_TIME = 1 << 31
"""From here on a time counts as none (RFC 2181 §8)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An upstream's answer, where its records' times are, and from when to when it is kept (monotonic seconds)."""

    wire: bytes
    places: tuple[int, ...]
    began: float
    ends: float

    def at(self, age: int) -> bytes:
        """Return the answer as it reads after so many whole seconds."""
        if not age:
            return self.wire
        octets = bytearray(self.wire)
        for place in self.places:
            (ttl,) = _TIME.unpack_from(octets, place)
            _TIME.pack_into(octets, place, max(0, ttl - age))
        return bytes(octets)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is kept reads like this until `until` (monotonic seconds), when a second more will have passed."""

    wire: bytes
    until: float


class AnswerCache:
    """Stands before the upstreams. Bounded in number and in octets; the oldest answer makes room."""

    def __init__(
        self, upstreams: Callable[[], Upstreams], monotonic: Callable[[], float], *, keeps: bool
    ) -> None:
        """`keeps` false: nothing is kept, and questions in flight are still asked once."""
        self._upstreams = upstreams
        self._monotonic = monotonic
        self._keeps = keeps
        self._kept: dict[bytes, Kept] = {}
        self._octets = 0
        self._asking: dict[bytes, list[Told]] = {}

    def reading(self, rest: bytes) -> Reading | None:
        """Return what is kept for a query, which is `rest` behind an id; None if there is nothing."""
        kept = self._kept.get(rest)
        if kept is None:
            return None
        now = self._monotonic()
        if now >= kept.ends:
            self._drop(rest)
            return None
        age = int(now - kept.began)
        return Reading(kept.at(age), kept.began + age + 1)

    def send(self, rest: bytes, question: bytes, told: Told) -> None:
        """Have `told` called once with an upstream's answer, or with None when there is none."""
        others = self._asking.get(rest)
        if others is not None:
            others.append(told)
            return
        self._asking[rest] = [told]
        try:
            self._upstreams().send(rest, question, partial(self._answered, rest, question))
        except BaseException:
            # Nobody would ever be told, and who asks the same later would wait with them.
            del self._asking[rest]
            raise

    async def ask(self, rest: bytes, question: bytes) -> bytes:
        """Return the answer to a query, kept or asked for. Raises Unanswered."""
        found = self.reading(rest)
        return found.wire if found is not None else await asked(self.send, rest, question)

    def _answered(self, rest: bytes, question: bytes, answer: bytes | None) -> None:
        waiting = self._asking.pop(rest)
        if answer is not None and self._keeps:
            self._keep(rest, question, answer)
        for told in waiting:
            told(answer)

    def _keep(self, rest: bytes, question: bytes, answer: bytes) -> None:
        times = lifetime(answer, question)
        if times is None:
            return
        seconds, places = times
        self._drop(rest)
        size = len(rest) + len(answer)
        while self._kept and (len(self._kept) >= MOST_ANSWERS or self._octets + size > MOST_OCTETS):
            self._drop(next(iter(self._kept)))
        now = self._monotonic()
        self._kept[rest] = Kept(answer, places, now, now + seconds)
        self._octets += size

    def _drop(self, rest: bytes) -> None:
        kept = self._kept.pop(rest, None)
        if kept is not None:
            self._octets -= len(rest) + len(kept.wire)


def lifetime(wire: bytes, question: bytes) -> tuple[int, tuple[int, ...]] | None:
    """Return for how many seconds an answer may be kept, and where its times are; None for one that may not be.

    One that does not have what was asked for is kept only if a SOA record tells for how long (RFC 2308 §5). What
    cannot be read, was cut, or is a failure is not kept.
    """
    if message.code_of(wire) not in (message.NOERROR, message.NXDOMAIN) or message.is_truncated(wire):
        return None
    asked_for = int.from_bytes(question[-4:-2], "big")
    answers, authorities, additionals = _COUNTS.unpack_from(wire, 6)
    least, places, has_end = LONGEST_SECONDS, list[int](), False
    try:
        records = message.record_places(
            wire, message.HEADER_OCTETS + len(question), answers + authorities + additionals
        )
        for number, (kind, place, end) in enumerate(records):
            (ttl,) = _TIME.unpack_from(wire, place)
            if kind == message.OPT:
                if ttl >> 24:
                    return None
                continue
            least = min(least, 0 if ttl >= _NO_TIME else ttl)
            places.append(place)
            if number < answers:
                has_end = has_end or kind == asked_for
            elif kind == message.SOA and number < answers + authorities:
                has_end = True
                least = min(least, *_TIME.unpack_from(wire, end - 4))
    except ValueError:
        return None
    return (least, tuple(places)) if has_end and least > 0 else None

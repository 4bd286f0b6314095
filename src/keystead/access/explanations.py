"""Why requests were refused, kept for whoever administers the authority: bounded, for a day, and in memory only.

What is kept are facts about the request and the check that failed; never a computed or presented signature, a
signing key, a token, a cookie, a body or the value of a header or parameter that could hold a secret. After a
restart there is nothing here: the journal keeps that a request was refused, and by which check.
"""

import heapq
import re
from collections.abc import Mapping

import msgspec

from keystead.access.sigv4 import Mismatch, Presented, Refused
from keystead.kernel.clock import Clock
from keystead.kernel.ids import ACCESS_KEY_ID

KEPT_SECONDS = 24 * 3600
MAX_UNVERIFIED = 2_000
"""Refusals of callers whose signature proved nothing. Anybody can cause them, so they have a shelf of their own."""
MAX_OF_ACCOUNT = 2_000
"""Refusals of an account's verified callers: one tenant's flood drops nothing of another's."""
MAX_VERIFIED = 20_000
MAX_UNVERIFIED_A_SECOND = 100
"""Refusals of unverified callers that are explained. What a wrong signature covers is as dear to show as to check,
so of a flood the others pay nothing, and the first ones stay to be read; whoever looks for a reason tries again."""
_LONGEST = 4096
"""Characters of one text; a longer one is cut. An explanation is some 2 KiB, and at the worst about 20."""

_SHOWN_HEADERS = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"amz-sdk-invocation-id",
        b"amz-sdk-request",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"date",
        b"expect",
        b"host",
        b"range",
        b"user-agent",
        b"x-amz-content-sha256",
        b"x-amz-date",
        b"x-amz-target",
    }
)
"""Headers whose values are shown. Others are there with their length: what is in them is nobody's business here."""
_SHOWN_PARAMETERS = frozenset(
    {b"Action", b"Version", b"X-Amz-Algorithm", b"X-Amz-Credential", b"X-Amz-Date", b"X-Amz-Expires"}
    | {b"X-Amz-SignedHeaders"}
)
_SHOWN_DETAILS = frozenset(
    {
        "request_time",
        "now",
        "edge",
        "minutes",
        "expires_seconds",
        "expires_at",
        "expected",
        "missing",
        "names",
    }
)
"""Details of a refusal that are the authority's own words, or times that could be read."""
_HARMLESS = re.compile(r"[a-z0-9_-]{1,32}")
"""What regions, services and scope terminators look like, and no secret access key does."""


class Considered(msgspec.Struct, omit_defaults=True):
    """A statement that had a say. `fails_on` says why an Allow did not apply: `resource` or `condition`."""

    policy: str
    kind: str
    statement: int
    line: int
    sid: str = ""
    layer: str = ""
    fails_on: str = ""


class Explanation(msgspec.Struct, omit_defaults=True):
    """Why one request was refused. `reason` is from a closed list; texts about it are made when it is read."""

    request_id: str
    at: float
    source_address: str
    code: str
    status: int
    check: str
    reason: str = ""
    account: str = ""
    principal: str = ""
    key_id: str = ""
    service: str = ""
    operation: str = ""
    details: Mapping[str, str] = {}
    canonical_request: str = ""
    string_to_sign: str = ""
    action: str = ""
    resource: str = ""
    told: str = ""
    outcome: str = ""
    decided_by: Considered | None = None
    near: list[Considered] = []
    missing_keys: list[str] = []
    violations: list[str] = []


_Shelf = dict[str, tuple[float, bytes]]


class Explanations:
    """The refusals of the last day, the newest of each account and of all unverified callers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unverified: _Shelf = {}
        self._verified: dict[str, _Shelf] = {}
        self._count = 0
        self._second = 0
        self._in_second = 0

    def now(self) -> float:
        """Return the time to put into an explanation: real, whatever the movable clock says."""
        return self._clock.real_epoch()

    def has_room(self) -> bool:
        """Count one more refusal of an unverified caller, and return whether it may be explained in this second."""
        second = int(self._clock.monotonic())
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return self._in_second <= MAX_UNVERIFIED_A_SECOND

    def keep(self, explanation: Explanation) -> None:
        """Keep an explanation, and drop what is too old or too much."""
        encoded = msgspec.json.encode(explanation)
        if not explanation.account:
            _put(self._unverified, explanation, encoded, MAX_UNVERIFIED)
            return
        shelf = self._verified.setdefault(explanation.account, {})
        self._count += 1 - _put(shelf, explanation, encoded, MAX_OF_ACCOUNT)
        if self._count > MAX_VERIFIED:
            largest = max(self._verified.values(), key=len)
            del largest[next(iter(largest))]
            self._count -= 1

    def find(self, request_id: str, account: str | None = None) -> Explanation | None:
        """Return why a request was refused, or None.

        `account` limits it to what that account's own callers were refused; None is the operator, who sees all.
        """
        shelves = [self._unverified, *self._verified.values()]
        if account is not None:
            shelves = [self._verified.get(account, {})]
        for shelf in shelves:
            kept = shelf.get(request_id)
            if kept is not None and self.now() - kept[0] <= KEPT_SECONDS:
                return msgspec.json.decode(kept[1], type=Explanation)
        return None

    def newest(self, count: int) -> list[Explanation]:
        """Return the latest refusals of all callers, the newest first, at most `count`."""
        oldest_at = self.now() - KEPT_SECONDS
        every = (kept for shelf in (self._unverified, *self._verified.values()) for kept in shelf.values())
        latest = heapq.nlargest(count, (kept for kept in every if kept[0] >= oldest_at))
        return [msgspec.json.decode(encoded, type=Explanation) for _, encoded in latest]


def _put(shelf: _Shelf, explanation: Explanation, encoded: bytes, most: int) -> int:
    """Add to a shelf and return how many had to go for it."""
    before = len(shelf)
    shelf[explanation.request_id] = (explanation.at, encoded)
    while len(shelf) > most or _oldest(shelf) < explanation.at - KEPT_SECONDS:
        del shelf[next(iter(shelf))]
    return before + 1 - len(shelf)


def _oldest(shelf: _Shelf) -> float:
    return shelf[next(iter(shelf))][0]


def shown_key_id(key_id: str) -> str:
    """Return a claimed key id if it looks like one; some callers send the secret in its place."""
    return key_id if ACCESS_KEY_ID.fullmatch(key_id) else ""


def describe_refusal(explanation: Explanation, refused: Refused, presented: Presented | None) -> None:
    """Put into an explanation what a refused authentication was about."""
    explanation.check, explanation.reason = "authentication", refused.reason.value
    details = {name: value[:_LONGEST] for name, value in refused.details.items() if name in _SHOWN_DETAILS}
    if "given" in refused.details:
        details["given"] = _harmless(refused.details["given"])
    explanation.details = details
    if presented is not None:
        explanation.key_id = shown_key_id(presented.key_id)
    if isinstance(refused, Mismatch):
        explanation.canonical_request = shown_canonical_request(refused.canonical_request())
        explanation.string_to_sign = refused.string_to_sign().decode("latin-1")


def _harmless(text: str) -> str:
    return text if _HARMLESS.fullmatch(text) else f"({len(text)} characters, not shown)"


def shown_canonical_request(canonical: bytes) -> str:
    """Return a canonical request in which every value that could hold a secret is replaced by its length.

    Names, order and the body's hash stay: what a client's own canonical request is compared with.
    """
    method, path, query, *rest = canonical.split(b"\n")
    headers = [_shown_header(line) if b":" in line else line for line in rest[:-2]]
    shown = b"\n".join([method[:16], path, _shown_query(query), *headers, *rest[-2:]])
    return shown[:_LONGEST].decode("latin-1")


def _shown_header(line: bytes) -> bytes:
    name, _, value = line.partition(b":")
    return line if name in _SHOWN_HEADERS else b"%s:%s" % (name, _hidden(value))


def _shown_query(query: bytes) -> bytes:
    parts = [part.partition(b"=") for part in query.split(b"&") if part]
    return b"&".join(
        b"%s=%s" % (name, value if name in _SHOWN_PARAMETERS else _hidden(value)) for name, _, value in parts
    )


def _hidden(value: bytes) -> bytes:
    return b"<%d bytes>" % len(value) if value else b""

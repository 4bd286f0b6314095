"""The rows of access requests, of who decided on them and of what was handed out for them: their only SQL.

`LIFECYCLE` is the table of states; nothing sets one but `step`, which compares before it sets.
"""

from dataclasses import dataclass
from typing import Final

from keystead.kernel.lifecycle import Lifecycle
from keystead.products.ssm.approval_policy import AUTO_SECONDS
from keystead.store.interface import Reader, Transaction

WAITING, APPROVED, REJECTED, REVOKED = "waiting", "approved", "rejected", "revoked"
CANCELLED, FAILED, TIMED_OUT = "cancelled", "failed", "timed-out"
_NOTHING: Final = frozenset[str]()
LIFECYCLE: Final = Lifecycle(
    {
        WAITING: frozenset({APPROVED, REJECTED, CANCELLED, TIMED_OUT}),
        APPROVED: frozenset({REVOKED}),
        REJECTED: _NOTHING,
        REVOKED: _NOTHING,
        CANCELLED: _NOTHING,
        FAILED: _NOTHING,
        TIMED_OUT: _NOTHING,
    }
)
"""`timed-out` is a time that has passed: `AccessRequest.state_at` says it, and it is written some seconds later."""

_REQUEST = (
    "id, account, region, requester_arn, requester_id, requester_person, session_name, reason, node, state, policy,"
    " policy_version, policy_text, execution, level, deadline_at, duration_seconds, created_at, changed_at,"
    " approved_at, principal_tags"
)


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A request for access. Times are epoch milliseconds.

    `requester_person` is who is at the start of the requester's chain of sessions, `principal_tags` the requester's
    tags as JSON. `level` counts from 0.
    """

    id: str
    account: str
    region: str
    requester_arn: str
    requester_id: str
    requester_person: str
    session_name: str
    reason: str
    node: str
    state: str
    policy: str
    policy_version: int
    policy_text: str
    execution: str
    level: int
    deadline_at: int
    duration_seconds: int
    created_at: int
    changed_at: int
    approved_at: int | None
    principal_tags: str

    @property
    def ends_at(self) -> int | None:
        """When the window is over; it counts from the approval."""
        return None if self.approved_at is None else self.approved_at + self.duration_seconds * 1000

    def state_at(self, now: int) -> str:
        """Return the state, a level whose time has passed included."""
        return TIMED_OUT if self.state == WAITING and now >= self.deadline_at else self.state

    def is_over(self, now: int) -> bool:
        """Return whether the window of an approved request has passed."""
        return self.ends_at is not None and now >= self.ends_at


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's decision at one level."""

    request: str
    level: int
    person: str
    arn: str
    principal_id: str
    decision: str
    comment: str
    at: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `detail` is JSON."""

    id: str
    account: str
    region: str
    request: str
    detail_type: str
    detail: str
    at: int


def add(tx: Transaction, made: AccessRequest) -> bool:
    """Keep a new request. False when its id is taken: draw another."""
    changed = tx.run(
        f"INSERT INTO ssm_access_request ({_REQUEST})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (
            made.id,
            made.account,
            made.region,
            made.requester_arn,
            made.requester_id,
            made.requester_person,
            made.session_name,
            made.reason,
            made.node,
            made.state,
            made.policy,
            made.policy_version,
            made.policy_text,
            made.execution,
            made.level,
            made.deadline_at,
            made.duration_seconds,
            made.created_at,
            made.changed_at,
            made.approved_at,
            made.principal_tags,
        ),
    )
    return changed == 1


def find(reader: Reader, account: str, region: str, request_id: str) -> AccessRequest | None:
    """Return an account's request."""
    row = reader.one(
        f"SELECT {_REQUEST} FROM ssm_access_request WHERE id = ? AND account = ? AND region = ?",
        (request_id, account, region),
    )
    return None if row is None else AccessRequest(*row)


def of_execution(reader: Reader, account: str, region: str, execution: str) -> AccessRequest | None:
    """Return the request that an execution decides."""
    row = reader.one(
        f"SELECT {_REQUEST} FROM ssm_access_request WHERE execution = ? AND account = ? AND region = ?",
        (execution, account, region),
    )
    return None if row is None else AccessRequest(*row)


def before(
    reader: Reader, account: str, region: str, created_at: int, request_id: str, limit: int
) -> list[AccessRequest]:
    """Return at most `limit` requests older than (created_at, id), the newest first."""
    rows = reader.all(
        f"SELECT {_REQUEST} FROM ssm_access_request WHERE account = ? AND region = ?"
        " AND (created_at < ? OR (created_at = ? AND id < ?)) ORDER BY created_at DESC, id DESC LIMIT ?",
        (account, region, created_at, created_at, request_id, limit),
    )
    return [AccessRequest(*row) for row in rows]


def waiting_of(reader: Reader, account: str, region: str, requester_id: str, now: int) -> int:
    """Return how many requests of a requester wait for a decision."""
    row = reader.one(
        "SELECT count(*) FROM ssm_access_request"
        " WHERE account = ? AND region = ? AND requester_id = ? AND state = 'waiting' AND deadline_at > ?",
        (account, region, requester_id, now),
    )
    return 0 if row is None else row[0]


def automatic(reader: Reader, account: str, region: str, now: int) -> list[AccessRequest]:
    """Return the requests that a policy approved whose window, or a session of theirs, is still open."""
    rows = reader.all(
        f"SELECT {_REQUEST} FROM ssm_access_request WHERE account = ? AND region = ? AND state = 'approved'"
        " AND execution = '' AND approved_at > ?"
        f" UNION SELECT {_REQUEST} FROM ssm_access_request WHERE account = ? AND region = ? AND state = 'approved'"
        " AND execution = '' AND id IN (SELECT access_request FROM ssm_session"
        " WHERE state IN ('Connecting', 'Connected', 'Disconnected') AND account = ?)",
        (account, region, now - AUTO_SECONDS * 1000, account, region, account),
    )
    return [AccessRequest(*row) for row in rows]


def step(tx: Transaction, request: AccessRequest, state: str, now: int) -> bool:
    """Take a request to `state` if it still is as it was read, and tell whether it did. Raises StepRefused."""
    LIFECYCLE.check(request.state, state)
    changed = tx.run(
        "UPDATE ssm_access_request SET state = ?, changed_at = ?,"
        " approved_at = CASE WHEN ? = 'approved' THEN ? ELSE approved_at END WHERE id = ? AND state = ?",
        (state, now, state, now, request.id, request.state),
    )
    return changed == 1


def overdue(reader: Reader, now: int) -> list[AccessRequest]:
    """Return some of the waiting requests whose level's time has passed."""
    rows = reader.all(
        f"SELECT {_REQUEST} FROM ssm_access_request WHERE state = 'waiting' AND deadline_at <= ?"
        " ORDER BY deadline_at LIMIT 100",
        (now,),
    )
    return [AccessRequest(*row) for row in rows]


def open_level(tx: Transaction, request: AccessRequest, level: int, deadline_at: int, now: int) -> bool:
    """Go on to the next level of a waiting request, and tell whether it did."""
    changed = tx.run(
        "UPDATE ssm_access_request SET level = ?, deadline_at = ?, changed_at = ?"
        " WHERE id = ? AND state = 'waiting' AND level = ?",
        (level, deadline_at, now, request.id, request.level),
    )
    return changed == 1


def touch(tx: Transaction, request: AccessRequest, now: int) -> None:
    """Note that something about a request changed."""
    tx.run("UPDATE ssm_access_request SET changed_at = ? WHERE id = ?", (now, request.id))


def add_approval(tx: Transaction, made: Approval) -> bool:
    """Keep a decision. False when the person has decided at this level already."""
    changed = tx.run(
        "INSERT INTO ssm_approval (request, level, person, arn, principal_id, decision, comment, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request, level, person) DO NOTHING",
        (
            made.request,
            made.level,
            made.person,
            made.arn,
            made.principal_id,
            made.decision,
            made.comment,
            made.at,
        ),
    )
    return changed == 1


def approvals(reader: Reader, request_id: str) -> list[Approval]:
    """Return all decisions on a request, in order."""
    rows = reader.all(
        "SELECT request, level, person, arn, principal_id, decision, comment, at FROM ssm_approval"
        " WHERE request = ? ORDER BY level, at, person",
        (request_id,),
    )
    return [Approval(*row) for row in rows]


def add_key(tx: Transaction, credential: str, request_id: str) -> None:
    """Note that a credential was handed out for a request."""
    tx.run("INSERT INTO ssm_access_key (credential, request) VALUES (?, ?)", (credential, request_id))


def keys(reader: Reader, request_id: str) -> list[str]:
    """Return the credentials handed out for a request."""
    rows = reader.all("SELECT credential FROM ssm_access_key WHERE request = ?", (request_id,))
    return [row[0] for row in rows]


def request_of_key(reader: Reader, credential: str) -> str:
    """Return the request that a credential was handed out for, or an empty text."""
    row = reader.one("SELECT request FROM ssm_access_key WHERE credential = ?", (credential,))
    return "" if row is None else row[0]


def add_event(tx: Transaction, event: Event) -> None:
    """Keep an event."""
    tx.run(
        "INSERT INTO ssm_access_event (id, account, region, request, detail_type, detail, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (event.id, event.account, event.region, event.request, event.detail_type, event.detail, event.at),
    )


def events(reader: Reader, account: str, request_id: str) -> list[tuple[int, Event]]:
    """Return (row number, event) of a request, in order."""
    rows = reader.all(
        "SELECT row, id, account, region, request, detail_type, detail, at FROM ssm_access_event"
        " WHERE account = ? AND request = ? ORDER BY row",
        (account, request_id),
    )
    return [(row[0], Event(*row[1:])) for row in rows]

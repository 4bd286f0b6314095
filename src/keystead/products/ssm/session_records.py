"""The rows of sessions and of the tokens that open their channels: their only SQL.

Follows the Systems Manager API reference, `Session`. Every step of a state goes through `STEPS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from keystead.store.interface import Reader, Row, Transaction

State = Literal["Connecting", "Connected", "Disconnected", "Terminating", "Terminated", "Failed"]
Purpose = Literal["client", "node-data", "node-control"]

LIVE: Final[tuple[State, ...]] = ("Connecting", "Connected", "Disconnected", "Terminating")
NOT_RECORDED: Final = "off"
"""In `recording`: what the setting, the document or the session's type says. Empty while it is recorded."""
DELETED: Final = "deleted"
"""In `recording`: it was older than the operator keeps them. The journal has its digest."""
OPEN: Final[tuple[State, ...]] = ("Connecting", "Connected", "Disconnected")
ENDED: Final[tuple[State, ...]] = ("Terminated", "Failed")
STEPS: Final[dict[State, tuple[State, ...]]] = {
    "Connected": ("Connecting", "Disconnected"),
    "Disconnected": ("Connected",),
    "Terminating": OPEN,
    "Terminated": ("Terminating", *OPEN),
    "Failed": ("Connecting",),
}
"""From which states each state is reached."""

_SESSION = (
    "id, account, region, target, document, session_type, content, reason, owner_arn, owner_id, credential, "
    "access_request, state, started_at, ended_at, idle_seconds, most_seconds, ends_because, recording"
)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session. Times are epoch milliseconds; `most_seconds` is None without a maximum duration.

    `recording` is `NOT_RECORDED`, `DELETED`, empty, or the digest of what was recorded, once the session is over.
    """

    id: str
    account: str
    region: str
    target: str
    document: str
    session_type: str
    content: str
    reason: str
    owner_arn: str
    owner_id: str
    credential: str
    access_request: str
    state: State
    started_at: int
    ended_at: int | None
    idle_seconds: int
    most_seconds: int | None
    ends_because: str = ""
    recording: str = ""

    @property
    def access_type(self) -> Literal["Standard", "JustInTime"]:
        """What DescribeSessions calls it."""
        return "JustInTime" if self.access_request else "Standard"

    @property
    def is_open(self) -> bool:
        """Whether channels may still join."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class ChannelToken:
    """A token that was found, and is used up by that."""

    purpose: str
    subject: str
    account: str
    expires_at: int


def add(tx: Transaction, session: SessionRow) -> None:
    """Insert a new session."""
    tx.run(
        f"INSERT INTO ssm_session ({_SESSION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            session.id,
            session.account,
            session.region,
            session.target,
            session.document,
            session.session_type,
            session.content,
            session.reason,
            session.owner_arn,
            session.owner_id,
            session.credential,
            session.access_request,
            session.state,
            session.started_at,
            session.ended_at,
            session.idle_seconds,
            session.most_seconds,
            session.ends_because,
            session.recording,
        ),
    )


def find(reader: Reader, account: str, session_id: str) -> SessionRow | None:
    """Return an account's session."""
    row = reader.one(
        f"SELECT {_SESSION} FROM ssm_session WHERE id = ? AND account = ?", (session_id, account)
    )
    return None if row is None else _session(row)


def find_any(reader: Reader, session_id: str) -> SessionRow | None:
    """Return a session by its id alone: for the door, whose token says which account's it is."""
    row = reader.one(f"SELECT {_SESSION} FROM ssm_session WHERE id = ?", (session_id,))
    return None if row is None else _session(row)


def listed(
    reader: Reader, account: str, region: str, states: Sequence[State], since_ms: int
) -> list[SessionRow]:
    """Return an account's sessions in any of `states` that began since, the newest first."""
    rows = reader.all(
        f"SELECT {_SESSION} FROM ssm_session WHERE account = ? AND region = ? AND started_at >= ?"
        " AND state IN (?, ?, ?, ?) ORDER BY started_at DESC, id",
        (account, region, since_ms, *_four(states)),
    )
    return [_session(row) for row in rows]


def latest(reader: Reader, target: str, limit: int, *, only_live: bool) -> list[SessionRow]:
    """Return sessions of any account, on one node if `target` names one, the newest first."""
    ended = LIVE[:2] if only_live else ENDED
    rows = reader.all(
        f"SELECT {_SESSION} FROM ssm_session WHERE (? = '' OR target = ?) AND state IN (?, ?, ?, ?, ?, ?)"
        " ORDER BY started_at DESC, id LIMIT ?",
        (target, target, *LIVE, *ended, limit),
    )
    return [_session(row) for row in rows]


def in_state(reader: Reader, state: State, limit: int = 10_000) -> list[SessionRow]:
    """Return sessions of any account in one state."""
    rows = reader.all(
        f"SELECT {_SESSION} FROM ssm_session WHERE state = ? ORDER BY id LIMIT ?", (state, limit)
    )
    return [_session(row) for row in rows]


def of_request(reader: Reader, account: str, access_request: str) -> list[SessionRow]:
    """Return the live sessions that were started with the keys of an access request."""
    rows = reader.all(
        f"SELECT {_SESSION} FROM ssm_session WHERE account = ? AND access_request = ?"
        " AND state IN ('Connecting', 'Connected', 'Disconnected', 'Terminating') ORDER BY id",
        (account, access_request),
    )
    return [_session(row) for row in rows]


def step(tx: Transaction, session_id: str, state: State, because: str = "", at: int | None = None) -> bool:
    """Take a session to `state` if it may go there, and tell whether it did. `at` is when it ended."""
    changed = tx.run(
        "UPDATE ssm_session SET state = ?, ended_at = COALESCE(?, ended_at),"
        " ends_because = CASE WHEN ? = '' THEN ends_because ELSE ? END"
        " WHERE id = ? AND state IN (?, ?, ?, ?)",
        (state, at, because, because, session_id, *_four(STEPS[state])),
    )
    return changed == 1


def set_recording(tx: Transaction, session_id: str, recording: str) -> None:
    """Note the digest of a session's recording: `sha256:` and 64 hexadecimal digits."""
    tx.run("UPDATE ssm_session SET recording = ? WHERE id = ?", (recording, session_id))


def add_token(tx: Transaction, digest: bytes, token: ChannelToken) -> None:
    """Keep a token's digest until it is used or expires."""
    tx.run(
        "INSERT INTO ssm_channel_token (digest, purpose, subject, account, expires_at) VALUES (?, ?, ?, ?, ?)",
        (digest, token.purpose, token.subject, token.account, token.expires_at),
    )


def use_token(tx: Transaction, digest: bytes) -> ChannelToken | None:
    """Return the token and use it up: it is found once."""
    row = tx.one(
        "SELECT purpose, subject, account, expires_at FROM ssm_channel_token WHERE digest = ?", (digest,)
    )
    if row is None or tx.run("DELETE FROM ssm_channel_token WHERE digest = ?", (digest,)) != 1:
        return None
    return ChannelToken(*row)


def drop_tokens(tx: Transaction, subject: str) -> None:
    """Drop the tokens of a session that is over, or of a node that is gone."""
    tx.run("DELETE FROM ssm_channel_token WHERE subject = ?", (subject,))


def drop_expired_tokens(tx: Transaction, now_ms: int) -> None:
    """Tidy up what nobody used in time."""
    tx.run("DELETE FROM ssm_channel_token WHERE expires_at < ?", (now_ms,))


def _four(states: Sequence[str]) -> list[str]:
    """Return states as the four values of an `IN`; the last stands for those that are missing."""
    return [*states, *[states[-1]] * 4][:4]


def _session(row: Row) -> SessionRow:
    return SessionRow(*row)

"""The kind x door matrix: what becomes of each kind of credential at each door, in every condition. One table.

A slice adds its kind's rows and its door's columns here, says in `credentials.py` how its kind is made and in
`doors.py` how its door is knocked at. `render.py` prints this table into the docs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Condition = Literal[
    "right audience", "wrong audience", "deactivated", "revoked", "expired", "tampered", "other account"
]
CONDITIONS: Mapping[Condition, str] = {
    "right audience": "shown where it is good",
    "wrong audience": "shown where it is good for something else",
    "deactivated": "switched off, by the API or by the operator, after it had been used",
    "revoked": "deleted, by the API or by the operator, after it had been used",
    "expired": "past the expiry that the operator gave it, after it had been used",
    "tampered": "shown with one character of the secret, or of what it signed, changed",
    "other account": "good in an account that does not have what is asked for",
}
"""Every condition, and what it means for any kind."""


@dataclass(frozen=True)
class Outcome:
    """What a door answers: an HTTP status, and the error's code if it refuses."""

    status: int
    code: str = ""

    def __str__(self) -> str:
        return f"{self.status} {self.code}".rstrip()


@dataclass(frozen=True)
class Row:
    """One kind, in the hands of one sort of holder, at one door."""

    kind: str
    holder: str
    door: str
    outcomes: Mapping[Condition, Outcome]
    note: str = ""

    def __str__(self) -> str:
        return f"{self.kind} of {self.holder} at {self.door}"


OPEN = Outcome(200)
DENIED = Outcome(403, "AccessDenied")
NOT_FOUND = Outcome(404, "NoSuchEntity")
UNKNOWN = Outcome(403, "InvalidClientTokenId")
FORGED = Outcome(403, "SignatureDoesNotMatch")
EXPIRED = Outcome(403, "ExpiredToken")

CALLER_IDENTITY = "AWS API (sts:GetCallerIdentity)"
IAM = "AWS API (iam:GetUser)"
DOORS = (CALLER_IDENTITY, IAM)

ACCESS_KEY = "iam.access-key"
SESSION = "sts.session"
DOORLESS = frozenset({"iam.bedrock-key", "iam.cassandra-password", "iam.codecommit-password", "iam.logs-key"})
"""Kinds that IAM issues for services which this authority does not have: records, verified by no door here."""
_ITS_OWN_ACCOUNT = "From another account it opens that account, and tells nothing of this one."


def _access_key(holder: str, door: str, right: Outcome, other_account: Outcome, note: str) -> Row:
    """Return an access key's row. Off, gone and expired look to its holder as if it had never existed."""
    return Row(
        ACCESS_KEY,
        holder,
        door,
        {
            "right audience": right,
            "wrong audience": FORGED,
            "deactivated": UNKNOWN,
            "revoked": UNKNOWN,
            "expired": UNKNOWN,
            "tampered": FORGED,
            "other account": other_account,
        },
        note,
    )


def _session(door: str, right: Outcome, other_account: Outcome, note: str) -> Row:
    """Return a role session's row. Unlike a key's, its end in time is told to its holder."""
    return Row(
        SESSION,
        "a role",
        door,
        {
            "right audience": right,
            "wrong audience": FORGED,
            "deactivated": UNKNOWN,
            "revoked": UNKNOWN,
            "expired": EXPIRED,
            "tampered": FORGED,
            "other account": other_account,
        },
        note,
    )


MATRIX: Sequence[Row] = [
    _access_key("a user", CALLER_IDENTITY, OPEN, OPEN, _ITS_OWN_ACCOUNT),
    _access_key("the account root", CALLER_IDENTITY, OPEN, OPEN, _ITS_OWN_ACCOUNT),
    _access_key("a user", IAM, DENIED, DENIED, "A user may do what its policies allow; it has none."),
    _access_key("the account root", IAM, OPEN, NOT_FOUND, "Another account's users look like none."),
    _session(CALLER_IDENTITY, OPEN, OPEN, "Its issuing key and its role end it too, at once."),
    _session(IAM, DENIED, DENIED, "A session may do what its role's policies allow; this one's has none."),
]
"""The audience of an access key is the service that a request was signed for: it is good for no other request."""

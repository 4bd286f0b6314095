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
    """What a door answers: an HTTP status, 0 where there is none, and the error's code if it refuses."""

    status: int
    code: str = ""

    def __str__(self) -> str:
        return f"{self.status or ''} {self.code}".strip()


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
DOT = "DNS over TLS"
DOH = "DNS over HTTPS"
S3 = "S3"
GRAFANA = "Grafana API of a workspace"
START_SESSION = "AWS API (ssm:StartSession)"
DOORS = (CALLER_IDENTITY, IAM, DOT, DOH, S3, GRAFANA, START_SESSION)

ACCESS_KEY = "iam.access-key"
ACCESS_TOKEN = "globalresolver.access-token"
SESSION = "sts.session"
BUCKET_KEY = "lightsail.bucket-access-key"
JIT_TOKEN = "ssm.access-token"
NODE_KEYS = "ssm.node"
SESSIONS = (SESSION, JIT_TOKEN, NODE_KEYS)
"""Kinds that stand for a role until they end: the same at every door that they are no audience of."""
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


def _everywhere(outcome: Outcome) -> Mapping[Condition, Outcome]:
    """Return the same outcome in every condition: what is shown is no credential of that door's."""
    return dict.fromkeys(CONDITIONS, outcome)


DNS_DOORS = {
    DOT: (Outcome(0, "NOERROR"), Outcome(0, "REFUSED")),
    DOH: (Outcome(200, "NOERROR"), Outcome(200, "REFUSED")),
}
_NO_KEY_OF_DNS = "No access key is a token, whatever part of it is shown."


def _access_token(door: str, right: Outcome, refused: Outcome) -> Row:
    """Return an access token's row at its own doors: one answer to all that is not good."""
    outcomes = {**_everywhere(refused), "right audience": right}
    return Row(
        ACCESS_TOKEN, "a DNS client", door, outcomes, "Its audience is a view, under its resolver's name."
    )


def _session(kind: str, door: str, right: Outcome, other_account: Outcome, note: str) -> Row:
    """Return a role session's row. Unlike a key's, its end in time is told to its holder."""
    return Row(
        kind,
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


S3_UNKNOWN = Outcome(403, "InvalidAccessKeyId")


def _at_s3(kind: str, holder: str, right: Outcome, wrong: Outcome, other_account: Outcome, note: str) -> Row:
    """Return a signing key's row at the S3 door, which has words of its own."""
    gone = dict.fromkeys(("deactivated", "revoked", "expired"), S3_UNKNOWN)
    outcomes = {
        "right audience": right,
        "wrong audience": wrong,
        **gone,
        "tampered": FORGED,
        "other account": other_account,
    }
    if kind in SESSIONS:
        outcomes["expired"] = Outcome(400, "ExpiredToken")
    return Row(kind, holder, S3, outcomes, note)


_NO_AWS_KEY = "No access key of IAM: the API has never heard of it."
_BUCKET_KEY_ROWS = [
    _at_s3(BUCKET_KEY, "a bucket", OPEN, DENIED, DENIED, "Its audience is its bucket."),
    *(
        Row(BUCKET_KEY, "a bucket", door, _everywhere(UNKNOWN), _NO_AWS_KEY)
        for door in (CALLER_IDENTITY, IAM)
    ),
    *(
        Row(BUCKET_KEY, "a bucket", door, _everywhere(refused), _NO_KEY_OF_DNS)
        for door, (_, refused) in DNS_DOORS.items()
    ),
]
_S3_ROWS = [
    _at_s3(
        ACCESS_KEY, "a user", DENIED, FORGED, DENIED, "A user may do what its policies allow; it has none."
    ),
    _at_s3(
        ACCESS_KEY, "the account root", OPEN, FORGED, DENIED, "Another account's bucket opens to nobody here."
    ),
    *(
        _at_s3(
            kind,
            "a role",
            DENIED,
            FORGED,
            DENIED,
            "A session may do what its role's policies allow: nothing.",
        )
        for kind in SESSIONS
    ),
    Row(ACCESS_TOKEN, "a DNS client", S3, _everywhere(S3_UNKNOWN), "Shown as an access key and its secret."),
]

GRAFANA_KINDS = ("grafana.service-account-token", "grafana.api-key")
_NOT_GRAFANAS = Outcome(401, "api-key.invalid")


def _grafana_credentials() -> list[Row]:
    """Return the rows of what opens a workspace, and the column of its door for all else."""
    own = {
        **_everywhere(_NOT_GRAFANAS),
        "right audience": OPEN,
        "deactivated": Outcome(401, "api-key.revoked"),
        "expired": Outcome(401, "api-key.expired"),
    }
    note = "Its audience is a workspace: it opens no other."
    elsewhere = {
        CALLER_IDENTITY: UNKNOWN,
        IAM: UNKNOWN,
        DOT: DNS_DOORS[DOT][1],
        DOH: DNS_DOORS[DOH][1],
        S3: Outcome(403, "InvalidAccessKeyId"),
    }
    rows = [Row(kind, "a Grafana client", GRAFANA, own, note) for kind in GRAFANA_KINDS]
    rows += [
        Row(kind, "a Grafana client", door, _everywhere(refused), "Shown as what is taken there.")
        for kind in GRAFANA_KINDS
        for door, refused in elsewhere.items()
    ]
    others = (
        (ACCESS_KEY, "a user"),
        (ACCESS_KEY, "the account root"),
        *((session, "a role") for session in SESSIONS),
        (ACCESS_TOKEN, "a DNS client"),
        (BUCKET_KEY, "an S3 client"),
    )
    rows += [
        Row(kind, holder, GRAFANA, _everywhere(_NOT_GRAFANAS), "Its secret, shown as a token.")
        for kind, holder in others
    ]
    return rows


LET_IN = Outcome(400, "TargetNotConnected")
"""The node of the matrix has no agent: to be told so is to be let in. Shells are opened in `tests/ssmdoor`."""
_NOT_ALLOWED = Outcome(400, "AccessDeniedException")
_NO_SUCH_KEY = Outcome(400, "UnrecognizedClientException")


def _session_manager() -> list[Row]:
    """Return the column of the Session Manager door. Another account's node looks like none."""
    answers = {
        "wrong audience": Outcome(400, "InvalidSignatureException"),
        **dict.fromkeys(("deactivated", "revoked", "expired"), _NO_SUCH_KEY),
        "tampered": Outcome(400, "InvalidSignatureException"),
    }
    of_a_session = {**answers, "expired": Outcome(400, "ExpiredTokenException")}
    unscoped = "It may do what its policies allow; it has none."
    rows = [
        Row(kind, holder, START_SESSION, {**outcomes, "right audience": right, "other account": other}, note)
        for kind, holder, outcomes, right, other, note in (
            (ACCESS_KEY, "a user", answers, _NOT_ALLOWED, _NOT_ALLOWED, unscoped),
            (ACCESS_KEY, "the account root", answers, LET_IN, LET_IN, "The node has no agent."),
            (SESSION, "a role", of_a_session, _NOT_ALLOWED, _NOT_ALLOWED, unscoped),
            (NODE_KEYS, "a role", of_a_session, _NOT_ALLOWED, _NOT_ALLOWED, unscoped),
            (
                JIT_TOKEN,
                "a role",
                of_a_session,
                LET_IN,
                LET_IN,
                "Its audience is its node, which has no agent.",
            ),
        )
    ]
    others = (
        (ACCESS_TOKEN, "a DNS client"),
        (BUCKET_KEY, "a bucket"),
        *((kind, "a Grafana client") for kind in GRAFANA_KINDS),
    )
    shown = "Shown as an access key and its secret."
    return rows + [
        Row(kind, holder, START_SESSION, _everywhere(_NO_SUCH_KEY), shown) for kind, holder in others
    ]


MATRIX: Sequence[Row] = [
    *_session_manager(),
    *_grafana_credentials(),
    *_BUCKET_KEY_ROWS,
    *_S3_ROWS,
    *(_access_token(door, *answers) for door, answers in DNS_DOORS.items()),
    *(
        Row(
            ACCESS_TOKEN, "a DNS client", door, _everywhere(UNKNOWN), "Shown as an access key and its secret."
        )
        for door in (CALLER_IDENTITY, IAM)
    ),
    *(
        Row(kind, holder, door, _everywhere(refused), _NO_KEY_OF_DNS)
        for kind, holder in (
            (ACCESS_KEY, "a user"),
            (ACCESS_KEY, "the account root"),
            *((session, "a role") for session in SESSIONS),
        )
        for door, (_, refused) in DNS_DOORS.items()
    ),
    _access_key("a user", CALLER_IDENTITY, OPEN, OPEN, _ITS_OWN_ACCOUNT),
    _access_key("the account root", CALLER_IDENTITY, OPEN, OPEN, _ITS_OWN_ACCOUNT),
    _access_key("a user", IAM, DENIED, DENIED, "A user may do what its policies allow; it has none."),
    _access_key("the account root", IAM, OPEN, NOT_FOUND, "Another account's users look like none."),
    *(
        _session(kind, CALLER_IDENTITY, OPEN, OPEN, "Its issuing key and its role end it too, at once.")
        for kind in SESSIONS
    ),
    *(
        _session(
            kind, IAM, DENIED, DENIED, "A session may do what its role's policies allow; this one's has none."
        )
        for kind in SESSIONS
    ),
]
"""The audience of an access key is the service that a request was signed for: it is good for no other request."""

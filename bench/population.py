"""The users and keys that a server holds while it is measured, made through its own API before the clock starts.

A population has *readers* (users with two keys each, whose keys also sign GetCallerIdentity) and *churn* users
(without keys between rounds; CreateAccessKey and DeleteAccessKey rounds fill and empty them).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.load import LoadFailed, Outcome, Plan, run
from bench.requests import Key, Signer, form
from bench.servers import Server

KEYS_PER_USER = 2
_SETUP_LIMIT_SECONDS = 600.0
_KEY_ID = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>")
_SECRET = re.compile(rb"<SecretAccessKey>([^<]+)</SecretAccessKey>")
_MARKER = re.compile(rb"<Marker>([^<]+)</Marker>")


@dataclass
class Population:
    """What requests may name. `callers` are keys whose secrets are known; `markers` start pages of ListUsers."""

    readers: list[str]
    churn: list[str]
    callers: list[Key]
    markers: list[str] = field(default_factory=list)


def user_name(number: int) -> str:
    """Return the name of a user: also those that keystead's own seeding makes are called so."""
    return f"seed-{number:07d}"


def populate(server: Server, core: int, readers: int, churn: int) -> Population:
    """Make readers with two keys each, then churn users."""
    names = [user_name(number) for number in range(readers)]
    _create_users(server, core, names)
    keys = create_keys(server, core, [name for name in names for _ in range(KEYS_PER_USER)])
    return Population(names, create_churn(server, core, churn), keys)


def adopt(server: Server, core: int, users: int, readers: int, churn: int) -> Population:
    """Take over users that are there already, two keys each: no quota would let them in now.

    Readers are a sample of the first `users`; each gets one key whose secret is known. The `churn` users after
    those lose their keys.
    """
    step = max(1, users // readers)
    names = [user_name(number) for number in range(0, users, step)][:readers]
    churned = [user_name(number) for number in range(users, users + churn)]
    _delete_keys(server, core, names, keep=KEYS_PER_USER - 1)
    _delete_keys(server, core, churned, keep=0)
    return Population(names, churned, create_keys(server, core, names))


def create_churn(server: Server, core: int, count: int) -> list[str]:
    """Make users without keys."""
    names = [f"churn-{number:06d}" for number in range(count)]
    _create_users(server, core, names)
    return names


def create_keys(server: Server, core: int, names: Sequence[str]) -> list[Key]:
    """Make one key per entry of `names`, in that order."""
    answers = call(server, core, [form("iam", "CreateAccessKey", UserName=name) for name in names])
    return [key_of(answer) for answer in answers]


def walk_markers(server: Server, core: int, users: int, pages: int = 50) -> list[str]:
    """Return markers spread over the whole list of users, so that deep pages are measured as well."""
    markers: list[str] = []
    parameters: dict[str, str] = {"MaxItems": "1000"}
    for _ in range(users // 1000 + 10):
        found = _MARKER.search(call(server, core, [form("iam", "ListUsers", **parameters)])[0])
        if found is None:
            break
        parameters["Marker"] = found[1].decode()
        markers.append(parameters["Marker"])
    return markers[:: max(1, len(markers) // pages)]


def call(server: Server, core: int, forms: Sequence[bytes]) -> list[bytes]:
    """Send IAM requests signed by the server's own key and return their answers in order. Raises LoadFailed."""
    if not forms:
        return []
    signer = Signer(server.key, "iam", server.authority)
    requests = [signer.request(body) for body in forms]
    plan = Plan(
        server.host, server.port, server.pid, requests, _SETUP_LIMIT_SECONDS, repeat=False, keep_bodies=True
    )
    outcome = run(plan, core)
    require_expected(server, "preparation", outcome)
    return [body for _, body in sorted(outcome.bodies)]


def require_expected(server: Server, what: str, outcome: Outcome) -> None:
    """Raise LoadFailed if an answer had another status than the round expected, or none came."""
    if outcome.unexpected or not outcome.answered:
        raise LoadFailed(
            f"{what} at {server.name}: {outcome.answered} answers, unexpected {outcome.unexpected}, "
            f"for example {outcome.unexpected_example}"
        )


def delete_form(name: str, key_id: str) -> bytes:
    """Return the body of a DeleteAccessKey request."""
    return form("iam", "DeleteAccessKey", UserName=name, AccessKeyId=key_id)


def key_ids(answer: bytes) -> list[str]:
    """Return every access key id in an answer."""
    return [found.decode() for found in _KEY_ID.findall(answer)]


def key_of(answer: bytes) -> Key:
    """Return the key that a CreateAccessKey answer shows."""
    secret = _SECRET.search(answer)
    if secret is None:
        raise LoadFailed(f"no secret in the answer to CreateAccessKey: {answer[:300]!r}")
    return Key(key_ids(answer)[0], secret[1].decode())


def _delete_keys(server: Server, core: int, names: Sequence[str], keep: int) -> None:
    listed = call(server, core, [form("iam", "ListAccessKeys", UserName=name) for name in names])
    held = [(name, key_ids(answer)[keep:]) for name, answer in zip(names, listed, strict=True)]
    call(server, core, [delete_form(name, key_id) for name, ids in held for key_id in ids])


def _create_users(server: Server, core: int, names: Sequence[str]) -> None:
    call(server, core, [form("iam", "CreateUser", UserName=name) for name in names])

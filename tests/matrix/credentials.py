"""How each kind of credential is made, and brought into each condition. A slice adds its kind to `MAKERS`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from iam.room import Room
from keystead.kernel.clock import now
from matrix import bucket_keys, dns_tokens, grafana_tokens, ssm_sessions
from matrix.expectations import (
    ACCESS_KEY,
    ACCESS_TOKEN,
    BUCKET_KEY,
    GRAFANA_KINDS,
    JIT_TOKEN,
    NODE_KEYS,
    SESSION,
    SESSIONS,
    Condition,
)
from matrix.shown import OTHER_ACCOUNT, Held, Shown, make_other_account
from sts.parts import assume, make_role, make_user, name_of, trusting
from support.running import Key

_LIFE_SECONDS = 3600


def access_key(room: Room, holder: str) -> Held:
    """Make an access key of a user, or one more of the root, which makes room for it first."""
    if holder == "a user":
        name = room.user()
        return Held(room.key(name), name)
    for listed in room.iam.list_access_keys()["AccessKeyMetadata"]:
        if listed["AccessKeyId"] != room.authority.root_key.id:
            room.iam.delete_access_key(AccessKeyId=listed["AccessKeyId"])
    made = room.iam.create_access_key()["AccessKey"]
    return Held(Key(made["AccessKeyId"], made["SecretAccessKey"]), "")


def access_key_of_another_account(room: Room, holder: str) -> Key:
    """Make an account beside this one, and a key of its root or of a user there."""
    authority = room.authority.authority
    kind = next(kind for kind in authority.kinds if kind.name == ACCESS_KEY)

    def mint(tx: Any) -> Key:
        owner = "root"
        if holder == "a user":
            owner = authority.base.users.create(tx, OTHER_ACCOUNT, room.name(), "/").id
        minted = authority.issuer.mint(tx, kind, account=OTHER_ACCOUNT, owner=owner)
        return Key(minted.credential.id, minted.secret.reveal().decode())

    def clear(tx: Any) -> None:
        tx.run("DELETE FROM credential WHERE account = ? AND owner = 'root'", (OTHER_ACCOUNT,))

    make_other_account(room)
    room.authority.run(authority.store.write(clear))
    return room.authority.run(authority.store.write(mint))


def role_session(room: Room, holder: str) -> Held:
    """Make a session of a role without policies, by a user's key."""
    assert holder == "a role"
    user, key = make_user(room)
    role = make_role(room, trusting(user))
    return Held(assume(room, key, role), name_of(user), role, key)


def role_session_of_another_account(room: Room, holder: str) -> Key:
    """Make the same in another account."""
    assert holder == "a role"
    iam = room.client("iam", access_key_of_another_account(room, "the account root"))
    user, key = make_user(room, iam=iam)
    return assume(room, key, make_role(room, trusting(user), iam=iam))


Way = Callable[[Room, Held], Shown]


def _as_it_is(room: Room, held: Held) -> Shown:
    return Shown(held.key)


def _for_another_service(room: Room, held: Held) -> Shown:
    return Shown(held.key, audience="s3")


def _switched_off_by_api(room: Room, held: Held) -> Shown:
    room.iam.update_access_key(Status="Inactive", **held.members)
    return Shown(held.key)


def _deleted_by_api(room: Room, held: Held) -> Shown:
    room.iam.delete_access_key(**held.members)
    return Shown(held.key)


def _role_deleted(room: Room, held: Held) -> Shown:
    role = name_of(held.role_arn)
    for policy in room.iam.list_role_policies(RoleName=role)["PolicyNames"]:
        room.iam.delete_role_policy(RoleName=role, PolicyName=policy)
    room.iam.delete_role(RoleName=role)
    return Shown(held.key)


def _by_operator(command: str) -> Way:
    def change(room: Room, held: Held) -> Shown:
        room.authority.command(command, id=held.key.id)
        return Shown(held.key)

    return change


def _outlived(room: Room, held: Held) -> Shown:
    """Give the key an hour and let an hour pass. Whoever uses this sets the clock back."""
    end = now(room.authority.authority.clock) + timedelta(seconds=_LIFE_SECONDS)
    room.authority.command("creds-expire", id=held.key.id, at=end.isoformat())
    room.authority.command("clock-advance", seconds=_LIFE_SECONDS + 1)
    return Shown(held.key)


def _at_its_own_end(room: Room, held: Held) -> Shown:
    room.authority.command("clock-advance", seconds=_LIFE_SECONDS + 1)
    return Shown(held.key)


def _with_another_secret(room: Room, held: Held) -> Shown:
    secret = held.key.secret
    last = "A" if secret[-1] != "A" else "B"
    return Shown(replace(held.key, secret=secret[:-1] + last))


def _altered_on_the_way(room: Room, held: Held) -> Shown:
    return Shown(held.key, is_altered_on_the_way=True)


_ENDS_OF_SESSIONS: Mapping[Condition, Mapping[str, Way]] = {
    "right audience": {"as it is": _as_it_is},
    "wrong audience": {"signed for another service": _for_another_service},
    "deactivated": {
        "its key, by the API": _switched_off_by_api,
        "by the operator": _by_operator("creds-deactivate"),
    },
    "revoked": {
        "its key, by the API": _deleted_by_api,
        "its role, by the API": _role_deleted,
        "by the operator": _by_operator("creds-revoke"),
    },
    "expired": {"at its own end": _at_its_own_end, "sooner, by the operator": _outlived},
    "tampered": {"secret": _with_another_secret, "request": _altered_on_the_way},
    "other account": {},
}

WAYS: Mapping[str, Mapping[Condition, Mapping[str, Way]]] = {
    ACCESS_KEY: {
        "right audience": {"as it is": _as_it_is},
        "wrong audience": {"signed for another service": _for_another_service},
        "deactivated": {
            "by the API": _switched_off_by_api,
            "by the operator": _by_operator("creds-deactivate"),
        },
        "revoked": {"by the API": _deleted_by_api, "by the operator": _by_operator("creds-revoke")},
        "expired": {"an hour later": _outlived},
        "tampered": {"secret": _with_another_secret, "request": _altered_on_the_way},
        "other account": {},
    },
    **dict.fromkeys(SESSIONS, _ENDS_OF_SESSIONS),
    ACCESS_TOKEN: {
        "right audience": {"as it is": _as_it_is},
        "wrong audience": {"at another resolver's name": dns_tokens.at_another_resolver},
        "deactivated": {"by the operator": _by_operator("creds-deactivate")},
        "revoked": {
            "by the API": dns_tokens.deleted_by_api,
            "by the operator": _by_operator("creds-revoke"),
        },
        "expired": {"an hour later": _outlived},
        "tampered": {"secret": _with_another_secret},
        "other account": {},
    },
    BUCKET_KEY: {
        "right audience": {"as it is": _as_it_is},
        "wrong audience": {"at another bucket": bucket_keys.at_another_bucket},
        "deactivated": {"by the operator": _by_operator("creds-deactivate")},
        "revoked": {"by the operator": _by_operator("creds-revoke")},
        "expired": {"an hour later": _outlived},
        "tampered": {"secret": _with_another_secret, "request": _altered_on_the_way},
        "other account": {},
    },
}
"""By kind and condition: the ways into that condition, all of which must end the same. Another account's
credential is made there by `FOREIGN`, not brought into that condition here."""

_GRAFANA_WAYS: Mapping[Condition, Mapping[str, Way]] = {
    "right audience": {"as it is": _as_it_is},
    "wrong audience": {"at another workspace": grafana_tokens.at_another_workspace},
    "deactivated": {"by the operator": _by_operator("creds-deactivate")},
    "revoked": {
        "by the API": grafana_tokens.deleted_by_api,
        "by the operator": _by_operator("creds-revoke"),
    },
    "expired": {"an hour later": _outlived},
    "tampered": {"secret": _with_another_secret},
    "other account": {},
}
WAYS = {**WAYS, **dict.fromkeys(GRAFANA_KINDS, _GRAFANA_WAYS)}

MAKERS: Mapping[str, Callable[[Room, str], Held]] = {
    ACCESS_KEY: access_key,
    SESSION: role_session,
    JIT_TOKEN: ssm_sessions.keys_of(JIT_TOKEN),
    NODE_KEYS: ssm_sessions.keys_of(NODE_KEYS),
    ACCESS_TOKEN: dns_tokens.access_token,
    **grafana_tokens.MAKERS,
    BUCKET_KEY: bucket_keys.bucket_key,
}
FOREIGN: Mapping[str, Callable[[Room, str], Key]] = {
    ACCESS_KEY: access_key_of_another_account,
    SESSION: role_session_of_another_account,
    JIT_TOKEN: ssm_sessions.keys_of_another_account(JIT_TOKEN, access_key_of_another_account),
    NODE_KEYS: ssm_sessions.keys_of_another_account(NODE_KEYS, access_key_of_another_account),
    ACCESS_TOKEN: dns_tokens.of_another_account,
    **grafana_tokens.FOREIGN,
    BUCKET_KEY: bucket_keys.of_another_account,
}

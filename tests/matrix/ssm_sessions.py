"""The temporary keys of Systems Manager in the matrix: of an approved access request, and of a managed node.

They are minted as their operations mint them, for a role without policies: the rows are those of any
session.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from iam.room import Room
from keystead.credentials import shelf
from keystead.identity.role_records import role_named
from keystead.identity.session_records import Scope
from keystead.identity.sessions import role_session
from matrix.shown import Held
from sts.parts import make_role, make_user, name_of, trusting
from support.running import Key

LIFE = timedelta(hours=1)


def keys_of(kind_name: str) -> Callable[[Room, str], Held]:
    """Return what makes a session of a kind, by the key of a user of this account."""

    def make(room: Room, holder: str) -> Held:
        user, key = make_user(room)
        role = make_role(room, trusting(user))
        return Held(_mint(room, kind_name, role, key), name_of(user), role, key)

    return make


def keys_of_another_account(
    kind_name: str, root_key: Callable[[Room, str], Key]
) -> Callable[[Room, str], Key]:
    """Return what makes the same in another account."""

    def make(room: Room, holder: str) -> Key:
        iam = room.client("iam", root_key(room, "the account root"))
        user, key = make_user(room, iam=iam)
        return _mint(room, kind_name, make_role(room, trusting(user), iam=iam), key)

    return make


def _mint(room: Room, kind_name: str, role_arn: str, by: Key) -> Key:
    authority = room.authority.authority
    kind = next(each for each in authority.kinds if each.name == kind_name)

    def mint(tx: Any) -> Key:
        role = role_named(tx, role_arn.split(":")[4], name_of(role_arn))
        issuer = shelf.find(tx, by.id).credential
        minted = authority.base.sessions.mint(
            tx, kind, role_session(role, "run"), Scope(), by=issuer, life=LIFE
        )
        secret, token = minted.secret.reveal().decode(), minted.session_token.reveal().decode()
        return Key(minted.credential.id, secret, token)

    return room.authority.run(authority.store.write(mint))

"""The temporary keys of Systems Manager in the matrix: of an approved access request, and of a managed node.

They are minted as their operations mint them. A node's are for a role without policies: the rows are those of any
session. A request's are for a role that may start sessions anywhere, scoped down to the one node by their policy.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from badinput.wire import deliver, signed
from iam.room import ACCOUNT, Room
from keystead.credentials import shelf
from keystead.identity.role_records import role_named
from keystead.identity.session_records import Scope
from keystead.identity.sessions import role_session
from keystead.kernel.clock import now_ms
from keystead.products.ssm import node_records
from keystead.products.ssm.node_records import Node
from matrix.shown import Held, Shown
from sts.parts import allowing, make_role, make_user, name_of, trusting
from support.running import Key

LIFE = timedelta(hours=1)
NODE = "mi-0a5ced4042a5ced40"
"""The node of this account on which sessions are asked for. Its agent is not connected."""
_JIT_TOKEN = "ssm.access-token"


@dataclass(frozen=True)
class SessionReply:
    """What StartSession answered."""

    status: int
    code: str


def start_session(room: Room, shown: Shown) -> SessionReply:
    """Ask for a shell on the node."""
    _node(room)
    sent = signed(
        room.authority.url,
        shown.key,
        json.dumps({"Target": NODE}).encode(),
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.StartSession"},
        service=shown.audience or "ssm",
    )
    reply = deliver(sent.with_body(sent.body + b" ") if shown.is_altered_on_the_way else sent)
    told = json.loads(reply.body)
    return SessionReply(reply.status, told.get("__type", "").rpartition("#")[2])


def _node(room: Room) -> None:
    authority = room.authority.authority
    at = now_ms(authority.clock)
    made = Node(NODE, ACCOUNT, "us-east-1", "", "node", "", "f" * 8, b"key", "127.0.0.1", at, None, at, {})
    found = room.authority.look(lambda reader: node_records.find(reader, ACCOUNT, "us-east-1", NODE))
    if found is None:
        room.authority.run(authority.store.write(lambda tx: node_records.add(tx, made)))


def keys_of(kind_name: str) -> Callable[[Room, str], Held]:
    """Return what makes a session of a kind, by the key of a user of this account."""

    def make(room: Room, holder: str) -> Held:
        user, key = make_user(room)
        role = make_role(room, trusting(user), *_policies(kind_name))
        return Held(_mint(room, kind_name, role, key), name_of(user), role, key)

    return make


def keys_of_another_account(
    kind_name: str, root_key: Callable[[Room, str], Key]
) -> Callable[[Room, str], Key]:
    """Return what makes the same in another account."""

    def make(room: Room, holder: str) -> Key:
        iam = room.client("iam", root_key(room, "the account root"))
        user, key = make_user(room, iam=iam)
        return _mint(room, kind_name, make_role(room, trusting(user), *_policies(kind_name), iam=iam), key)

    return make


def _policies(kind_name: str) -> list[str]:
    return [allowing("ssm:*")] if kind_name == _JIT_TOKEN else []


def _scope(kind_name: str, account: str) -> Scope:
    if kind_name != _JIT_TOKEN:
        return Scope()
    resources = [f"arn:aws:ssm:us-east-1:{account}:managed-instance/{NODE}"]
    resources.append(f"arn:aws:ssm:us-east-1:{account}:document/SSM-SessionManagerRunShell")
    return Scope(policy=allowing("ssm:StartSession", resources))


def _mint(room: Room, kind_name: str, role_arn: str, by: Key) -> Key:
    authority = room.authority.authority
    kind = next(each for each in authority.kinds if each.name == kind_name)

    def mint(tx: Any) -> Key:
        role = role_named(tx, role_arn.split(":")[4], name_of(role_arn))
        issuer = shelf.find(tx, by.id).credential
        minted = authority.base.sessions.mint(
            tx, kind, role_session(role, "run"), _scope(kind_name, role.account), by=issuer, life=LIFE
        )
        secret, token = minted.secret.reveal().decode(), minted.session_token.reveal().decode()
        return Key(minted.credential.id, secret, token)

    return room.authority.run(authority.store.write(mint))

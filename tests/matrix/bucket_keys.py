"""How bucket access keys are made for the matrix, and how the S3 door is knocked at with what is shown."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any

from badinput.wire import deliver, signed
from iam.room import Room
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from matrix.shown import OTHER_ACCOUNT, Held, Shown, make_other_account
from s3.buckets import make_bucket, make_key
from support.running import Key

_ASKED = "asked-for"
_ANOTHER = "asked-for-not"
_ELSEWHERE = "asked-for-elsewhere"


@dataclass(frozen=True)
class S3Reply:
    """What the S3 door answered; its errors have a root of their own."""

    status: int
    code: str


def bucket_key(room: Room, holder: str) -> Held:
    """Make a key of the one bucket that the door is asked for, in place of those it has."""
    bucket = _bucket(room, _ASKED)
    held = "SELECT id FROM credential WHERE owner = ?"
    for (credential,) in room.authority.look(lambda reader: reader.all(held, (bucket.id,))):
        room.authority.command("creds-revoke", id=credential)
    return Held(make_key(room.authority, bucket), "")


def of_another_account(room: Room, holder: str) -> Key:
    """Make a key of a bucket of another account."""
    authority = room.authority.authority
    make_other_account(room)

    def clear(tx: Any) -> None:
        tx.run("DELETE FROM credential WHERE owner = ?", (bucket.id,))

    bucket = _bucket(room, _ELSEWHERE, account=OTHER_ACCOUNT)
    room.authority.run(authority.store.write(clear))
    return make_key(room.authority, bucket)


def at_another_bucket(room: Room, held: Held) -> Shown:
    """Show the key at another bucket of the same account."""
    _bucket(room, _ANOTHER)
    return Shown(held.key, audience=_ANOTHER)


def over_s3(room: Room, shown: Shown) -> S3Reply:
    """Read an object of the one bucket, unless the key is shown at another, or for another service."""
    _bucket(room, _ASKED)
    name = _ANOTHER if shown.audience == _ANOTHER else _ASKED
    sent = signed(
        room.authority.url,
        shown.key,
        b"",
        method="GET",
        target=f"/{name}/key",
        headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
        # An access key's wrong audience is a service it was not signed for; anywhere else that is S3.
        service="sts" if shown.audience == "s3" else "s3",
    )
    reply = deliver(sent.with_target(sent.target + "x") if shown.is_altered_on_the_way else sent)
    if reply.status == 200:
        return S3Reply(200, "")
    root = ET.fromstring(reply.body)
    return S3Reply(reply.status, root.findtext("Code") or reply.code)


def _bucket(room: Room, name: str, **changes: str) -> Bucket:
    """Return a bucket that holds one object, made when it is first asked for."""
    found = room.authority.look(lambda reader: bucket_records.by_name(reader, name))
    if found is not None:
        return found
    made = make_bucket(room.authority, name, **changes)
    if not changes:
        room.client("s3").put_object(Bucket=name, Key="key", Body=b"content")
    return made

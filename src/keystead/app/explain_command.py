"""`explain`: why a request was refused, and what became of its key since. The operator sees all accounts."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from keystead.access.advice import advise
from keystead.app.authority import Authority
from keystead.app.commanding import Arguments, Command, CommandFailed, looked
from keystead.credentials import shelf


async def _explain(authority: Authority, arguments: Arguments, uid: int) -> object:
    looked(authority, uid, "ExplainRefusal", requestID=arguments.id[:64])
    found = authority.base.explanations.find(arguments.id)
    if found is None:
        raise CommandFailed(
            f"no refusal is kept under the request id {arguments.id[:64]!r}. They are kept for 24 h, the newest"
            " 2,000 of each account and of unverified callers (at most 100 a second), in the running server's"
            " memory; requests that were done have none. `keystead audit export` has what the journal knows"
        )
    advice = advise(found)
    facts: Mapping[str, object] = msgspec.to_builtins(found)
    return {
        **facts,
        "at": datetime.fromtimestamp(found.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "what": advice.check,
        "next": advice.next,
        "key": _key(authority, found.key_id),
    }


def _key(authority: Authority, key_id: str) -> str:
    """Return what the key is now, in a sentence; empty when none was named that looks like one."""
    if not key_id:
        return ""
    reader = authority.store.reader
    shelved = shelf.find(reader, key_id)
    if shelved is None:
        return f"{key_id}: no such key is here now"
    credential = shelved.credential
    owner = authority.principals.read(reader, credential)
    status = "Expired" if credential.is_expired(authority.clock.epoch() * 1000) else credential.status
    return f"{key_id}: {credential.kind} of {credential.owner if owner is None else owner.arn}, now {status}"


COMMANDS: Mapping[str, Command] = {"explain": _explain}

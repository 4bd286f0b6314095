"""`explain`: why a request was refused, and what became of its key since. The operator sees all accounts."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from keystead.access.advice import advise
from keystead.access.explanations import Explanation
from keystead.app.authority import Authority
from keystead.app.commanding import Arguments, Command, CommandFailed, looked
from keystead.credentials import shelf


async def _explain(authority: Authority, arguments: Arguments, uid: int) -> object:
    kept = authority.base.explanations
    found = kept.find(arguments.id) if arguments.id else next(iter(kept.newest(1)), None)
    asked = arguments.id if found is None else found.request_id
    looked(authority, uid, "ExplainRefusal", requestID=asked[:64])
    if found is None and not arguments.id:
        raise CommandFailed(
            "no refusal is kept: none was in the last 24 h, or since the server was started; `keystead audit tail"
            " --refused` has what the journal knows"
        )
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
        "at": _iso(found.at),
        "what": advice.check,
        "next": advice.next,
        "key": _key(authority, found.key_id),
    }


async def _explain_ls(authority: Authority, arguments: Arguments, uid: int) -> object:
    looked(authority, uid, "ListRefusals")
    newest = authority.base.explanations.newest(arguments.count)
    return [_row(found) for found in newest]


def _row(found: Explanation) -> dict[str, object]:
    return {
        "at": _iso(found.at),
        "request": found.request_id,
        "who": found.principal or found.key_id or None,
        "asked": ":".join(filter(None, (found.service, found.operation))) or None,
        "answer": found.code,
        "check": ", ".join(filter(None, (found.check, found.reason))),
    }


def _iso(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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


COMMANDS: Mapping[str, Command] = {"explain": _explain, "explain-ls": _explain_ls}

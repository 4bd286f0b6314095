"""The journal, read for the operator: its end, what is added to it, whether it holds, and all of it."""

from collections.abc import Callable, Mapping

import msgspec

from keystead.app.authority import Authority
from keystead.app.commanding import Arguments, Command, looked
from keystead.audit import inspect

_LONGEST_TAIL = 10_000


class _Who(msgspec.Struct, frozen=True):
    arn: str = ""
    principalId: str = ""
    accessKeyId: str = ""


class _Sought(msgspec.Struct):
    """Of an event, what it can be looked for by."""

    eventName: str = ""
    eventType: str = ""
    errorCode: str = ""
    userIdentity: _Who = _Who()


async def _audit_tail(authority: Authority, arguments: Arguments, uid: int) -> object:
    await authority.journal.flush(authority.store)
    looked(authority, uid, "TailJournal")
    count, wanted = min(arguments.count, _LONGEST_TAIL), _wanted(arguments)
    lines = await authority.store.read(lambda reader: inspect.tail(reader, count, wanted))
    return [msgspec.Raw(line) for line in lines]


async def _audit_follow(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Return what was added behind `position`, and the position to ask from next. Each look is not an event.

    A `position` of -1 is the end: the last `count` events come with it, and that somebody looks is journalled.
    """
    wanted = _wanted(arguments)
    if arguments.position < 0:
        await authority.journal.flush(authority.store)
        looked(authority, uid, "TailJournal")
        count = min(arguments.count, _LONGEST_TAIL)
        lines, end = await authority.store.read(
            lambda reader: (inspect.tail(reader, count, wanted), inspect.end(reader))
        )
        return {"events": [msgspec.Raw(line) for line in lines], "position": end}
    added = await authority.store.read(lambda reader: inspect.since(reader, arguments.position))
    return {"events": [msgspec.Raw(line) for line in added.lines if wanted(line)], "position": added.end}


def _wanted(arguments: Arguments) -> Callable[[bytes], bool]:
    """Return what tells whether a line of the journal is asked for by name, person and outcome."""
    name, who = arguments.event.lower(), arguments.who

    def wanted(line: bytes) -> bool:
        event = msgspec.json.decode(line, type=_Sought)
        identity = event.userIdentity
        return (
            (not name or name == (event.eventName or event.eventType).lower())
            and (not who or who == identity.accessKeyId or who in (identity.arn or identity.principalId))
            and (not arguments.refused or event.errorCode != "")
        )

    return wanted if name or who or arguments.refused else lambda _: True


async def _audit_verify(authority: Authority, arguments: Arguments, uid: int) -> object:
    del arguments
    await authority.journal.flush(authority.store)
    looked(authority, uid, "VerifyJournal")
    verdict = await authority.store.read(inspect.verify)
    return {
        "holds": verdict.holds,
        "blocks": verdict.blocks,
        "events": verdict.events,
        "head": verdict.head.hex(),
        "broken_at": verdict.broken_at,
    }


async def _audit_export(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Return a portion of the journal, and where the next one begins."""
    if arguments.position == 0:
        await authority.journal.flush(authority.store)
        looked(authority, uid, "ExportJournal")
    portion = await authority.store.read(lambda reader: inspect.portion(reader, arguments.position))
    return {"events": [msgspec.Raw(line) for line in portion.lines], "next": portion.next}


COMMANDS: Mapping[str, Command] = {
    "audit-tail": _audit_tail,
    "audit-follow": _audit_follow,
    "audit-verify": _audit_verify,
    "audit-export": _audit_export,
}

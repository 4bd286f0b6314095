"""What every command of administration is made of: its arguments, its failure, and its line in the journal.

The commands themselves stand in `commands.py` and beside it, a file for each subject.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec

from keystead.app.authority import Authority
from keystead.audit.event import EVENT_VERSION, Event, Identity, encode, event_time
from keystead.store.interface import Transaction

LOCAL = "keystead.local"
Result = TypeVar("Result")


class CommandFailed(Exception):
    """The command cannot be carried out; the message tells the operator why and what to do."""


class Arguments(msgspec.Struct, forbid_unknown_fields=True):
    """The arguments that commands take; each reads its own."""

    id: str = ""
    kind: str = ""
    owner: str = ""
    after: int = 0
    limit: Annotated[int, msgspec.Meta(ge=1)] = 1000
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    seconds: Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)] = 0.0
    count: Annotated[int, msgspec.Meta(ge=0)] = 20
    position: int = 0
    file: str = ""
    url: str = ""
    ca: str = ""
    # What is to be sealed; no answer and no journal entry holds it.
    secret: str = ""
    force: bool = False
    event: str = ""
    who: str = ""
    refused: bool = False


Command = Callable[[Authority, Arguments, int], Awaitable[object]]


def administration_event(
    authority: Authority, uid: int, name: str, *, read_only: bool, **parameters: object
) -> Event:
    """Return the journal's event of something that the local operator did."""
    return Event(
        eventTime=event_time(authority.clock.real_epoch()),
        eventSource=LOCAL,
        eventName=name,
        awsRegion="",
        sourceIPAddress="local",
        userAgent="keystead",
        userIdentity=Identity("LocalOperator", f"local-operator/{uid}"),
        requestID="",
        eventType="KeysteadAdministration",
        eventVersion=EVENT_VERSION,
        readOnly=read_only,
        requestParameters=parameters or None,
    )


def looked(authority: Authority, uid: int, name: str, **parameters: object) -> None:
    """Write down that the operator looked at something; it is in the journal within a second."""
    authority.journal.observe(administration_event(authority, uid, name, read_only=True, **parameters))


async def changed(
    authority: Authority,
    uid: int,
    name: str,
    change: Callable[[Transaction], Result],
    **parameters: object,
) -> Result:
    """Make a change and its journal entry in one transaction."""
    event = administration_event(authority, uid, name, read_only=False, **parameters)

    def job(tx: Transaction) -> Result:
        result = change(tx)
        tx.note(encode(event))
        return result

    return await authority.store.write(job)


def nothing(tx: Transaction) -> None:
    """Change no row: what is journalled happens outside the database."""
    del tx

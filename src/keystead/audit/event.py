"""One event, in the field names of a CloudTrail record.

Follows the AWS CloudTrail User Guide, "CloudTrail record contents". Request parameters and response elements
come here already without what the model marks sensitive; an event never holds a secret, token or signature.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from keystead.store.interface import Transaction

EVENT_VERSION = "1.11"


class Identity(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Who asked: CloudTrail's `userIdentity`.

    `type` is Root, IAMUser, AssumedRole, FederatedUser, WebIdentityUser, LocalOperator or Unknown.
    `sessionContext` says of a temporary credential who issued it and when, `identityProvider` who vouches for a web
    identity.
    """

    type: str
    principalId: str = ""
    arn: str = ""
    accountId: str = ""
    accessKeyId: str = ""
    userName: str = ""
    sessionContext: Mapping[str, Any] | None = None
    identityProvider: str = ""


class Event(msgspec.Struct, omit_defaults=True, gc=False):
    """One line of the journal. `reason` says why a request was refused; the caller was told less.

    Up to 20,000 of them wait for a second; the garbage collector need not look through them (`gc=False`), since
    an event refers to nothing that refers back.
    """

    eventTime: str
    eventSource: str
    eventName: str
    awsRegion: str
    sourceIPAddress: str
    userAgent: str
    userIdentity: Identity
    requestID: str
    eventType: str
    eventVersion: str
    readOnly: bool = False
    requestParameters: Mapping[str, Any] | None = None
    responseElements: Mapping[str, Any] | None = None
    errorCode: str = ""
    errorMessage: str = ""
    reason: str = ""
    recipientAccountId: str = ""


class Gap(msgspec.Struct):
    """Stands in the journal for events that were dropped because too many came at once."""

    eventTime: str
    dropped: int
    eventType: str = "KeysteadAuditGap"


def event_time(epoch: float) -> str:
    """Return a time in CloudTrail's form, whole seconds UTC."""
    return _spelt(math.floor(epoch))


@lru_cache(maxsize=8)
def _spelt(seconds: int) -> str:
    # Thousands of events fall into one second.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def authority_event(epoch: float, name: str, **parameters: object) -> Event:
    """Return the event of something that the authority did by itself."""
    return Event(
        eventTime=event_time(epoch),
        eventSource="keystead.local",
        eventName=name,
        awsRegion="",
        sourceIPAddress="local",
        userAgent="keystead",
        userIdentity=Identity("Authority", "authority"),
        requestID="",
        eventType="KeysteadHousekeeping",
        eventVersion=EVENT_VERSION,
        requestParameters=parameters,
    )


def note_authority(tx: Transaction, epoch: float, name: str, **parameters: object) -> None:
    """Write down, in the transaction that does it, what the authority does by itself."""
    tx.note(encode(authority_event(epoch, name, **parameters)))


_encoder = msgspec.json.Encoder(enc_hook=str)
encode = _encoder.encode

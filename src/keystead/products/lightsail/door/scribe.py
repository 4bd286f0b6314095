"""Writes the journal's lines of visits: who did what to which object, and how it ended.

Follows "Amazon S3 CloudTrail events". Neither bodies nor metadata nor signatures are written down.
"""

from keystead.audit.event import EVENT_VERSION, Event, Identity, event_time
from keystead.identity.testimony import identity_of
from keystead.kernel.clock import Clock
from keystead.kernel.ids import ACCESS_KEY_ID
from keystead.products.lightsail.door.request import S3Request
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.visitor import Visitor

_LONGEST_USER_AGENT = 256


class Scribe:
    """Makes events."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def succeeded(self, visit: Visit, *, is_read: bool = False) -> Event:
        """Return the event of what was done."""
        event = self._event(visit.request, visit)
        event.readOnly = is_read
        return event

    def refused(self, request: S3Request, visit: Visit | None, code: str, reason: str, key_id: str) -> Event:
        """Return the event of what was not; `key_id` is the one that was claimed where nobody was verified."""
        event = self._event(request, visit)
        event.errorCode, event.reason = code, reason
        if visit is None:
            event.userIdentity = Identity(
                "Unknown", accessKeyId=key_id if ACCESS_KEY_ID.fullmatch(key_id) else ""
            )
        return event

    def _event(self, request: S3Request, visit: Visit | None) -> Event:
        parameters: dict[str, str] = {}
        if request.bucket:
            parameters["bucketName"] = request.bucket[:64]
        if request.key:
            parameters["key"] = request.key.decode("utf-8", "replace")
        bucket = None if visit is None else visit.found
        return Event(
            eventTime=event_time(self._clock.real_epoch()),
            eventSource="s3.amazonaws.com",
            eventName=request.operation,
            awsRegion="" if bucket is None else bucket.region,
            sourceIPAddress=request.source_address,
            userAgent=(request.header("user-agent") or "")[:_LONGEST_USER_AGENT],
            userIdentity=Identity("Unknown") if visit is None else _identity(visit.visitor),
            requestID=request.id,
            eventType="AwsApiCall",
            eventVersion=EVENT_VERSION,
            requestParameters=parameters,
            recipientAccountId="" if bucket is None else bucket.account,
        )


def _identity(visitor: Visitor) -> Identity:
    credential = visitor.credential
    if credential is None:
        return Identity("Anonymous")
    if visitor.principal is not None:
        return identity_of(visitor.principal, credential.id)
    return Identity(
        "BucketAccessKey", credential.audience, accountId=credential.account, accessKeyId=credential.id
    )

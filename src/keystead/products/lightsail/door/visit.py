"""One request on its way through the door: who asks, of which bucket, and what was found to be allowed.

What is required before the body is read is required again inside the transaction that stores it, so that nothing
in flight outlives a revoke (DESIGN rule 3).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from keystead.access.authenticate import Authenticated, Authenticator
from keystead.access.policy.context import Late, Values
from keystead.access.sigv4 import Reason, Refused
from keystead.credentials.verify import Verifier
from keystead.kernel.clock import Clock
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door import copysource
from keystead.products.lightsail.door.access import Access, bucket_arn, is_public, object_arn
from keystead.products.lightsail.door.copysource import named_source
from keystead.products.lightsail.door.errors import S3Error, no_such_bucket
from keystead.products.lightsail.door.request import S3Request
from keystead.products.lightsail.door.stated import stated_tags
from keystead.products.lightsail.door.visitor import Visitor
from keystead.products.lightsail.objects import object_records
from keystead.store.interface import Reader, Transaction

_REQUEST_TAG = "s3:requestobjecttag/"
_REQUEST_TAG_KEYS = "s3:requestobjecttagkeys"
_EXISTING_TAG = "s3:existingobjecttag/"


@dataclass(frozen=True, slots=True)
class Guards:
    """What judges visits."""

    access: Access
    authenticator: Authenticator
    verifier: Verifier
    clock: Clock
    reader: Reader


class _Asked(NamedTuple):
    """What is judged: an action on a bucket, or on a version of a key in it, None for the latest."""

    bucket: Bucket | None
    action: str
    arn: str
    key: bytes
    version: str | None


@dataclass(slots=True)
class Visit:
    """A request with its visitor and, where it names one that exists, its bucket.

    `tags` are those that the request is to give, once they are known otherwise than by its headers.
    """

    request: S3Request
    visitor: Visitor
    found: Bucket | None
    guards: Guards
    tags: Mapping[str, str] | None = None
    _waits_for_tags: bool = field(default=False, repr=False)
    _required: list[_Asked] = field(default_factory=list[_Asked], repr=False)

    @property
    def bucket(self) -> Bucket:
        """The bucket. Raises S3Error where there is none, which only an allowed visitor gets to see."""
        if self.found is None:
            raise no_such_bucket(self.request.bucket)
        return self.found

    @property
    def key(self) -> bytes:
        """The key that is named."""
        return self.request.key

    def allows(self, action: str, key: bytes | None = None) -> bool:
        """Return whether the visitor may act on the bucket, or on a key of it."""
        return self._allows(self.guards.reader, self._asked(action, key), afresh=False)

    def require(self, action: str, key: bytes | None = None) -> None:
        """Let pass what the visitor may, now and again when it is committed. Raises S3Error."""
        asked = self._asked(action, key)
        if not self._allows(self.guards.reader, asked, afresh=False):
            raise S3Error("AccessDenied")
        self.require_region()
        self._required.append(asked)

    def require_before_tags(self, action: str, key: bytes) -> None:
        """Let pass what the visitor may, or might with the right tags, which stand in the body. Raises S3Error."""
        try:
            self.require(action, key)
        except S3Error:
            if not self._waits_for_tags:
                raise

    def require_now(self, tx: Transaction, action: str, key: bytes, version: str | None) -> None:
        """Let pass what the visitor may do to one version, as this transaction has things. Raises S3Error."""
        asked = _Asked(self.found, action, _arn(self.request.bucket, key), key, version)
        if not self._allows(tx, asked, afresh=True):
            raise S3Error("AccessDenied")

    def require_elsewhere(
        self, bucket: Bucket | None, name: str, action: str, key: bytes, version: str | None, acl: str
    ) -> None:
        """Let pass what the visitor may do in another bucket, the source of a copy. Raises S3Error."""
        asked = _Asked(bucket, action, object_arn(name, key), key, version)
        if self._allows(self.guards.reader, asked, afresh=False):
            self._required.append(asked)
        elif not self._reads_as_anybody(asked, acl):
            raise S3Error("AccessDenied")

    def may_read(self, action: str, acl: str) -> bool:
        """Return whether the visitor may read an object of this list: by its policies, or as anybody may."""
        if self.allows(action, self.key):
            return True
        return self._reads_as_anybody(self._asked(action, self.key), acl)

    def _asked(self, action: str, key: bytes | None) -> _Asked:
        # A version in the query of an operation that is about the latest one must not decide by its tags.
        version = self.request.query.get("versionId") if "ObjectVersion" in action else None
        return _Asked(self.found, action, _arn(self.request.bucket, key), key or b"", version)

    def _reads_as_anybody(self, asked: _Asked, acl: str) -> bool:
        bucket, reader = asked.bucket, self.guards.reader
        if bucket is None or not is_public(bucket, acl, asked.action) or self._is_foreign_key():
            return False
        late = self._late(reader, asked)
        return not self.guards.access.forbids(reader, self.visitor, asked.action, asked.arn, late)

    def _is_foreign_key(self) -> bool:
        """Whether this is a bucket key, which opens its own bucket and nothing else, public or not."""
        return self.visitor.credential is not None and self.visitor.principal is None

    def require_region(self) -> None:
        """Let pass a signature made for the bucket's region. Raises Refused, by which SDKs find the right one.

        Asked after the permission: where a bucket lies is told only to those who may use it.
        """
        signed, found = self.visitor.region, self.found
        if found is not None and signed and signed != found.region:
            form = "query" if self.visitor.auth_type == "REST-QUERY-STRING" else "header"
            raise Refused(Reason.SCOPE_REGION, form=form, given=signed, expected=found.region)

    def again(self, tx: Transaction) -> Bucket:
        """Return the bucket as this transaction has it, for a visitor who is still good and still may.

        Raises S3Error, and Refused for a credential that is good no longer.
        """
        visitor, guards = self.visitor, self.guards
        if visitor.credential is not None:
            if visitor.principal is not None:
                guards.authenticator.again(tx, Authenticated(visitor.principal, visitor.credential))
            elif not guards.verifier.still_good(tx, visitor.credential):
                raise Refused(Reason.INACTIVE_KEY)
        bucket = bucket_records.by_id(tx, self.bucket.id)
        if bucket is None:
            raise no_such_bucket(self.request.bucket)
        for asked in self._required:
            if not self._allows(tx, _afresh(tx, asked, bucket), afresh=True):
                raise S3Error("AccessDenied")
        return bucket

    def _allows(self, reader: Reader, asked: _Asked, *, afresh: bool) -> bool:
        access, late = self.guards.access, self._late(reader, asked)
        return access.allows(reader, self.visitor, asked.bucket, asked.action, asked.arn, late, afresh=afresh)

    def _late(self, reader: Reader, asked: _Asked) -> Late:
        return lambda name: self._condition_key(reader, asked, name)

    def _condition_key(self, reader: Reader, asked: _Asked, name: str) -> Values | None:
        """Return a condition key's values. Source: "Actions, resources, and condition keys for Amazon S3"."""
        answer = _KEYS.get(name)
        if answer is not None:
            return answer(self.request, self.visitor)
        if name in ("aws:currenttime", "aws:epochtime"):
            return _times(self.guards.clock)[name]
        if name in ("aws:resourceaccount", "s3:resourceaccount"):
            return None if asked.bucket is None else (asked.bucket.account,)
        if name == "aws:requestedregion":
            # A signature of version 2 names none: it is the one of the bucket that is spoken to.
            return _values(self.visitor.region or ("" if asked.bucket is None else asked.bucket.region))
        if name.startswith(_EXISTING_TAG):
            return _existing_tag(reader, asked, name.removeprefix(_EXISTING_TAG))
        if name.startswith(_REQUEST_TAG):
            return _tag_of(self._tags_for(asked), name.removeprefix(_REQUEST_TAG))
        if name == _REQUEST_TAG_KEYS:
            return tuple(self._tags_for(asked)) or None
        return self._said(asked.action, name, asked.version)

    def _tags_for(self, asked: _Asked) -> Mapping[str, str]:
        """Return the tags that the request is to give, if it is about those."""
        if asked.action not in _TAGGING:
            return {}
        if self.tags is not None:
            return self.tags
        if self.request.operation == "PutObjectTagging":
            self._waits_for_tags = True
            return {}
        return stated_tags(self.request) or {}

    def _said(self, action: str, name: str, version: str | None) -> Values | None:
        """Return what the request itself says under the name of a key of S3's, where that goes with the action.

        Elsewhere the same parameter or header has no meaning, and a caller could add it to come under a condition.
        """
        if name in _LISTED:
            value = self.request.query.get(name.removeprefix("s3:")) if action in _LISTING else None
        elif name == "s3:versionid":
            value = version
        elif name == "s3:x-amz-content-sha256":
            signature = self.visitor.signature
            value = self.request.header("x-amz-content-sha256") if signature is None else signature.payload
        elif name == "s3:x-amz-copy-source":
            value = self._copy_source() if action == _PUT else None
        elif name.startswith(("s3:x-amz-acl", "s3:x-amz-grant-")):
            value = self.request.header(name.removeprefix("s3:")) if action in _WITH_LIST else None
        elif name.startswith("s3:x-amz-"):
            value = self.request.header(name.removeprefix("s3:")) if action == _PUT else None
        else:
            return self._signature_age() if name == "s3:signatureage" else None
        return None if value is None else (value,)

    def _copy_source(self) -> str | None:
        try:
            return (
                named_source(self.request).text
                if copysource.HEADER.encode() in self.request.headers
                else None
            )
        except S3Error:
            return None  # What cannot be read is refused where it would be copied.

    def _signature_age(self) -> Values | None:
        """Return how long ago the request was signed by version 4, in milliseconds."""
        signature, clock = self.visitor.signature, self.guards.clock
        if signature is None:
            return None
        presented = signature.presented
        now = clock.epoch() if presented.form == "query" else clock.real_epoch()
        return (str(max(0, int((now - presented.time) * 1000))),)


def _times(clock: Clock) -> Mapping[str, Values]:
    seconds = int(clock.epoch())
    shown = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    return {"aws:currenttime": (shown,), "aws:epochtime": (str(seconds),)}


def _afresh(tx: Transaction, asked: _Asked, read: Bucket) -> _Asked:
    """Return the same question about the bucket as it is now: it may be shared no longer. `read` was just read."""
    if asked.bucket is None:
        return asked
    is_read = asked.bucket.id == read.id
    return asked._replace(bucket=read if is_read else bucket_records.by_id(tx, asked.bucket.id))


def _existing_tag(reader: Reader, asked: _Asked, tag: str) -> Values | None:
    """Return a tag of the very version that is asked about, be it in a bucket that the request names or not."""
    if asked.bucket is None:
        return None
    found = (
        object_records.of_version(reader, asked.bucket.id, asked.key, asked.version)
        if asked.version
        else object_records.latest(reader, asked.bucket.id, asked.key)
    )
    if found is None:
        return None
    return _tag_of(found.attributes.tags, tag)


def _tag_of(tags: Mapping[str, str], wanted: str) -> Values | None:
    return next(((value,) for name, value in tags.items() if name.lower() == wanted), None)


def _values(text: str | None) -> Values | None:
    return (text,) if text else None


_PUT = "s3:PutObject"
_TAGGING = frozenset({_PUT, "s3:PutObjectTagging", "s3:PutObjectVersionTagging"})
_WITH_LIST = frozenset({_PUT, "s3:PutObjectAcl", "s3:PutObjectVersionAcl"})
_LISTING = frozenset({"s3:ListBucket", "s3:ListBucketVersions"})
_LISTED = frozenset({"s3:prefix", "s3:delimiter", "s3:max-keys"})
_KEYS: Mapping[str, Callable[[S3Request, Visitor], Values | None]] = {
    "aws:sourceip": lambda request, _: (request.source_address,),
    "aws:securetransport": lambda request, _: ("true" if request.is_secure else "false",),
    "aws:useragent": lambda request, _: _values(request.header("user-agent")),
    "aws:referer": lambda request, _: _values(request.header("referer")),
    "s3:authtype": lambda _, visitor: _values(visitor.auth_type),
    "s3:signatureversion": lambda _, visitor: _values(visitor.signature_version),
}


def _arn(name: str, key: bytes | None) -> str:
    if not name:
        return "*"
    return bucket_arn(name) if key is None else object_arn(name, key)

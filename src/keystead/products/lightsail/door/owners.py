"""Owners and initiators as S3 shows them. An account's canonical id is 64 hex digits that follow from it."""

import hashlib
from functools import lru_cache

from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.request import S3Request
from keystead.products.lightsail.door.visitor import Visitor
from keystead.products.lightsail.door.xml import nested, tag


# A pure function of the account.
@lru_cache(maxsize=1024)
def canonical_id(account: str) -> str:
    """Return the canonical user id of an account."""
    return hashlib.sha256(f"keystead canonical user {account}".encode()).hexdigest()


def owner(account: str, element: str = "Owner") -> str:
    """Return the element that names an account as owner."""
    return nested(element, tag("ID", canonical_id(account)), tag("DisplayName", account))


def initiator(name: str) -> str:
    """Return the element that names who began an upload."""
    return nested("Initiator", tag("ID", name), tag("DisplayName", name.rpartition("/")[2]))


def initiator_of(visitor: Visitor) -> str:
    """Return the name under which a visitor begins an upload."""
    if visitor.principal is not None:
        return visitor.principal.arn
    return "" if visitor.credential is None else visitor.credential.id


def require_expected_owner(
    request: S3Request, bucket: Bucket | None, header: str = "x-amz-expected-bucket-owner"
) -> None:
    """Let pass a request about a bucket of the account that it expects, or that expects none. Raises S3Error.

    Source: "Verifying bucket ownership with bucket owner condition" (Amazon S3 User Guide).
    """
    expected = request.header(header)
    if expected is not None and bucket is not None and expected != bucket.account:
        raise S3Error("AccessDenied")

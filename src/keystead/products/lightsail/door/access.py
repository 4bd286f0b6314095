"""What a visitor may do: one evaluator for bucket keys, IAM principals and the rules of public objects.

Follows "Understanding bucket permissions in Amazon Lightsail" (Lightsail User Guide) and "Policy evaluation logic"
(IAM User Guide). A bucket key is a principal whose one policy allows object operations on its own bucket; there is
no special case for it in any operation. Deny on doubt.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from keystead.access.authorise import Authoriser
from keystead.access.policy import (
    Caller,
    CompiledPolicy,
    Decision,
    PolicySource,
    PrincipalPolicies,
    Request,
    RequestContext,
    ResourceSide,
    compile_policy,
    decide,
)
from keystead.access.policy.context import Late
from keystead.identity.principals import Principal
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.visitor import Visitor
from keystead.store.interface import Reader

KEY_ACTIONS: Sequence[str] = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectTagging",
    "s3:DeleteObjectVersion",
    "s3:DeleteObjectVersionTagging",
    # s3cmd asks for the rules before it shows an object, and takes no refusal; any web page may find them out.
    "s3:GetBucketCORS",
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionAttributes",
    "s3:GetObjectVersionTagging",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:PutObjectVersionAcl",
    "s3:PutObjectVersionTagging",
)
"""What a bucket key may do in its bucket: "API actions for Lightsail objects", and what clients need besides."""

# UNCONFIRMED: that read-only accounts may list.
READ_ONLY_ACTIONS = frozenset(
    {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetBucketLocation",
        "s3:ListBucket",
        "s3:ListBucketVersions",
    }
)
_PUBLIC_ACLS = frozenset({"public-read", "public-read-write"})
_PUBLIC_ACTIONS = frozenset({"s3:GetObject", "s3:GetObjectVersion"})


def bucket_arn(name: str) -> str:
    """Return a bucket's ARN in policies."""
    return f"arn:aws:s3:::{name}"


def object_arn(name: str, key: bytes) -> str:
    """Return an object's ARN in policies."""
    return f"arn:aws:s3:::{name}/{key.decode()}"


class Access:
    """Decides; the bucket it is asked about is the one that was looked up for this very request."""

    def __init__(self, authoriser: Authoriser) -> None:
        self._authoriser = authoriser

    def allows(
        self,
        reader: Reader,
        visitor: Visitor,
        bucket: Bucket | None,
        action: str,
        resource: str,
        late: Late,
        *,
        afresh: bool = False,
    ) -> bool:
        """Return whether a visitor may; `bucket` is None for one that does not exist, or for the service.

        `afresh` decides by what the reader's transaction has, and not by what is held in memory.
        """
        if visitor.credential is None:
            return False
        if visitor.principal is None:
            # The bucket that was looked up for this request is the key's own, or it is read now.
            own = bucket
            if bucket is None or bucket.id != visitor.credential.audience:
                own = bucket_records.by_id(reader, visitor.credential.audience)
            return own is not None and _decide_for_key(own, bucket, action, resource, late).is_allowed
        principal = visitor.principal
        if bucket is not None and not _is_within_reach(bucket, principal, action):
            return False
        if self._authoriser.is_above_policies(principal):
            return True
        return self._decide(reader, principal, action, resource, late, afresh=afresh).is_allowed

    def forbids(self, reader: Reader, visitor: Visitor, action: str, resource: str, late: Late) -> bool:
        """Return whether a policy of the visitor's denies outright, so that not even public access helps."""
        if visitor.principal is None or self._authoriser.is_above_policies(visitor.principal):
            return False
        decision = self._decide(reader, visitor.principal, action, resource, late, afresh=False)
        return decision.outcome == "explicitDeny"

    def _decide(
        self,
        reader: Reader,
        principal: Principal,
        action: str,
        resource: str,
        late: Late,
        *,
        afresh: bool,
    ) -> Decision:
        ask = self._authoriser.decide_again if afresh else self._authoriser.decide
        return ask(reader, principal, action, resource, late)


def _is_within_reach(bucket: Bucket, principal: Principal, action: str) -> bool:
    """Whether the bucket is of the principal's own account, or shared with that account for this action."""
    if bucket.account == principal.account:
        return True
    return principal.account in bucket.readonly_accounts and action in READ_ONLY_ACTIONS


def is_public(bucket: Bucket, acl: str, action: str) -> bool:
    """Return whether anybody may read an object of this list, by the bucket's access rules."""
    if action not in _PUBLIC_ACTIONS:
        return False
    return bucket.is_public or (bucket.allows_public_overrides and acl in _PUBLIC_ACLS)


def _decide_for_key(own: Bucket, bucket: Bucket | None, action: str, resource: str, late: Late) -> Decision:
    """Return what the built-in policy of a bucket's keys says; of a bucket that had the name before, it says no."""
    if bucket is not None and bucket.id != own.id:
        return Decision("implicitDeny", "identity")
    caller, policies, side = _key_holder(own.account, own.region, own.id, own.name)
    return decide(policies, Request(caller, action, resource, side, RequestContext(late=late)))


# A pure function of what never changes in a bucket.
@lru_cache(maxsize=10_000)
def _key_holder(
    account: str, region: str, bucket: str, name: str
) -> tuple[Caller, PrincipalPolicies, ResourceSide]:
    """Return who presents a bucket's key, what it may do, and whose bucket that is."""
    caller = Caller("user", account, f"arn:aws:lightsail:{region}:{account}:Bucket/{bucket}", bucket)
    return caller, PrincipalPolicies(identity=(_key_policy(name),)), ResourceSide(account)


def _key_policy(name: str) -> CompiledPolicy:
    statement = {
        "Effect": "Allow",
        "Action": list(KEY_ACTIONS),
        "Resource": [bucket_arn(name), bucket_arn(name) + "/*"],
    }
    own_list = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement, own_list]}
    return compile_policy(
        msgspec.json.encode(document).decode(), PolicySource("LightsailBucketAccess", "none", "")
    )

"""Access keys of buckets: create, list without the secret, delete.

Follows "Creating access keys for a bucket in Amazon Lightsail" (Lightsail User Guide) and the API reference. There
is no operation that switches such a key off; the operator can, and so `Inactive` comes to be shown.
"""

from keystead.credentials import shelf
from keystead.credentials.issue import Issuer
from keystead.credentials.kind import ACTIVE, Kind
from keystead.credentials.shelf import Credential
from keystead.credentials.usage import Usage
from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.errors import NotFound
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.finding import BUCKET, named
from keystead.products.lightsail.oplog import OperationLog
from keystead.products.lightsail.times import as_datetime
from keystead.store.interface import Reader
from keystead.types import lightsail

NEVER_USED = "N/A"


class BucketKeys:
    """The three operations on access keys of buckets."""

    def __init__(self, kind: Kind, issuer: Issuer, usage: Usage, log: OperationLog, clock: Clock) -> None:
        self._kind = kind
        self._issuer = issuer
        self._usage = usage
        self._log = log
        self._clock = clock

    @lightsail.CreateBucketAccessKey("write", resource=BUCKET)
    def create_bucket_access_key(
        self, call: Call, request: lightsail.CreateBucketAccessKeyRequest
    ) -> lightsail.CreateBucketAccessKeyResult:
        """Mint a key for a bucket. The only answer that ever holds the secret."""
        bucket = named(call, request["bucketName"])
        minted = self._issuer.mint(
            call.tx, self._kind, account=bucket.account, owner=bucket.id, audience=bucket.id
        )
        key = self._metadata(minted.credential)
        # Revealed to whoever may make keys of this bucket, once; the response leaves after the commit.
        key["secretAccessKey"] = minted.secret.reveal().decode()
        # "This object does not include data in the response of a CreateBucketAccessKey action."
        key["lastUsed"] = {}
        return {
            "accessKey": key,
            "operations": self._log.note(call, bucket.name, "CreateBucketAccessKey", minted.credential.id),
        }

    @lightsail.GetBucketAccessKeys("read", resource=BUCKET)
    def get_bucket_access_keys(
        self, call: Call, request: lightsail.GetBucketAccessKeysRequest
    ) -> lightsail.GetBucketAccessKeysResult:
        """List a bucket's keys in order of creation, with when and where each was last used."""
        bucket = named(call, request["bucketName"])
        keys = shelf.of_owner(call.reader, bucket.account, bucket.id, self._kind.name)
        return {
            "accessKeys": [
                {**self._metadata(key), "lastUsed": self._last_used(call.reader, key.id)} for key in keys
            ]
        }

    @lightsail.DeleteBucketAccessKey("write", resource=BUCKET)
    def delete_bucket_access_key(
        self, call: Call, request: lightsail.DeleteBucketAccessKeyRequest
    ) -> lightsail.DeleteBucketAccessKeyResult:
        """Delete a key for good; the next request with it is refused, also by a URL that it presigned."""
        bucket = named(call, request["bucketName"])
        key = self._key_of(call.reader, bucket, request["accessKeyId"])
        self._issuer.revoke(call.tx, key.id)
        return {"operations": self._log.note(call, bucket.name, "DeleteBucketAccessKey", key.id)}

    def _key_of(self, reader: Reader, bucket: Bucket, key_id: str) -> Credential:
        """Return a key of this bucket; any other credential, of whatever kind and account, looks like none."""
        found = shelf.find(reader, key_id)
        if found is None:
            raise NotFound("access key", key_id)
        key = found.credential
        if (key.kind, key.account, key.owner) != (self._kind.name, bucket.account, bucket.id):
            raise NotFound("access key", key_id)
        return key

    def _metadata(self, key: Credential) -> lightsail.AccessKey:
        is_good = key.status == ACTIVE and not key.is_expired(now_ms(self._clock))
        return {
            "accessKeyId": key.id,
            # The model has no word for a key that an operator let expire.
            "status": "Active" if is_good else "Inactive",
            "createdAt": as_datetime(key.created_at),
        }

    def _last_used(self, reader: Reader, key_id: str) -> lightsail.AccessKeyLastUsed:
        use = self._usage.last(reader, key_id)
        if use is None:
            return {"region": NEVER_USED, "serviceName": NEVER_USED}
        return {
            "lastUsedDate": as_datetime(use.used_at),
            "region": use.region,
            "serviceName": use.service,
        }

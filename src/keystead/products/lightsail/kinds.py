"""The kind of credential that buckets have: an access key that is good for one bucket, at the S3 door only.

Follows "Creating access keys for a bucket in Amazon Lightsail" (Lightsail User Guide): at most two for a bucket.
"""

from collections.abc import Sequence

from keystead.config.settings import Settings
from keystead.credentials.kind import Form, Kind, Quota, Storage
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import access_key_id

BUCKET_ACCESS_KEY = "lightsail.bucket-access-key"


def kinds(settings: Settings) -> Sequence[Kind]:
    """Return Lightsail's kinds."""
    del settings
    return (bucket_access_key_kind(),)


def bucket_access_key_kind() -> Kind:
    """Return the bucket access key; its owner and its audience are the unique id of its bucket."""
    return Kind(
        name=BUCKET_ACCESS_KEY,
        form=Form.KEY_PAIR,
        storage=Storage.SEALED,
        new_id=_new_id,
        quota=Quota("BucketAccessKeysPerBucket", 2),
    )


def _new_id(account: str, entropy: Entropy) -> str:
    return access_key_id("AKIA", account, entropy)

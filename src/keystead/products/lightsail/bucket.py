"""`Bucket`: one bucket, as the API and the S3 door both see it.

Follows "Buckets in Amazon Lightsail" and "Understanding bucket permissions" (Lightsail User Guide).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Versioning = Literal["NeverEnabled", "Enabled", "Suspended"]
OK_STATE = "OK"


@dataclass(frozen=True, slots=True)
class CORSRule:
    """One rule of a bucket's CORS configuration."""

    id: str
    allowed_methods: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    allowed_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Where a bucket's access log goes: a bucket of the same account and region, by name, and a prefix of keys."""

    destination: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket. Times are epoch milliseconds; `id` is never reused, while a name can be, once it is free again.

    `is_public` lets anybody read every object; `allows_public_overrides` lets an object's own list do so.
    `bundle_changed_at` is when its plan was last changed, None if it never was. `tags` keep their order;
    a tag may have no value.
    """

    id: str
    account: str
    region: str
    name: str
    created_at: int
    versioning: Versioning
    is_public: bool
    allows_public_overrides: bool
    readonly_accounts: tuple[str, ...] = ()
    cors: tuple[CORSRule, ...] = ()
    bundle: str = ""
    bundle_changed_at: int | None = None
    access_log: AccessLog | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict[str, str | None])

    @property
    def arn(self) -> str:
        """The ARN, by the unique id: a policy for a bucket is not one for the next of its name."""
        return bucket_arn(self.account, self.region, self.id)

    @property
    def support_code(self) -> str:
        """What an operator can look the bucket up by. UNCONFIRMED: AWS's form."""
        return f"{self.account}/{self.name}"

    def versioned(self, versioning: Versioning) -> "Bucket":
        """Return the bucket with versioning switched; that makes private what only an object's list made public.

        Source: "Enabling and suspending object versioning in a bucket" (Lightsail User Guide).
        """
        if versioning == self.versioning:
            return self
        return replace(self, versioning=versioning, allows_public_overrides=False)


def bucket_arn(account: str, region: str, bucket_id: str) -> str:
    """Return the ARN of a bucket; `*` for the id means any."""
    return f"arn:aws:lightsail:{region}:{account}:Bucket/{bucket_id}"

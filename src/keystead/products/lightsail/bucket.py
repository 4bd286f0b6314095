"""A bucket, as both sides of the product see it."""

from dataclasses import dataclass
from typing import Literal

Versioning = Literal["NeverEnabled", "Enabled", "Suspended"]


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
class Bucket:
    """A bucket's record, as far as the door needs it."""

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

"""The kind: an access token, a bearer that admits DNS clients to one DNS view.

Follows the Route 53 Developer Guide, "Managing access tokens for Global Resolver". The value is one DNS label,
and needs no escape in a URL: lower-case base32 of 260 bits. AWS's own alphabet is UNCONFIRMED.
"""

import base64
from datetime import timedelta

from keystead.config.settings import Settings
from keystead.credentials.kind import Form, Kind, Lifetime, Quota, Storage
from keystead.kernel.entropy import Entropy
from keystead.products.globalresolver.ids import new_id

ACCESS_TOKEN = "globalresolver.access-token"  # noqa: S105 - a kind's name.
SHORTEST, LONGEST = timedelta(days=30), timedelta(days=365)
# AWS does not say what it gives when nobody asks; it advises 90 days at most.
DEFAULT = timedelta(days=90)
UNDER_WAY = timedelta(minutes=1)
"""A request for exactly 30 days arrives a little later than it was written, and clocks differ."""
TOKEN_PATTERN = rb"[a-z2-7]{52}"


def kinds(settings: Settings) -> list[Kind]:
    """Return the kind. Its quota holds for all views of a resolver together, who is its owner."""
    return [
        Kind(
            name=ACCESS_TOKEN,
            form=Form.BEARER,
            storage=Storage.BOTH,
            new_id=_new_token_id,
            new_secret=_new_value,
            bearer_pattern=TOKEN_PATTERN,
            quota=Quota("AccessTokensPerGlobalResolver", settings.access_tokens_per_resolver),
            lifetime=Lifetime(SHORTEST - UNDER_WAY, LONGEST + UNDER_WAY, DEFAULT),
            replays=True,
        )
    ]


def _new_token_id(account: str, entropy: Entropy) -> str:
    del account
    return new_id("t", entropy)


def _new_value(entropy: Entropy) -> bytes:
    """Return 52 characters of base32: 33 random bytes make 53, of which the last is not wholly used."""
    return base64.b32encode(entropy.token_bytes(33))[:52].lower()

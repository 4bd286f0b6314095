"""What a CORS rule of a bucket can be, whichever side it comes from: Lightsail's API or the S3 door.

Follows the Lightsail User Guide, "CORS configurations of buckets", and "CORS configuration" (Amazon S3 User Guide).
"""

import re
from collections.abc import Sequence

import msgspec

from keystead.products.lightsail.bucket import CORSRule

MOST_RULES = 20
"""Lightsail's limit. S3 takes 100, which Lightsail could not show any more."""
MOST_BYTES = 65_536
_MOST_SECONDS = 2**31 - 1
# What goes into a header of an answer must fit on its line: printable ASCII without spaces.
_FIT_FOR_HEADERS = re.compile(r"[\x21-\x7e]{1,4096}")


class UnfitRule(Exception):
    """A rule that no browser could be told; the message says why."""


def require_fit(rules: Sequence[CORSRule]) -> None:
    """Raise UnfitRule for rules that cannot be kept."""
    for rule in rules:
        _require_one(rule)
    ids = [rule.id for rule in rules if rule.id]
    if len(set(ids)) != len(ids):
        raise UnfitRule("Two CORS rules have the same id.")
    if len(rules) > MOST_RULES:
        raise UnfitRule(f"There are more than {MOST_RULES} CORS rules.")
    if len(msgspec.json.encode(rules)) > MOST_BYTES:
        raise UnfitRule("The CORS configuration is larger than 64 KB.")


def _require_one(rule: CORSRule) -> None:
    if not rule.allowed_methods or not rule.allowed_origins:
        raise UnfitRule("A CORS rule must have at least one allowed method and one allowed origin.")
    if rule.max_age_seconds is not None and not 0 <= rule.max_age_seconds <= _MOST_SECONDS:
        raise UnfitRule("The maxAgeSeconds of a CORS rule must not be negative.")
    for member, texts, most_wildcards in (
        ("allowedOrigins", rule.allowed_origins, 1),
        ("allowedHeaders", rule.allowed_headers, 1),
        ("exposeHeaders", rule.expose_headers, 0),
    ):
        if any(not _FIT_FOR_HEADERS.fullmatch(text) or text.count("*") > most_wildcards for text in texts):
            raise UnfitRule(
                f"The {member} of a CORS rule hold a value that cannot be used: at most one * each."
            )

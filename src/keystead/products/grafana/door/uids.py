"""Short unique ids of what the door stores, and the slugs of titles."""

import base64
import re
import unicodedata

from keystead.kernel.entropy import Entropy
from keystead.products.grafana.door.asking import Refusal

_UID = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST = 40


def new_uid(entropy: Entropy) -> str:
    """Return a fresh uid of 14 characters."""
    return base64.b32encode(entropy.token_bytes(10)).decode().lower()[:14]


def checked_uid(uid: str) -> str:
    """Return a uid that a client chose. Raises Refusal 400."""
    if len(uid) > _LONGEST:
        raise Refusal(400, f"uid too long, max {_LONGEST} characters")
    if not _UID.fullmatch(uid):
        raise Refusal(400, "uid contains illegal characters")
    return uid


def slug(title: str) -> str:
    """Return a title as it stands in URLs: lower-case ASCII words, or base64 where nothing is left of them."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9_]+", plain))
    return words or base64.urlsafe_b64encode(title.encode(errors="replace")).decode().rstrip("=")

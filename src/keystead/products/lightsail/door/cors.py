"""Cross-origin requests: the preflight, and the headers on answers to the requests that follow.

Follows "How cross-origin resource sharing works" (Amazon Lightsail User Guide) and the Fetch standard. The first
rule that fits counts; it never takes the place of a permission.
"""

import re
from functools import lru_cache

from keystead.products.lightsail.bucket import Bucket, CORSRule
from keystead.products.lightsail.door.answer import Answer, Header
from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.request import S3Request

# The misspelling is AWS's.
_NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request"
    " method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the"
    " resource's CORS spec."
)
_VARY: Header = (
    b"vary",
    b"Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
)


def preflight(request: S3Request, bucket: Bucket | None) -> Answer:
    """Return whether a browser may send the request that it asks about. Raises S3Error."""
    origin, method = request.header("origin"), request.header("access-control-request-method")
    if not origin:
        raise S3Error("BadRequest", "Insufficient information. Origin request header needed.")
    if not method:
        raise S3Error("BadRequest", "Invalid Access-Control-Request-Method: null")
    if bucket is None or not bucket.cors:
        # One answer for a bucket without rules and for none: a preflight is signed by nobody.
        raise S3Error("AccessForbidden", Method=method, ResourceType="BUCKET")
    headers = [
        name.strip().lower()
        for name in (request.header("access-control-request-headers") or "").split(",")
        if name.strip()
    ]
    rule = _fitting(bucket, origin, method, headers)
    if rule is None:
        raise S3Error("AccessForbidden", _NOT_ALLOWED, Method=method, ResourceType="BUCKET")
    allowed = [*_allowed(rule, origin)]
    if headers:
        allowed.append((b"access-control-allow-headers", ", ".join(headers).encode("latin-1")))
    return Answer(200, allowed)


def cors_headers(request: S3Request | None, bucket: Bucket | None) -> list[Header]:
    """Return the headers that let a page read the answer to its request, an error too."""
    if request is None or bucket is None or not bucket.cors or request.method == "OPTIONS":
        return []
    origin = request.header("origin")
    rule = None if not origin else _fitting(bucket, origin, request.method, [])
    return [] if rule is None or not origin else _allowed(rule, origin)


def _allowed(rule: CORSRule, origin: str) -> list[Header]:
    is_open = "*" in rule.allowed_origins
    shown = [
        (b"access-control-allow-origin", b"*" if is_open else origin.encode("latin-1")),
        (b"access-control-allow-methods", ", ".join(rule.allowed_methods).encode("latin-1")),
    ]
    if not is_open:
        shown.append((b"access-control-allow-credentials", b"true"))
    if rule.expose_headers:
        shown.append((b"access-control-expose-headers", ", ".join(rule.expose_headers).encode("latin-1")))
    if rule.max_age_seconds is not None:
        shown.append((b"access-control-max-age", b"%d" % rule.max_age_seconds))
    return [*shown, _VARY]


def _fitting(bucket: Bucket, origin: str, method: str, headers: list[str]) -> CORSRule | None:
    for rule in bucket.cors:
        if (
            method in rule.allowed_methods
            and any(_pattern(each).fullmatch(origin) for each in rule.allowed_origins)
            and all(_allows_header(rule, name) for name in headers)
        ):
            return rule
    return None


def _allows_header(rule: CORSRule, name: str) -> bool:
    return any(_pattern(each.lower()).fullmatch(name) for each in rule.allowed_headers)


# A pure function of the text.
@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of a text in which `*` stands for anything."""
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)

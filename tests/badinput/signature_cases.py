"""Requests whose authentication is wrong: one row each of facts/bad-inputs.md, "SigV4 / STS / IAM", and more.

All ask who is calling, which every good credential may: whatever is refused here is refused for its signature.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from badinput.cases import Case, Stage
from badinput.wire import Sent, form, presigned, signed
from iam.answers import NO_TOKEN
from support.running import Key

ASK = form("GetCallerIdentity")
MISMATCH = re.escape(
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)
INVALID_TOKEN = re.escape(NO_TOKEN)
UNKNOWN = "AKIARZPUZDIKAAAAAAAA"


def ask(stage: Stage, **signing: Any) -> Sent:
    return signed(stage.url, stage.user, ASK, **signing)


def as_key(key_id: str, secret: str = "x" * 40) -> Any:
    """Return what asks with this key id, properly signed with a secret that was never issued for it."""
    return lambda stage: signed(stage.url, Key(key_id, secret), ASK)


def shifted(minutes: float, service: str = "sts") -> Any:
    """Return what asks with a clock that goes wrong by so many minutes."""

    def build(stage: Stage) -> Sent:
        content = ASK if service == "sts" else form("GetUser", "iam")
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        return signed(stage.url, stage.user, content, service=service, at=at)

    return build


def credential(build_scope: Any) -> Any:
    """Return what asks with its credential's scope replaced; `build_scope` gets the five parts."""

    def build(stage: Stage) -> Sent:
        sent = ask(stage)
        whole = re.search(r"Credential=([^,]+)", sent.header("Authorization")).group(1)
        return sent.altered(whole, "/".join(build_scope(whole.split("/"))))

    return build


def _flipped(stage: Stage) -> Sent:
    sent = ask(stage)
    signature = sent.header("Authorization")[-64:]
    return sent.altered(signature, signature[:-1] + ("0" if signature[-1] != "0" else "1"))


def _no_signature(stage: Stage) -> Sent:
    sent = ask(stage)
    return sent.with_header("Authorization", sent.header("Authorization")[:-64])


def _header(authorization: str) -> Any:
    return lambda stage: ask(stage).with_header("Authorization", authorization)


def _without_part(part: str) -> Any:
    def build(stage: Stage) -> Sent:
        sent = ask(stage)
        kept = re.sub(rf"(, )?{part}=[^,]*", "", sent.header("Authorization")).replace("256 , ", "256 ")
        return sent.with_header("Authorization", kept)

    return build


def _two_mechanisms(stage: Stage) -> Sent:
    in_query = presigned(stage.url, stage.user, "Action=GetCallerIdentity&Version=2011-06-15")
    return signed(stage.url, stage.user, b"", method="GET", target=in_query.target)


def _presigned(seconds: int) -> Any:
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    return lambda stage: presigned(stage.url, stage.user, query, seconds=seconds)


def _presigned_altered(old: str, new: str) -> Any:
    def build(stage: Stage) -> Sent:
        sent = _presigned(60)(stage)
        assert old in sent.target
        return sent.with_target(sent.target.replace(old, new))

    return build


def _presigned_then(more: str) -> Any:
    def build(stage: Stage) -> Sent:
        sent = _presigned(60)(stage)
        return sent.with_target(sent.target + more)

    return build


def _unsigned_query(stage: Stage) -> Sent:
    sent = _presigned(60)(stage)
    return sent.with_target("/?Action=GetCallerIdentity&Version=2011-06-15")


_403 = 403, "SignatureDoesNotMatch"
_400 = 400, "IncompleteSignature"
_TOKEN = 403, "InvalidClientTokenId", INVALID_TOKEN
_NONE = 403, "MissingAuthenticationToken", "Request is missing Authentication Token"

SIGNATURE_CASES = [
    # The signature itself.
    Case("wrong secret", lambda stage: as_key(stage.user.id)(stage), *_403, MISMATCH),
    Case("another user's secret", lambda s: as_key(s.user.id, s.other.secret)(s), *_403, MISMATCH),
    Case("last digit flipped", _flipped, *_403, MISMATCH),
    Case("signature in upper case", lambda s: _upper(ask(s)), *_403, MISMATCH),
    Case("signature cut short", lambda s: _cut(ask(s)), *_403, MISMATCH),
    Case("empty signature", _no_signature, *_400, "Authorization header requires 'Signature' parameter.+"),
    # The key.
    Case("unknown key", as_key(UNKNOWN), *_TOKEN),
    Case("unknown key of another account", as_key("AKIAY34FZKBOKMUTVV7A"), *_TOKEN),
    Case("temporary key without its token", as_key("ASIARZPUZDIKAAAAAAAA"), *_TOKEN),
    Case("test / test", as_key("test", "test"), *_TOKEN),
    Case("12 digits as key id", as_key("123456789012", "test"), *_TOKEN),
    Case("12 zeros as key id", as_key("000000000000", "000000000000"), *_TOKEN),
    Case("the documentation's example", as_key("AKIAIOSFODNN7EXAMPLE"), *_TOKEN),
    Case("user name as key id", lambda stage: as_key(stage.user_name, stage.user.secret)(stage), *_TOKEN),
    Case("key id in lower case", lambda s: as_key(s.user.id.lower(), s.user.secret)(s), *_TOKEN),
    Case("key id with a blank after it", lambda s: as_key(s.user.id + " ", s.user.secret)(s), *_TOKEN),
    Case("key id with an escape", lambda s: as_key(s.user.id[:-1] + "%25", s.user.secret)(s), *_TOKEN),
    Case("key id as SQL", as_key("AKIA' OR '1'='1"), *_TOKEN),
    Case("key id of 4,000 letters", as_key("A" * 4000), *_TOKEN),
    Case("token with a long-term key", lambda s: _with_token(s, "x" * 100), *_TOKEN),
    Case(
        "unsigned token with a long-term key", lambda s: ask(s).adding("X-Amz-Security-Token", "x"), *_TOKEN
    ),
    # The clock.
    Case(
        "20 minutes slow, STS",
        shifted(-20),
        *_403,
        r"Signature expired: \S+ is now earlier than \S+ .+15 min\.\)",
    ),
    Case(
        "20 minutes fast, STS",
        shifted(+20),
        *_403,
        r"Signature not yet current: \S+ is still later than \S+ .+15 min\.\)",
    ),
    Case("20 minutes slow, IAM", shifted(-20, "iam"), *_403, r"Signature expired: .+"),
    Case("20 minutes fast, IAM", shifted(+20, "iam"), *_403, r"Signature not yet current: .+"),
    Case("a week slow", shifted(-7 * 24 * 60), *_403, r"Signature expired: .+"),
    Case(
        "no date",
        lambda s: ask(s).without("X-Amz-Date"),
        *_400,
        ".*either a 'X-Amz-Date' or a 'Date' header.+",
    ),
    Case(
        "date that is none",
        lambda s: ask(s).with_header("X-Amz-Date", "yesterday"),
        *_400,
        "Date must be in ISO-8601 'basic format'. Got 'yesterday'.+",
    ),
    Case("date changed by a second", lambda s: _one_second_later(ask(s)), *_403, MISMATCH),
    Case(
        "date of another day than the scope",
        credential(lambda parts: [parts[0], "20200101", *parts[2:]]),
        *_403,
        r"Date in Credential scope does not match YYYYMMDD .+",
    ),
    # The scope.
    Case(
        "scope of a region that is none",
        lambda s: ask(s, region="mars-north-1"),
        *_403,
        "Credential should be scoped to a valid Region, not 'mars-north-1'. ",
    ),
    Case(
        "scope of another partition's region",
        lambda s: ask(s, region="cn-north-1"),
        *_403,
        ".+, not 'cn-north-1'. ",
    ),
    Case(
        "scope of another region than signed",
        credential(lambda p: [*p[:2], "eu-west-1", *p[3:]]),
        *_403,
        MISMATCH,
    ),
    Case(
        "scope of s3",
        lambda s: ask(s, service="s3"),
        *_403,
        "Credential should be scoped to correct service: 'sts'. ",
    ),
    Case(
        "scope of iam",
        lambda s: ask(s, service="iam"),
        *_403,
        "Credential should be scoped to correct service.+",
    ),
    Case(
        "scope with another end",
        credential(lambda parts: [*parts[:4], "aws5_request"]),
        *_403,
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
    ),
    Case(
        "scope of six parts",
        credential(lambda parts: [*parts, "more"]),
        *_400,
        "Credential must have exactly 5 slash-delimited elements, .+",
    ),
    Case(
        "scope of four parts", credential(lambda parts: parts[:4]), *_400, "Credential must have exactly 5 .+"
    ),
    # What was signed.
    Case(
        "altered body",
        lambda s: ask(s).with_body(b"Action=GetCallerIdentity&Version=2011-06-15&x=1"),
        *_403,
        MISMATCH,
    ),
    Case(
        "body taken away",
        lambda s: (
            signed(s.url, s.user, b"")
            .with_body(b"Action=GetCallerIdentity&Version=2011-06-15")
            .adding("Content-Type", "application/x-www-form-urlencoded")
        ),
        *_403,
        MISMATCH,
    ),
    Case("query added", lambda s: ask(s).with_target("/?x=1"), *_403, MISMATCH),
    Case("another host", lambda s: ask(s).with_header("Host", "iam.amazonaws.com"), *_403, MISMATCH),
    Case(
        "unsigned host",
        lambda s: ask(s, unsigned=frozenset({"host"})),
        *_403,
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    Case(
        "unsigned x-amz-date",
        lambda s: ask(s, unsigned=frozenset({"x-amz-date"})),
        *_403,
        "'x-amz-date' must be .+",
    ),
    Case(
        "unsigned x-amz header", lambda s: ask(s).adding("X-Amz-More", "1"), *_403, "'x-amz-more' must be .+"
    ),
    Case(
        "signed header that is absent",
        lambda s: ask(s, headers={"X-Amz-More": "1"}).without("X-Amz-More"),
        *_403,
        MISMATCH,
    ),
    # The header's form.
    Case("no Authorization", lambda s: ask(s).without("Authorization"), *_NONE),
    Case("garbage", _header("AWS4-HMAC-SHA256 garbage"), *_400, "'garbage' not a valid key=value pair .+"),
    Case("algorithm alone", _header("AWS4-HMAC-SHA256"), *_400),
    Case("empty Authorization", _header(""), *_400),
    Case("algorithm in lower case", lambda s: ask(s).altered("AWS4-HMAC-SHA256", "aws4-hmac-sha256"), *_400),
    Case("SigV4a", lambda s: ask(s).altered("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), *_400),
    Case(
        "no Credential", _without_part("Credential"), *_400, "Authorization header requires 'Credential' .+"
    ),
    Case("no SignedHeaders", _without_part("SignedHeaders"), *_400, "Authorization .+ 'SignedHeaders' .+"),
    Case("no Signature", _without_part("Signature"), *_400, "Authorization header requires 'Signature' .+"),
    Case(
        "signed headers out of order",
        lambda s: ask(s).altered("content-type;host", "host;content-type"),
        *_400,
    ),
    Case("signed header twice", lambda s: ask(s).altered(";host;", ";host;host;"), *_400),
    Case("two signatures", lambda s: _twice(ask(s), "Signature=" + "0" * 64), *_400),
    Case("bearer", _header("Bearer glsa_abcdef"), *_400),
    Case("basic", _header("Basic dGVzdDp0ZXN0"), *_400),
    Case("two Authorization headers, good first", lambda s: ask(s).adding("Authorization", "garbage"), *_400),
    Case("two Authorization headers, good last", lambda s: _bad_first(ask(s)), *_400),
    Case("Authorization in two halves", lambda s: _in_halves(ask(s)), *_400),
    Case(
        "the same Authorization twice",
        lambda s: ask(s).adding("Authorization", ask(s).header("Authorization")),
        *_400,
    ),
    # The query form.
    Case("in header and query", _two_mechanisms, *_400, "Only one auth mechanism allowed; .+"),
    Case(
        "presigned for over a week",
        _presigned(604801),
        400,
        "AuthorizationQueryParametersError",
        "X-Amz-Expires must be less than a week .+",
    ),
    Case(
        "presigned for no time",
        _presigned(0),
        400,
        "AuthorizationQueryParametersError",
        "X-Amz-Expires must be non-negative",
    ),
    Case(
        "presigned for a time that is none",
        _presigned_altered("X-Amz-Expires=60", "X-Amz-Expires=a"),
        400,
        "AuthorizationQueryParametersError",
        "X-Amz-Expires should be a number",
    ),
    Case(
        "presigned and prolonged", _presigned_altered("X-Amz-Expires=60", "X-Amz-Expires=61"), *_403, MISMATCH
    ),
    Case(
        "presigned for another action",
        _presigned_altered("GetCallerIdentity", "GetSessionToken"),
        *_403,
        MISMATCH,
    ),
    Case("presigned, a parameter added", _presigned_then("&x=1"), *_403, MISMATCH),
    Case("presigned, a second signature", _presigned_then("&X-Amz-Signature=" + "0" * 64), *_400),
    Case("presigned, a token added", _presigned_then("&X-Amz-Security-Token=x"), *_TOKEN),
    Case("presigned without a date", _presigned_altered("X-Amz-Date", "X-Amz-Dote"), *_400),
    Case("query without any signature", _unsigned_query, *_NONE),
    Case(
        "SigV2",
        lambda s: _unsigned_query(s).with_target(
            f"/?Action=GetCallerIdentity&Version=2011-06-15&AWSAccessKeyId={s.user.id}&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x&Expires=9999999999"
        ),
        *_NONE,
    ),
]


def _upper(sent: Sent) -> Sent:
    signature = sent.header("Authorization")[-64:]
    # A signature of digits alone has no upper case; one of a letter is made.
    return sent.altered(
        signature, signature.upper() if signature.upper() != signature else "A" + signature[1:]
    )


def _cut(sent: Sent) -> Sent:
    return sent.with_header("Authorization", sent.header("Authorization")[:-1])


def _with_token(stage: Stage, token: str) -> Sent:
    return signed(stage.url, Key(stage.user.id, stage.user.secret, token), ASK)


def _one_second_later(sent: Sent) -> Sent:
    date = sent.header("X-Amz-Date")
    second = (int(date[-3:-1]) + 1) % 60
    return sent.with_header("X-Amz-Date", f"{date[:-3]}{second:02}Z")


def _twice(sent: Sent, more: str) -> Sent:
    return sent.with_header("Authorization", f"{sent.header('Authorization')}, {more}")


def _bad_first(sent: Sent) -> Sent:
    return (
        sent.without("Authorization")
        .adding("Authorization", "garbage")
        .adding("Authorization", sent.header("Authorization"))
    )


def _in_halves(sent: Sent) -> Sent:
    """Return a request whose two Authorization headers, joined by a comma, are the right one."""
    head, _, tail = sent.header("Authorization").partition(", ")
    return sent.without("Authorization").adding("Authorization", head).adding("Authorization", tail)

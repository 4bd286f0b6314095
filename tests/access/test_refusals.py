"""The exact code, status and words of every refusal, in every protocol family."""

import time

import pytest
from sigv4_requests import IAM, KEY_ID, S3, SSM, Sent, sign, verify

from keystead.access.refusals import Answer, answer, denied
from keystead.access.sigv4 import Reason, Refused, ServiceRules

INVALID_TOKEN = "The security token included in the request is invalid."
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)
S3_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your key and "
    "signing method."
)
S3_UNKNOWN = "The AWS Access Key Id you provided does not exist in our records."


def refusal(sent: Sent, rules: ServiceRules, **how: object) -> Refused:
    with pytest.raises(Refused) as refused:
        verify(sent, rules, **how)  # type: ignore[arg-type]
    return refused.value


def line(refused: Refused, family: str) -> tuple[int, str, str]:
    told = answer(refused, family)  # type: ignore[arg-type]
    return told.status, told.code, told.message


def basic(seconds: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def changed(sent: Sent, old: bytes, new: bytes) -> Sent:
    header = sent.header(b"authorization")
    return sent.with_header(b"authorization", header.replace(old, new, 1))


@pytest.mark.parametrize("family", ["query", "json", "rest-json", "s3"])
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_an_answer_in_every_family(reason: Reason, family: str) -> None:
    told = answer(Refused(reason), family)  # type: ignore[arg-type]

    assert told.code
    assert told.status in (400, 403)
    assert told.message
    assert "{" not in told.message


@pytest.mark.parametrize(
    ("reason", "query", "json", "s3"),
    [
        (
            Reason.MISSING_AUTHENTICATION,
            (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
            ("MissingAuthenticationTokenException", "Missing Authentication Token"),
            (403, "AccessDenied", "Access Denied"),
        ),
        *(
            (
                reason,
                (403, "InvalidClientTokenId", INVALID_TOKEN),
                ("UnrecognizedClientException", INVALID_TOKEN),
                (403, "InvalidAccessKeyId", S3_UNKNOWN),
            )
            for reason in (Reason.UNKNOWN_KEY, Reason.INACTIVE_KEY, Reason.MISSING_TOKEN)
        ),
        (
            Reason.BAD_TOKEN,
            (403, "InvalidClientTokenId", INVALID_TOKEN),
            ("UnrecognizedClientException", INVALID_TOKEN),
            (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
        ),
        (
            Reason.EXPIRED_SESSION,
            (403, "ExpiredToken", "The security token included in the request is expired"),
            ("ExpiredTokenException", "The security token included in the request is expired"),
            (400, "ExpiredToken", "The provided token has expired."),
        ),
        (
            Reason.SIGNATURE_MISMATCH,
            (403, "SignatureDoesNotMatch", MISMATCH),
            ("InvalidSignatureException", MISMATCH),
            (403, "SignatureDoesNotMatch", S3_MISMATCH),
        ),
    ],
)
def test_fixed_answers(reason: Reason, query: tuple, json: tuple, s3: tuple) -> None:
    refused = Refused(reason, key_id=KEY_ID)

    assert line(refused, "query") == query
    assert line(refused, "json") == (400, *json)
    assert line(refused, "rest-json") == (403, *json)
    assert line(refused, "s3") == s3


def test_unknown_key_at_s3_names_the_key() -> None:
    refused = refusal(sign(S3, key_id="AKIANOBODY"), S3)

    assert answer(refused, "s3").members == (("AWSAccessKeyId", "AKIANOBODY"),)


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        (
            "AWS4-HMAC-SHA256 garbage",
            "'garbage' not a valid key=value pair (missing equal-sign) in Authorization header: "
            "'AWS4-HMAC-SHA256 garbage'",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/20260102/us-east-1/iam/extra/aws4_request, SignedHeaders=host, "
            "Signature=0",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            "got 'a/20260102/us-east-1/iam/extra/aws4_request'",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=",
            "Authorization header requires 'Signature' parameter. (Hashed with SHA-256 and encoded with Base64) "
            "Authorization=XR/fbFDyMLvp4EfW9czvkKaCQmXaDQV/uubGZYwE0yM=",
        ),
    ],
)
def test_malformed_header(authorization: str, message: str) -> None:
    refused = refusal(sign(IAM).with_header(b"authorization", authorization.encode()), IAM)

    assert line(refused, "query") == (400, "IncompleteSignature", message)
    assert line(refused, "json") == (400, "IncompleteSignatureException", message)
    assert line(refused, "rest-json") == (403, "IncompleteSignatureException", message)
    told = line(refused, "s3")
    assert told[:2] == (400, "AuthorizationHeaderMalformed")
    assert told[2].startswith("The authorization header is malformed; ")


def test_everything_missing_is_listed_in_order() -> None:
    sent = (
        sign(IAM)
        .with_header(b"authorization", b"AWS4-HMAC-SHA256 Credential=")
        .with_header(b"x-amz-date", None)
    )

    message = answer(refusal(sent, IAM), "query").message

    assert message.startswith(
        "Authorization header requires 'Credential' parameter. "
        "Authorization header requires 'Signature' parameter. "
        "Authorization header requires 'SignedHeaders' parameter. "
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        "(Hashed with SHA-256 and encoded with Base64) Authorization="
    )


def test_unreadable_date() -> None:
    refused = refusal(sign(IAM).with_header(b"x-amz-date", b"2026-01-02"), IAM)
    message = "Date must be in ISO-8601 'basic format'. Got '2026-01-02'. See http://en.wikipedia.org/wiki/ISO_8601."

    assert line(refused, "query") == (400, "IncompleteSignature", message)
    assert line(refused, "s3")[:2] == (403, "AccessDenied")


def test_two_mechanisms() -> None:
    refused = refusal(sign(S3).also(b"authorization", b"x"), S3)
    message = (
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
        "parameter or the Authorization header should be specified"
    )

    assert line(refused, "s3") == (400, "InvalidArgument", message)
    assert line(refused, "query") == (400, "IncompleteSignature", message)


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (0, "X-Amz-Expires must be non-negative"),
        (
            604_801,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
            "less than 604800 seconds",
        ),
        ("soon", "X-Amz-Expires should be a number"),
    ],
)
def test_presigned_life_out_of_bounds(seconds: int, message: str) -> None:
    refused = refusal(sign(S3, method="GET", presigned_seconds=seconds), S3)

    assert line(refused, "s3") == (400, "AuthorizationQueryParametersError", message)
    assert line(refused, "query") == (400, "AuthorizationQueryParametersError", message)


@pytest.mark.parametrize(("rules", "minutes"), [(IAM, 15), (SSM, 5)])
def test_stale_and_early_timestamps(rules: ServiceRules, minutes: int) -> None:
    sent = sign(rules)
    signed = sent.header(b"x-amz-date").decode()
    at = verify(sent, rules).presented.time
    window = minutes * 60

    stale = refusal(sent, rules, late_seconds=1200)
    early = refusal(sent, rules, late_seconds=-1200)

    expired = (
        f"Signature expired: {signed} is now earlier than {basic(at + 1200 - window)} "
        f"({basic(at + 1200)} - {minutes} min.)"
    )
    not_yet = (
        f"Signature not yet current: {signed} is still later than {basic(at - 1200 + window)} "
        f"({basic(at - 1200)} + {minutes} min.)"
    )
    assert line(stale, "query") == (403, "SignatureDoesNotMatch", expired)
    assert line(early, "query") == (403, "SignatureDoesNotMatch", not_yet)
    assert line(stale, "json") == (400, "InvalidSignatureException", expired)
    assert line(early, "rest-json") == (403, "InvalidSignatureException", not_yet)


def test_skewed_request_at_s3() -> None:
    sent = sign(S3)
    signed = sent.header(b"x-amz-date").decode()
    server_time = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(verify(sent, S3).presented.time + 1200))

    told = answer(refusal(sent, S3, late_seconds=1200), "s3")

    assert told == Answer(
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
        (("RequestTime", signed), ("ServerTime", server_time), ("MaxAllowedSkewMilliseconds", "900000")),
    )


def test_presigned_request_too_late_and_too_early_at_s3() -> None:
    sent = sign(S3, method="GET", presigned_seconds=60)

    expired = answer(refusal(sent, S3, late_seconds=61), "s3")
    early = answer(refusal(sent, S3, late_seconds=-1200), "s3")

    assert (expired.status, expired.code, expired.message) == (403, "AccessDenied", "Request has expired")
    assert [name for name, _ in expired.members] == ["X-Amz-Expires", "Expires", "ServerTime"]
    assert expired.members[0][1] == "60"
    assert expired.members[1][1] < expired.members[2][1]
    assert (early.status, early.code, early.message) == (403, "AccessDenied", "Request is not yet valid")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"/us-east-1/", b"/mars-1/", "Credential should be scoped to a valid Region, not 'mars-1'. "),
        (b"/iam/", b"/s3/", "Credential should be scoped to correct service: 'iam'. "),
        (
            b"aws4_request",
            b"aws4",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4'.",
        ),
        (b"=host;x-", b"=x-", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
        (b";x-amz-date", b"", "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization."),
        (b"host;x-amz", b"host;nobody;x-amz", MISMATCH),
    ],
)
def test_scope_and_signed_headers(old: bytes, new: bytes, message: str) -> None:
    refused = refusal(changed(sign(IAM), old, new), IAM)

    assert line(refused, "query") == (403, "SignatureDoesNotMatch", message)
    assert line(refused, "json") == (400, "InvalidSignatureException", message)


def test_scope_date() -> None:
    sent = sign(IAM)
    signed = sent.header(b"x-amz-date").decode()
    day = signed[:8]
    message = (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        f"'19990101' != '{day}', from '{signed}'."
    )

    refused = refusal(changed(sent, day.encode() + b"/", b"19990101/"), IAM)

    assert line(refused, "query") == (403, "SignatureDoesNotMatch", message)


def test_wrong_region_at_s3_names_the_right_one() -> None:
    header = answer(refusal(sign(S3, region="us-east-1"), S3), "s3")
    query = answer(refusal(sign(S3, region="us-east-1", method="GET", presigned_seconds=9), S3), "s3")

    region = (("Region", "eu-west-1"),)
    wrong = "the region 'us-east-1' is wrong; expecting 'eu-west-1'"
    malformed = f"The authorization header is malformed; {wrong}"
    assert header == Answer("AuthorizationHeaderMalformed", 400, malformed, region)
    unparsed = f"Error parsing the X-Amz-Credential parameter; {wrong}"
    assert query == Answer("AuthorizationQueryParametersError", 400, unparsed, region)


def test_unsigned_headers_at_s3_are_named() -> None:
    sent = sign(S3).also(b"x-amz-storage-class", b"GLACIER").also(b"x-amz-acl", b"public-read")

    told = answer(refusal(sent, S3), "s3")

    assert (told.status, told.code) == (403, "AccessDenied")
    assert told.message == "There were headers present in the request which were not signed"
    assert told.members == (("HeadersNotSigned", "x-amz-acl, x-amz-storage-class"),)


def test_mismatch_at_s3_shows_what_was_signed() -> None:
    sent = sign(S3, method="PUT", target="/b/k", body=b"x", secret="wrong")

    members = dict(answer(refusal(sent, S3), "s3").members)

    assert members["AWSAccessKeyId"] == KEY_ID
    assert members["CanonicalRequest"].startswith("PUT\n/b/k\n\nhost:")
    assert bytes.fromhex(members["CanonicalRequestBytes"]).decode() == members["CanonicalRequest"]
    assert members["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
    assert bytes.fromhex(members["StringToSignBytes"]).decode() == members["StringToSign"]
    assert sent.header(b"authorization").decode().endswith(members["SignatureProvided"])


def test_what_a_caller_sent_is_quoted_short_and_printable() -> None:
    header = b"AWS4-HMAC-SHA256 \x01\xff" + b"x" * 9000

    message = answer(refusal(sign(IAM).with_header(b"authorization", header), IAM), "query").message

    assert message.startswith("'?\xffxxx")
    assert len(message) < 2200


def test_quoted_header_keeps_its_signature_to_itself() -> None:
    sent = sign(IAM)
    header = sent.header(b"authorization")

    message = answer(refusal(sent.with_header(b"authorization", header + b", oops"), IAM), "query").message

    assert "'oops' not a valid key=value pair" in message
    assert header[-64:].decode() not in message


def test_denied_has_a_code_per_family() -> None:
    assert denied("No.", "query") == Answer("AccessDenied", 403, "No.")
    assert denied("No.", "json") == Answer("AccessDeniedException", 400, "No.")
    assert denied("No.", "rest-json") == Answer("AccessDeniedException", 403, "No.")
    assert denied("No.", "s3") == Answer("AccessDenied", 403, "No.")

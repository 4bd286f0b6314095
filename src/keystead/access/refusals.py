"""What a refused caller is told: one table from reason and protocol family to code, status and words.

Follows "Troubleshoot Signature Version 4 requests" (IAM User Guide), "Error responses" (Amazon S3 API
Reference) and answers of AWS quoted in public issues. The protocol layer puts an `Answer` on the wire and
adds `x-amzn-errortype`, request and host ids itself. The table is at the end, one entry per reason.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from keystead.access.sigv4 import Mismatch, Reason, Refused

Family = Literal["query", "json", "rest-json", "s3"]

# UNCONFIRMED for Grafana and Route 53 Global Resolver: other rest-json services answer every authentication
# fault with this status, malformed headers included.
REST_JSON_STATUS = 403
# UNCONFIRMED: wording made after the confirmed one for `Host`.
HEADERS_NOT_SIGNED_TEXT = "'{first}' must be a 'SignedHeader' in the AWS Authorization."
# UNCONFIRMED: AWS's words for these are not known.
UNSUPPORTED_ALGORITHM_TEXT = "Unsupported AWS 'algorithm': '{algorithm}'."
UNEXPECTED_PARAMETER_TEXT = "'{name}' is repeated or not expected in an AWS Authorization."
SIGNED_HEADERS_FORM_TEXT = (
    "'SignedHeaders' must be lower-case names, sorted, each once, joined by semicolons."
)
# UNCONFIRMED outside S3: a wrong X-Amz-Expires is answered with S3's code and words in every family.
EXPIRES_CODE = "AuthorizationQueryParametersError"
# UNCONFIRMED: the final blanks stand in the published texts.
SCOPE_REGION_TEXT = "Credential should be scoped to a valid Region, not '{given}'. "
SCOPE_SERVICE_TEXT = "Credential should be scoped to correct service: '{expected}'. "
# UNCONFIRMED: S3's words for a life of zero seconds; a negative one is answered with them.
EXPIRES_NEGATIVE_TEXT = "X-Amz-Expires must be non-negative"


@dataclass(frozen=True, slots=True)
class Answer:
    """An error as a caller sees it. `members` are further elements of S3's error document, in order."""

    code: str
    status: int
    message: str
    members: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What one family says to one reason. Templates are filled in from the refusal's details."""

    code: str
    status: int
    message: str
    members: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What every family says to one reason.

    `s3_query` takes the place of `s3` for presigned requests, where S3 has other words for the same fault.
    """

    query: Row
    json: Row
    s3: Row
    s3_query: Row | None = None


def answer(refused: Refused, family: Family) -> Answer:
    """Return what to tell a caller of a protocol family about a refusal. Every reason has an answer."""
    entry = ANSWERS[refused.reason]
    if family == "s3":
        return _s3_answer(refused, entry)
    row = entry.query if family == "query" else entry.json
    status = REST_JSON_STATUS if family == "rest-json" else row.status
    # Most texts hold no detail, and a flood of bad signatures should not pay for finding that out.
    text = row.message.format_map(_words(refused)) if "{" in row.message else row.message
    return Answer(row.code, status, text)


def denied(message: str, family: Family) -> Answer:
    """Return the answer to an authenticated caller who may not do this; `message` is the decision's text."""
    if family in ("query", "s3"):
        return Answer("AccessDenied", 403, message)
    return Answer("AccessDeniedException", REST_JSON_STATUS if family == "rest-json" else 400, message)


def throttled(family: Family) -> Answer:
    """Return the answer to an account that makes too many requests, where the operation's model lists none."""
    return THROTTLED[family]


def _s3_answer(refused: Refused, entry: Entry) -> Answer:
    is_presigned = refused.details.get("form") == "query"
    row = entry.s3_query if entry.s3_query is not None and is_presigned else entry.s3
    words = _words(refused)
    members = tuple((name, value.format_map(words)) for name, value in row.members)
    if isinstance(refused, Mismatch):
        members += _what_was_signed(refused)
    return Answer(row.code, row.status, row.message.format_map(words), members)


def _what_was_signed(mismatch: Mismatch) -> tuple[tuple[str, str], ...]:
    # Unlike AWS, session tokens are masked here as everywhere: an answer ends up in logs of clients.
    canonical, to_sign = mismatch.canonical_request(), mismatch.string_to_sign()
    return (
        ("StringToSign", _printable(to_sign.decode("latin-1"))),
        ("SignatureProvided", _printable(mismatch.signature_provided)),
        ("StringToSignBytes", to_sign.hex(" ")),
        ("CanonicalRequest", _printable(canonical.decode("utf-8", "replace"))),
        ("CanonicalRequestBytes", canonical.hex(" ")),
    )


def _words(refused: Refused) -> Mapping[str, str]:
    """Return the details for the templates: what a caller sent is cut and made printable before it is quoted."""
    # A detail that nobody gave is left blank: a poorer answer, but an answer.
    words: defaultdict[str, str] = defaultdict(str)
    for name, value in refused.details.items():
        words[name] = _printable(value)[:MAX_QUOTED_CHARACTERS]
    missing = refused.details.get("missing", "").split(",")
    sentences = [f"Authorization header requires '{name}' parameter." for name in missing]
    if refused.details.get("date") == "missing":
        sentences.append(_NO_DATE)
    words["header_requires"] = " ".join(sentences)
    words["query_requires"] = " ".join(
        [f"AWS query-string parameters must include '{name}'." for name in missing]
    )
    return words


def _printable(text: str) -> str:
    # Neither XML nor a terminal should have to cope with control characters out of a forged header.
    return _CONTROL.sub("?", text)


def _everywhere(kind: tuple[str, int, str], text: str, s3: Row, s3_query: Row | None = None) -> Entry:
    """Return an entry with the same words for query and json; `kind` is code, status and json's code."""
    code, status, json_code = kind
    return Entry(Row(code, status, text), Row(json_code, 400, text), s3, s3_query)


THROTTLED: Mapping[Family, Answer] = {
    "query": Answer("Throttling", 400, "Rate exceeded"),
    "json": Answer("ThrottlingException", 400, "Rate exceeded"),
    "rest-json": Answer("ThrottlingException", 429, "Rate exceeded"),
    "s3": Answer("SlowDown", 503, "Please reduce your request rate."),
}
"""AWS's common errors ("Common error types" of each service's API reference; S3: "List of error codes")."""
MAX_QUOTED_CHARACTERS = 1024
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_INCOMPLETE = ("IncompleteSignature", 400, "IncompleteSignatureException")
_UNKNOWN = ("InvalidClientTokenId", 403, "UnrecognizedClientException")
_EXPIRED = ("ExpiredToken", 403, "ExpiredTokenException")
_WRONG = ("SignatureDoesNotMatch", 403, "InvalidSignatureException")
_PRESIGN = (EXPIRES_CODE, 400, EXPIRES_CODE)

_TOKEN_INVALID = "The security token included in the request is invalid."  # noqa: S105
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)
_HASHED = "(Hashed with SHA-256 and encoded with Base64) Authorization={header_hash}"
_NO_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
_TOO_EARLY = "Signature expired: {request_time} is now earlier than {edge} ({now} - {minutes} min.)"
_TOO_LATE = "Signature not yet current: {request_time} is still later than {edge} ({now} + {minutes} min.)"
_ONE_MECHANISM = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
    "parameter or the Authorization header should be specified"
)
_ISO_BASIC = (
    "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601."
)
_CREDENTIAL_PARTS = (
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
    "got '{credential}'"
)


def _s3_header(text: str, *members: tuple[str, str]) -> Row:
    return Row("AuthorizationHeaderMalformed", 400, f"The authorization header is malformed; {text}", members)


def _s3_query(text: str, *members: tuple[str, str]) -> Row:
    return Row("AuthorizationQueryParametersError", 400, text, members)


def _s3_credential(text: str, *members: tuple[str, str]) -> tuple[Row, Row]:
    in_query = _s3_query(f"Error parsing the X-Amz-Credential parameter; {text}", *members)
    return _s3_header(text, *members), in_query


_S3_THREE_PARTS = _s3_header(
    "the authorization header requires three components: Credential, SignedHeaders, and Signature."
)
_S3_SIX_PARAMETERS = _s3_query(
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
    "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
_S3_NO_DATE = Row("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header")
_S3_UNKNOWN = Row(
    "InvalidAccessKeyId",
    403,
    "The AWS Access Key Id you provided does not exist in our records.",
    (("AWSAccessKeyId", "{key_id}"),),
)
_S3_SKEWED = Row(
    "RequestTimeTooSkewed",
    403,
    "The difference between the request time and the current time is too large.",
    (
        ("RequestTime", "{request_time}"),
        ("ServerTime", "{server_time}"),
        ("MaxAllowedSkewMilliseconds", "{skew_milliseconds}"),
    ),
)
_S3_EXPIRED_MEMBERS = (
    ("X-Amz-Expires", "{expires_seconds}"),
    ("Expires", "{expires_at}"),
    ("ServerTime", "{server_time}"),
)
_V2_THREE_PARAMETERS = (
    "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
)
_V2_EXPIRES_FORM = "Invalid date (should be seconds since epoch)"
_V2_EXPIRED = "Request has expired"
_S3_MISMATCH = Row(
    "SignatureDoesNotMatch",
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and "
    "signing method.",
    (("AWSAccessKeyId", "{key_id}"),),
)
_S3_SHA256_MISMATCH = "The provided 'x-amz-content-sha256' header does not match what was computed."
_S3_SHA256_FORM = (
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
)


def _s3_not_signed(names: str) -> Row:
    text = "There were headers present in the request which were not signed"
    return Row("AccessDenied", 403, text, (("HeadersNotSigned", names),))


def _expires(text: str) -> Entry:
    return _everywhere(_PRESIGN, text, _s3_query(text))


# Sources: iam.md section 11 of the project's fact sheets for the first two columns; S3's own words for a
# malformed header, parameter or scope are those its error documents are quoted with in public issues.
ANSWERS: Mapping[Reason, Entry] = MappingProxyType(
    {
        Reason.MISSING_AUTHENTICATION: Entry(
            Row("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
            Row("MissingAuthenticationTokenException", 400, "Missing Authentication Token"),
            Row("AccessDenied", 403, "Access Denied"),
        ),
        Reason.MORE_THAN_ONE_MECHANISM: _everywhere(
            _INCOMPLETE, _ONE_MECHANISM, Row("InvalidArgument", 400, _ONE_MECHANISM)
        ),
        Reason.UNSUPPORTED_ALGORITHM: _everywhere(
            _INCOMPLETE,
            UNSUPPORTED_ALGORITHM_TEXT,
            Row("InvalidArgument", 400, "Unsupported Authorization Type"),
            _s3_query('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'),
        ),
        Reason.NOT_KEY_VALUE: _everywhere(
            _INCOMPLETE,
            "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'",
            _S3_THREE_PARTS,
        ),
        Reason.UNEXPECTED_PARAMETER: _everywhere(
            _INCOMPLETE,
            UNEXPECTED_PARAMETER_TEXT,
            _S3_THREE_PARTS,
            _s3_query(UNEXPECTED_PARAMETER_TEXT),
        ),
        Reason.MISSING_PARAMETERS: _everywhere(_INCOMPLETE, "{header_requires} " + _HASHED, _S3_THREE_PARTS),
        Reason.MISSING_QUERY_PARAMETERS: _everywhere(
            _INCOMPLETE, "{query_requires} Re-examine the query-string parameters.", _S3_SIX_PARAMETERS
        ),
        Reason.MISSING_DATE: _everywhere(_INCOMPLETE, f"{_NO_DATE} {_HASHED}", _S3_NO_DATE),
        Reason.DATE_FORM: _everywhere(
            _INCOMPLETE,
            _ISO_BASIC,
            _S3_NO_DATE,
            _s3_query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
        ),
        Reason.CREDENTIAL_FORM: _everywhere(
            _INCOMPLETE,
            _CREDENTIAL_PARTS,
            *_s3_credential(
                'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
            ),
        ),
        Reason.SIGNED_HEADERS_FORM: _everywhere(
            _INCOMPLETE,
            SIGNED_HEADERS_FORM_TEXT,
            _s3_header(SIGNED_HEADERS_FORM_TEXT),
            _s3_query(SIGNED_HEADERS_FORM_TEXT),
        ),
        Reason.EXPIRES_NOT_A_NUMBER: _expires("X-Amz-Expires should be a number"),
        Reason.EXPIRES_NEGATIVE: _expires(EXPIRES_NEGATIVE_TEXT),
        Reason.EXPIRES_TOO_LONG: _expires(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
            "less than 604800 seconds"
        ),
        Reason.CONTENT_SHA256_MISSING: _everywhere(
            _INCOMPLETE,
            "Missing required header for this request: x-amz-content-sha256",
            Row("InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256"),
        ),
        Reason.CONTENT_SHA256_FORM: _everywhere(
            _INCOMPLETE, _S3_SHA256_FORM, Row("InvalidArgument", 400, _S3_SHA256_FORM)
        ),
        # Signature Version 2 is S3's alone; the other families name these for completeness.
        Reason.V2_QUERY_INCOMPLETE: _everywhere(
            _INCOMPLETE, _V2_THREE_PARAMETERS, Row("AccessDenied", 403, _V2_THREE_PARAMETERS)
        ),
        Reason.V2_EXPIRES_FORM: _everywhere(
            _INCOMPLETE, _V2_EXPIRES_FORM, Row("AccessDenied", 403, _V2_EXPIRES_FORM)
        ),
        Reason.V2_EXPIRED: _everywhere(
            _WRONG, _V2_EXPIRED, Row("AccessDenied", 403, _V2_EXPIRED, _S3_EXPIRED_MEMBERS[1:])
        ),
        Reason.UNKNOWN_KEY: _everywhere(_UNKNOWN, _TOKEN_INVALID, _S3_UNKNOWN),
        Reason.INACTIVE_KEY: _everywhere(_UNKNOWN, _TOKEN_INVALID, _S3_UNKNOWN),
        Reason.MISSING_TOKEN: _everywhere(_UNKNOWN, _TOKEN_INVALID, _S3_UNKNOWN),
        Reason.BAD_TOKEN: _everywhere(
            _UNKNOWN,
            _TOKEN_INVALID,
            Row("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
        ),
        Reason.EXPIRED_SESSION: _everywhere(
            _EXPIRED,
            "The security token included in the request is expired",
            Row("ExpiredToken", 400, "The provided token has expired."),
        ),
        Reason.CLOCK_EARLY: _everywhere(_WRONG, _TOO_EARLY, _S3_SKEWED),
        Reason.CLOCK_LATE: _everywhere(_WRONG, _TOO_LATE, _S3_SKEWED),
        Reason.PRESIGN_NOT_YET: _everywhere(
            _WRONG, _TOO_LATE, Row("AccessDenied", 403, "Request is not yet valid", _S3_EXPIRED_MEMBERS)
        ),
        Reason.PRESIGN_EXPIRED: _everywhere(
            _WRONG, _TOO_EARLY, Row("AccessDenied", 403, "Request has expired", _S3_EXPIRED_MEMBERS)
        ),
        Reason.SCOPE_DATE: _everywhere(
            _WRONG,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            "'{given}' != '{expected}', from '{request_time}'.",
            *_s3_credential(
                'Invalid credential date "{given}". This date is not the same as X-Amz-Date: "{expected}".'
            ),
        ),
        Reason.SCOPE_REGION: _everywhere(
            _WRONG,
            SCOPE_REGION_TEXT,
            # botocore and the CLI read Region and try again there.
            *_s3_credential(
                "the region '{given}' is wrong; expecting '{expected}'", ("Region", "{expected}")
            ),
        ),
        Reason.SCOPE_SERVICE: _everywhere(
            _WRONG,
            SCOPE_SERVICE_TEXT,
            *_s3_credential('incorrect service "{given}". This endpoint belongs to "{expected}".'),
        ),
        Reason.SCOPE_TERMINATOR: _everywhere(
            _WRONG,
            "Credential should be scoped with a valid terminator: '{expected}', not '{given}'.",
            *_s3_credential('incorrect terminal "{given}". This endpoint uses "{expected}".'),
        ),
        Reason.HOST_NOT_SIGNED: _everywhere(
            _WRONG,
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            _s3_not_signed("host"),
        ),
        Reason.HEADERS_NOT_SIGNED: _everywhere(_WRONG, HEADERS_NOT_SIGNED_TEXT, _s3_not_signed("{names}")),
        Reason.SIGNED_HEADER_ABSENT: _everywhere(_WRONG, _MISMATCH, _S3_MISMATCH),
        Reason.SIGNATURE_MISMATCH: _everywhere(_WRONG, _MISMATCH, _S3_MISMATCH),
        Reason.CONTENT_SHA256_MISMATCH: _everywhere(
            _WRONG, _S3_SHA256_MISMATCH, Row("XAmzContentSHA256Mismatch", 400, _S3_SHA256_MISMATCH)
        ),
    }
)

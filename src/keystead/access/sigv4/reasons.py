"""Why a signed request is refused: a closed list of reasons, and the exceptions that carry them.

A reason is a fact about the request. Which code, status and words a caller sees is decided elsewhere
(`access.refusals`), so that this package can be used without any AWS protocol around it.
"""

from enum import StrEnum


class Reason(StrEnum):
    """One member per distinguishable fault, in the order in which they are looked for."""

    MISSING_AUTHENTICATION = "missing-authentication"

    # Malformed: found while reading what was presented, before any key is looked up.
    MORE_THAN_ONE_MECHANISM = "more-than-one-mechanism"
    UNSUPPORTED_ALGORITHM = "unsupported-algorithm"
    NOT_KEY_VALUE = "not-key-value"
    UNEXPECTED_PARAMETER = "unexpected-parameter"
    MISSING_PARAMETERS = "missing-parameters"
    MISSING_QUERY_PARAMETERS = "missing-query-parameters"
    MISSING_DATE = "missing-date"
    DATE_FORM = "date-form"
    CREDENTIAL_FORM = "credential-form"
    SIGNED_HEADERS_FORM = "signed-headers-form"
    EXPIRES_NOT_A_NUMBER = "expires-not-a-number"
    EXPIRES_NEGATIVE = "expires-negative"
    EXPIRES_TOO_LONG = "expires-too-long"
    CONTENT_SHA256_MISSING = "content-sha256-missing"
    CONTENT_SHA256_FORM = "content-sha256-form"
    V2_QUERY_INCOMPLETE = "v2-query-incomplete"
    V2_EXPIRES_FORM = "v2-expires-form"

    # The credential: found by whoever looks keys up, between `find` and `check`.
    UNKNOWN_KEY = "unknown-key"
    INACTIVE_KEY = "inactive-key"
    MISSING_TOKEN = "missing-token"  # noqa: S105 - a reason, not a token.
    BAD_TOKEN = "bad-token"  # noqa: S105
    EXPIRED_SESSION = "expired-session"

    # Clock and scope.
    CLOCK_EARLY = "clock-early"
    CLOCK_LATE = "clock-late"
    PRESIGN_NOT_YET = "presign-not-yet"
    PRESIGN_EXPIRED = "presign-expired"
    V2_EXPIRED = "v2-expired"
    SCOPE_DATE = "scope-date"
    SCOPE_REGION = "scope-region"
    SCOPE_SERVICE = "scope-service"
    SCOPE_TERMINATOR = "scope-terminator"

    # Signature.
    HOST_NOT_SIGNED = "host-not-signed"
    HEADERS_NOT_SIGNED = "headers-not-signed"
    SIGNED_HEADER_ABSENT = "signed-header-absent"
    SIGNATURE_MISMATCH = "signature-mismatch"

    # The body: found by whoever reads it, against the hash that was signed.
    CONTENT_SHA256_MISMATCH = "content-sha256-mismatch"


class Refused(Exception):
    """A request is not accepted, and this is the reason.

    `details` are strings for the words of an answer, named as the templates of `access.refusals` name
    them. `str()` and `repr()` show the reason alone: details may quote what a caller sent.
    """

    def __init__(self, reason: Reason, **details: str) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.details = details


class Malformed(Refused):
    """What was presented cannot be read; no key was looked up."""

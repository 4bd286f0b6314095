"""What a caller presented: finds the one authentication mechanism of a request and reads it.

Follows "Elements of an AWS API request signature" (IAM User Guide). Reads the header form and the presigned
query form. Nothing here is trusted yet: `verify` decides, with the key that the caller looks up in between.
"""

import functools
import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from keystead.access.sigv4.canonical import LONGEST_USUAL_QUERY, query_pairs
from keystead.access.sigv4.reasons import Malformed, Reason
from keystead.access.sigv4.request import SignedRequest
from keystead.access.sigv4.timestamps import basic_from_date_header, epoch_from_basic
from keystead.kernel.secret import Secret

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_EXPIRES_SECONDS = 604_800

# What every SDK sends. Other orders and spacings are read by `_header_parameters`, with exact complaints.
_USUAL_CLAIM = re.compile(r"AWS4-HMAC-SHA256 Credential=([^,=]+), ?SignedHeaders=([a-z0-9;-]+), ?")
_SIGNATURE_DIGITS = 64
_LONGEST_USUAL = 1024
"""What precedes a signature is some 200 characters; longer texts are read each time, so that few bytes are kept."""
_HEADER_PARAMETERS = ("Credential", "Signature", "SignedHeaders")
_REQUIRED_IN_QUERY = (
    b"X-Amz-Algorithm",
    b"X-Amz-Credential",
    b"X-Amz-Signature",
    b"X-Amz-SignedHeaders",
    b"X-Amz-Date",
)
_OPTIONAL_IN_QUERY = (b"X-Amz-Expires", b"X-Amz-Security-Token", b"X-Amz-Content-Sha256")
_MARKS_OF_V4_QUERY = frozenset(_REQUIRED_IN_QUERY[:3])
_MARKS_OF_V2_QUERY = frozenset({b"AWSAccessKeyId", b"Signature"})

Form = Literal["header", "query"]
_Credential = tuple[str, str, str, str, str, str]


@dataclass(slots=True)
class Presented:
    """A claim to be a certain caller: read, not verified.

    `date`, `region`, `service` and `terminator` are the credential scope, `scope` the four joined by
    slashes. `timestamp` is `YYYYMMDDThhmmssZ` and `time` the same in epoch seconds. `headers` are the
    request's headers by name, repeated ones joined. `expires_seconds` and `payload` are set only by the
    query form, and only if it said them.
    """

    key_id: str
    date: str
    region: str
    service: str
    terminator: str
    scope: str
    timestamp: str
    time: float
    signed_headers: tuple[bytes, ...]
    signature: str = field(repr=False)
    headers: Mapping[bytes, bytes] = field(repr=False)
    form: Form
    session_token: Secret | None = None
    expires_seconds: int | None = None
    payload: str | None = None


def find(request: SignedRequest) -> Presented | None:
    """Return what the request presents, or None when it presents nothing.

    Raises Malformed when it presents more than one thing, one thing twice, or something unreadable.
    """
    headers = request.merged_headers()
    authorization = headers.get(b"authorization")
    parameters = _query_parameters(request.raw_query)
    if authorization is not None:
        if parameters is not None or _has_second(request, headers, b"authorization"):
            raise Malformed(Reason.MORE_THAN_ONE_MECHANISM)
        return _from_header(authorization.strip(b" \t").decode("latin-1"), headers)
    if parameters is None or _MARKS_OF_V4_QUERY.isdisjoint(parameters):
        return None
    return _from_query(parameters, headers)


def _has_second(request: SignedRequest, merged: Mapping[bytes, bytes], name: bytes) -> bool:
    # Without any repeated header, which is nearly always, there is nothing to count.
    return len(merged) != len(request.headers) and sum(header == name for header, _ in request.headers) > 1


# The header form.


def _from_header(authorization: str, headers: Mapping[bytes, bytes]) -> Presented:
    claim, _, signature = authorization.rpartition("Signature=")
    usual = None
    if len(signature) == _SIGNATURE_DIGITS and signature.isalnum() and len(claim) <= _LONGEST_USUAL:
        usual = _usual_claim(claim)
    if usual is None:
        credential, signed, signature = _header_parameters(authorization, headers)
        usual = _credential(credential, "header"), _signed_headers(signed, "header")
    timestamp, time = _timestamp(headers, authorization)
    token = headers.get(b"x-amz-security-token")
    return Presented(
        *usual[0],
        timestamp,
        time,
        usual[1],
        signature,
        headers,
        "header",
        None if token is None else Secret(token.strip(b" \t")),
    )


# A client shows the same text before its signature all day; it holds no secret.
@functools.lru_cache(maxsize=4096)
def _usual_claim(claim: str) -> tuple[_Credential, tuple[bytes, ...]] | None:
    """Return the credential and the signed headers of a header but for its signature, None if it is unusual."""
    parts = _USUAL_CLAIM.fullmatch(claim)
    return None if parts is None else (_credential(parts[1], "header"), _signed_headers(parts[2], "header"))


def _header_parameters(authorization: str, headers: Mapping[bytes, bytes]) -> tuple[str, str, str]:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise Malformed(Reason.UNSUPPORTED_ALGORITHM, algorithm=algorithm)
    found: dict[str, str] = {}
    for part in rest.split(","):
        # Blanks of HTTP only: a no-break space is white space to Python and must not be to us.
        name, equals, value = part.strip(" \t").partition("=")
        if not equals:
            raise Malformed(Reason.NOT_KEY_VALUE, part=name, header=_without_signature(authorization))
        if name not in _HEADER_PARAMETERS or name in found:
            raise Malformed(Reason.UNEXPECTED_PARAMETER, form="header", name=name)
        found[name] = value.strip(" \t")
    missing = [name for name in _HEADER_PARAMETERS if not found.get(name)]
    if missing:
        raise _missing(missing, authorization, headers)
    return found["Credential"], found["SignedHeaders"], found["Signature"]


def _missing(missing: list[str], authorization: str, headers: Mapping[bytes, bytes]) -> Malformed:
    has_date = b"x-amz-date" in headers or b"date" in headers
    return Malformed(
        Reason.MISSING_PARAMETERS,
        missing=",".join(missing),
        date="present" if has_date else "missing",
        header_hash=_hash(authorization),
    )


def _timestamp(headers: Mapping[bytes, bytes], authorization: str) -> tuple[str, float]:
    text = headers.get(b"x-amz-date")
    if text is not None:
        return _read_timestamp(text.strip(b" \t").decode("latin-1"))
    text = headers.get(b"date")
    if text is None:
        raise Malformed(Reason.MISSING_DATE, header_hash=_hash(authorization))
    date = text.strip(b" \t").decode("latin-1")
    return _read_timestamp(basic_from_date_header(date) or date)


def _without_signature(authorization: str) -> str:
    # Answers quote the header; a usable signature must not come to stand in a log by that.
    return re.sub(r"(Signature\s*=)[^,]*", r"\1…", authorization)


def _hash(authorization: str) -> str:
    return b64encode(hashlib.sha256(authorization.encode("latin-1")).digest()).decode("ascii")


# The query form.


def _query_parameters(raw_query: bytes) -> dict[bytes, str] | None:
    """Return the authentication parameters of a query, or None if it authenticates nobody."""
    if not raw_query or _claims_nothing(raw_query):
        return None
    found: dict[bytes, str] = {}
    for name, value in query_pairs(raw_query):
        if name in _REQUIRED_IN_QUERY or name in _OPTIONAL_IN_QUERY or name in _MARKS_OF_V2_QUERY:
            if name in found:
                raise Malformed(Reason.UNEXPECTED_PARAMETER, form="query", name=name.decode("ascii"))
            found[name] = value.decode("latin-1")
    if not found.keys().isdisjoint(_MARKS_OF_V4_QUERY) and found.keys() >= _MARKS_OF_V2_QUERY:
        raise Malformed(Reason.MORE_THAN_ONE_MECHANISM)
    return found


def _claims_nothing(raw_query: bytes) -> bool:
    # A presigned query is a credential for a while, and is not kept.
    if len(raw_query) > LONGEST_USUAL_QUERY or b"Signature" in raw_query:
        return _has_no_mark(raw_query)
    return _usual_has_no_mark(raw_query)


def _has_no_mark(raw_query: bytes) -> bool:
    names = {name for name, _ in query_pairs(raw_query)}
    return names.isdisjoint(_MARKS_OF_V4_QUERY) and not names >= _MARKS_OF_V2_QUERY


_usual_has_no_mark = functools.lru_cache(maxsize=1024)(_has_no_mark)


def _from_query(parameters: Mapping[bytes, str], headers: Mapping[bytes, bytes]) -> Presented:
    missing = [name.decode("ascii") for name in _REQUIRED_IN_QUERY if not parameters.get(name)]
    if missing:
        raise Malformed(Reason.MISSING_QUERY_PARAMETERS, missing=",".join(missing))
    if parameters[b"X-Amz-Algorithm"] != ALGORITHM:
        raise Malformed(Reason.UNSUPPORTED_ALGORITHM, form="query", algorithm=parameters[b"X-Amz-Algorithm"])
    timestamp, time = _read_timestamp(parameters[b"X-Amz-Date"], "query")
    return Presented(
        *_credential(parameters[b"X-Amz-Credential"], "query"),
        timestamp,
        time,
        _signed_headers(parameters[b"X-Amz-SignedHeaders"], "query"),
        parameters[b"X-Amz-Signature"],
        headers,
        "query",
        _query_token(parameters, headers),
        _expires(parameters.get(b"X-Amz-Expires")),
        parameters.get(b"X-Amz-Content-Sha256"),
    )


def _query_token(parameters: Mapping[bytes, str], headers: Mapping[bytes, bytes]) -> Secret | None:
    in_query = parameters.get(b"X-Amz-Security-Token")
    in_header = headers.get(b"x-amz-security-token")
    if in_query is not None and in_header is not None:
        raise Malformed(Reason.UNEXPECTED_PARAMETER, form="query", name="X-Amz-Security-Token")
    if in_query is not None:
        return Secret(in_query.encode("latin-1"))
    return None if in_header is None else Secret(in_header.strip(b" \t"))


def _expires(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise Malformed(Reason.EXPIRES_NOT_A_NUMBER)
    seconds = int(text)
    if seconds < 1:
        raise Malformed(Reason.EXPIRES_NEGATIVE)
    if seconds > MAX_EXPIRES_SECONDS:
        raise Malformed(Reason.EXPIRES_TOO_LONG)
    return seconds


# Both forms.


def _credential(credential: str, form: Form) -> _Credential:
    """Return key id, date, region, service and terminator, and the last four as they stand: the scope."""
    parts = credential.split("/")
    if len(parts) != 5:
        raise Malformed(Reason.CREDENTIAL_FORM, form=form, credential=credential)
    key_id, date, region, service, terminator = parts
    return key_id, date, region, service, terminator, credential[len(key_id) + 1 :]


# Nearly all requests of a client sign the same headers: a pure function of the text, and few texts.
@functools.lru_cache(maxsize=256)
def _signed_headers(text: str, form: Form) -> tuple[bytes, ...]:
    names = text.encode("latin-1").split(b";")
    if names != sorted(set(names)) or not names[0] or text != text.lower():
        raise Malformed(Reason.SIGNED_HEADERS_FORM, form=form)
    return tuple(names)


def _read_timestamp(text: str, form: Form = "header") -> tuple[str, float]:
    time = epoch_from_basic(text)
    if time is None:
        raise Malformed(Reason.DATE_FORM, form=form, date=text)
    return text, time

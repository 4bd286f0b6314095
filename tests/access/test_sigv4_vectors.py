"""AWS's own Signature Version 4 cases, read as data, through the code that verifies live requests."""

import re
from pathlib import Path

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from sigv4_requests import Sent

from keystead.access.sigv4 import Mismatch, Reason, Refused, Verified, Verifier, find, rules_for
from keystead.access.sigv4.canonical import canonical_path, canonical_query, canonical_request, merge
from keystead.access.sigv4.verify import string_to_sign
from keystead.kernel.secret import Secret

SUITE = Path(__file__).parent.parent / "vectors" / "sigv4" / "aws4_testsuite"
CASES = sorted(str(path.parent.relative_to(SUITE)) for path in SUITE.rglob("*.req"))
RULES = rules_for("service", {"us-east-1"}, "us-east-1")
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT = 1440938160.0  # 20150830T123600Z

NOT_IN_QUERY_FORM = {
    "get-vanilla-query-order-key": "botocore presigns one value of a repeated parameter only",
    "get-vanilla-query-order-value": "botocore presigns one value of a repeated parameter only",
    "get-header-value-multiline": "botocore's header object refuses folded lines",
    "post-sts-token/post-sts-header-before": "the token is a query parameter in this form",
    "get-vanilla-with-session-token": "the token is a query parameter in this form",
}


def part(case: str, suffix: str) -> bytes:
    return (SUITE / case / f"{Path(case).name}.{suffix}").read_bytes().replace(b"\r", b"")


def read(case: str, suffix: str = "req") -> Sent:
    """The request of a case. Lines that begin with a blank continue the header before them."""
    head, _, body = part(case, suffix).partition(b"\n\n")
    request_line, _, fields = head.rstrip(b"\n").partition(b"\n")
    method, _, target = request_line.removesuffix(b" HTTP/1.1").partition(b" ")
    path, _, query = target.partition(b"?")
    headers = []
    for line in re.split(rb"\n(?![ \t])", fields):
        name, _, value = line.partition(b":")
        headers.append((name.lower(), value))
    return Sent(method.decode(), path, query, tuple(headers), body)


def authorised(case: str) -> Sent:
    """The request of a case with its published Authorization, and the session token if one was signed."""
    token = re.search(rb"x-amz-security-token:(\S+)", part(case, "creq"))
    sent = read(case).with_header(b"authorization", part(case, "authz"))
    return sent.with_header(b"x-amz-security-token", token[1]) if token else sent


def check(sent: Sent) -> Verified:
    request = sent.request()
    found = find(request)
    assert found is not None
    return Verifier().check(request, found, RULES, lambda: Secret(SECRET.encode()), 1, real_now=AT, now=AT)


def test_the_whole_suite_is_here() -> None:
    assert len(CASES) == 34


@pytest.mark.parametrize("case", CASES)
def test_canonical_request_and_string_to_sign_are_the_published_ones(case: str) -> None:
    sent = authorised(case)
    found = find(sent.request())

    assert found is not None
    canonical = canonical_request(
        sent.method,
        canonical_path(sent.path),
        canonical_query(sent.query),
        merge(sent.headers),
        found.signed_headers,
        sent.request().payload_hash(),
    )

    assert part(case, "creq") == canonical
    assert part(case, "sts") == string_to_sign(found, canonical)


@pytest.mark.parametrize("case", CASES)
def test_published_authorization_verifies(case: str) -> None:
    verified = check(authorised(case))

    assert verified.presented.key_id == "AKIDEXAMPLE"


def test_token_sent_in_a_header_but_not_signed_is_refused() -> None:
    """The suite's post-sts-header-after: AWS leaves it to each service; here every x-amz- header is signed."""
    with pytest.raises(Refused) as refused:
        check(read("post-sts-token/post-sts-header-after", "sreq"))

    assert refused.value.reason is Reason.HEADERS_NOT_SIGNED


def test_cases_left_out_of_the_query_form_are_cases() -> None:
    assert NOT_IN_QUERY_FORM.keys() <= set(CASES)


@pytest.mark.parametrize("case", [case for case in CASES if case not in NOT_IN_QUERY_FORM])
def test_same_request_presigned_by_botocore_verifies(case: str) -> None:
    sent = read(case)
    headers = {
        name.decode(): value.decode().strip()
        for name, value in merge(sent.headers).items()
        if name not in (b"x-amz-date", b"content-length")
    }
    query = "?" + sent.query.decode() if sent.query else ""
    url = f"https://example.amazonaws.com{sent.path.decode()}{query}"
    request = AWSRequest(sent.method, url, headers=headers)
    SigV4QueryAuth(Credentials("AKIDEXAMPLE", SECRET), "service", "us-east-1", expires=60).add_auth(request)
    target, _, query = request.url.removeprefix("https://example.amazonaws.com").partition("?")
    raw = tuple((name.lower().encode(), value.encode()) for name, value in request.headers.items())
    presigned = Sent(sent.method, target.encode(), query.encode(), raw).request()

    found = find(presigned)

    assert found is not None
    assert found.form == "query"
    moment = {"real_now": found.time, "now": found.time}
    assert Verifier().check(presigned, found, RULES, lambda: Secret(SECRET.encode()), 1, **moment)


@pytest.mark.parametrize("case", CASES)
def test_published_authorization_is_refused_with_another_secret(case: str) -> None:
    request = authorised(case).request()
    found = find(request)

    assert found is not None
    with pytest.raises(Mismatch):
        Verifier().check(request, found, RULES, lambda: Secret(b"other"), 1, real_now=AT, now=AT)

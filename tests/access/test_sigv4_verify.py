"""Which of several faults is found, when a window closes, and what a refusal knows."""

import sys
from dataclasses import replace

import pytest
from sigv4_requests import IAM, KEY_ID, S3, SECRET, SSM, Sent, presented, sign, verify

from keystead.access.sigv4 import (
    Malformed,
    Mismatch,
    Reason,
    Refused,
    ServiceRules,
    SignedRequest,
    Verifier,
    find,
)
from keystead.kernel.secret import Secret


def reason_of(sent: Sent, rules: ServiceRules = IAM, **how: object) -> Reason:
    with pytest.raises(Refused) as refused:
        verify(sent, rules, **how)  # type: ignore[arg-type]
    return refused.value.reason


@pytest.mark.parametrize(("rules", "window"), [(IAM, 900), (S3, 900), (SSM, 300)])
def test_timestamp_is_good_to_the_edges_of_its_window(rules: ServiceRules, window: int) -> None:
    sent = sign(rules)

    assert verify(sent, rules, late_seconds=window)
    assert verify(sent, rules, late_seconds=-window)
    assert reason_of(sent, rules, late_seconds=window + 1) is Reason.CLOCK_EARLY
    assert reason_of(sent, rules, late_seconds=-window - 1) is Reason.CLOCK_LATE


def test_movable_clock_does_not_judge_timestamps() -> None:
    assert verify(sign(IAM), IAM, clock_seconds=10**6)


def test_s3_presigned_life_is_judged_by_the_movable_clock() -> None:
    sent = sign(S3, method="GET", presigned_seconds=60)

    assert verify(sent, S3, late_seconds=60)
    assert verify(sent, S3, late_seconds=5000, clock_seconds=-4950)
    assert reason_of(sent, S3, late_seconds=61) is Reason.PRESIGN_EXPIRED
    assert reason_of(sent, S3, clock_seconds=61) is Reason.PRESIGN_EXPIRED
    assert reason_of(sent, S3, late_seconds=-901) is Reason.PRESIGN_NOT_YET


def test_short_presigned_life_elsewhere_lasts_for_the_window_and_a_long_one_longer() -> None:
    short, long = (sign(IAM, method="GET", presigned_seconds=seconds) for seconds in (60, 3600))

    assert verify(short, IAM, late_seconds=900)
    assert reason_of(short, late_seconds=901) is Reason.CLOCK_EARLY
    assert verify(long, IAM, late_seconds=3600)
    assert reason_of(long, late_seconds=3601) is Reason.PRESIGN_EXPIRED


@pytest.mark.parametrize("rules", [S3, IAM])
def test_life_that_ends_after_the_last_year_is_refused_like_any_that_has_not_begun(
    rules: ServiceRules,
) -> None:
    sent = sign(rules, method="GET", presigned_seconds=604_800)
    date = presented(sent).timestamp.encode()
    late = replace(sent, query=sent.query.replace(date, b"99991231T235959Z").replace(date[:8], b"99991231"))

    assert reason_of(late, rules, signed_at=1e9) is Reason.PRESIGN_NOT_YET


def test_s3_presigned_request_without_a_life_is_malformed() -> None:
    sent = sign(S3, method="GET", presigned_seconds=60)
    eternal = replace(sent, query=sent.query.replace(b"X-Amz-Expires=60&", b""))

    assert reason_of(eternal, S3) is Reason.MISSING_QUERY_PARAMETERS


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"/us-east-1/", b"/eu-west-1/", Reason.SCOPE_REGION),
        (b"/us-east-1/", b"//", Reason.SCOPE_REGION),
        (b"/iam/", b"/s3/", Reason.SCOPE_SERVICE),
        (b"/iam/", b"/IAM/", Reason.SCOPE_SERVICE),
        (b"aws4_request", b"aws5_request", Reason.SCOPE_TERMINATOR),
        (b"/2", b"/1", Reason.SCOPE_DATE),
        (b"content-type;host;", b"content-type;", Reason.HOST_NOT_SIGNED),
        (b";x-amz-date", b"", Reason.HEADERS_NOT_SIGNED),
        (b"host;", b"host;nobody;", Reason.SIGNED_HEADER_ABSENT),
        (KEY_ID.encode(), b"AKIA' OR '1'='1", Reason.UNKNOWN_KEY),
        (KEY_ID.encode(), b"test", Reason.UNKNOWN_KEY),
        (KEY_ID.encode(), b"123456789012", Reason.UNKNOWN_KEY),
        (KEY_ID.encode(), b"", Reason.UNKNOWN_KEY),
    ],
)
def test_changed_authorization_is_refused(old: bytes, new: bytes, reason: Reason) -> None:
    sent = sign(IAM, headers={"Content-Type": "text/plain"})
    header = sent.header(b"authorization")

    assert old in header
    assert reason_of(sent.with_header(b"authorization", header.replace(old, new, 1))) is reason


def test_properly_signed_request_for_another_scope_is_refused() -> None:
    assert reason_of(sign(IAM, service="s3")) is Reason.SCOPE_SERVICE
    assert reason_of(sign(IAM, region="eu-west-1")) is Reason.SCOPE_REGION
    assert verify(sign(SSM, region="eu-west-1"), SSM)


@pytest.mark.parametrize(
    ("rules", "form"),
    [(IAM, {}), (S3, {}), (S3, {"presigned_seconds": 60}), (IAM, {"presigned_seconds": 60})],
)
def test_every_amz_header_must_be_signed(rules: ServiceRules, form: dict[str, int]) -> None:
    sent = sign(rules, method="GET", **form)  # type: ignore[arg-type]

    assert verify(sent.also(b"x-amzn-trace-id", b"Root=1").also(b"not-x-amz-this", b"1"), rules)
    assert reason_of(sent.also(b"x-amz-expires", b"9"), rules) is Reason.HEADERS_NOT_SIGNED


def test_second_copy_of_a_signed_header_is_refused() -> None:
    sent = sign(SSM, headers={"X-Amz-Target": "AmazonSSM.GetDocument"})

    assert reason_of(sent.also(b"x-amz-target", b"AmazonSSM.SendCommand"), SSM) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize("signature", [b"0" * 64, b"0", b"\xe9" * 64, b"A" * 64])
def test_any_other_signature_is_a_mismatch(signature: bytes) -> None:
    sent = sign(IAM)
    header = sent.header(b"authorization")

    assert (
        reason_of(sent.with_header(b"authorization", header[:-64] + signature)) is Reason.SIGNATURE_MISMATCH
    )


def test_upper_case_signature_is_a_mismatch() -> None:
    sent = sign(IAM)
    header = sent.header(b"authorization")
    upper = header[:-64] + header[-64:].upper()

    assert reason_of(sent.with_header(b"authorization", upper)) is Reason.SIGNATURE_MISMATCH


def test_s3_path_is_verified_as_sent() -> None:
    for path in ("/b/a//b/../c", "/b/./a%2Fb", "/b/%2e%2e/", "//b/k"):
        assert verify(sign(S3, target=path), S3)
    assert reason_of(replace(sign(S3, target="/b/k"), path=b"//b/k"), S3) is Reason.SIGNATURE_MISMATCH
    assert reason_of(replace(sign(S3, target="/b/a%2Fb"), path=b"/b/a/b"), S3) is Reason.SIGNATURE_MISMATCH
    assert reason_of(replace(sign(S3, target="/b/%C3"), path=b"/b/%c3"), S3) is Reason.SIGNATURE_MISMATCH


def test_plus_in_a_query_is_a_space() -> None:
    sent = sign(IAM, method="GET", target="/?UserName=a%20b")

    assert verify(replace(sent, query=b"UserName=a+b"), IAM)
    assert reason_of(replace(sent, query=b"UserName=a%2Bb")) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        (None, Reason.CONTENT_SHA256_MISSING),
        (b"", Reason.CONTENT_SHA256_FORM),
        (b"E3B0", Reason.CONTENT_SHA256_FORM),
        (b"unsigned-payload", Reason.CONTENT_SHA256_FORM),
        (b"UNSIGNED-PAYLOAD", Reason.SIGNATURE_MISMATCH),
        (b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", Reason.SIGNATURE_MISMATCH),
    ],
)
def test_s3_payload_declaration_is_required_and_signed(declared: bytes | None, reason: Reason) -> None:
    sent = sign(S3, method="PUT", target="/b/k", body=b"x")

    assert reason_of(sent.with_header(b"x-amz-content-sha256", declared), S3) is reason


def test_declared_payload_is_handed_on_to_whoever_reads_the_body() -> None:
    assert (
        verify(sign(S3, body=b"x"), S3).payload
        == sign(S3, body=b"x").header(b"x-amz-content-sha256").decode()
    )
    assert verify(sign(S3, method="GET", presigned_seconds=9), S3).payload == "UNSIGNED-PAYLOAD"


def test_payload_header_means_nothing_outside_s3() -> None:
    sent = sign(IAM, body=b"x")

    assert verify(sent, IAM).payload != "UNSIGNED-PAYLOAD"
    assert reason_of(replace(sent, body=b"y")) is Reason.SIGNATURE_MISMATCH


def test_verified_key_signs_what_follows_the_seed_signature() -> None:
    verified = verify(sign(S3, body=b"x"), S3)
    seed = verified.presented

    assert seed.scope == f"{seed.timestamp[:8]}/eu-west-1/s3/aws4_request"
    assert len(verified.key.sign(f"{seed.timestamp}\n{seed.scope}\n{seed.signature}".encode())) == 64


# Several faults at once.


def test_faults_are_answered_in_order() -> None:
    sent = sign(IAM, service="s3", secret="wrong")
    header = sent.header(b"authorization")
    unknown = sent.with_header(b"authorization", header.replace(KEY_ID.encode(), b"AKIANOBODY"))

    assert reason_of(unknown.also(b"authorization", b""), late_seconds=9999) is Reason.MORE_THAN_ONE_MECHANISM
    assert reason_of(unknown, late_seconds=9999) is Reason.UNKNOWN_KEY
    assert reason_of(sent, late_seconds=9999) is Reason.CLOCK_EARLY
    assert reason_of(sent) is Reason.SCOPE_SERVICE
    assert reason_of(sign(IAM, secret="wrong")) is Reason.SIGNATURE_MISMATCH


def test_unreadable_s3_request_of_an_unknown_key_is_malformed_first() -> None:
    sent = sign(S3, key_id="AKIANOBODY").with_header(b"x-amz-content-sha256", None)

    with pytest.raises(Malformed):
        verify(sent, S3)


def calls_during(request: SignedRequest, secret: str, verifier: Verifier, *, is_known: bool) -> list[str]:
    """The names of the C functions of hashlib and hmac that a refusal calls, in order."""
    found, calls = find(request), list[str]()
    assert found is not None

    def note(frame: object, event: str, function: object) -> None:
        module = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
        if event == "c_call" and module in ("_hashlib", "_operator"):
            calls.append(function.__name__)  # type: ignore[attr-defined]

    now = {"real_now": found.time, "now": found.time}
    sys.setprofile(note)
    try:
        if is_known:
            verifier.check(request, found, IAM, lambda: Secret(secret.encode()), 1, **now)
        else:
            verifier.refuse(request, found, IAM, Reason.INACTIVE_KEY)
    except Refused:
        pass
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("form", [{}, {"presigned_seconds": 60, "token": "t"}])
def test_unknown_key_costs_the_work_of_a_wrong_secret(form: dict[str, object]) -> None:
    request, verifier = sign(IAM, body=b"x", **form).request(), Verifier()  # type: ignore[arg-type]
    calls_during(request, "wrong", verifier, is_known=True)  # The first one derives the key.

    known = calls_during(request, "wrong", verifier, is_known=True)
    unknown = calls_during(request, "wrong", verifier, is_known=False)

    assert known == unknown
    assert "compare_digest" in known
    assert "openssl_sha256" in known


def test_no_signature_is_right_for_a_refused_key() -> None:
    """The key that stands in for a missing one is no secret; whoever signs with it gains nothing."""
    verifier, sent = Verifier(), sign(IAM)
    request = sent.request()
    found = presented(sent)
    with pytest.raises(Mismatch) as mismatch:
        verifier.check(request, found, IAM, lambda: Secret(b"wrong"), 1, real_now=found.time, now=found.time)
    found.signature = verifier._nobody.sign(mismatch.value.string_to_sign())

    with pytest.raises(Refused) as refused:
        verifier.refuse(request, found, IAM)

    assert refused.value.reason is Reason.UNKNOWN_KEY


def test_wrong_scope_never_opens_the_secret() -> None:
    sent = sign(IAM, region="eu-west-1")
    found = presented(sent)

    with pytest.raises(Refused):
        Verifier().check(
            sent.request(), found, IAM, lambda: pytest.fail("opened"), 1, real_now=found.time, now=found.time
        )


def test_rotated_secret_is_used_at_once_by_its_version() -> None:
    sent, verifier = sign(IAM), Verifier()
    found, request = presented(sent), sent.request()
    now = {"real_now": found.time, "now": found.time}
    verifier.check(request, found, IAM, lambda: Secret(SECRET.encode()), 1, **now)

    with pytest.raises(Mismatch):
        verifier.check(request, found, IAM, lambda: Secret(b"new"), 2, **now)
    verifier.forget(KEY_ID)
    with pytest.raises(Mismatch):
        verifier.check(request, found, IAM, lambda: Secret(b"new"), 1, **now)


def test_mismatch_explains_without_showing_secrets() -> None:
    token = "the+whole/token=="
    header_form = sign(S3, token=token, headers={"Cookie": "session=1"})
    query_form = sign(S3, method="GET", token=token, presigned_seconds=60)

    for sent in (header_form, query_form):
        with pytest.raises(Mismatch) as mismatch:
            verify(sent, S3, secret="wrong")
        right = verify(sent, S3).presented.signature
        shown = (mismatch.value.canonical_request() + mismatch.value.string_to_sign()).decode()
        assert str(mismatch.value) == "signature-mismatch"
        assert "the" not in shown
        assert "session=1" not in shown
        assert right not in shown
        assert shown.startswith(f"{sent.method}\n/\n")
    assert token.encode() in exact(header_form)


def exact(sent: Sent) -> bytes:
    with pytest.raises(Mismatch) as mismatch:
        verify(sent, S3, secret="wrong")
    return mismatch.value.canonical_request(masked=False)

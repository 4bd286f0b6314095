"""The parts of the bench that judge others: a wrong percentile or signature would make every number a lie."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from bench.lines import Line
from bench.load import Outcome
from bench.measure import cpu_seconds, cpu_ticks, median, percentile, resident_bytes, spread, tree
from bench.profile import shares
from bench.requests import Key, Signer, form
from bench.results import Series, doubts
from bench.s3requests import S3Signer
from bench.syncs import count
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

KEY = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
HOST = "127.0.0.1:4650"


def signed_by_botocore(service: str, body: bytes) -> AWSRequest:
    content_type = "application/x-www-form-urlencoded; charset=utf-8"
    request = AWSRequest("POST", f"http://{HOST}/", headers={"Content-Type": content_type}, data=body)
    SigV4Auth(Credentials(KEY.key_id, KEY.secret), service, "us-east-1").add_auth(request)
    return request


@given(service=st.sampled_from(["iam", "sts"]), name=st.text(min_size=1, max_size=64))
def test_requests_are_signed_as_botocore_signs_them(service: str, name: str) -> None:
    body = form(service, "GetUser", UserName=name)
    theirs = signed_by_botocore(service, body)
    at = datetime.strptime(theirs.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    ours = Signer(KEY, service, HOST, at).request(body).decode()

    assert f"\r\nAuthorization: {theirs.headers['Authorization']}\r\n" in ours
    assert ours.endswith("\r\n\r\n" + body.decode())


@given(
    method=st.sampled_from(["GET", "PUT"]),
    key=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40),
    query=st.dictionaries(st.sampled_from(["uploads", "prefix", "list-type"]), st.text(max_size=10)),
)
def test_s3_requests_are_signed_as_botocore_signs_them(method: str, key: str, query: dict[str, str]) -> None:
    path = quote(f"/bucket/{key}", safe="/-_.~")
    theirs = AWSRequest(method, f"http://{HOST}{path}", params=query)
    theirs.context["payload_signing_enabled"] = False
    S3SigV4Auth(Credentials(KEY.key_id, KEY.secret), "s3", "us-east-1").add_auth(theirs)
    at = datetime.strptime(theirs.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    payload = theirs.headers["X-Amz-Content-SHA256"]

    ours = S3Signer(KEY, HOST, at).request(method, f"/bucket/{key}", query, payload=payload).decode()

    assert f"\r\nauthorization: {theirs.headers['Authorization']}\r\n" in ours


def test_a_forged_request_differs_in_one_digit_of_the_signature() -> None:
    signer = Signer(KEY, "sts", HOST)
    body = form("sts", "GetCallerIdentity")

    good, bad = signer.request(body), signer.forged(body)

    assert len(good) == len(bad)
    assert [at for at in range(len(good)) if good[at] != bad[at]] == [good.index(b"\r\namz-sdk") - 1]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (1.0, 100.0)]
)
def test_a_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert expected == percentile([float(number) for number in range(1, 101)], share)


def test_a_percentile_or_a_median_of_nothing_is_zero() -> None:
    assert (percentile([], 0.5), median([]), spread([])) == (0.0, 0.0, 0.0)


def test_processor_time_survives_a_name_with_parentheses() -> None:
    stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 100 0 0 0 11 22 33 44 20 0 3 0 100 1 2"

    assert cpu_ticks(stat) == 11 + 22 + 33 + 44


def test_a_process_that_has_gone_costs_nothing() -> None:
    assert (cpu_ticks(""), cpu_seconds([2**31 - 1]), resident_bytes([2**31 - 1])) == (0, 0.0, 0)


def test_own_processor_time_and_memory_are_seen() -> None:
    started_at = time.process_time()
    while time.process_time() - started_at < 0.05:
        pass

    assert cpu_seconds([os.getpid()]) >= 0.05
    assert resident_bytes([os.getpid()]) > 1 << 20
    assert os.getpid() in tree(os.getppid())


def test_an_interrupted_sync_is_counted_once(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text("7 fdatasync(3) = 0\n8 fsync(4 <unfinished ...>\n8 <... fsync resumed>) = 0\n")

    assert count(trace) == 2


def outcome(cpu_seconds: float = 1.0, client_busy: float = 0.5, server_busy: float = 1.0) -> Outcome:
    return Outcome(1000, {}, "", 2.0, cpu_seconds, server_busy, client_busy, 0.001, 0.002, 1 << 20)


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    peer = Series([outcome(10.0), outcome(90.0), outcome(40.0)])
    ours = Series([outcome(1.0), outcome(3.0), outcome(2.0)])

    assert peer.cpu_ratio(ours) == 20.0


def test_a_saturated_client_makes_a_run_doubtful() -> None:
    table = {"GetUser": {"keystead": Series([outcome(client_busy=0.97, server_busy=0.6)])}}

    assert doubts(table) == ["GetUser at keystead: the client was saturated, not the server"]


def test_a_bare_server_that_varies_makes_a_run_doubtful() -> None:
    steady = {"GetUser": {"bare": Series([outcome(1.0), outcome(1.1)])}}
    moving = {"GetUser": {"bare": Series([outcome(1.0), outcome(1.3)])}}

    assert doubts(steady) == []
    assert len(doubts(moving)) == 1


@pytest.mark.parametrize(
    ("measured", "at_least", "verdict"),
    [
        (8.0, True, "pass"),
        (7.9, True, "MISS"),
        (8.0, False, "pass"),
        (8.1, False, "MISS"),
        (None, True, "not measured"),
    ],
)
def test_a_line_holds_on_its_bound_and_beyond(measured: float | None, at_least: bool, verdict: str) -> None:
    assert verdict == Line("a promise", 8.0, measured, at_least=at_least).verdict


def test_a_profile_leaves_out_what_every_stack_shares() -> None:
    counts = {
        "samples": 4,
        "own": {"a.py:f": 1},
        "whole": {"asyncio/runners.py:run": 4, "sigv4/verify.py:verify": 2},
    }

    assert shares(counts) == {"own": [("a.py:f", 0.25)], "whole": [("sigv4/verify.py:verify", 0.5)]}

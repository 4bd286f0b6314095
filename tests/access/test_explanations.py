"""Explanations of refusals: bounded whatever comes, gone after a day, and each reason has something to say."""

import pytest

from keystead.access.advice import AUTHENTICATION, OTHER, advise
from keystead.access.explanations import (
    KEPT_SECONDS,
    MAX_OF_ACCOUNT,
    MAX_UNVERIFIED,
    MAX_UNVERIFIED_A_SECOND,
    Considered,
    Explanation,
    Explanations,
    shown_canonical_request,
)
from keystead.access.sigv4 import Reason
from support.fakes import TestClock

CANARY = b"canary/wJalrXUtnFEMI+K7MDENG"


@pytest.fixture
def clock():
    return TestClock()


@pytest.fixture
def kept(clock):
    return Explanations(clock)


def refusal(kept: Explanations, number: int, account: str = "") -> Explanation:
    return Explanation(
        f"{account}-{number}", kept.now(), "127.0.0.1", "AccessDenied", 403, "authorisation", account=account
    )


def test_flood_of_unverified_callers_drops_only_their_own(kept):
    kept.keep(refusal(kept, 0, "111122223333"))

    for number in range(3 * MAX_UNVERIFIED):
        kept.keep(refusal(kept, number))

    assert len(kept._unverified) == MAX_UNVERIFIED
    assert kept.find(f"-{3 * MAX_UNVERIFIED - 1}")
    assert kept.find("-0") is None
    assert kept.find("111122223333-0")


def test_flood_of_one_account_drops_only_its_own(kept):
    kept.keep(refusal(kept, 0, "111122223333"))

    for number in range(2 * MAX_OF_ACCOUNT):
        kept.keep(refusal(kept, number, "444455556666"))

    assert len(kept._verified["444455556666"]) == MAX_OF_ACCOUNT
    assert kept.find("111122223333-0")


def test_many_accounts_are_bounded_together(kept, monkeypatch):
    monkeypatch.setattr("keystead.access.explanations.MAX_VERIFIED", 50)

    for number in range(200):
        kept.keep(refusal(kept, number, f"{number % 20:012d}"))

    assert sum(map(len, kept._verified.values())) == 50 == kept._count
    assert kept.find("000000000019-199")


def test_account_sees_its_own_only(kept):
    kept.keep(refusal(kept, 1, "111122223333"))
    kept.keep(refusal(kept, 2))

    assert kept.find("111122223333-1", "111122223333")
    assert kept.find("111122223333-1", "444455556666") is None
    assert kept.find("-2", "111122223333") is None


def test_newest_are_those_of_all_callers_and_of_the_last_day(kept, clock):
    kept.keep(refusal(kept, 0))
    clock.advance(KEPT_SECONDS + 1)
    kept.keep(refusal(kept, 1, "111111111111"))
    clock.advance(1)
    kept.keep(refusal(kept, 2))
    clock.advance(1)
    kept.keep(refusal(kept, 3, "222222222222"))

    assert [int(each.request_id.rpartition("-")[2]) for each in kept.newest(10)] == [3, 2, 1]
    assert [int(each.request_id.rpartition("-")[2]) for each in kept.newest(1)] == [3]


def test_gone_after_a_day(kept, clock):
    kept.keep(refusal(kept, 1))
    clock.advance(KEPT_SECONDS + 1)

    assert kept.find("-1") is None
    kept.keep(refusal(kept, 2))
    assert list(kept._unverified) == ["-2"]


def test_so_many_unverified_callers_a_second_are_explained(kept, clock):
    room = [kept.has_room() for _ in range(MAX_UNVERIFIED_A_SECOND + 5)]
    clock.advance(1)

    assert room == [True] * MAX_UNVERIFIED_A_SECOND + [False] * 5
    assert kept.has_room()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_what_was_checked_and_what_to_do(reason):
    advice = advise(Explanation("id", 0, "", "", 403, "authentication", reason=reason.value))

    assert reason in AUTHENTICATION
    assert len(advice.check) > 10
    assert len(advice.next) > 10
    assert "{" not in advice.check + advice.next


@pytest.mark.parametrize("check", OTHER)
def test_every_check_has_advice(check):
    assert advise(Explanation("id", 0, "", "", 400, check)) == OTHER[check]


def test_deny_is_named_with_its_statement():
    by = Considered("guard", "user", 2, 7, sid="NoKeys")
    denied = Explanation(
        "id",
        0,
        "",
        "AccessDenied",
        403,
        "authorisation",
        action="iam:CreateAccessKey",
        resource="*",
        decided_by=by,
    )

    assert advise(denied).check.startswith(
        "Statement 2 (Sid NoKeys), line 7, of the user's inline policy guard denies"
    )


def test_canonical_request_shows_names_and_hides_values():
    canonical = b"\n".join(
        [
            b"GET",
            b"/a%2520b",
            b"Action=GetUser&Password=" + CANARY + b"&X-Amz-Security-Token=" + CANARY + b"&empty=",
            b"authorization:" + CANARY,
            b"cookie:" + CANARY,
            b"host:localhost:4650",
            b"x-amz-meta-a:" + CANARY,
            b"x-amz-security-token:" + CANARY,
            b"",
            b"authorization;cookie;host;x-amz-meta-a;x-amz-security-token",
            b"0" * 64,
        ]
    )

    shown = shown_canonical_request(canonical)

    assert CANARY.decode() not in shown
    assert shown.split("\n")[:3] == [
        "GET",
        "/a%2520b",
        f"Action=GetUser&Password=<{len(CANARY)} bytes>&X-Amz-Security-Token=<{len(CANARY)} bytes>&empty=",
    ]
    assert f"x-amz-meta-a:<{len(CANARY)} bytes>" in shown
    assert "host:localhost:4650" in shown
    assert shown.endswith("\nauthorization;cookie;host;x-amz-meta-a;x-amz-security-token\n" + "0" * 64)

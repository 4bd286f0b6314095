"""Where a request comes from, as policies see it: the peer, whatever a stranger writes into its headers."""

import ipaddress
import json

import pytest

from badinput.wire import deliver, form, signed
from iam.room import Room
from support.running import Key, RunningAuthority, settings_for

ALLOWED, ELSEWHERE = "203.0.113.9", "198.51.100.7"
FORWARDING = {
    "X-Forwarded-For": ALLOWED,
    "Forwarded": f"for={ALLOWED}",
    "X-Real-IP": ALLOWED,
    "X-Client-IP": ALLOWED,
    "True-Client-IP": ALLOWED,
    "CF-Connecting-IP": ALLOWED,
}


def statement(effect: str, operator: str, network: str) -> dict[str, object]:
    condition = {operator: {"aws:SourceIp": network}}
    return {"Effect": effect, "Action": "iam:ListUsers", "Resource": "*", "Condition": condition}


def user_with(room: Room, *statements: dict[str, object]) -> Key:
    name = room.user()
    document = json.dumps({"Version": "2012-10-17", "Statement": [*statements]})
    room.iam.put_user_policy(UserName=name, PolicyName="by-address", PolicyDocument=document)
    return room.key(name)


def status_of(url: str, key: Key, headers: dict[str, str]) -> int:
    # The headers are added after signing, as a proxy or a liar would.
    sent = signed(url, key, form("ListUsers", "iam"), service="iam")
    for name, value in headers.items():
        sent = sent.adding(name, value)
    return deliver(sent).status


@pytest.mark.parametrize("header", FORWARDING)
def test_untrusted_peer_gains_nothing_by_claiming_an_allowed_address(room, header):
    key = user_with(room, statement("Allow", "IpAddress", f"{ALLOWED}/32"))

    assert status_of(room.authority.url, key, {header: FORWARDING[header]}) == 403


def test_untrusted_peer_does_not_escape_a_deny_of_its_own_address(room):
    key = user_with(
        room, statement("Allow", "IpAddress", "0.0.0.0/0"), statement("Deny", "IpAddress", "127.0.0.0/8")
    )

    assert status_of(room.authority.url, key, FORWARDING) == 403


def test_untrusted_peer_loses_nothing_by_claiming_a_forbidden_address(room):
    key = user_with(room, statement("Allow", "IpAddress", "127.0.0.0/8"))

    assert status_of(room.authority.url, key, {"X-Forwarded-For": ELSEWHERE}) == 200


@pytest.fixture(scope="module")
def behind_a_proxy(tmp_path_factory):
    """An authority that trusts whoever speaks to it from this machine to say for whom."""
    trusted = (ipaddress.ip_network("127.0.0.0/8"),)
    running = RunningAuthority(
        settings_for(tmp_path_factory.mktemp("proxied") / "data", trusted_proxy=trusted)
    )
    yield Room(running)
    running.stop()


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        (ALLOWED, 200),
        (ELSEWHERE, 403),
        # The last address is what our own proxy saw; those before it are what the client claims.
        (f"{ALLOWED}, {ELSEWHERE}", 403),
        (f"{ELSEWHERE}, {ALLOWED}", 200),
        (f"{ALLOWED}, 127.0.0.1", 200),
        ("not an address", 403),
        ("", 403),
    ],
)
def test_trusted_proxy_is_believed_about_its_own_peer_only(behind_a_proxy, forwarded, status):
    key = user_with(behind_a_proxy, statement("Allow", "IpAddress", f"{ALLOWED}/32"))

    assert status_of(behind_a_proxy.authority.url, key, {"X-Forwarded-For": forwarded}) == status


def test_key_that_deletes_itself_is_answered_once_and_refused_after(room):
    name = room.user()
    key = room.key(name)
    own = {"Effect": "Allow", "Action": "iam:*AccessKey*", "Resource": "*"}
    room.iam.put_user_policy(
        UserName=name,
        PolicyName="own",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": own}),
    )
    sent = signed(room.authority.url, key, form("DeleteAccessKey", "iam", AccessKeyId=key.id), service="iam")

    first, second = deliver(sent), deliver(sent)

    assert (first.status, second.status) == (200, 403)
    assert second.code == "InvalidClientTokenId"

"""The webhook: what happens to requests is posted, signed, in order, until it is taken, and nowhere else."""

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Iterator

import pytest

from ssm.access import ACCOUNT, AUTO, OPEN, REGION, Access, cedar, level, manual
from ssm.receiver import Got, Receiver, receiving
from ssm.room import NodeRoom
from support.running import RunningAuthority, settings_for

KEY = b"k" * 32
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
Start = Callable[..., Access]


@pytest.fixture
def start(tmp_path, database: str) -> Iterator[Start]:
    """Start an authority that posts to a URL, in which bob decides on what ana asks for."""
    running: list[RunningAuthority] = []
    secret = tmp_path / "secret"
    secret.write_text(SECRET)

    def begin(url: str, **settings: object) -> Access:
        settings = {"webhook_hosts": ("127.0.0.1",), "webhook_secret_file": secret, **settings}
        made = settings_for(tmp_path / "data", database=database, webhook_url=url, **settings)
        running.append(RunningAuthority(made))
        access = Access(NodeRoom(running[-1]))
        access.room.document(manual(level("bob")), "ManualApprovalPolicy")
        return access

    yield begin
    for each in running:
        each.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def ask(access: Access) -> str:
    """Ask as ana."""
    if "ana" not in access.keys:
        access.user("ana")
        access.bob = access.room.client("ssm", access.user("bob"))
        access.ana = access.session(access.keys["ana"], "ana")
    return access.ask(access.ana, access.node())


def is_signed(got: Got) -> bool:
    """Verify as the specification has receivers do it."""
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    is_fresh = abs(time.time() - int(got.headers["webhook-timestamp"])) < 60
    return is_fresh and got.headers["webhook-signature"] == f"v1,{expected}"


def listed(access: Access) -> list[dict]:
    return access.room.authority.command("webhook-ls")["events"]


def wait_for(check: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_every_change_is_posted_signed_and_in_order(start: Start, receiver: Receiver) -> None:
    access = start(receiver.url)
    request = ask(access)
    execution = access.execution(request)
    access.signal(access.bob, request)
    access.signal(access.bob, request, "Revoke")

    got = receiver.wait(6)

    assert all(is_signed(each) for each in got)
    events = [each.event for each in got]
    statuses = [
        each["detail"].get("AccessRequestStatus", each["detail"].get("AccessRequestApprovalLevelStatus"))
        for each in events
    ]
    assert [each["detail-type"].split()[0] for each in events] == ["Approver", "Requester"] * 3
    assert statuses == [each for each in ("PendingApproval", "Approved", "Revoked") for _ in range(2)]
    first = events[1]
    assert first.keys() == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
    }
    assert (first["version"], first["source"], first["account"], first["region"]) == (
        *("0", "aws.ssm", ACCOUNT, REGION),
    )
    assert first["resources"] == [f"arn:aws:ssm:{REGION}:{ACCOUNT}:automation-execution/{execution}"]
    assert first["detail"].keys() == {
        *("ExecutionId", "OpsItemId", "StartTime", "TargetResourceArn", "Title", "Requester"),
        "AccessRequestStatus",
    }
    assert (first["detail"]["OpsItemId"], first["detail"]["ExecutionId"]) == (request, execution)
    assert got[1].headers["webhook-id"] == first["id"]
    assert got[1].path == "/hook?a=b"
    wait_for(lambda: listed(access) == [])


def test_what_a_policy_approves_and_what_times_out_is_told_too(start: Start, receiver: Receiver) -> None:
    access = start(receiver.url)
    waiting = ask(access)
    access.advance(minutes=11)
    receiver.wait(4)
    access.room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
    approved = ask(access)

    last = receiver.wait(5)[-1].event

    told = [each.event["detail"] for each in receiver.got[:4]]
    assert {each["OpsItemId"] for each in told} == {waiting}
    assert [each.get("AccessRequestStatus") for each in told] == [None, "PendingApproval", None, "TimedOut"]
    assert (last["detail"]["AccessRequestStatus"], last["detail"]["OpsItemId"]) == ("Approved", approved)
    assert last["resources"] == [f"arn:aws:ssm:{REGION}:{ACCOUNT}:opsitem/{approved}"]


def test_receiver_that_fails_gets_it_again_with_one_id_and_in_order(start: Start, receiver: Receiver) -> None:
    receiver.status = 500
    access = start(receiver.url)
    ask(access)
    receiver.wait(2)
    receiver.status = 200

    wait_for(lambda: listed(access) == [])

    ids = [each.headers["webhook-id"] for each in receiver.got]
    assert len(set(ids[:-1])) == 1, "the second event waits for the first"
    assert len(set(ids)) == 2
    assert len({each.body for each in receiver.got[:-1]}) == 1
    assert all(is_signed(each) for each in receiver.got)


def test_receiver_that_is_down_gets_it_once_it_is_up(start: Start) -> None:
    with receiving() as gone:
        url = gone.url
    access = start(url)
    ask(access)
    wait_for(lambda: listed(access)[0]["answer"] not in (None, ""))
    port = int(url.rpartition(":")[2].partition("/")[0])

    with receiving(port) as receiver:
        receiver.wait(2)

    assert [each.event["detail-type"].split()[0] for each in receiver.got] == ["Approver", "Requester"]


@pytest.mark.parametrize(
    ("status", "location"), [(500, ""), (404, ""), (302, "/elsewhere"), (307, "/elsewhere")]
)
def test_what_is_not_taken_is_given_up_shown_and_sent_again(
    start: Start, receiver: Receiver, status: int, location: str
) -> None:
    receiver.status, receiver.location = status, location
    access = start(receiver.url, webhook_attempts=1)
    request = ask(access)
    wait_for(lambda: [each["state"] for each in listed(access)] == ["dead", "dead"])

    first, second = listed(access)
    assert (first["request"], first["attempts"], first["answer"]) == (request, 1, f"status {status}")
    assert {each.path for each in receiver.got} == {"/hook?a=b"}, "a redirect is not followed"
    receiver.status = 200
    receiver.got.clear()
    assert access.room.authority.command("webhook-resend", id=second["id"]) == {"resent": 1}
    assert receiver.wait(1)[0].headers["webhook-id"] == second["id"]
    assert access.room.authority.command("webhook-resend") == {"resent": 1}
    assert receiver.wait(2)[1].headers["webhook-id"] == first["id"]
    wait_for(lambda: listed(access) == [])
    assert access.room.authority.command("webhook-resend", id=first["id"]) == {"resent": 1}
    assert receiver.wait(3)[2].body == receiver.got[1].body


def test_slow_receiver_is_given_up_and_holds_up_no_other_request(
    start: Start, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keystead.products.ssm.webhook.posting.SECONDS", 0.3)
    receiver.pause = 1.0
    access = start(receiver.url)
    first, second = ask(access), ask(access)

    wait_for(lambda: {each["request"] for each in listed(access) if each["answer"]} == {first, second})

    assert {each["answer"] for each in listed(access) if each["answer"]} == {"no answer in time"}
    receiver.pause = 0.0
    wait_for(lambda: listed(access) == [])


def test_host_that_is_not_listed_gets_nothing(start: Start) -> None:
    with receiving() as receiver:
        access = start(receiver.url.replace("http:", "https:"), webhook_hosts=())
        ask(access)
        wait_for(lambda: bool(listed(access)[0]["answer"]))

    assert listed(access)[0]["answer"] == "127.0.0.1 is not public, and webhook_hosts does not name the host"
    assert receiver.got == []


def test_certificate_is_checked_against_the_authorities_that_are_set(start: Start, tmp_path) -> None:
    other = RunningAuthority(settings_for(tmp_path / "other"))
    other.stop()
    folder = tmp_path / "other/tls"
    with receiving(tls=folder) as receiver:
        access = start(receiver.url, webhook_ca_file=folder / "ca.pem")
        ask(access)
        assert all(is_signed(each) for each in receiver.wait(2))


def test_certificate_that_nobody_vouches_for_is_refused(start: Start, tmp_path) -> None:
    other = RunningAuthority(settings_for(tmp_path / "other"))
    other.stop()
    with receiving(tls=tmp_path / "other/tls") as receiver:
        access = start(receiver.url)
        ask(access)
        wait_for(lambda: bool(listed(access)[0]["answer"]))

    assert listed(access)[0]["answer"] == "TLS: CERTIFICATE_VERIFY_FAILED"
    assert receiver.got == []


def test_secret_is_in_no_log_and_no_journal(
    start: Start, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    with caplog.at_level(logging.DEBUG):
        access = start(receiver.url, webhook_attempts=1)
        ask(access)
        wait_for(lambda: "dead" in {each["state"] for each in listed(access)})

    shown = (
        caplog.text
        + access.room.journal()
        + json.dumps(listed(access))
        + repr(access.room.authority.settings)
    )
    assert "try 1: status 500" in caplog.text
    for secret in (
        SECRET,
        SECRET.removeprefix("whsec_"),
        KEY.decode(),
        receiver.got[0].headers["webhook-signature"],
    ):
        assert secret not in shown


def test_nothing_waits_where_nothing_is_posted(authority: RunningAuthority) -> None:
    access = Access(NodeRoom(authority))
    access.room.document(manual(level("bob")), "ManualApprovalPolicy")
    ask(access)

    assert listed(access) == []

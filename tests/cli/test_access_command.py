"""`access`: people ask, decide and wait, each a process that signs with keys of their own."""

import subprocess
from pathlib import Path

import pytest
from access_people import ACCOUNT, People
from cli_support import KEYSTEAD, MISLEADING, clean_environment

FINE, REFUSED, MISUSED, ENDED, WAITS_STILL = 0, 1, 2, 3, 4


def test_two_levels_of_people_decide_while_the_requester_waits(people: People) -> None:
    request = people.ask()
    waiting = people.started("ana", "wait", request, "--timeout", "60s")

    first = people.json("bob", "approve", request, "--comment", "go on")
    assert waiting.poll() is None
    second = people.json("kim", "approve", request)

    shown, errors = waiting.communicate(timeout=30)
    assert (first["status"], second["status"]) == ("PendingApproval", "Approved")
    assert (waiting.returncode, errors) == (FINE, "")
    assert f"{request} for {people.node}: Approved until " in shown
    assert f"aws ssm get-access-token --access-request-id {request}" in shown


def test_show_tells_levels_decisions_and_what_happened(people: People) -> None:
    request = people.ask()
    people.json("bob", "approve", request)

    told = people.json("kim", "show", request)
    read = people.run("kim", "show", request).stdout

    assert (told["node"], told["reason"], told["status"]) == (people.node, "disk full", "PendingApproval")
    assert told["requester"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/operators/ana"
    assert [(each["name"], each["approvers"]) for each in told["levels"]] == [
        ("team", ["bob"]),
        ("security", ["kim"]),
    ]
    assert told["levels"][0]["decisions"] == [f"arn:aws:iam::{ACCOUNT}:user/bob: Approve"]
    assert [each["detail"]["OpsItemId"] for each in told["events"]] == [request] * len(told["events"])
    assert "1 of 1" in read
    assert "0 of 1" in read
    assert "Approver Access Request Status Update" in read


def test_list_is_filtered_by_status_node_and_requester(people: People) -> None:
    waiting, approved = people.ask(), people.ask(people.test_node)

    def listed(*arguments: str) -> set[str]:
        return {each["id"] for each in people.json("bob", "list", *arguments)}

    assert {waiting, approved} <= listed()
    assert waiting in listed("--status", "pending")
    assert approved not in listed("--status", "pending")
    assert approved in listed("--status", "approved", "--node", people.test_node)
    assert waiting not in listed("--node", people.test_node)
    assert listed("--mine") == set()
    assert len(listed("--limit", "1")) == 1
    heading, *lines = people.run("ana", "list", "--mine", "--status", "pending").stdout.splitlines()
    assert heading.split() == ["id", "status", "node", "requester", "created", "until", "reason"]
    assert any(line.split()[0] == waiting and "operators/ana" in line for line in lines)


def test_rejected_request_ends_the_wait(people: People) -> None:
    request = people.ask()

    assert people.json("bob", "reject", request)["status"] == "Rejected"

    waited = people.run("ana", "wait", request)
    assert (waited.returncode, waited.stdout) == (ENDED, f"{request} for {people.node}: Rejected\n")


def test_wait_gives_up_after_its_time_out(people: People) -> None:
    waited = people.run("ana", "wait", people.ask(), "--timeout", "0s")

    assert waited.returncode == WAITS_STILL
    assert "PendingApproval" in waited.stdout


def test_level_whose_time_passed_ends_the_wait(people: People) -> None:
    request = people.ask()
    people.served.keystead("clock", "advance", "11m")
    try:
        waited = people.run("ana", "wait", request)
    finally:
        people.served.keystead("clock", "reset")

    assert waited.returncode == ENDED
    assert "TimedOut" in waited.stdout


@pytest.mark.parametrize("who", ["ana", "bob", "administrator"])
def test_access_is_taken_back_by_requester_approver_and_administrator(people: People, who: str) -> None:
    request = people.ask()
    people.json("bob", "approve", request)
    people.json("kim", "approve", request)

    option = ["--administrator"] if who == "administrator" else []
    told = people.json("bob" if option else who, "revoke", request, *option)

    assert told["status"] == "Revoked"
    assert people.run("ana", "wait", request).returncode == ENDED


def test_what_a_policy_approved_is_given_back(people: People) -> None:
    request = people.ask(people.test_node)

    assert people.json("ana", "show", request)["status"] == "Approved"
    assert people.json("ana", "revoke", request)["status"] == "Revoked"


def test_requester_withdraws_what_waits(people: People) -> None:
    assert people.json("ana", "revoke", people.ask())["status"] == "Cancelled"


@pytest.mark.parametrize(
    ("who", "arguments", "told"),
    [
        ("ana-herself", ["request", "{node}", "--reason", "x"], "assume one first: `aws sts assume-role"),
        ("ana", ["request", "mi-00000000000000000", "--reason", "x"], "describe-instance-information"),
        ("ana", ["request", "{node}", "--reason", ""], "ValidationException: "),
        ("ana", ["show", "oi-000000000000"], "see `keystead access list`"),
        ("ana", ["approve", "{request}"], "Requesters cannot decide on their own requests"),
        ("kim", ["approve", "{request}"], "You are not an approver of the current level"),
        ("kim", ["revoke", "{request}"], "keystead access reject {request}"),
        ("guest", ["list"], "AccessDeniedException: "),
        ("guest", ["approve", "{request}"], "ask an administrator"),
    ],
)
def test_error_is_one_line_that_ends_in_a_next_step(
    people: People, who: str, arguments: list[str], told: str
) -> None:
    names = {"node": people.node, "request": people.ask()}

    done = people.run(who, *(each.format(**names) for each in arguments))

    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert done.stderr.startswith("keystead: ")
    assert done.stderr.count("\n") == 1
    assert told.format(**names) in done.stderr


@pytest.mark.parametrize("arguments", [["show", "oi-ZZZ"], ["wait", "oi-000000000000", "--timeout", "soon"]])
def test_what_is_no_id_or_span_is_said_before_anything_is_sent(people: People, arguments: list[str]) -> None:
    done = people.run("ana", *arguments)

    assert done.returncode == MISUSED
    assert "Error: Invalid value" in done.stderr


def test_nothing_is_sent_where_no_authority_is_named(tmp_path: Path) -> None:
    done = alone("list", "--data", tmp_path / "none", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")

    assert done.returncode == REFUSED
    assert 'No authority is named; run `eval "$(keystead env)"`, or give --endpoint or --data' in done.stderr


def test_authority_of_the_data_directory_is_found_and_keys_are_asked_for(people: People) -> None:
    unsigned = alone("list", "--data", people.served.data, AWS_CONFIG_FILE="/dev/null", HOME="/nonexistent")
    keys = people.served.data / "credentials"
    # What developers' shells are found to have must send no call elsewhere.
    misled = {name: value for name, value in MISLEADING.items() if "_PROXY" in name or "ENDPOINT" in name}
    del misled["AWS_ENDPOINT_URL"]
    signed = alone("list", "--data", people.served.data, AWS_SHARED_CREDENTIALS_FILE=str(keys), **misled)

    assert (unsigned.returncode, signed.returncode) == (REFUSED, FINE), signed.stderr
    assert "There are no credentials to sign with; sign in anew" in unsigned.stderr


def test_unknown_keys_and_an_authority_that_is_down_say_what_to_do(people: People) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}

    unknown = alone("list", AWS_ENDPOINT_URL=people.served.ready["http"], **keys)
    down = alone("list", "--endpoint", "http://127.0.0.1:9", **keys)

    assert 'sign in anew, with `eval "$(keystead env)"`' in unknown.stderr
    assert "ask `keystead health`" in down.stderr
    assert (unknown.returncode, down.returncode) == (REFUSED, REFUSED)
    assert "x" * 40 not in unknown.stderr + down.stderr


def alone(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*KEYSTEAD, "access", *map(str, arguments)],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

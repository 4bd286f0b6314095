"""`clock`, `audit`, `rekey` and `version`, with and without a running server."""

import json
import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_support import KEYSTEAD, Served, keystead, start

from keystead import __version__
from support.running import client, root_key_of


def shown(text: str) -> dict[str, str]:
    return {name.strip(): value for name, value in re.findall(r"^(.+?)\s{2,}(.+)$", text, re.MULTILINE)}


def test_clock_stops_where_it_is_told_and_moves_from_there(served: Served) -> None:
    frozen = shown(served.keystead("clock", "freeze", "--at", "2031-02-03T04:05:06").stdout)
    moved = shown(served.keystead("clock", "advance", "2d").stdout)
    back = shown(keystead("clock", "advance", "--data", served.data, "--", "-1h").stdout)
    reset = shown(served.keystead("clock", "reset").stdout)

    assert (frozen["now"], frozen["frozen"]) == ("2031-02-03T04:05:06Z", "yes")
    assert moved["now"] == "2031-02-05T04:05:06Z"
    assert back["now"] == "2031-02-05T03:05:06Z"
    assert (reset["frozen"], reset["ahead seconds"]) == ("no", "0.0")


def test_moved_clock_survives_a_restart(tmp_path: Path) -> None:
    assert keystead("init", "--test", "--data", tmp_path / "data").returncode == 0
    keystead("clock", "freeze", "--at", "2031-01-01", "--data", tmp_path / "data")

    server = start(tmp_path / "data")
    now = shown(server.keystead("clock", "show").stdout)["now"]
    server.stop()

    assert now == "2031-01-01T00:00:00Z"


def test_frozen_clock_leaves_honest_signatures_alone(served: Served) -> None:
    served.keystead("clock", "freeze", "--at", "2031-01-01")

    sts = client(served.ready["http"], "sts", root_key_of(served.data))
    answer = sts.get_caller_identity()["Account"]
    served.keystead("clock", "reset")

    assert answer == "123456789012"


def test_clock_of_a_real_directory_cannot_be_moved(made: Path) -> None:
    refused = keystead("clock", "advance", "1h", "--data", made)

    assert refused.returncode == 1
    assert refused.stderr.startswith(
        "keystead: the clock moves only in a directory made by `keystead init --test`"
    )


def test_clock_can_be_read_in_any_directory(made: Path) -> None:
    told = shown(keystead("clock", "show", "--data", made).stdout)

    age = datetime.now().astimezone() - datetime.fromisoformat(told["now"])
    assert told["movable"] == "no"
    assert abs(age) < timedelta(minutes=1)


def test_journal_tells_who_did_what(served: Served) -> None:
    iam = client(served.ready["http"], "iam", root_key_of(served.data))
    iam.create_user(UserName="journalled")
    served.keystead("creds", "show", "AKIAUNKNOWN")

    events = [json.loads(line) for line in served.keystead("audit", "tail", "--json").stdout.splitlines()]

    created = next(event for event in events if event["eventName"] == "CreateUser")
    assert created["userIdentity"]["arn"] == "arn:aws:iam::123456789012:root"
    assert created["requestParameters"][
        "userName" if "userName" in created["requestParameters"] else "UserName"
    ]
    looked = next(event for event in events if event["eventName"] == "ShowCredential")
    assert looked["userIdentity"]["principalId"].startswith("local-operator/")
    iam.delete_user(UserName="journalled")


def test_tail_is_narrowed_by_name_person_and_outcome(served: Served) -> None:
    iam = client(served.ready["http"], "iam", root_key_of(served.data))
    iam.create_user(UserName="narrowed")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName="narrowed")
    iam.delete_user(UserName="narrowed")

    def tail(*options: str) -> list[dict[str, Any]]:
        lines = served.keystead("audit", "tail", "--json", *options).stdout.splitlines()
        return [json.loads(line) for line in lines]

    by_name = tail("--event", "createuser", "-n", "2")
    refused = tail("--event", "CreateUser", "--refused", "-n", "1")
    by_key = tail("--who", root_key_of(served.data).id, "-n", "3")
    by_nobody = tail("--who", "nobody-of-that-name")

    assert [event["eventName"] for event in by_name] == ["CreateUser"] * 2
    assert [event["errorCode"] for event in refused] == ["EntityAlreadyExists"]
    assert {event["eventName"] for event in by_key} == {"CreateUser", "DeleteUser"}
    assert by_nobody == []


def test_followed_journal_tells_what_comes_and_ends_with_the_server(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    command = [*KEYSTEAD, "audit", "tail", "--follow", "-n", "1", "--event", "ShowCredential"]
    following = subprocess.Popen(
        [*command, "--data", server.data], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert following.stdout is not None

    heading = following.stdout.readline()
    server.keystead("creds", "show", "AKIAUNKNOWN")
    line = following.stdout.readline()
    server.stop()
    rest, errors = following.communicate(timeout=30)

    assert heading.split() == ["time", "event", "who", "key", "from", "outcome"]
    assert line.split()[1] == "ShowCredential"
    assert (rest, errors, following.returncode) == ("", "the server has stopped\n", 0)


def test_nothing_is_followed_without_a_server(made: Path) -> None:
    refused = keystead("audit", "tail", "--follow", "--data", made)

    assert refused.returncode == 2
    assert "no server runs" in refused.stderr


def test_json_of_verdicts_and_clocks_has_the_members_of_the_text(served: Served) -> None:
    verdict, clock = served.json("audit", "verify"), served.json("clock", "show")

    assert {"holds", "blocks", "events", "head", "broken_at"} == set(verdict)
    assert {"now", "frozen", "ahead_seconds", "movable"} == set(clock)


def test_export_has_every_event_that_verify_counts(served: Served) -> None:
    verdict = shown(served.keystead("audit", "verify").stdout)
    exported = served.keystead("audit", "export").stdout.splitlines()

    # One more: that verify looked. What waited in memory since an earlier test may have been written in between.
    later = shown(served.keystead("audit", "verify").stdout)
    assert int(verdict["events"]) + 1 <= len(exported) <= int(later["events"])
    assert verdict["holds"] == "yes"
    assert all(json.loads(line)["eventTime"] for line in exported)


def test_every_key_opens_after_rekey_while_serving(served: Served) -> None:
    before = (served.data / "root.key").read_text()

    told = served.keystead("rekey")

    assert re.match(r"Sealed [0-9]+ secrets of 1 account\(s\) anew", told.stdout)
    assert before != (served.data / "root.key").read_text()
    sts = client(served.ready["http"], "sts", root_key_of(served.data))
    assert sts.get_caller_identity()["Account"] == "123456789012"


def test_journal_begins_with_the_roots_key(tmp_path: Path) -> None:
    keystead("init", "--data", tmp_path / "data")
    key_id = root_key_of(tmp_path / "data").id

    first = json.loads(keystead("audit", "export", "--data", tmp_path / "data").stdout.splitlines()[0])

    assert ("InitialiseAccount", key_id) == (
        first["eventName"],
        first["requestParameters"]["rootAccessKeyId"],
    )


def test_verbs_work_on_the_directory_itself_when_no_server_runs(made: Path) -> None:
    assert keystead("rekey", "--data", made).returncode == 0
    assert keystead("audit", "verify", "--data", made).stdout.startswith("holds      yes")
    assert len(json.loads(keystead("creds", "ls", "--json", "--data", made).stdout)) == 2


def test_verbs_say_how_to_make_a_directory_that_is_missing(tmp_path: Path) -> None:
    refused = keystead("creds", "ls", "--data", tmp_path / "none")

    assert refused.returncode == 1
    assert refused.stderr.endswith(f"`keystead init --data {tmp_path / 'none'}` makes one\n")
    assert not (tmp_path / "none").exists()


def test_version_alone_is_told_at_once() -> None:
    assert keystead("--version").stdout == f"keystead {__version__}\n"


def test_version_names_the_models_and_their_digest() -> None:
    assert re.fullmatch(
        r"keystead [0-9.]+\nmodels   botocore 1\.[0-9.]+, digest [0-9a-f]{16} of [a-z0-9, ]*iam[a-z0-9, ]*\n",
        keystead("version").stdout,
    )

"""`explain`: from the request id that an SDK shows to what an administrator does next, in one command."""

import json

import pytest
from botocore.exceptions import ClientError
from cli_support import Served, keystead

from support.running import Key, client, root_key_of


def refused(served: Served) -> str:
    key = root_key_of(served.data)
    with pytest.raises(ClientError) as error:
        client(served.ready["http"], "sts", Key(key.id, "not-the-secret")).get_caller_identity()
    return error.value.response["ResponseMetadata"]["RequestId"]


def test_text_says_what_failed_and_what_to_do(served: Served) -> None:
    told = served.keystead("explain", refused(served)).stdout

    assert told.startswith("sts:GetCallerIdentity was answered SignatureDoesNotMatch (403) at ")
    assert "check   authentication, signature-mismatch" in told
    assert "What to do: Compare the string to sign" in told
    assert "  AWS4-HMAC-SHA256\n" in told
    assert "Traceback" not in told


def test_json_holds_the_facts_and_the_look_is_journalled(served: Served) -> None:
    request_id = refused(served)

    assert served.json("explain", request_id)["reason"] == "signature-mismatch"
    tail = served.keystead("audit", "tail", "--count", 20, "--json").stdout.splitlines()
    looks = [event for event in map(json.loads, tail) if event.get("eventName") == "ExplainRefusal"]
    assert looks[-1]["requestParameters"] == {"requestID": request_id}


def test_without_an_id_the_latest_refusal_is_explained(served: Served) -> None:
    refused(served)
    request_id = refused(served)

    told = served.keystead("explain").stdout

    assert f"  request {request_id}\n" in told


def test_list_has_the_latest_first_with_what_it_takes_to_ask_on(served: Served) -> None:
    earlier, later = refused(served), refused(served)

    rows = served.json("explain", "--list", "--count", 2)
    heading = served.keystead("explain", "--list").stdout.splitlines()[0]

    assert [later, earlier] == [row["request"] for row in rows]
    assert rows[0]["asked"] == "sts:GetCallerIdentity"
    assert rows[0]["answer"] == "SignatureDoesNotMatch"
    assert rows[0]["check"] == "authentication, signature-mismatch"
    assert heading.split() == ["at", "request", "who", "asked", "answer", "check"]


@pytest.mark.parametrize("request_id", ["no-such-id", "\x1b[31m", "9" * 2000])
def test_unknown_id_is_one_line_that_says_where_else_to_look(served: Served, request_id: str) -> None:
    done = served.keystead("explain", request_id)

    assert done.returncode == 1
    assert "audit export" in done.stderr
    assert "\x1b" not in done.stderr
    assert len(done.stderr) < 600


def test_without_any_refusal_it_says_where_else_to_look(made) -> None:
    done = keystead("explain", "--data", made)

    assert done.returncode == 1
    assert done.stderr.startswith("keystead: no refusal is kept")
    assert "audit tail --refused" in done.stderr


def test_without_a_server_there_is_nothing_to_explain(made) -> None:
    done = keystead("explain", "some-id", "--data", made)

    assert done.returncode == 1
    assert "running server's memory" in done.stderr

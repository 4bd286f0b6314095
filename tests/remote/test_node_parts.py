"""Parts of the agent and the plugin that need no server."""

import asyncio
import json
import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.remote.node.destinations import NEVER, Denied, Destinations
from keystead.remote.node.order import read_order
from keystead.remote.node.place import NodeSettings
from keystead.remote.node.ports import version
from keystead.remote.node.sessions import NodeSession
from keystead.remote.node.terminals import whole_characters
from keystead.remote.node.users import NoSuchUser, find
from keystead.remote.plugin.arguments import BadArguments, read
from keystead.sessionwire.payloads import BadPayload
from support.fakes import FixedEntropy, TestClock

RESPONSE = json.dumps({"SessionId": "ana-1", "TokenValue": "t", "StreamUrl": "wss://h/v1/data-channel/ana-1"})


@given(st.text(max_size=30), st.integers(0, 60))
def test_no_character_is_cut(text: str, place: int) -> None:
    raw = text.encode()
    first, held = whole_characters(raw[:place])

    assert first.decode() + (held + raw[place:]).decode() == text
    assert len(held) <= 3


@given(st.binary(max_size=20))
def test_bytes_that_are_no_text_pass_all_the_same(raw: bytes) -> None:
    whole, held = whole_characters(raw)

    assert whole + held == raw
    assert len(held) <= 3


@pytest.mark.parametrize("host", [str(each) for each in NEVER] + ["::ffff:169.254.169.254"])
def test_metadata_services_are_never_dialled(host: str) -> None:
    with pytest.raises(Denied):
        asyncio.run(Destinations([]).dial(host, 80))


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..b"])
def test_what_is_no_name_is_not_dialled_and_told_as_any_other(host: str) -> None:
    with pytest.raises(Denied):
        asyncio.run(Destinations([]).dial(host, 80))


def test_denied_network_is_not_dialled_by_any_name_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]

        with pytest.raises(Denied):
            asyncio.run(Destinations(["127.0.0.0/8", "::1/128"]).dial("localhost", port))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::ffff:0.0.0.0", "0"])
def test_denied_machine_itself_is_not_dialled_by_the_address_of_no_machine(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]

        with pytest.raises(Denied):
            asyncio.run(Destinations(["127.0.0.0/8", "::1/128"]).dial(host, port))


def test_text_that_is_no_host_is_refused_like_one_that_may_not_be_dialled() -> None:
    with pytest.raises(Denied):
        asyncio.run(Destinations([]).dial("\u00e9" * 80, 80))


@pytest.mark.parametrize("told", ["1.\u00b2", "1." + "9" * 5000])
def test_version_that_no_number_is_in_counts_as_the_newest(told: str) -> None:
    assert version(told) == (9999,)


@pytest.mark.parametrize("content", [{}, {"SessionId": ""}, {"SessionId": "../x"}, {"SessionId": "a b"}])
def test_order_without_a_session_is_refused(content: dict[str, str]) -> None:
    with pytest.raises(BadPayload):
        read_order(json.dumps({"Content": json.dumps(content)}).encode())


def test_order_says_whose_shell_it_is_only_if_it_is_enabled() -> None:
    def run_as(**inputs: object) -> str:
        document = {"sessionType": "Standard_Stream", "inputs": inputs}
        content = {"SessionId": "ana-1", "DocumentContent": document}
        return read_order(json.dumps({"Content": json.dumps(content)}).encode()).run_as

    assert run_as(runAsEnabled="true", runAsDefaultUser="ops") == "ops"
    assert run_as(runAsEnabled=False, runAsDefaultUser="ops") == ""


def test_nobody_runs_as_a_user_that_is_not_there() -> None:
    with pytest.raises(NoSuchUser):
        find("no-such-user-here", "/bin/sh")


def test_shells_environment_holds_nothing_of_the_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")

    environment = find("", "/bin/sh").environment()

    assert set(environment) == {"TERM", "LANG", "HOME", "USER", "LOGNAME", "SHELL", "PATH"}


def test_client_versions_are_compared_by_number() -> None:
    assert version("1.2.331.0") < version("1.2.1000.0") < version("unreadable")


def test_response_is_taken_from_the_variable_and_unset() -> None:
    environment = {"AWS_SSM_START_SESSION_RESPONSE": RESPONSE, "OTHER": "x"}

    found = read(
        [
            "AWS_SSM_START_SESSION_RESPONSE",
            "eu-west-1",
            "StartSession",
            "ops",
            '{"Target":"mi-1"}',
            "https://h",
        ],
        environment,
    )

    assert (found.session_id, found.region, found.profile, found.target) == (
        "ana-1",
        "eu-west-1",
        "ops",
        "mi-1",
    )
    assert environment == {"OTHER": "x"}


def test_legacy_form_has_the_response_as_its_first_argument() -> None:
    assert read([RESPONSE, "us-east-1", "StartSession", ""], {}).session_id == "ana-1"


@pytest.mark.parametrize(
    "arguments",
    [
        ["what"],
        ["a", "b"],
        ["{}", "r", "StartSession"],
        ["AWS_SSM_START_SESSION_RESPONSE", "r", "StartSession"],
        [RESPONSE, "r", "Other"],
        [RESPONSE.replace("wss:", "file:"), "r", "StartSession"],
    ],
)
def test_other_arguments_are_refused_without_quoting_a_token(arguments: list[str]) -> None:
    with pytest.raises(BadArguments) as refused:
        read(arguments, dict(os.environ))

    assert '"t"' not in str(refused.value)


def test_agent_ends_a_session_that_the_authority_forgot() -> None:
    clock = TestClock()
    content = {"SessionId": "ana-1", "DocumentContent": {"inputs": {"idleSessionTimeout": "5"}}}
    order = read_order(json.dumps({"Content": json.dumps(content)}).encode())
    settings = NodeSettings("https://localhost:1", "us-east-1", "mi-0123456789abcdef0")

    async def watch() -> str:
        session = NodeSession(order, settings, lambda *_: None, clock, FixedEntropy())
        clock.advance(5 * 60 + 61)
        return await asyncio.wait_for(session._watch(), 10)

    assert asyncio.run(watch()) == "The session was idle for too long."

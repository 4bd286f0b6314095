"""How a session ends, and what does not end it."""

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from ssmdoor.access import signing, statement, user
from ssmdoor.channel import Channel, refused
from ssmdoor.rig import Rig, wait_for

PREFERENCES = "SSM-SessionManagerRunShell"


EVERYTHING = statement(Action="ssm:*", Resource="*")


@pytest.mark.parametrize("why", ["nobody listens", "no certificate is trusted"])
def test_session_that_its_client_cannot_join_is_ended_by_it(rig: Rig, why: str) -> None:
    opened = rig.client("ssm").start_session(Target=rig.instance)
    if why == "nobody listens":
        argv, env = rig.plugin(opened, stream="wss://127.0.0.1:1/v1/data-channel/s?role=publish_subscribe")
    else:
        # The API is reached over plain HTTP, where no certificate is asked for.
        argv, env = rig.plugin(opened)
        del env["AWS_CA_BUNDLE"]
        argv[-1] = rig.ready["http"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert ("set AWS_CA_BUNDLE" in done.stderr) == (why == "no certificate is trusted")
    wanted = [{"key": "SessionId", "value": opened["SessionId"]}]
    ssm = rig.client("ssm")
    wait_for("its end", lambda: ssm.describe_sessions(State="History", Filters=wanted)["Sessions"])


def test_deleted_key_ends_its_live_session_within_a_second(rig: Rig) -> None:
    keys = user(rig, "ana", EVERYTHING)
    session = signing(rig, keys).start_session(Target=rig.instance)

    async def live() -> tuple[str, float]:
        channel = await Channel.join(rig, session)
        await channel.prompt()
        await channel.type("echo here-$((1+1))\r")
        await channel.sees("here-2")
        await asyncio.to_thread(
            rig.client("iam").delete_access_key, UserName="ana", AccessKeyId=keys["AccessKeyId"]
        )
        revoked = time.monotonic()
        return await channel.end(), time.monotonic() - revoked

    text, took = asyncio.run(live())
    assert text == "Your access to this node was revoked."
    assert took < 1


def test_token_of_a_revoked_key_opens_nothing(rig: Rig) -> None:
    keys = user(rig, "eva", EVERYTHING)
    session = signing(rig, keys).start_session(Target=rig.instance)
    rig.client("iam").update_access_key(UserName="eva", AccessKeyId=keys["AccessKeyId"], Status="Inactive")

    assert asyncio.run(refused(rig, session))


def test_reader_that_stands_still_does_not_hold_up_the_end(rig: Rig) -> None:
    ssm = rig.client("ssm")
    session = ssm.start_session(Target=rig.instance)

    async def stall() -> float:
        channel = await Channel.join(rig, session)
        await channel.prompt()
        await channel.type("yes\r")
        await asyncio.sleep(2)
        await asyncio.to_thread(ssm.terminate_session, SessionId=session["SessionId"])
        began = time.monotonic()
        wanted = [{"key": "SessionId", "value": session["SessionId"]}]
        while not ssm.describe_sessions(State="History", Filters=wanted)["Sessions"]:
            assert time.monotonic() - began < 5
            await asyncio.sleep(0.05)
        channel.socket.transport.abort()
        return time.monotonic() - began

    assert asyncio.run(stall()) < 1.5


def test_session_outlives_its_keys_and_is_not_resumed_with_them(rig: Rig) -> None:
    keys = signing(rig, user(rig, "bob", EVERYTHING), "sts").get_session_token(DurationSeconds=900)[
        "Credentials"
    ]
    session = signing(rig, keys).start_session(Target=rig.instance)

    async def outlive() -> None:
        channel = await Channel.join(rig, session)
        await channel.prompt()
        await channel.type("echo one-$((1+1))\r")
        await channel.sees("one-2")
        await asyncio.to_thread(rig.clock, "advance", "61m")
        await asyncio.sleep(1)
        await channel.type("echo two-$((2+2))\r")
        await channel.sees("two-4")
        with pytest.raises(ClientError, match="ExpiredToken"):
            await asyncio.to_thread(signing(rig, keys).resume_session, SessionId=session["SessionId"])
        await channel.socket.close()

    try:
        asyncio.run(outlive())
    finally:
        rig.client("ssm").terminate_session(SessionId=session["SessionId"])
        rig.clock("reset")


@contextmanager
def preferences(rig: Rig, **inputs: str) -> Iterator[None]:
    """Have the account's sessions go by these inputs; the clock is set right afterwards."""
    content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
    rig.client("ssm").create_document(Name=PREFERENCES, Content=json.dumps(content), DocumentType="Session")
    try:
        yield
    finally:
        rig.client("ssm").delete_document(Name=PREFERENCES)
        rig.clock("reset")


async def in_use(rig: Rig) -> Channel:
    """Return a session of which something was just typed."""
    channel = await Channel.join(rig, rig.client("ssm").start_session(Target=rig.instance))
    await channel.prompt()
    await channel.type("echo one-$((1+1))\r")
    await channel.sees("one-2")
    return channel


def test_session_ends_at_its_maximum_duration(rig: Rig) -> None:
    async def last() -> str:
        channel = await in_use(rig)
        await asyncio.to_thread(rig.clock, "advance", "31m")
        return await channel.end()

    with preferences(rig, maxSessionDuration="30"):
        assert asyncio.run(last()) == "The session has reached its maximum duration."
    wait_for("its end", lambda: not rig.client("ssm").describe_sessions(State="Active")["Sessions"])


def test_idle_session_ends_after_its_minute(rig: Rig) -> None:
    # A real minute: how long nobody typed is not a matter of the movable clock, and a minute is the least.
    async def idle() -> tuple[str, float]:
        channel, began = await in_use(rig), time.monotonic()
        return await channel.end(90), time.monotonic() - began

    with preferences(rig, idleSessionTimeout="1"):
        text, seconds = asyncio.run(idle())

    assert text == "The session was idle for too long."
    assert 58 < seconds < 75

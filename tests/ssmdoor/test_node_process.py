"""The agent as a process: as whom shells run, that it makes no user, and that it listens on nothing."""

import asyncio
import contextlib
import hashlib
import json
import os
from pathlib import Path

from ssmdoor.channel import Channel
from ssmdoor.rig import Rig, wait_for

PREFERENCES = "SSM-SessionManagerRunShell"
_LISTENS = "0A"
"""The state of a listening socket in Linux's `/proc/net/tcp`."""


def accounts() -> str:
    """Return a digest of who is known to this machine and who may become root."""
    digest = hashlib.sha256()
    places = [Path("/etc") / each for each in ("passwd", "group", "shadow", "sudoers")]
    for place in [*places, *sorted(Path("/etc/sudoers.d").glob("*"))]:
        if place.is_file() and os.access(place, os.R_OK):
            digest.update(str(place).encode() + place.read_bytes())
    return digest.hexdigest()


def listening(pid: int) -> set[str]:
    """Return the inodes of a process's sockets that take connections."""
    own: set[str] = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # Closed since it was listed.
            own.add(os.readlink(each))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENS and f"socket:[{fields[9]}]" in own:
                found.add(fields[9])
    return found


async def say(rig: Rig, session: dict, typed: str, seen: str) -> None:
    channel = await Channel.join(rig, session)
    await channel.prompt()
    await channel.type(typed)
    await channel.sees(seen)
    await channel.socket.close()


def test_authority_that_is_an_hour_ahead_costs_no_session(rig: Rig) -> None:
    rig.clock("advance", "61m")
    try:
        session = rig.client("ssm").start_session(Target=rig.instance)
        asyncio.run(say(rig, session, "echo here-$((6*7))\r", "here-42"))
        rig.client("ssm").terminate_session(SessionId=session["SessionId"])
    finally:
        rig.clock("reset")


def test_agent_listens_on_no_port_and_makes_no_user(rig: Rig) -> None:
    before = accounts()
    session = rig.client("ssm").start_session(Target=rig.instance)
    asyncio.run(say(rig, session, "echo here-$((6*7))\r", "here-42"))

    assert listening(rig.server.pid)
    assert listening(rig.agent.pid) == set()
    assert accounts() == before
    rig.client("ssm").terminate_session(SessionId=session["SessionId"])


def test_shell_runs_as_the_user_that_is_configured_or_not_at_all(rig: Rig) -> None:
    ssm = rig.client("ssm")
    content = {
        "schemaVersion": "1.0",
        "sessionType": "Standard_Stream",
        "inputs": {"runAsEnabled": "true", "runAsDefaultUser": "nobody"},
    }
    ssm.create_document(Name=PREFERENCES, Content=json.dumps(content), DocumentType="Session")
    try:
        session = ssm.start_session(Target=rig.instance)
        if os.geteuid() == 0:
            asyncio.run(say(rig, session, 'echo "I am $(id -un):$(id -Gn)."\r', "I am nobody:nogroup."))
        else:
            asyncio.run(refused(rig, session, "this agent cannot become nobody"))
    finally:
        ssm.delete_document(Name=PREFERENCES)
    ssm.terminate_session(SessionId=session["SessionId"])


def test_shell_of_a_user_that_is_not_there_is_refused_with_a_text(rig: Rig) -> None:
    ssm = rig.client("ssm")
    before = accounts()
    inputs = {"runAsEnabled": True, "runAsDefaultUser": "no-such-user-here"}
    content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
    ssm.create_document(Name=PREFERENCES, Content=json.dumps(content), DocumentType="Session")
    try:
        session = ssm.start_session(Target=rig.instance)
        asyncio.run(refused(rig, session, "there is no user no-such-user-here on this node"))
    finally:
        ssm.delete_document(Name=PREFERENCES)
    assert accounts() == before


async def refused(rig: Rig, session: dict, text: str) -> None:
    channel = await Channel.join(rig, session)
    assert await channel.end() == text


def test_deregistered_node_loses_its_sessions_and_comes_back_no_more(rig: Rig) -> None:
    instance = rig.another_node("gone")
    agent, ssm = rig.run_agent("gone"), rig.client("ssm")
    try:
        rig.wait_connected(instance)
        session = ssm.start_session(Target=instance)

        async def lose() -> str:
            channel = await Channel.join(rig, session)
            await channel.prompt()
            await asyncio.to_thread(ssm.deregister_managed_instance, InstanceId=instance)
            return await channel.end()

        assert asyncio.run(lose()) == "The node was deregistered."
        wait_for(
            "its refusal", lambda: "AccessDenied" in (rig.folder / "gone.log").read_text(errors="replace")
        )
        assert ssm.get_connection_status(Target=instance)["Status"] == "notconnected"
    finally:
        agent.terminate()
        agent.wait(20)

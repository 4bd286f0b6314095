"""A second reading of the node's side, against the door and our plugin as a process: neither knows our agent."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable

import pytest

from keystead.remote.sockets import trust
from ssmdoor.rig import ROLE, Rig
from ssmdoor.terminal import Person
from support.nodepeer import NodePeer, NodeSession


@pytest.fixture(scope="module")
def node(rig: Rig) -> NodePeer:
    made = rig.client("ssm").create_activation(IamRole=ROLE)
    found = NodePeer(rig.ready["https"], trust(rig.ca))
    found.register(made["ActivationId"], made["ActivationCode"])
    found.fetch_keys()
    return found


def serve(
    rig: Rig, node: NodePeer, use: Callable[[NodeSession, dict], Awaitable[None]], run, **asked: object
):
    """Start a session on the node, run our plugin in it by `run`, serve it by `use`, and return what `run` does."""

    async def both() -> object:
        await node.open_control()
        await asyncio.to_thread(rig.wait_connected, node.id)
        opened = await asyncio.to_thread(lambda: rig.client("ssm").start_session(Target=node.id, **asked))
        running = asyncio.ensure_future(asyncio.to_thread(run, *rig.plugin(opened)))
        async with asyncio.timeout(60):
            order = await node.order()
            assert order["SessionId"] == opened["SessionId"]
            await use(await node.join(order["SessionId"]), order)
            done = await running
        await node.control.close()
        return done

    return asyncio.run(both())


def test_shell_without_handshake_is_typed_into_sized_shown_and_ended(rig: Rig, node: NodePeer) -> None:
    heard: dict[str, object] = {}

    async def use(session: NodeSession, order: dict) -> None:
        await session.say(b"peer$ ")
        heard["size"] = json.loads(await session.hear(3))
        typed = b""
        while b"\r" not in typed:
            typed += await session.hear(1)
        heard["typed"], heard["order"] = typed, order
        await session.say("größe ".encode() * 1000 + b"!")
        while len(session.acknowledged) < 9:
            session_hears = asyncio.ensure_future(session.hear(99))
            await asyncio.wait([session_hears], timeout=0.3)
            session_hears.cancel()
        heard["acknowledged"] = sorted(session.acknowledged)
        heard["end"] = await session.end()

    def run(argv: list, env: dict[str, str]) -> tuple[str, int]:
        person = Person(argv, env)
        person.sees("peer$ ")
        person.type("hello\r")
        shown = person.sees("!")
        person.sees("Exiting session with sessionId: ")
        return shown, person.leaves()

    shown, status = serve(rig, node, use, run)

    assert (heard["size"], heard["typed"]) == ({"cols": 120, "rows": 40}, b"hello\r")
    assert (shown, status) == ("größe " * 1000, 0)
    assert heard["acknowledged"] == list(range(9))
    assert set(heard["order"]) == {
        *("DocumentName", "DocumentContent", "SessionId", "Parameters", "RunAsUser", "SessionOwner")
    }
    assert heard["order"]["DocumentContent"]["inputs"]["cloudWatchStreamingEnabled"] is False
    assert heard["end"]["TaskId"] == heard["order"]["SessionId"]


def test_command_with_a_handshake_tells_its_errors_and_its_status(rig: Rig, node: NodePeer) -> None:
    heard: dict[str, object] = {}

    async def use(session: NodeSession, order: dict) -> None:
        content = order["DocumentContent"]
        heard["commands"] = content["properties"]["linux"]["commands"]
        heard["answer"] = await session.shake_hands(content["sessionType"], content["properties"])
        await session.say(b"out\n")
        await session.say(b"err\n", 11)
        await session.say(b"EXIT_CODE: 7", 12)
        await session.end()

    def run(argv: list, env: dict[str, str]) -> subprocess.CompletedProcess:
        return subprocess.run(
            argv,
            env={**env, "KEYSTEAD_PLUGIN_EXIT_CODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    asked = {"DocumentName": "AWS-StartNonInteractiveCommand", "Parameters": {"command": ["make it so"]}}
    done = serve(rig, node, use, run, **asked)

    assert heard["commands"] == "make it so"
    (action,) = heard["answer"]["ProcessedClientActions"]
    assert (action["ActionType"], action["ActionStatus"], heard["answer"]["Errors"]) == ("SessionType", 1, [])
    assert ("mind the step\n" in done.stdout, "\nout\n" in done.stdout) == (True, True)
    assert (done.stderr, done.returncode) == ("err\n", 7)


def test_text_of_the_nodes_failure_is_shown(rig: Rig, node: NodePeer) -> None:
    async def use(session: NodeSession, order: dict) -> None:
        await session.say(b"peer$ ")
        await session.end("the node has had enough")

    def run(argv: list, env: dict[str, str]) -> int:
        person = Person(argv, env)
        person.sees(" : the node has had enough")
        return person.leaves()

    assert serve(rig, node, use, run) == 0

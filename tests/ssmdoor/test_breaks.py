"""What a broken connection costs: neither the shell nor its state, on the client's side or on the node's."""

import time
from collections.abc import Iterator

import pytest

from ssmdoor.rig import Rig
from ssmdoor.terminal import Person
from ssmdoor.wire import Wire


@pytest.fixture(scope="module")
def wire(rig: Rig) -> Iterator[Wire]:
    made = Wire(int(rig.ready["https"].rpartition(":")[2]))
    yield made
    made.close()


@pytest.fixture(scope="module")
def remote(rig: Rig, wire: Wire) -> Iterator[str]:
    """A second node, all of whose connections go over the wire."""
    instance = rig.another_node("remote", f"https://127.0.0.1:{wire.port}")
    agent = rig.run_agent("remote")
    rig.wait_connected(instance)
    yield instance
    agent.terminate()
    agent.wait(20)


def sit_down(rig: Rig, instance: str, port: int | None = None) -> Person:
    """Start a session and our plugin in it, its first socket over the wire if there is a `port`."""
    # The test before may have cut the node off, and a busy machine takes its time to join it again.
    rig.wait_connected(instance)
    opened = rig.client("ssm").start_session(Target=instance)
    host, _, path = opened["StreamUrl"].removeprefix("wss://").partition("/")
    stream = f"wss://127.0.0.1:{port}/{path}" if port else f"wss://{host}/{path}"
    person = Person(*rig.plugin(opened, stream))
    person.sees("Starting session with SessionId: ")
    return person


def test_plugin_whose_socket_is_cut_resumes_the_same_shell(rig: Rig, wire: Wire) -> None:
    person = sit_down(rig, rig.instance, wire.port)
    person.type("kept=still-here; echo set-$((3*3))\n")
    person.sees("set-9")

    assert wire.cut() > 0
    person.type("echo $kept-$((4*4))\n")
    person.sees("still-here-16")
    person.type("exit\n")
    person.sees("Exiting session with sessionId: ")

    assert person.leaves() == 0


def test_session_of_a_node_that_was_cut_off_goes_on(rig: Rig, wire: Wire, remote: str) -> None:
    person = sit_down(rig, remote)
    person.type("kept=still-here; echo set-$((3*3))\n")
    person.sees("set-9")

    assert wire.cut() > 0
    person.type("echo $kept-$((4*4))\n")
    person.sees("still-here-16")
    person.type("exit\n")

    assert person.leaves() == 0
    rig.wait_connected(remote)


def test_both_ends_may_be_cut_at_once_in_the_middle_of_output(rig: Rig, wire: Wire, remote: str) -> None:
    person = sit_down(rig, remote, wire.port)
    person.type("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line-$i; done; echo all-$((5*5))\n")
    person.sees("line-100\r\n")

    assert wire.cut() > 0
    shown = person.sees("all-25\r\n", 60)
    person.type("exit\n")

    assert person.leaves() == 0
    wanted = "".join(f"line-{number}\r\n" for number in range(101, 20001))
    differs = next((at for at, pair in enumerate(zip(shown, wanted, strict=False)) if len({*pair}) > 1), 0)
    assert shown == wanted, f"from {differs}: {shown[max(0, differs - 40) : differs + 200]!r}"


def test_node_tries_again_less_and_less_often_and_comes_back(rig: Rig, wire: Wire, remote: str) -> None:
    ssm = rig.client("ssm")
    wire.is_down = True
    wire.cut()
    cut = len(wire.attempts)
    time.sleep(5)
    tries = wire.attempts[cut:]

    assert ssm.get_connection_status(Target=remote)["Status"] == "notconnected"
    with pytest.raises(ssm.exceptions.TargetNotConnected):
        ssm.start_session(Target=remote)
    # 0.2 s, doubled each time and then up to a half more: never in a burst, and not given up.
    assert 2 <= len(tries) <= 8
    wire.is_down = False
    rig.wait_connected(remote, 60)

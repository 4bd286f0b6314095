"""A shell by unmodified `aws ssm start-session`, our plugin, the door and our agent, all real processes."""

import json
import time

from ssmdoor.rig import AWS, Rig
from ssmdoor.terminal import Person


def sit_down(rig: Rig) -> Person:
    person = Person([AWS, "ssm", "start-session", "--target", rig.instance], rig.environment)
    person.sees("Starting session with SessionId: ")
    return person


def test_shell_echoes_resizes_and_ends(rig: Rig) -> None:
    person = sit_down(rig)

    person.type("echo $((6*7))-is-it\n")
    person.sees("42-is-it")
    person.resize(99, 33)
    person.type("sleep 1.2; stty size\n")
    person.sees("33 99")
    person.type("exit\n")
    person.sees("Exiting session with sessionId: ")

    assert person.leaves() == 0


def test_terminate_session_ends_the_plugin_at_once_and_well(rig: Rig) -> None:
    person = sit_down(rig)
    session_id = person.sees("\r\n").strip()
    person.type("echo ready-$((1+1))\n")
    person.sees("ready-2")
    began = time.monotonic()
    rig.client("ssm").terminate_session(SessionId=session_id)
    person.sees(f"SessionId: {session_id} : Session terminated.")
    took = time.monotonic() - began

    assert person.leaves() == 0
    assert took < 1
    (shown,) = rig.client("ssm").describe_sessions(
        State="History", Filters=[{"key": "SessionId", "value": session_id}]
    )["Sessions"]
    assert (shown["Status"], shown["AccessType"]) == ("Terminated", "Standard")


def test_recording_holds_what_was_shown_and_not_what_was_hidden(rig: Rig) -> None:
    person = sit_down(rig)
    session_id = person.sees("\r\n").strip()
    person.type("stty -echo; echo quiet-$((1+1))\n")
    person.sees("quiet-2")
    person.type("secret=hush-hush; echo said-$((2+3))\n")
    person.sees("said-5")
    person.type("exit\n")
    person.leaves()

    (file,) = (rig.folder / "data/session-recordings").rglob(f"{session_id}.cast")
    head, *lines = [json.loads(line) for line in file.read_text().splitlines()]
    shown = "".join(text for _, kind, text in lines if kind == "o")
    # The prompt comes before the client has told its size.
    assert head["version"] == 2
    assert "120x40" in [text for _, kind, text in lines if kind == "r"]
    assert "said-5" in shown
    assert "hush-hush" not in shown


def test_killed_server_costs_no_shell_and_the_prompt_is_back_within_five_seconds(rig: Rig) -> None:
    person = sit_down(rig)
    person.type("kept=still-here; echo set-$((3*3))\n")
    person.sees("set-9")
    rig.kill_server()
    time.sleep(0.5)
    rig.start_server()
    back = time.monotonic()
    person.type("echo $kept-$((4*4))\n")
    person.sees("still-here-16")
    took = time.monotonic() - back
    person.type("exit\n")

    assert person.leaves() == 0
    assert took < 5
    rig.wait_connected()

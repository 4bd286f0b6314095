"""A shell by unmodified `aws ssm start-session`, our plugin, the door and our agent, all real processes."""

from terminal import Person

from conftest import AWS, Rig


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

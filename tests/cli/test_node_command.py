"""`node register`: the activation's code, asked of a person and read from a pipe."""

import os
import pty
import subprocess
from pathlib import Path

import pytest
from cli_support import KEYSTEAD, Served, clean_environment, keystead

CODE = "code-that-nobody-sees"


def registering(folder: Path, stdin: int) -> "subprocess.Popen[str]":
    """Register at an address where nobody listens: far enough to have read the code."""
    where = ["--endpoint", "http://127.0.0.1:9", "--id", "0" * 36, "--code", "-", "--dir", folder / "node"]
    command = [*KEYSTEAD, "node", "register", *map(str, where)]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command,
        env=clean_environment(),
        stdin=stdin,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )


def test_person_is_asked_for_the_code_and_does_not_see_it(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = registering(tmp_path, theirs)
    os.close(theirs)
    assert process.stderr is not None

    asked = process.stderr.read(len("Activation code: "))
    os.write(ours, f"{CODE}\n".encode())
    told, errors = process.communicate(timeout=30)
    os.set_blocking(ours, False)
    try:
        echoed = os.read(ours, 1000)
    except OSError:
        echoed = b""
    os.close(ours)

    assert asked == "Activation code: "
    assert CODE.encode() not in echoed
    assert CODE not in told + errors
    assert "keystead: http://127.0.0.1:9: Connection refused; is the authority there" in errors


@pytest.mark.parametrize("line", [CODE, ""])
def test_pipe_is_read_without_a_word(tmp_path: Path, line: str) -> None:
    process = registering(tmp_path, subprocess.PIPE)

    told, errors = process.communicate(f"{line}\n", timeout=30)

    assert process.returncode == 1
    assert told == ""
    assert "Activation code" not in errors


def test_certificate_that_is_not_trusted_is_told_with_where_to_find_the_ca(
    served: Served, tmp_path: Path
) -> None:
    where = [
        "--endpoint",
        served.ready["https"],
        "--id",
        "0" * 36,
        "--code",
        CODE,
        "--dir",
        tmp_path / "node",
    ]

    refused = keystead("node", "register", *where)

    assert refused.returncode == 1
    assert "the certificate is not trusted" in refused.stderr
    assert "--ca" in refused.stderr
    assert CODE not in refused.stderr

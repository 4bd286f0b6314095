"""The README's commands work: its marked blocks are typed into one shell, in order, as a newcomer would.

A block is run if the line before its fence is `<!-- ci: run -->`. The shell starts in an empty directory, with
keystead and the aws CLI on its path and nothing of AWS in its environment; it ends at the first command that fails.
"""

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
MARKED_BLOCK = re.compile(r"^<!-- ci: run -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = [ROOT / ".venv/bin", ROOT / ".clients/awscli/bin"]
PATIENCE_SECONDS = 120


def marked_blocks(markdown: str) -> list[str]:
    """Return the commands of the blocks that are marked to be run."""
    return MARKED_BLOCK.findall(markdown)


def typed_into_a_shell(commands: str, folder: Path) -> tuple[int, str]:
    """Run commands in an empty directory; return the exit status and all that was printed.

    What they leave in the background ends with the shell's process group. The output goes to a file, because a
    server left running would keep a pipe open.
    """
    home = folder / "home"
    home.mkdir()
    printed = folder / "printed"
    with printed.open("wb") as output:
        shell = subprocess.Popen(
            ["bash", "-xeuo", "pipefail", "-c", commands],
            cwd=home,
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = shell.wait(PATIENCE_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
    return status, printed.read_text(errors="replace")


def environment(home: Path) -> dict[str, str]:
    """Return this environment without anything of AWS or keystead, at home in `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KEYSTEAD_"))}
    path = [*map(str, PROGRAMS), os.environ.get("PATH", os.defpath)]
    return kept | {"HOME": str(home), "PATH": os.pathsep.join(path)}


def test_the_commands_of_the_readme_work(tmp_path: Path) -> None:
    blocks = marked_blocks((ROOT / "README.md").read_text())
    assert blocks, "the README marks no block with <!-- ci: run -->"

    status, printed = typed_into_a_shell("\n".join(blocks), tmp_path)

    assert status == 0, printed


def test_only_marked_blocks_are_run() -> None:
    markdown = (
        "<!-- ci: run -->\n```sh\none\n```\n```sh\ntwo\n```\n<!-- ci: run -->\n```sh\nthree\n\nfour\n```\n"
    )

    assert marked_blocks(markdown) == ["one\n", "three\n\nfour\n"]


def test_a_failing_command_is_not_passed_over(tmp_path: Path) -> None:
    status, printed = typed_into_a_shell("echo before\nfalse\necho after", tmp_path)

    assert status == 1
    assert "before\n" in printed
    assert "after\n" not in printed


def test_what_a_block_leaves_running_is_ended(tmp_path: Path) -> None:
    typed_into_a_shell("sleep 600 &\necho $! > pid", tmp_path)

    left_running = int((tmp_path / "home/pid").read_text())
    assert has_ended(left_running)


def has_ended(pid: int) -> bool:
    """Tell whether a process ends, which takes the system a moment. One that waits to be collected has."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False

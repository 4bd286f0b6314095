"""A person at a terminal: types into a program on a pseudo-terminal and waits for what it shows."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time


class Person:
    """Sits at a terminal of 120 by 40 characters."""

    def __init__(self, argv: list, env: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        self.resize(120, 40)
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True, close_fds=True
        )
        os.close(slave)
        self.seen = b""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def sees(self, text: str, seconds: float = 20.0) -> str:
        """Wait until `text` is shown after what was seen before; return what was shown up to it."""
        wanted, until = text.encode(), time.monotonic() + seconds
        while wanted not in self.seen:
            left = until - time.monotonic()
            assert left > 0, f"{text!r} was not shown, but: {self.seen[-2000:]!r}"
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.seen += os.read(self.master, 65536)
                except OSError:
                    assert wanted in self.seen, f"closed; {text!r} was not shown, but: {self.seen[-2000:]!r}"
        before, _, self.seen = self.seen.partition(wanted)
        return before.decode(errors="replace")

    def leaves(self, seconds: float = 20.0) -> int:
        """Wait for the program's end and return its status."""
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.master, 65536)
                except OSError:
                    time.sleep(0.05)
        status = self.process.wait(1)
        os.close(self.master)
        return status

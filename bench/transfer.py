"""Large bodies up and down over one connection, as fast as a socket takes them, from a process of its own.

Prebuilt heads and one body; nothing is parsed but the status and the length. `python -m bench.transfer CORE` reads
a pickled `Transfer` and writes the seconds it took.
"""

import os
import pickle
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from bench.load import ROOT, LoadFailed

_LIMIT_SECONDS = 120
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.I)


@dataclass(frozen=True)
class Transfer:
    """One request whose body has `upload_bytes`, zeros, and whose answer is read whole and thrown away."""

    host: str
    port: int
    head: bytes
    upload_bytes: int = 0
    expected_status: int = 200


def run(transfer: Transfer, core: int) -> float:
    """Return the seconds from the first byte sent to the last one received. Raises LoadFailed."""
    argv = [sys.executable, "-m", "bench.transfer", str(core)]
    done = subprocess.run(
        argv, cwd=ROOT, input=pickle.dumps(transfer), capture_output=True, timeout=_LIMIT_SECONDS, check=False
    )
    if done.returncode != 0:
        raise LoadFailed(done.stderr.decode(errors="replace")[-2000:])
    return float(done.stdout)


def _perform(transfer: Transfer) -> float:
    body, room = memoryview(bytes(transfer.upload_bytes)), bytearray(1 << 20)
    with socket.create_connection((transfer.host, transfer.port), timeout=_LIMIT_SECONDS) as connection:
        began = time.perf_counter()
        connection.sendall(transfer.head)
        connection.sendall(body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            got = connection.recv(65536)
            if not got:
                raise LoadFailed("the connection ended before the answer")
            answer += got
        head, _, first = answer.partition(b"\r\n\r\n")
        if int(head[9:12]) != transfer.expected_status:
            raise LoadFailed(f"{head[:200]!r} {first[:400]!r}")
        length = _LENGTH.search(head)
        left = (int(length[1]) if length else 0) - len(first)
        while left > 0:
            got_bytes = connection.recv_into(room)
            if not got_bytes:
                raise LoadFailed("the body ended early")
            left -= got_bytes
        return time.perf_counter() - began


def main() -> None:
    """Entry of the client process; its one argument is the core to stay on."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    print(_perform(pickle.load(sys.stdin.buffer)))


if __name__ == "__main__":
    # Pickles name bench.transfer, not __main__: use the classes under that name.
    from bench.transfer import main as main_by_name

    main_by_name()

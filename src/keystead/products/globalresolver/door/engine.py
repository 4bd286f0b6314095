"""A resolver of our own machine as a child: Debian's unbound, for recursion, cache and DNSSEC.

It listens on loopback only, answers this door alone, and ends with it. Its configuration is written anew at
each start; `upstream`, where set, is what it forwards to in place of asking the root servers.
"""

import asyncio
import shutil
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from keystead.access.doors import CannotListen
from keystead.products.globalresolver.door.upstream import Target

_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
_FOLDER = "unbound"
_TRUST_ANCHOR = Path("/usr/share/dns/root.key")
_CONFIGURATION = """\
server:
  interface: 127.0.0.1@{port}
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  hide-identity: yes
  hide-version: yes
  val-permissive-mode: no
  module-config: "{modules}"
{anchor}remote-control:
  control-enable: no
"""


class Engine:
    """An unbound that runs while the door does."""

    def __init__(self, data: Path, forwarded_to: Sequence[Target]) -> None:
        self._folder = data / _FOLDER
        self._forwarded_to = forwarded_to
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> Target:
        """Start the child and return where it answers. Raises CannotListen when it does not come up."""
        program = shutil.which("unbound", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        port = _free_port()
        if program is None:
            raise CannotListen("127.0.0.1", port, "is for dns_engine, and unbound is not installed")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = self._folder / "unbound.conf"
        file.write_text(configuration(self._folder, port, self._forwarded_to))
        self._child = await asyncio.create_subprocess_exec(
            program,
            "-d",
            "-c",
            str(file),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await self._answering(port)
        return Target("udp", "127.0.0.1", port)

    async def stop(self) -> None:
        """End the child; one that does not end is killed."""
        child, self._child = self._child, None
        if child is None or child.returncode is not None:
            return
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), _STOP_SECONDS)
        except TimeoutError:
            child.kill()
            await child.wait()

    async def _answering(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_SECONDS
        while self._child is not None and self._child.returncode is None and loop.time() < deadline:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)
        await self.stop()
        raise CannotListen("127.0.0.1", port, "is for dns_engine, and unbound did not start there")


def configuration(folder: Path, port: int, forwarded_to: Sequence[Target]) -> str:
    """Return unbound's configuration; it validates where Debian's trust anchor is installed."""
    has_anchor = _TRUST_ANCHOR.exists()
    text = _CONFIGURATION.format(
        port=port,
        folder=folder,
        modules="validator iterator" if has_anchor else "iterator",
        anchor=f'  trust-anchor-file: "{_TRUST_ANCHOR}"\n' if has_anchor else "",
    )
    if not forwarded_to:
        return text
    is_tls = all(target.scheme == "tls" for target in forwarded_to)
    lines = ["forward-zone:", '  name: "."', f"  forward-tls-upstream: {'yes' if is_tls else 'no'}"]
    lines += [f"  forward-addr: {_place(target)}" for target in forwarded_to]
    return text + "\n".join(lines) + "\n"


def _place(target: Target) -> str:
    return f"{target.host}@{target.port}" + (f"#{target.name}" if target.name else "")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""`python -m prove.crowd`: 10,000 half-open TLS connections and slow senders do not hold up others at the DNS door.

The crowd connects and says nothing, or a part of a TLS greeting, or an octet of a DNS message every so often, over
TLS and HTTPS. Meanwhile one client asks over an open connection and over new ones; its 99th percentile is judged.
Every process needs as many open files as there are connections (`ulimit -n`). Exit status 1 for a miss.
"""

import argparse
import json
import resource
import selectors
import socket
import ssl
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.config
import botocore.session
from bench.dnsload import wire
from bench.measure import percentile
from bench.servers import read_credentials

from prove.child import Child, serving

LIMIT_SECONDS = 0.2
QUERIES, NEW_EVERY = 600, 10
SLOW_SENDERS = 100
_GREETING = b"\x16\x03\x01\x02\x00\x01\x00"
"""The beginning of a TLS ClientHello, whose rest never comes."""


@dataclass
class Crowd:
    """Those who hold connections and do not go on."""

    tls: ssl.SSLContext
    silent: list[socket.socket] = field(default_factory=list)
    slow: list[ssl.SSLSocket] = field(default_factory=list)

    def gather(self, count: int, dot: int, doh: int) -> None:
        """Open `count` connections that go no further than a greeting's beginning, and the slow ones."""
        for number in range(SLOW_SENDERS):
            plain = socket.create_connection(("127.0.0.1", dot if number % 2 else doh), timeout=30)
            self.slow.append(self.tls.wrap_socket(plain, server_hostname="localhost"))
        for number in range(count):
            connection = socket.create_connection(("127.0.0.1", doh if number % 10 == 0 else dot), timeout=30)
            self.silent.append(connection)
            if number % 2:
                connection.sendall(_GREETING)

    def dribble(self) -> None:
        """Have the next of the slow senders send one octet."""
        one = self.slow.pop(0)
        try:
            one.sendall(b"\0")
        except OSError:
            one.close()
        else:
            self.slow.append(one)

    def still_open(self) -> int:
        """Return how many of the silent connections the server has not ended."""
        with selectors.DefaultSelector() as selector:
            for connection in self.silent:
                selector.register(connection, selectors.EVENT_READ)
            return len(self.silent) - len(selector.select(0))

    def leave(self) -> None:
        """Close everything."""
        for each in [*self.silent, *self.slow]:
            each.close()


def prove(folder: Path, count: int) -> tuple[list[float], int]:
    """Return how long each query of an ordinary client took, in seconds, and how many of the crowd stayed."""
    _allow_files(count)
    with serving(folder / "data") as child:
        ready = json.loads((folder / "data.ready.json").read_text())
        dot, doh = (int(ready[name].rpartition(":")[2]) for name in ("dot", "doh"))
        token = _token(child)
        tls = ssl.create_default_context(cafile=str(folder / "data" / "tls" / "ca.pem"))
        with _connected(tls, dot) as held:
            _ask(held, token)
            crowd = Crowd(tls)
            try:
                crowd.gather(count, dot, doh)
                took = [_timed(tls, dot, held, token, number, crowd) for number in range(QUERIES)]
                return took, crowd.still_open()
            finally:
                crowd.leave()


def _timed(
    tls: ssl.SSLContext, dot: int, held: ssl.SSLSocket, token: str, number: int, crowd: Crowd
) -> float:
    crowd.dribble()
    began = time.perf_counter()
    if number % NEW_EVERY:
        _ask(held, token)
    else:
        with _connected(tls, dot) as fresh:
            _ask(fresh, token)
    return time.perf_counter() - began


def _connected(tls: ssl.SSLContext, port: int) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    return tls.wrap_socket(plain, server_hostname="localhost")


def _ask(connection: ssl.SSLSocket, token: str) -> None:
    """Ask for one name. Raises AssertionError for an answer that is not NOERROR."""
    query = wire("www.example.com", token)
    connection.sendall(len(query).to_bytes(2, "big") + query)
    answer = b""
    while len(answer) < 2 or len(answer) < 2 + int.from_bytes(answer[:2], "big"):
        got = connection.recv(4096)
        assert got, "the connection was closed"
        answer += got
    assert answer[5] & 0xF == 0, f"answered {answer!r}"


def _token(child: Child) -> str:
    """Return a token of a view that answers every name by itself, so that no upstream is waited for."""
    key = read_credentials(child.data / "root-credentials")
    session = botocore.session.Session()
    gr: Any = session.create_client(
        "route53globalresolver",
        region_name="us-east-1",
        endpoint_url=f"http://{child.authority}",
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
        config=botocore.config.Config(proxies={}),
    )
    resolver = gr.create_global_resolver(name="crowd", regions=["us-east-1"])["id"]
    view = gr.create_dns_view(globalResolverId=resolver, name="crowd")["id"]
    everything = gr.create_firewall_domain_list(globalResolverId=resolver, name="everything")["id"]
    gr.update_firewall_domains(firewallDomainListId=everything, domains=["*"], operation="ADD")
    gr.create_firewall_rule(
        dnsViewId=view,
        name="everything",
        action="BLOCK",
        blockResponse="NODATA",
        firewallDomainListId=everything,
    )
    return gr.create_access_token(dnsViewId=view)["value"]


def _allow_files(count: int) -> None:
    """Let this process, and the server that it starts, open that many files. Exits where the machine does not."""
    needed = count + 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            sys.exit(f"{needed} open files are needed, and {hard} are allowed: ulimit -n {needed}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def main() -> None:
    """Run the proof and show what it found."""
    parser = argparse.ArgumentParser(prog="prove.crowd", description=__doc__.partition("\n")[0])
    parser.add_argument("--connections", type=int, default=10_000, help="half-open connections (10000)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="keystead-crowd-") as folder:
        took, stayed = prove(Path(folder), asked.connections)
    ordered = sorted(took)
    p99 = percentile(ordered, 0.99)
    print(f"half-open         {asked.connections} connections, {stayed} of them open at the end")
    print(f"queries           {len(took)}, every {NEW_EVERY}th on a new connection")
    print(
        f"p50, p99, most    {percentile(ordered, 0.5) * 1e3:.1f} {p99 * 1e3:.1f} {ordered[-1] * 1e3:.1f} ms"
    )
    sys.exit(p99 > LIMIT_SECONDS)


if __name__ == "__main__":
    main()

"""The resolvers of the DNS comparison: an upstream, a plain unbound with TLS and HTTPS, and keystead.

All but keystead are Debian's unbound. The upstream holds the answers and is not measured; unbound and keystead's
engine forward to it once and answer from their caches from then on. unbound serves keystead's own certificate,
pads nothing and validates nothing, so that it does no more than keystead has to.
"""

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench import servers
from bench.dnsload import Endpoint, message, wire
from bench.load import LoadFailed

NAMES = [f"n{number}.bench.example" for number in range(1000)]
RULES, DOMAINS_PER_RULE = 100, 100
_TOKENS_PER_RESOLVER = 5000
_THREADS = 4
_SERVER = """\
server:
  username: ""
  chroot: ""
  directory: "{directory}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  module-config: "iterator"
  incoming-num-tcp: 2000
{lines}
remote-control:
  control-enable: no
"""


@dataclass(frozen=True)
class Resolver:
    """A server under test: where it answers, and the process tree whose time counts."""

    name: str
    pid: int
    dot: Endpoint
    doh: Endpoint
    deferred_seconds: float = 0.0


@contextlib.contextmanager
def upstream(directory: Path, core: int) -> Iterator[str]:
    """Run the resolver that holds the answers; yield where it is."""
    port = servers.free_port()
    lines = [f"interface: 127.0.0.1@{port}", 'local-zone: "bench.example." static']
    lines += [f'local-data: "{name}. 86400 IN A 192.0.2.1"' for name in NAMES]
    with _unbound("upstream", directory, core, lines):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def unbound(directory: Path, core: int, forwarded_to: str, tls: Path) -> Iterator[Resolver]:
    """Run a plain unbound that forwards, with DoT and DoH of its own; `tls` holds keystead's certificate."""
    dot, doh = servers.free_port(), servers.free_port()
    lines = [
        f"interface: 127.0.0.1@{dot}",
        f"interface: 127.0.0.1@{doh}",
        f"tls-port: {dot}",
        f"https-port: {doh}",
        f'tls-service-pem: "{tls / "server.pem"}"',
        f'tls-service-key: "{tls / "server.key"}"',
        "pad-responses: no",
        "http-max-streams: 200",
    ]
    zone = f'forward-zone:\n  name: "."\n  forward-addr: {forwarded_to.replace(":", "@")}'
    with _unbound("unbound", directory, core, lines, zone) as pid:
        yield Resolver("unbound", pid, Endpoint(dot), Endpoint(doh, _targets([""])))


@contextlib.contextmanager
def keystead(
    name: str, directory: Path, core: int, forwarded_to: str, tokens: int
) -> Iterator[tuple[Resolver, Path]]:
    """Run keystead with an unbound of its own, a firewall of 100 rules, the query log, and so many tokens.

    Yields the resolver and its folder of certificates. Over HTTPS every token is shown in its turn.
    """
    directory.mkdir(mode=0o700)
    # A refusal over HTTPS must not pass for an answer.
    (directory / "keystead.toml").write_text("doh_refused_status = 401\n")
    options = ["--dns-engine", "unbound", "--upstream", forwarded_to]
    with servers.keystead(directory, core, options=options) as server:
        ready = json.loads(directory.with_name(directory.name + ".ready.json").read_text())
        values = _populate(_client(server), tokens)
        dot = Endpoint(int(ready["dot"].rpartition(":")[2]), token=values[-1])
        doh = Endpoint(int(ready["doh"].rpartition(":")[2]), _targets([f"token={each}&" for each in values]))
        yield Resolver(name, server.pid, dot, doh, server.deferred_seconds + 1.0), directory / "tls"


def warm(resolver: Resolver, ca: Path) -> None:
    """Ask for every name once over TLS, and look at each answer. Raises LoadFailed."""
    trusted = ssl.create_default_context(cafile=str(ca))
    with (
        socket.create_connection(("127.0.0.1", resolver.dot.port), timeout=10) as plain,
        trusted.wrap_socket(plain, server_hostname="localhost") as connection,
        connection.makefile("rb") as answers,
    ):
        for name in NAMES:
            query = wire(name, resolver.dot.token)
            connection.sendall(len(query).to_bytes(2, "big") + query)
            answer = answers.read(int.from_bytes(answers.read(2), "big"))
            if answer[3] & 0xF or answer[6:8] != b"\0\1":
                raise LoadFailed(f"{resolver.name} answered {answer!r}")


def _targets(queries: list[str]) -> list[str]:
    """Return the targets of a GET for every name, or for every query where there are more of those."""
    count = max(len(NAMES), len(queries))
    return [
        f"/dns-query?{queries[number % len(queries)]}dns={message(NAMES[number % len(NAMES)])}"
        for number in range(count)
    ]


@contextlib.contextmanager
def _unbound(name: str, directory: Path, core: int, lines: list[str], zone: str = "") -> Iterator[int]:
    file, log = directory / f"{name}.conf", directory / f"{name}.log"
    text = _SERVER.format(directory=directory, lines="\n".join(f"  {line}" for line in lines))
    file.write_text(text + zone + "\n")
    with servers.process(["/usr/sbin/unbound", "-d", "-c", str(file)], core, log) as child:
        servers.wait_until(child, lambda: "start of service" in log.read_text(), name, log)
        yield child.pid


def _client(server: servers.Server) -> Any:
    return boto3.client(
        "route53globalresolver",
        endpoint_url=f"http://{server.authority}",
        region_name="us-east-1",
        aws_access_key_id=server.key.key_id,
        aws_secret_access_key=server.key.secret,
        config=Config(proxies={}, max_pool_connections=_THREADS, retries={"mode": "standard"}),
    )


def _populate(gr: Any, tokens: int) -> list[str]:
    """Make resolvers, a view that is measured with its firewall, and tokens; return the values of its tokens.

    A resolver holds 5,000 tokens at most: those beyond go to a second one, and are not shown.
    """
    views = [_view(gr, f"resolver-{number}") for number in range(1 + (tokens - 1) // _TOKENS_PER_RESOLVER)]
    for number in range(RULES):
        _rule(gr, views[-1], number)

    def mint(number: int) -> str:
        view = views[number // _TOKENS_PER_RESOLVER]
        return gr.create_access_token(dnsViewId=view["id"])["value"]

    with ThreadPoolExecutor(_THREADS) as pool:
        values = list(pool.map(mint, range(tokens)))
    return values[(len(views) - 1) * _TOKENS_PER_RESOLVER :]


def _view(gr: Any, name: str) -> Mapping[str, Any]:
    resolver = gr.create_global_resolver(name=name, regions=["us-east-1"], observabilityRegion="us-east-1")
    return gr.create_dns_view(globalResolverId=resolver["id"], name=name)


def _rule(gr: Any, view: Mapping[str, Any], number: int) -> None:
    """Make a blocking rule for domains that nobody asks for: every second of them with everything below."""
    made = gr.create_firewall_domain_list(globalResolverId=view["globalResolverId"], name=f"list-{number}")
    domains = [f"{'*.' if n % 2 else ''}d{n}.list{number}.example" for n in range(DOMAINS_PER_RULE)]
    gr.update_firewall_domains(firewallDomainListId=made["id"], domains=domains, operation="ADD")
    gr.create_firewall_rule(
        dnsViewId=view["id"],
        name=f"rule-{number}",
        action="BLOCK",
        blockResponse="NXDOMAIN",
        firewallDomainListId=made["id"],
        priority=number + 1,
    )

"""A running authority with a resolver in it, an upstream beside it, and DNS clients that show tokens to it."""

import base64
import itertools
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.edns
import dns.message
import dns.query
import dns.rcode

from keystead.products.globalresolver.door.message import ACCESS_TOKEN_OPTION
from resolver.upstream import Upstream
from support.running import Key, RunningAuthority

Message = dns.message.Message
REGIONS = ["us-east-1", "eu-west-1"]


def token_option(token: str) -> dns.edns.Option:
    return dns.edns.GenericOption(ACCESS_TOKEN_OPTION, token.encode())


@dataclass(frozen=True)
class View:
    """A view with a token of its own."""

    id: str
    arn: str
    resolver: str
    token_id: str
    token: str


class DNSRoom:
    """One authority for a module of tests. Each test makes the views that it needs."""

    def __init__(self, authority: RunningAuthority, upstream: Upstream) -> None:
        self.authority = authority
        self.upstream = upstream
        self.gr: Any = self.client("route53globalresolver")
        self.route53: Any = self.client("route53")
        self._numbers = itertools.count(1)
        self.ca = authority.settings.data / "tls" / "ca.pem"
        self._tls = ssl.create_default_context(cafile=str(self.ca))

    def client(self, service: str, key: Key | None = None, **config: object) -> Any:
        return self.authority.client(service, key, **config)

    def name(self, stem: str = "name") -> str:
        return f"{stem}-{next(self._numbers)}"

    def resolver(self, **members: Any) -> dict[str, Any]:
        return self.gr.create_global_resolver(
            **{"name": self.name("resolver"), "regions": REGIONS, **members}
        )

    def view(self, resolver: str | None = None, **members: Any) -> View:
        """Make a view, with a resolver of its own unless one is given, and a token for it."""
        resolver = resolver or self.resolver()["id"]
        made = self.gr.create_dns_view(globalResolverId=resolver, name=self.name("view"), **members)
        token = self.gr.create_access_token(dnsViewId=made["id"])
        return View(made["id"], made["arn"], resolver, token["id"], token["value"])

    def dot(
        self, name: str, token: str | None, kind: str = "A", *, host: str = "localhost", **more: Any
    ) -> Message:
        """Ask over DoT."""
        options = [] if token is None else [token_option(token)]
        query = dns.message.make_query(
            name, kind, use_edns=True, options=options + more.pop("options", []), **more
        )
        address, port = self.authority.ready.dot.rsplit(":", 1)
        return dns.query.tls(
            query, address, timeout=10, port=int(port), ssl_context=self._tls, server_hostname=host
        )

    def doh(self, name: str, target: str, kind: str = "A", *options: str) -> tuple[int, Message | None]:
        """Ask over DoH with curl and POST, and return the status and the answer if there is one."""
        query = dns.message.make_query(name, kind, use_edns=True)
        return self.doh_raw(query.to_wire(), target, *options)

    def doh_raw(self, wire: bytes, target: str, *options: str) -> tuple[int, Message | None]:
        command = [
            "curl", "-s", "--noproxy", "*", "--cacert", str(self.ca), "-w", "%{http_code}", "--data-binary", "@-",
            "-H", "content-type: application/dns-message", *options, self.authority.ready.doh + target,
        ]  # fmt: skip
        done = subprocess.run(command, input=wire, capture_output=True, check=True)
        status, body = int(done.stdout[-3:]), done.stdout[:-3]
        return status, dns.message.from_wire(body) if body else None

    def doh_get(self, name: str, target: str, *options: str) -> tuple[int, Message | None]:
        """Ask over DoH with curl and GET; `target` ends where the message's base64url begins."""
        wire = dns.message.make_query(name, "A", id=0).to_wire()
        text = base64.urlsafe_b64encode(wire).rstrip(b"=").decode()
        command = [
            "curl", "-s", "--noproxy", "*", "--cacert", str(self.ca), "-w", "%{http_code}", *options,
            self.authority.ready.doh + target.replace("@", text),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=True)
        status, body = int(done.stdout[-3:]), done.stdout[:-3]
        return status, dns.message.from_wire(body) if body else None


def addresses(message: Message | None) -> list[str]:
    """The values of all records of an answer."""
    assert message is not None
    return [item.to_text() for rrset in message.answer for item in rrset]


def code(message: Message | None) -> str:
    assert message is not None
    return dns.rcode.to_text(message.rcode())


def data_of(room: DNSRoom) -> Path:
    return room.authority.settings.data

"""How access tokens are made for the matrix, and how the DNS doors are knocked at with what is shown."""

import ssl
import subprocess
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import dns.edns
import dns.message
import dns.query
import dns.rcode

from iam.room import Room
from matrix.shown import OTHER_ACCOUNT, Held, Shown, make_other_account
from support.running import Key

_OPTION = 65440
_SUFFIX = ".route53globalresolver.localhost"


@dataclass(frozen=True)
class DNSReply:
    """What a DNS door answered: HTTP's status, 0 without HTTP, and DNS's code."""

    status: int
    code: str


def access_token(room: Room, holder: str) -> Held:
    """Make a token of the one view, whose firewall answers everything by itself."""
    gr = room.client("route53globalresolver")
    made = gr.create_access_token(dnsViewId=_view(gr, "first"))
    return Held(Key(made["id"], made["value"]), "")


def of_another_account(room: Room, holder: str) -> Key:
    """Make a token whose owner and view are those of another account."""
    authority = room.authority.authority
    kind = next(kind for kind in authority.kinds if kind.name == "globalresolver.access-token")

    def mint(tx: Any) -> Key:
        minted = authority.issuer.mint(
            tx, kind, account=OTHER_ACCOUNT, owner="gr-elsewhere", audience="dnsv-elsewhere"
        )
        return Key(minted.credential.id, minted.secret.reveal().decode())

    make_other_account(room)
    return room.authority.run(authority.store.write(mint))


def at_another_resolver(room: Room, held: Held) -> Shown:
    """Show the token under the name of another resolver of the same account."""
    gr = room.client("route53globalresolver")
    _view(gr, "second")
    return Shown(held.key, audience=_dns_name(gr, "second"))


def deleted_by_api(room: Room, held: Held) -> Shown:
    room.client("route53globalresolver").delete_access_token(accessTokenId=held.key.id)
    return Shown(held.key)


def over_tls(room: Room, shown: Shown) -> DNSReply:
    """Ask over DoT, at the resolver that the token is for unless it is shown for another."""
    host, port = room.authority.ready.dot.rsplit(":", 1)
    context = ssl.create_default_context(cafile=_ca(room))
    option = dns.edns.GenericOption(_OPTION, shown.key.secret.encode())
    query = dns.message.make_query("www.example.com", "A", use_edns=True, options=[option])
    answer = dns.query.tls(
        query, host, port=int(port), timeout=10, ssl_context=context, server_hostname=_asked(room, shown)
    )
    return DNSReply(0, dns.rcode.to_text(answer.rcode()))


def over_https(room: Room, shown: Shown) -> DNSReply:
    """Ask over DoH, with curl."""
    query = dns.message.make_query("www.example.com", "A", use_edns=True)
    host, (_, port) = _asked(room, shown), room.authority.ready.doh.rsplit(":", 1)
    command = [
        "curl", "-s", "--noproxy", "*", "--cacert", _ca(room), "-w", "%{http_code}",
        "--resolve", f"{host}:{port}:127.0.0.1", "-H", "content-type: application/dns-message",
        "--data-binary", "@-", f"https://{host}:{port}/dns-query?token={quote(shown.key.secret, safe='')}",
    ]  # fmt: skip
    done = subprocess.run(command, input=query.to_wire(), capture_output=True, check=True)
    answer = dns.message.from_wire(done.stdout[:-3])
    return DNSReply(int(done.stdout[-3:]), dns.rcode.to_text(answer.rcode()))


def _ca(room: Room) -> str:
    return str(room.authority.settings.data / "tls" / "ca.pem")


def _asked(room: Room, shown: Shown) -> str:
    gr = room.client("route53globalresolver")
    _view(gr, "first")
    return shown.audience if shown.audience.endswith(_SUFFIX) else _dns_name(gr, "first")


def _resolver(gr: Any, name: str) -> dict[str, Any]:
    every = gr.list_global_resolvers()["globalResolvers"]
    found = [each for each in every if each["name"] == name]
    return found[0] if found else gr.create_global_resolver(name=name, regions=["us-east-1"])


def _dns_name(gr: Any, name: str) -> str:
    return _resolver(gr, name)["dnsName"]


def _view(gr: Any, name: str) -> str:
    """Return the view of a resolver, made when it is first asked for, with a rule that answers every name."""
    resolver = _resolver(gr, name)["id"]
    views = gr.list_dns_views(globalResolverId=resolver)["dnsViews"]
    if views:
        return views[0]["id"]
    view = gr.create_dns_view(globalResolverId=resolver, name="view")["id"]
    everything = gr.create_firewall_domain_list(globalResolverId=resolver, name="everything")["id"]
    gr.update_firewall_domains(firewallDomainListId=everything, domains=["*"], operation="ADD")
    gr.create_firewall_rule(
        action="BLOCK", name="rule", dnsViewId=view, firewallDomainListId=everything, blockResponse="NODATA"
    )
    return view

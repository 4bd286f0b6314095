"""A token admits to its view over DoT and DoH while it is good, and nothing else admits anybody."""

import socket
import ssl
from datetime import timedelta

import dns.edns
import dns.message
import dns.query
import pytest

from keystead.kernel.clock import now
from resolver.room import addresses, code, token_option
from resolver.upstream import PUBLIC


def test_token_in_the_option_admits_over_dot(dns_room):
    view = dns_room.view()

    answer = dns_room.dot("www.example.com", view.token)

    assert (code(answer), addresses(answer)) == ("NOERROR", [PUBLIC])


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("/dns-query?token={}", ()),
        ("/dns-query?token={}", ("--http1.1",)),
        ("/dns-query/{}", ()),
        ("/dns-query", ("-H", "authorization: Bearer {}")),
        ("/dns-query", ("-u", "anybody:{}")),
    ],
)
def test_token_admits_over_doh(dns_room, target, options):
    view = dns_room.view()
    filled = [each.format(view.token) for each in options]

    status, answer = dns_room.doh("www.example.com", target.format(view.token), "A", *filled)

    assert (status, addresses(answer)) == (200, [PUBLIC])


@pytest.mark.parametrize(
    "target", ["?token={}&dns=@", "?token={}?dns=@", "{{?dns}}?token={}&dns=@", "?token={}{{&dns}}&dns=@"]
)
def test_urls_as_clients_write_them_are_understood(dns_room, target):
    view = dns_room.view()

    status, answer = dns_room.doh_get("www.example.com", "/dns-query" + target.format(view.token), "-g")

    assert (status, addresses(answer)) == (200, [PUBLIC])


def test_token_in_the_server_name_admits_over_dot(dns_room):
    view = dns_room.view()
    label = view.resolver.removeprefix("gr-")
    name = f"{view.token}.{label}.route53globalresolver.localhost"
    context = ssl.create_default_context(cafile=str(dns_room.ca))
    # A star covers one label, and this name has two before the suffix: users bring a certificate for that.
    context.check_hostname = False
    address, port = dns_room.authority.ready.dot.rsplit(":", 1)

    query = dns.message.make_query("www.example.com", "A")
    answer = dns.query.tls(
        query, address, port=int(port), timeout=10, ssl_context=context, server_hostname=name
    )

    assert addresses(answer) == [PUBLIC]


def _altered(token: str) -> str:
    return ("a" if token[0] != "a" else "b") + token[1:]


@pytest.mark.parametrize("shown", ["nothing", "altered", "empty", "long", "of another resolver"])
def test_not_admitted_is_refused_in_one_way_and_asks_nobody(dns_room, shown):
    view, other = dns_room.view(), dns_room.view()
    tokens = {"nothing": None, "altered": _altered(view.token), "empty": "", "long": "a" * 300}
    host = f"{other.resolver.removeprefix('gr-')}.route53globalresolver.localhost"
    token = tokens.get(shown, view.token)
    before = len(dns_room.upstream.asked)

    over_tls = dns_room.dot("www.example.com", token, host=host)
    path = "/dns-query" + ("" if token is None else f"?token={token}")
    status, over_https = dns_room.doh("www.example.com", path, "A", "-H", f"host: {host}")

    assert (code(over_tls), status) == ("REFUSED", 200)
    assert code(over_https) == "REFUSED"
    assert [option.to_text() for option in over_tls.options] == ["EDE 18 (Prohibited): Not admitted"]
    assert before == len(dns_room.upstream.asked)


def test_deleted_token_is_refused_on_the_open_connection(dns_room):
    view = dns_room.view()
    address, port = dns_room.authority.ready.dot.rsplit(":", 1)
    context = ssl.create_default_context(cafile=str(dns_room.ca))
    query = dns.message.make_query("www.example.com", "A", use_edns=True, options=[token_option(view.token)])

    with (
        socket.create_connection((address, int(port)), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as stream,
    ):
        codes = []
        for change in (lambda: None, lambda: dns_room.gr.delete_access_token(accessTokenId=view.token_id)):
            change()
            dns.query.send_tcp(stream, query)
            codes.append(code(dns.query.receive_tcp(stream)[0]))

    assert codes == ["NOERROR", "REFUSED"]


def test_expired_token_is_refused_from_its_second_on(dns_room):
    view = dns_room.view()
    clock = dns_room.authority.authority.clock
    expires_at = now(clock) + timedelta(days=30)
    token = dns_room.gr.create_access_token(dnsViewId=view.id, expiresAt=expires_at)["value"]

    before = code(dns_room.dot("www.example.com", token))
    dns_room.authority.command("clock-advance", seconds=30 * 86400 + 1)
    try:
        after = code(dns_room.dot("www.example.com", token))
    finally:
        dns_room.authority.command("clock-reset")

    assert (before, after) == ("NOERROR", "REFUSED")


def test_two_tokens_that_disagree_never_admit(dns_room):
    view, other = dns_room.view(), dns_room.view()
    both = [token_option(view.token), token_option(other.token)]

    over_tls = dns_room.dot("www.example.com", None, options=both)
    status, _ = dns_room.doh("www.example.com", f"/dns-query/{other.token}?token={view.token}")
    twice, _ = dns_room.doh("www.example.com", f"/dns-query?token={view.token}&token={view.token}")

    assert (code(over_tls), status, twice) == ("REFUSED", 400, 400)


def test_disabled_view_refuses_until_it_is_enabled(dns_room):
    view = dns_room.view()

    dns_room.gr.disable_dns_view(dnsViewId=view.id)
    disabled = code(dns_room.dot("www.example.com", view.token))
    dns_room.gr.enable_dns_view(dnsViewId=view.id)

    assert (disabled, code(dns_room.dot("www.example.com", view.token))) == ("REFUSED", "NOERROR")


def test_option_of_the_token_is_never_forwarded(dns_room):
    view = dns_room.view()
    other = dns.edns.GenericOption(65001, b"mine")

    dns_room.dot("secretive.example.com", view.token, options=[other])

    asked = next(each for each in dns_room.upstream.asked if "secretive" in each.question[0].to_text())
    assert [int(option.otype) for option in asked.options] == [8]

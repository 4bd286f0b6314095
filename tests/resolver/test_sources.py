"""Access sources admit addresses by protocol; the most specific network picks the view."""

import dns.message
import dns.query
import pytest
from botocore.exceptions import ClientError

from resolver.room import addresses, code, token_option
from resolver.upstream import PUBLIC


@pytest.fixture
def only(tmp_path):
    """A room whose authority has one resolver, which Do53 clients cannot name."""
    from resolver.room import DNSRoom
    from resolver.upstream import Upstream
    from support.running import ANY_PORT, RunningAuthority, settings_for

    upstream = Upstream()
    running = RunningAuthority(settings_for(tmp_path / "data", upstream=(upstream.address,), do53=ANY_PORT))
    yield DNSRoom(running, upstream)
    running.stop()
    upstream.close()


def do53(room, name, source="127.0.0.1", *, by_tcp=False, options=()):
    host, port = room.authority.ready.do53.rsplit(":", 1)
    query = dns.message.make_query(name, "A", use_edns=True, options=list(options))
    ask = dns.query.tcp if by_tcp else dns.query.udp
    return ask(query, host, port=int(port), timeout=10, source=source)


@pytest.mark.parametrize("by_tcp", [False, True])
def test_most_specific_network_picks_the_view(only, by_tcp):
    wide = only.view()
    narrow = only.view(wide.resolver)
    made = only.gr.create_access_source
    made(dnsViewId=wide.id, protocol="DO53", cidr="127.0.0.0/8")
    made(dnsViewId=narrow.id, protocol="DO53", cidr="127.0.0.2/32")
    only.gr.disable_dns_view(dnsViewId=narrow.id)

    assert addresses(do53(only, "www.example.com", by_tcp=by_tcp)) == [PUBLIC]
    assert code(do53(only, "www.example.com", "127.0.0.2", by_tcp=by_tcp)) == "REFUSED"


def test_plain_dns_takes_no_token_and_a_source_of_another_protocol_does_not_count(only):
    view = only.view()
    only.gr.create_access_source(dnsViewId=view.id, protocol="DOT", cidr="127.0.0.0/8")
    before = len(only.upstream.asked)

    answer = do53(only, "www.example.com", options=[token_option(view.token)])

    assert code(answer) == "REFUSED"
    assert before == len(only.upstream.asked)
    assert code(only.dot("www.example.com", None)) == "NOERROR"


def test_bad_token_is_refused_from_an_admitted_address(only):
    view = only.view()
    only.gr.create_access_source(dnsViewId=view.id, protocol="DOT", cidr="127.0.0.0/8")
    only.gr.delete_access_token(accessTokenId=view.token_id)

    assert code(only.dot("www.example.com", view.token)) == "REFUSED"
    assert code(only.dot("www.example.com", None)) == "NOERROR"


def test_source_ends_with_its_deletion(only):
    view = only.view()
    made = only.gr.create_access_source(dnsViewId=view.id, protocol="DO53", cidr="127.0.0.1/32")
    before = code(do53(only, "www.example.com"))

    only.gr.delete_access_source(accessSourceId=made["id"])

    assert (before, code(do53(only, "www.example.com"))) == ("NOERROR", "REFUSED")


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"cidr": "10.0.0.1/8"}, "ValidationException"),
        ({"cidr": "0.0.0.0/0"}, "ValidationException"),
        ({"cidr": "fd00::/8"}, "ValidationException"),
        ({"cidr": "here"}, "ValidationException"),
        ({}, "ValidationException"),
        ({"cidr": "10.0.0.0/8", "segment": "s"}, "ValidationException"),
        ({"cidr": "10.1.0.0/16"}, "ConflictException"),
    ],
)
def test_source_that_is_no_network_or_not_new_is_refused(dns_room, members, error):
    view = dns_room.view()
    dns_room.gr.create_access_source(dnsViewId=view.id, protocol="DOT", cidr="10.1.0.0/16")

    with pytest.raises(ClientError) as refused:
        dns_room.gr.create_access_source(dnsViewId=view.id, protocol="DOT", **members)

    assert refused.value.response["Error"]["Code"] == error

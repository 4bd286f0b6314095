"""What was answered before is judged again: after each change the very next query tells the new truth."""

import asyncio
import json
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import dns.message
import dns.query
import pytest

from keystead.kernel.clock import now
from keystead.products.globalresolver.door.house import LOG_FILE
from keystead.products.globalresolver.door.plans import Plans
from resolver.room import addresses, code, data_of, token_option
from resolver.test_firewall import domains, rule
from resolver.test_zones import associate, change, zone  # noqa: F401
from resolver.upstream import PUBLIC

WAYS = ["dot", "doh-post", "doh-get"]


@contextmanager
def asking(room, way, token):
    """Yield what asks for a name by one way; over TLS all questions go by one connection."""
    if way == "doh-post":
        yield lambda name: room.doh(name, f"/dns-query?token={token}")[1]
    elif way == "doh-get":
        yield lambda name: room.doh_get(name, f"/dns-query?token={token}&dns=@")[1]
    else:
        address, port = room.authority.ready.dot.rsplit(":", 1)
        context = ssl.create_default_context(cafile=str(room.ca))
        with (
            socket.create_connection((address, int(port)), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as stream,
        ):

            def ask(name):
                options = [] if token is None else [token_option(token)]
                query = dns.message.make_query(name, "A", use_edns=True, options=options)
                dns.query.send_tcp(stream, query)
                answer = dns.query.receive_tcp(stream)[0]
                assert answer.id == query.id
                return answer

            yield ask


def warm(ask, name):
    """Ask until everything about the question is held, and return what is said then."""
    return [ask(name) for _ in range(4)][-1]


def changed_after_warmth(room, way, token, name, do):
    """Return the codes before and after `do`, with nothing but one query after it."""
    with asking(room, way, token) as ask:
        before = code(warm(ask, name))
        do()
        return before, code(ask(name))


@pytest.mark.parametrize("way", WAYS)
def test_answer_is_told_again_without_its_upstream_and_with_its_own_id(dns_room, way):
    view = dns_room.view()
    name = f"{dns_room.name('kept')}.test"

    with asking(dns_room, way, view.token) as ask:
        answers = [ask(name) for _ in range(5)]

    assert [addresses(answer) for answer in answers] == [[PUBLIC]] * 5
    assert dns_room.upstream.names().count(f"{name}.") == 1


@pytest.mark.parametrize("way", WAYS)
def test_deleted_token_is_refused_at_the_next_query(dns_room, way):
    view = dns_room.view()

    def delete():
        dns_room.gr.delete_access_token(accessTokenId=view.token_id)

    assert changed_after_warmth(dns_room, way, view.token, "warm.test", delete) == ("NOERROR", "REFUSED")


@pytest.mark.parametrize("way", WAYS)
def test_token_deleted_while_its_first_answer_is_worked_out_is_not_remembered(dns_room, way, monkeypatch):
    view, name = dns_room.view(), f"{dns_room.name('race')}.test"
    is_asked, may_go_on, of = threading.Event(), threading.Event(), Plans.of
    dns_room.dot(name, dns_room.view().token)  # So that nothing has to be waited for but the plan.

    async def slow(plans, view):
        is_asked.set()
        await asyncio.to_thread(may_go_on.wait, 10)
        return await of(plans, view)

    with ThreadPoolExecutor(1) as pool, asking(dns_room, way, view.token) as ask:
        monkeypatch.setattr(Plans, "of", slow)
        first = pool.submit(ask, name)
        assert is_asked.wait(10)
        dns_room.gr.delete_access_token(accessTokenId=view.token_id)
        may_go_on.set()

        assert code(first.result()) == "NOERROR"
        assert [code(ask(name)) for _ in range(3)] == ["REFUSED"] * 3


@pytest.mark.parametrize("way", WAYS)
def test_expired_token_is_refused_at_the_next_query(dns_room, way):
    view = dns_room.view()
    expires_at = now(dns_room.authority.authority.clock) + timedelta(days=30)
    token = dns_room.gr.create_access_token(dnsViewId=view.id, expiresAt=expires_at)["value"]

    def expire():
        dns_room.authority.command("clock-advance", seconds=30 * 86400 + 1)

    try:
        assert changed_after_warmth(dns_room, way, token, "warm.test", expire) == ("NOERROR", "REFUSED")
    finally:
        dns_room.authority.command("clock-reset")


@pytest.mark.parametrize("way", WAYS)
def test_disabled_and_deleted_views_refuse_at_the_next_query(dns_room, way):
    view, other = dns_room.view(), dns_room.view()

    def disable():
        dns_room.gr.disable_dns_view(dnsViewId=view.id)

    def delete():
        dns_room.gr.delete_dns_view(dnsViewId=other.id)

    assert changed_after_warmth(dns_room, way, view.token, "warm.test", disable) == ("NOERROR", "REFUSED")
    assert changed_after_warmth(dns_room, way, other.token, "warm.test", delete) == ("NOERROR", "REFUSED")


@pytest.mark.parametrize("way", WAYS)
def test_new_rule_and_new_domain_hold_at_the_next_query(dns_room, way):
    view = dns_room.view()
    list_id = domains(dns_room, view, "elsewhere.test")
    rules = []

    def block():
        rules.append(rule(dns_room, view, "BLOCK", list_id, blockResponse="NXDOMAIN")["id"])
        dns_room.gr.update_firewall_domains(
            firewallDomainListId=list_id, domains=["warm.test"], operation="ADD"
        )

    def unblock():
        dns_room.gr.delete_firewall_rule(firewallRuleId=rules[0])

    assert changed_after_warmth(dns_room, way, view.token, "warm.test", block) == ("NOERROR", "NXDOMAIN")
    assert changed_after_warmth(dns_room, way, view.token, "warm.test", unblock) == ("NXDOMAIN", "NOERROR")


@pytest.mark.parametrize("way", WAYS)
def test_changed_zone_is_told_at_the_next_query(dns_room, zone, way):  # noqa: F811
    view = dns_room.view()
    name = f"www.{zone[1]}"

    with asking(dns_room, way, view.token) as ask:
        said = [addresses(warm(ask, name))]
        change(dns_room, zone[0], ("CREATE", name, "A", 60, ["10.0.0.1"]))
        associate(dns_room, zone, view)
        said.append(addresses(ask(name)))
        warm(ask, name)
        change(dns_room, zone[0], ("UPSERT", name, "A", 60, ["10.0.0.2"]))
        said.append(addresses(ask(name)))
        warm(ask, name)
        change(dns_room, zone[0], ("DELETE", name, "A", 60, ["10.0.0.2"]))
        said.append(code(ask(name)))
        dns_room.gr.disassociate_hosted_zone(hostedZoneId=zone[0], resourceArn=view.arn)
        said.append(addresses(ask(name)))

    assert said == [[PUBLIC], ["10.0.0.1"], ["10.0.0.2"], "NXDOMAIN", [PUBLIC]]


def test_deleted_source_admits_nobody_at_the_next_query(dns_room):
    view = dns_room.view()
    host = f"{view.resolver.removeprefix('gr-')}.route53globalresolver.localhost"
    source = dns_room.gr.create_access_source(dnsViewId=view.id, protocol="DOH", cidr="127.0.0.0/8")

    def ask():
        return code(dns_room.doh_get("warm.test", "/dns-query?dns=@", "-H", f"host: {host}")[1])

    before = [ask() for _ in range(4)]
    dns_room.gr.delete_access_source(accessSourceId=source["id"])

    assert (before, ask()) == (["NOERROR"] * 4, "REFUSED")


def test_one_tokens_warmth_admits_no_other(dns_room):
    view, gone = dns_room.view(), dns_room.view()
    dns_room.gr.delete_access_token(accessTokenId=gone.token_id)

    for way in WAYS:
        with asking(dns_room, way, view.token) as ask:
            assert code(warm(ask, "warm.test")) == "NOERROR"
        for token in (gone.token, view.token[::-1]):
            with asking(dns_room, way, token) as ask:
                assert code(ask("warm.test")) == "REFUSED"


@pytest.mark.parametrize("way", WAYS)
def test_warmth_is_of_the_name_that_the_client_called_us_by(dns_room, way):
    view, other = dns_room.view(), dns_room.view()
    own, foreign = (
        f"{each.resolver.removeprefix('gr-')}.route53globalresolver.localhost" for each in (view, other)
    )

    def ask(host):
        path = f"/dns-query?token={view.token}"
        if way == "dot":
            return code(dns_room.dot("warm.test", view.token, host=host))
        if way == "doh-post":
            return code(dns_room.doh("warm.test", path, "A", "-H", f"host: {host}")[1])
        return code(dns_room.doh_get("warm.test", f"{path}&dns=@", "-H", f"host: {host}")[1])

    assert [ask(own) for _ in range(4)] == ["NOERROR"] * 4
    assert [ask(foreign), ask(own), ask(foreign)] == ["REFUSED", "NOERROR", "REFUSED"]


def test_warmth_of_a_source_is_of_its_address_and_of_who_presents_nothing(dns_room):
    view = dns_room.view()
    host = f"host: {view.resolver.removeprefix('gr-')}.route53globalresolver.localhost"
    dns_room.gr.create_access_source(dnsViewId=view.id, protocol="DOH", cidr="127.0.0.1/32")

    def ask(*options):
        return code(dns_room.doh_get("warm.test", "/dns-query?dns=@", "-H", host, *options)[1])

    assert [ask() for _ in range(4)] == ["NOERROR"] * 4
    assert ask("--interface", "127.0.0.2") == "REFUSED"
    assert ask("-H", "authorization: Bearer wrong") == "REFUSED"
    assert ask() == "NOERROR"


def test_views_with_other_settings_keep_their_answers_apart(dns_room):
    plain, validating = dns_room.view(), dns_room.view(dnssecValidation="ENABLED")
    name = f"{dns_room.name('apart')}.test"

    for view in (plain, validating, plain, validating):
        dns_room.dot(name, view.token, want_dnssec=False)
        dns_room.dot(name, view.token, want_dnssec=True)

    assert dns_room.upstream.names().count(f"{name}.") == 4


def test_rule_that_counts_is_asked_about_every_query(dns_room):
    view = dns_room.view()
    rule(
        dns_room,
        view,
        "BLOCK",
        dnsAdvancedProtection="DNS_TUNNELING",
        confidenceThreshold="LOW",
        blockResponse="NXDOMAIN",
    )

    with asking(dns_room, "dot", view.token) as ask:
        codes = [code(ask(f"{'ab' * 18}.{view.token_id}.test")) for _ in range(150)]

    assert (codes[0], codes[-1]) == ("NOERROR", "NXDOMAIN")


def test_every_query_has_its_line_in_the_log_however_it_was_answered(dns_room):
    resolver = dns_room.resolver(observabilityRegion="us-east-1")["id"]
    view = dns_room.view(resolver)
    rule(dns_room, view, "BLOCK", domains(dns_room, view, "blocked-warm.test"), blockResponse="NXDOMAIN")
    for way in WAYS:
        with asking(dns_room, way, view.token) as ask:
            for name in ("logged-warm.test", "blocked-warm.test"):
                warm(ask, name)
    dns_room.gr.update_access_token(accessTokenId=view.token_id, name="renamed")
    dns_room.dot("logged-warm.test", view.token)

    workers = [worker for parts in dns_room.authority.authority.parts for worker in parts.workers]
    (flush,) = [worker.work for worker in workers if worker.name == "dns-query-log"]
    dns_room.authority.run(flush())

    lines = [json.loads(line) for line in (data_of(dns_room) / LOG_FILE).read_text().splitlines()]
    mine = [line for line in lines if line["enrichments"][0]["value"] == resolver]
    told = [(line["query"]["hostname"], line["action_name"], line["rcode"]) for line in mine]
    transports = [line["unmapped"]["transport"] for line in mine]
    assert told.count(("logged-warm.test.", "Allowed", "NOERROR")) == 13
    assert told.count(("blocked-warm.test.", "Denied", "NXDOMAIN")) == 12
    assert [transports.count(way) for way in ("DOT", "DOH")] == [9, 16]
    assert len({line["connection_info"]["uid"] for line in mine}) == 25
    assert {line["enrichments"][0]["data"]["token_id"] for line in mine} == {view.token_id}
    assert mine[-1]["enrichments"][0]["data"]["token_name"] == "renamed"
    assert all(line["answers"][0]["rdata"] == PUBLIC for line in mine if line["rcode"] == "NOERROR")

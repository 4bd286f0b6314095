"""Bad input at Global Resolver's API and its door: each row gets its exact answer, and nothing changes.

10,000 half-open connections and slow senders are `python -m prove.crowd`, and in small `test_hardening`, where the
messages are, too, that are no queries.
"""

import base64
import json
import logging
import re
from datetime import timedelta

import dns.message
import pytest

from badinput.rows import rows
from badinput.wire import REQUEST_ID, Reply, deliver, signed
from keystead.kernel.clock import now
from resolver.room import code, data_of, token_option

_CLIENTS = ("botocore", "boto3", "urllib3")
NOT_ADMITTED = ["EDE 18 (Prohibited): Not admitted"]


def create_token(room, view, **members) -> Reply:
    """Send CreateAccessToken as no SDK would: nothing is checked before it leaves."""
    sent = signed(
        room.authority.url,
        room.authority.root_key,
        json.dumps(members).encode(),
        target=f"/tokens/{view.id}",
        headers={"Content-Type": "application/json"},
        service="route53globalresolver",
        region="us-east-2",
    )
    return deliver(sent)


def check_refusal(reply, status, error):
    """Assert the whole shape of a refusal and return its document."""
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (status, error), reply.body
    assert reply.headers["content-type"] == "application/json"
    assert REQUEST_ID.fullmatch(reply.headers["x-amzn-requestid"])
    return json.loads(reply.body)


@pytest.mark.parametrize("name", ["1234567890", "n" * 33, "", "new\nline", "ä", 7, None])
def test_bad_name_is_refused_and_nothing_is_made(dns_room, name):
    view = dns_room.view()
    before = rows(dns_room.authority)

    reply = create_token(dns_room, view, name=name, clientToken="bad-name")

    if name is None:  # A null is an absent member: the token is made without a name.
        assert reply.status == 200
        return
    if isinstance(name, int):
        check_refusal(reply, 400, "SerializationException")
    else:
        document = check_refusal(reply, 400, "ValidationException")
        assert document["reason"] == "FIELD_VALIDATION_FAILED"
        assert {field["name"] for field in document["fieldList"]} == {"name"}
    assert before == rows(dns_room.authority)


def test_client_token_gives_the_same_token_again_and_none_for_other_parameters(dns_room):
    view = dns_room.view()
    first = create_token(dns_room, view, name="ada", clientToken="used")
    before = rows(dns_room.authority)

    again = create_token(dns_room, view, name="ada", clientToken="used")
    other = create_token(dns_room, view, name="bob", clientToken="used")

    same = ("id", "arn", "value", "expiresAt", "createdAt")
    made, given = json.loads(first.body), json.loads(again.body)
    assert (first.status, again.status) == (200, 200)
    assert {name: made[name] for name in same} == {name: given[name] for name in same}
    assert check_refusal(other, 409, "ConflictException")["resourceType"] == "access-token"
    assert made["value"] not in other.body.decode()
    assert before == rows(dns_room.authority)


def _tokens(room):
    """Return what may be presented that admits nobody, by what is wrong with it, and the server name for each."""
    view, other, gone = room.view(), room.view(), room.view()
    room.gr.delete_access_token(accessTokenId=gone.token_id)
    wrong = ("a" if view.token[0] != "a" else "b") + view.token[1:]
    host = f"{other.resolver.removeprefix('gr-')}.route53globalresolver.localhost"
    return {
        "none": (None, host),
        "wrong": (wrong, host),
        "deleted": (gone.token, f"{gone.resolver.removeprefix('gr-')}.route53globalresolver.localhost"),
        "another resolver's view": (view.token, host),
        "empty": ("", host),
        "101 characters": ("a" * 101, host),
    }


def test_who_is_not_admitted_gets_one_constant_refusal_and_asks_nobody(dns_room):
    shown = _tokens(dns_room)
    asked, before = len(dns_room.upstream.asked), rows(dns_room.authority)

    over_tls, over_https = set(), set()
    for token, host in shown.values():
        answer = dns_room.dot("refused.test", token, host=host, id=0)
        over_tls.add(answer.to_wire())
        path = "/dns-query" + ("" if token is None else f"?token={token}")
        wire = dns.message.make_query("refused.test", "A", id=0, use_edns=True).to_wire()
        status, answer = dns_room.doh_raw(wire, path, "-H", f"host: {host}")
        assert (status, code(answer)) == (200, "REFUSED")
        over_https.add(answer.to_wire())

    assert (len(over_tls), len(over_https)) == (1, 1)
    (wire,) = over_tls
    refused = dns.message.from_wire(wire)
    assert code(refused) == "REFUSED"
    assert [option.to_text() for option in refused.options] == NOT_ADMITTED
    assert not refused.answer
    assert not refused.authority
    assert asked == len(dns_room.upstream.asked)
    assert before == rows(dns_room.authority)


def test_expired_token_gets_the_same_refusal(dns_room):
    view = dns_room.view()
    expires_at = now(dns_room.authority.authority.clock) + timedelta(days=30)
    token = dns_room.gr.create_access_token(dnsViewId=view.id, expiresAt=expires_at)["value"]
    asked = len(dns_room.upstream.asked)

    dns_room.authority.command("clock-advance", seconds=30 * 86400 + 1)
    try:
        expired = dns_room.dot("refused.test", token, id=0)
        unknown = dns_room.dot("refused.test", token[::-1], id=0)
    finally:
        dns_room.authority.command("clock-reset")

    assert expired.to_wire() == unknown.to_wire()
    assert code(expired) == "REFUSED"
    assert asked == len(dns_room.upstream.asked)


@pytest.mark.parametrize(
    "places", [("query", "path"), ("query", "header"), ("path", "header"), ("query", "option")]
)
def test_tokens_that_disagree_are_a_bad_request_whatever_is_right_of_them(dns_room, places):
    view, other = dns_room.view(), dns_room.view()
    asked = len(dns_room.upstream.asked)

    for tokens in ((view.token, other.token), (view.token, "wrong"), ("wrong", view.token)):
        shown = dict(zip(places, tokens, strict=True))
        path = "/dns-query" + (f"/{shown['path']}" if "path" in shown else "")
        path += f"?token={shown['query']}" if "query" in shown else ""
        header = ("-H", f"authorization: Bearer {shown['header']}") if "header" in shown else ()
        options = [token_option(shown["option"])] if "option" in shown else []
        wire = dns.message.make_query("two.test", "A", use_edns=True, options=options).to_wire()
        assert dns_room.doh_raw(wire, path, *header) == (400, None)

    assert asked == len(dns_room.upstream.asked)


def test_two_options_over_tls_are_refused_even_if_they_agree(dns_room):
    view, other = dns_room.view(), dns_room.view()
    asked = len(dns_room.upstream.asked)

    for second in (view.token, other.token, "wrong"):
        both = [token_option(view.token), token_option(second)]
        assert code(dns_room.dot("two.test", None, options=both)) == "REFUSED"

    assert asked == len(dns_room.upstream.asked)


@pytest.mark.parametrize(
    ("target", "options", "status"),
    [
        pytest.param("/dns-query?token={}&dns=!!!!", (), 400, id="no base64url"),
        pytest.param("/dns-query?token={}&dns=AAA=A", (), 400, id="padding inside"),
        pytest.param("/dns-query?token={}&dns=@&dns=@", (), 400, id="dns twice"),
        pytest.param("/dns-query?token={}&token={}&dns=@", (), 400, id="token twice"),
        pytest.param("/dns-query?token={}", (), 400, id="no dns"),
        pytest.param("/dns-query?token={}&dns=" + "A" * 66_000, ("--http1.1",), 414, id="longer than 64 KiB"),
        pytest.param(
            "/dns-query?token={}", ("-d", "x", "-H", "content-type: application/json"), 415, id="content type"
        ),
        pytest.param("/dns-query?token={}", ("-d", "x", "-H", "content-type:"), 415, id="no content type"),
        pytest.param("/dns-query?token={}&dns=@", ("-X", "DELETE"), 405, id="method"),
    ],
)
def test_what_is_no_request_of_doh_is_a_client_error_without_a_word(dns_room, target, options, status):
    view = dns_room.view()
    asked, before = len(dns_room.upstream.asked), rows(dns_room.authority)

    found = dns_room.doh_get("bad.test", target.replace("{}", view.token), *options)

    assert found == (status, None)
    assert asked == len(dns_room.upstream.asked)
    assert before == rows(dns_room.authority)


def test_no_token_is_in_a_log_an_error_or_a_header(dns_room, caplog):
    caplog.set_level(logging.DEBUG)
    view = dns_room.view(dns_room.resolver(observabilityRegion="us-east-1")["id"])
    answers = []
    for way in ("", "/other", "?dns=@&dns=@", "?dns=!", "/x"):
        path = f"/dns-query{way}{'&' if '?' in way else '?'}token={view.token}"
        referer = f"referer: https://a/?token={view.token}"
        answers.append(dns_room.doh_get("canary.test", path, "-H", referer)[1])
    answers += [dns_room.dot("canary.test", view.token), dns_room.dot("canary.test", view.token + "x")]
    workers = [worker for parts in dns_room.authority.authority.parts for worker in parts.workers]
    (flush,) = [worker.work for worker in workers if worker.name == "dns-query-log"]
    dns_room.authority.run(flush())
    dns_room.authority.run(dns_room.authority.authority.journal.flush(dns_room.authority.authority.store))

    shown = [view.token.encode(), base64.b64encode(view.token.encode()), view.token.encode().hex().encode()]
    held = [path.read_bytes() for path in data_of(dns_room).rglob("*") if path.is_file()]
    ours = [record for record in caplog.records if not record.name.startswith(_CLIENTS)]
    held += [repr((each.getMessage(), each.args)).encode() for each in ours]
    held += [*(answer.to_wire() for answer in answers if answer is not None)]
    assert not [text for text in shown if any(text in each for each in held)]
    assert re.search(r"canary\.test", "".join(each.decode("latin-1") for each in held))


def test_two_authorization_fields_are_refused_whichever_of_them_is_good(dns_room):
    view = dns_room.view()
    good, wrong = f"authorization: Bearer {view.token}", "authorization: Bearer wrong"
    wire = dns.message.make_query("twice.test", "A", id=0, use_edns=True).to_wire()

    alone, _ = dns_room.doh_raw(wire, "/dns-query", "-H", good)
    first, _ = dns_room.doh_raw(wire, "/dns-query", "-H", good, "-H", wrong)
    second, _ = dns_room.doh_raw(wire, "/dns-query", "-H", wrong, "-H", good)

    assert (alone, first, second) == (200, 400, 400)
    assert dns_room.upstream.names().count("twice.test.") <= 1

"""The firewall of a view: which rule decides, and what is answered then."""

import pytest
from botocore.exceptions import ClientError

from resolver.room import addresses, code
from resolver.upstream import PUBLIC


def domains(dns_room, view, *names):
    """Make a list of these domains and return its id."""
    made = dns_room.gr.create_firewall_domain_list(globalResolverId=view.resolver, name=dns_room.name("list"))
    dns_room.gr.update_firewall_domains(firewallDomainListId=made["id"], domains=list(names), operation="ADD")
    return made["id"]


def rule(dns_room, view, action, list_id=None, **members):
    if list_id is not None:
        members["firewallDomainListId"] = list_id
    return dns_room.gr.create_firewall_rule(
        action=action, name=dns_room.name("rule"), dnsViewId=view.id, **members
    )


def test_blocked_name_is_answered_as_the_rule_says_and_asked_of_nobody(dns_room):
    view = dns_room.view()
    rule(dns_room, view, "BLOCK", domains(dns_room, view, "nodata.test"), blockResponse="NODATA")
    rule(dns_room, view, "BLOCK", domains(dns_room, view, "nxdomain.test"), blockResponse="NXDOMAIN")

    nodata, nxdomain = dns_room.dot("nodata.test", view.token), dns_room.dot("nxdomain.test", view.token)

    assert (code(nodata), addresses(nodata)) == ("NOERROR", [])
    assert code(nxdomain) == "NXDOMAIN"
    assert nodata.options[0].to_text().startswith("EDE 15 (Blocked): fr-")
    assert not {"nodata.test.", "nxdomain.test."} & set(dns_room.upstream.names())


def test_overridden_name_leads_to_the_other_one(dns_room):
    view = dns_room.view()
    override = {
        "blockResponse": "OVERRIDE",
        "blockOverrideDomain": "walled.example.com",
        "blockOverrideDnsType": "CNAME",
        "blockOverrideTtl": 7,
    }
    rule(dns_room, view, "BLOCK", domains(dns_room, view, "override.test"), **override)

    answer = dns_room.dot("override.test", view.token)

    assert addresses(answer) == ["walled.example.com.", PUBLIC]
    assert answer.answer[0].ttl == 7


def test_lowest_priority_number_decides_and_the_first_match_ends_it(dns_room):
    view = dns_room.view()
    everything, good = domains(dns_room, view, "*"), domains(dns_room, view, "good.test")
    blocking = rule(dns_room, view, "BLOCK", everything, priority=2000, blockResponse="NXDOMAIN")
    rule(dns_room, view, "ALLOW", good, priority=100)

    before = [code(dns_room.dot(name, view.token)) for name in ("good.test", "other.test")]
    dns_room.gr.update_firewall_rule(firewallRuleId=blocking["id"], priority=50)
    after = code(dns_room.dot("good.test", view.token))

    assert (before, after) == (["NOERROR", "NXDOMAIN"], "NXDOMAIN")


@pytest.mark.parametrize(
    ("domain", "name", "is_blocked"),
    [
        ("x.test", "x.test", True),
        ("x.test", "a.x.test", False),
        ("*.x.test", "a.x.test", True),
        ("*.x.test", "b.a.X.test", True),
        ("*.x.test", "x.test", False),
        ("*.x.test", "ax.test", False),
        ("*", "anything.test", True),
        ("X.Test.", "x.test", True),
    ],
)
def test_domain_matches_itself_and_a_wildcard_what_is_below(dns_room, domain, name, is_blocked):
    view = dns_room.view()
    rule(dns_room, view, "BLOCK", domains(dns_room, view, domain), blockResponse="NXDOMAIN")

    assert (code(dns_room.dot(name, view.token)) == "NXDOMAIN") == is_blocked


def test_rule_for_one_type_leaves_the_others(dns_room):
    view = dns_room.view()
    rule(dns_room, view, "BLOCK", domains(dns_room, view, "*"), blockResponse="NXDOMAIN", qType="AAAA")

    assert code(dns_room.dot("typed.test", view.token, "AAAA")) == "NXDOMAIN"
    assert code(dns_room.dot("typed.test", view.token, "A")) == "NOERROR"


def test_advanced_protection_blocks_what_looks_generated_and_nothing_plain(dns_room):
    view = dns_room.view()
    rule(
        dns_room,
        view,
        "BLOCK",
        dnsAdvancedProtection="DGA",
        confidenceThreshold="HIGH",
        blockResponse="NXDOMAIN",
    )

    plain = ("www.example.com", "mail.google.com", "documentation.python.org", "registry.kubernetes.io")
    assert {code(dns_room.dot(name, view.token)) for name in plain} == {"NOERROR"}
    assert code(dns_room.dot("xq7zk2vjw9p4tb3h.com", view.token)) == "NXDOMAIN"


@pytest.mark.parametrize("fails_open", ["ENABLED", "DISABLED"])
def test_rule_that_cannot_be_evaluated_fails_as_the_view_says(dns_room, fails_open):
    view = dns_room.view(firewallRulesFailOpen=fails_open)
    list_id = domains(dns_room, view, "some.test")
    rule(dns_room, view, "BLOCK", list_id, blockResponse="NXDOMAIN")

    def lose_the_list(tx):
        tx.run("DELETE FROM globalresolver_resource WHERE id = ?", (list_id,))
        dns_room.authority.authority.base.zones.changes.bump_after(tx)

    dns_room.authority.run(dns_room.authority.authority.store.write(lose_the_list))

    expected = "NOERROR" if fails_open == "ENABLED" else "REFUSED"
    assert code(dns_room.dot("any.test", view.token)) == expected


@pytest.mark.parametrize(
    "members",
    [
        {"action": "BLOCK"},
        {"action": "ALLOW", "blockResponse": "NODATA"},
        {"action": "BLOCK", "blockResponse": "OVERRIDE", "blockOverrideDomain": "a.test"},
        {"action": "BLOCK", "blockResponse": "NODATA", "blockOverrideTtl": 1},
        {"action": "ALLOW", "firewallDomainListId": None},
        {
            "action": "ALLOW",
            "firewallDomainListId": None,
            "dnsAdvancedProtection": "DGA",
            "confidenceThreshold": "LOW",
        },
        {"action": "ALERT", "firewallDomainListId": None, "dnsAdvancedProtection": "DGA"},
        {"action": "ALERT", "confidenceThreshold": "LOW"},
        {"action": "ALERT", "qType": "NOSUCH"},
        {"action": "ALERT", "priority": 10_001},
    ],
)
def test_rule_whose_members_do_not_go_together_is_refused(dns_room, members):
    view = dns_room.view()
    given = {"name": "rule", "dnsViewId": view.id, "firewallDomainListId": domains(dns_room, view, "a.test")}
    given = {name: value for name, value in (given | members).items() if value is not None}

    with pytest.raises(ClientError) as refused:
        dns_room.gr.create_firewall_rule(**given)

    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_batch_tells_of_each_rule_what_became_of_it(dns_room):
    view = dns_room.view()
    list_id = domains(dns_room, view, "a.test")
    item = {"dnsViewId": view.id, "firewallDomainListId": list_id}
    made = dns_room.gr.batch_create_firewall_rule(
        firewallRules=[
            {"name": "one", "action": "ALERT", "clientToken": "1", **item},
            {"name": "two", "action": "BLOCK", "clientToken": "2", **item},
            {"name": "three", "action": "ALLOW", "clientToken": "3", **item},
        ]
    )

    assert [(each["firewallRule"]["name"], each["code"]) for each in made["successes"]] == [
        ("one", 200),
        ("three", 200),
    ]
    assert [(each["firewallRule"]["name"], each["code"]) for each in made["failures"]] == [("two", 400)]
    gone = dns_room.gr.batch_delete_firewall_rule(
        firewallRules=[
            {"firewallRuleId": made["successes"][0]["firewallRule"]["id"]},
            {"firewallRuleId": "fr-none"},
        ]
    )
    assert ([each["code"] for each in gone["successes"]], gone["failures"][0]["code"]) == ([200], 404)


@pytest.mark.parametrize(("length", "is_taken"), [(253, True), (254, False)])
def test_override_is_no_longer_than_a_name_that_can_be_answered(dns_room, length, is_taken):
    view = dns_room.view()
    domain = (("x" * 62 + ".") * 4)[: length - 5] + ".test"
    override = {"blockOverrideDomain": domain, "blockOverrideDnsType": "CNAME", "blockOverrideTtl": 7}
    made = domains(dns_room, view, "override.test")

    if is_taken:
        rule(dns_room, view, "BLOCK", made, blockResponse="OVERRIDE", **override)
        assert addresses(dns_room.dot("override.test", view.token))[0] == domain + "."
    else:
        with pytest.raises(ClientError, match="blockOverrideDomain"):
            rule(dns_room, view, "BLOCK", made, blockResponse="OVERRIDE", **override)

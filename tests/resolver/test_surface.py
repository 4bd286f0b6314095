"""The face as a whole: every operation is served, errors carry their members, policies bind, no token leaks."""

import base64
import json

import pytest
from botocore.exceptions import ClientError

from keystead.products.globalresolver.door.house import LOG_FILE
from resolver.room import code, data_of
from support.running import root_key_of


def test_every_operation_of_the_model_is_served(dns_room):
    served = dns_room.authority.authority.gateway()._table.services["route53globalresolver"]

    assert len(served.entries) == 53
    assert set(served.entries) == set(dns_room.gr.meta.service_model.operation_names)


def test_every_answer_of_a_life_passes_botocores_parser(dns_room):
    gr, view = dns_room.gr, dns_room.view()
    resolver = view.resolver
    listed = gr.create_firewall_domain_list(globalResolverId=resolver, name="list", tags={"a": "b"})
    gr.update_firewall_domains(firewallDomainListId=listed["id"], domains=["a.test"], operation="REPLACE")
    source = gr.create_access_source(dnsViewId=view.id, protocol="DOH", cidr="10.9.0.0/16")
    endpoint = gr.create_core_network_endpoint(
        coreNetworkArn="arn:aws:networkmanager::123456789012:core-network/core-network-1",
        globalResolverId=resolver,
        ipAddresses=[{"dnsLabel": "one", "regionScope": "ALL", "ipv4Address": "10.0.0.1"}],
    )
    managed = gr.list_managed_firewall_domain_lists(managedFirewallDomainListType="THREAT")

    assert (
        gr.get_managed_firewall_domain_list(
            managedFirewallDomainListId=managed["managedFirewallDomainLists"][0]["id"]
        )["managedListType"]
        == "THREAT"
    )
    assert gr.list_firewall_domains(firewallDomainListId=listed["id"])["domains"] == ["a.test"]
    assert gr.get_firewall_domain_list(firewallDomainListId=listed["id"])["domainCount"] == 1
    assert (
        gr.list_firewall_domain_lists(globalResolverId=resolver)["firewallDomainLists"][0]["name"] == "list"
    )
    assert gr.list_tags_for_resource(resourceArn=listed["arn"])["tags"] == {"a": "b"}
    gr.tag_resource(resourceArn=listed["arn"], tags={"c": "d"})
    gr.untag_resource(resourceArn=listed["arn"], tagKeys=["a"])
    assert gr.list_tags_for_resource(resourceArn=listed["arn"])["tags"] == {"c": "d"}
    assert gr.get_access_source(accessSourceId=source["id"])["status"] == "OPERATIONAL"
    assert gr.update_access_source(accessSourceId=source["id"], name="named")["name"] == "named"
    assert source["id"] in [
        each["id"] for each in gr.list_access_sources(filters={"protocol": ["DOH"]})["accessSources"]
    ]
    assert (
        gr.update_core_network_endpoint(
            coreNetworkEndpointId=endpoint["id"],
            updateIpAddresses=[{"operation": "REMOVE", "dnsLabel": "one"}],
        )["ipAddresses"]
        == []
    )
    assert gr.get_core_network_endpoint(coreNetworkEndpointId=endpoint["id"])["id"] == endpoint["id"]
    assert endpoint["id"] in [each["id"] for each in gr.list_core_network_endpoints()["coreNetworkEndpoints"]]
    gr.delete_core_network_endpoint(coreNetworkEndpointId=endpoint["id"])
    assert gr.update_dns_view(dnsViewId=view.id, name="renamed")["status"] == "UPDATING"
    assert [each["name"] for each in gr.list_dns_views(globalResolverId=resolver)["dnsViews"]] == ["renamed"]
    assert gr.list_shared_dns_views()["dnsViews"] == []
    assert gr.update_access_token(accessTokenId=view.token_id, name="new")["name"] == "new"
    assert gr.update_global_resolver(globalResolverId=resolver, description="d")["description"] == "d"
    gone = gr.delete_global_resolver(globalResolverId=resolver)
    assert (gone["status"], "publicIpStatus" in gone) == ("DELETING", False)
    for call, member in (("dns_view", "dnsViewId"), ("access_token", "accessTokenId")):
        with pytest.raises(gr.exceptions.ResourceNotFoundException):
            getattr(gr, f"get_{call}")(**{member: view.id if call == "dns_view" else view.token_id})
    assert code(dns_room.dot("www.example.com", view.token)) == "REFUSED"


def test_broken_constraint_is_told_by_member(dns_room):
    with pytest.raises(ClientError) as refused:
        dns_room.gr.create_access_token(dnsViewId="bad id!")

    told = refused.value.response
    assert (told["reason"], told["fieldList"][0]["name"]) == ("FIELD_VALIDATION_FAILED", "dnsViewId")


def test_tokens_are_listed_in_pages_without_gap_or_value(dns_room):
    view = dns_room.view()
    made = [dns_room.gr.create_access_token(dnsViewId=view.id)["id"] for _ in range(6)]

    pages = dns_room.gr.get_paginator("list_access_tokens").paginate(
        dnsViewId=view.id, PaginationConfig={"PageSize": 2}
    )
    listed = [each for page in pages for each in page["accessTokens"]]

    assert [each["id"] for each in listed] == [view.token_id, *made]
    assert not any("value" in each or "clientToken" in each for each in listed)


@pytest.mark.parametrize(
    ("action", "allowed", "call"),
    [
        ("CreateAccessToken", "access-token/*", lambda gr, view: gr.create_access_token(dnsViewId=view.id)),
        ("GetDNSView", "dns-view/*", lambda gr, view: gr.get_dns_view(dnsViewId=view.id)),
    ],
)
def test_user_may_do_what_its_policy_allows_and_no_more(dns_room, action, allowed, call):
    view, name = dns_room.view(), dns_room.name("user")
    key = dns_room.authority.user_key(name)
    statement = {
        "Effect": "Allow",
        "Action": f"route53globalresolver:{action}",
        "Resource": f"arn:aws:route53globalresolver::123456789012:{allowed}",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    dns_room.client("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    gr = dns_room.client("route53globalresolver", key)

    call(gr, view)

    for denied in (
        lambda: gr.get_access_token(accessTokenId=view.token_id),
        lambda: gr.create_access_token(dnsViewId=view.id, tags={"a": "b"}),
    ):
        with pytest.raises(gr.exceptions.AccessDeniedException):
            denied()


def test_another_accounts_resources_look_like_none(dns_room):
    view = dns_room.view()
    other = dns_room.authority.command("account-create", id="210987654321")
    key_file = dns_room.authority.settings.data / "accounts" / "210987654321" / "root-credentials"
    assert other is not None
    if not key_file.exists():
        pytest.fail(f"no credentials in {key_file}")
    gr = dns_room.client("route53globalresolver", root_key_of(key_file.parent))
    for call, members in (
        ("get_dns_view", {"dnsViewId": view.id}),
        ("get_access_token", {"accessTokenId": view.token_id}),
        ("create_access_token", {"dnsViewId": view.id}),
        ("delete_dns_view", {"dnsViewId": view.id}),
        ("list_tags_for_resource", {"resourceArn": view.arn}),
    ):
        with pytest.raises(gr.exceptions.ResourceNotFoundException):
            getattr(gr, call)(**members)


def test_query_log_has_a_line_per_query_and_no_file_has_the_token(dns_room):
    resolver = dns_room.resolver(observabilityRegion="us-east-1")["id"]
    view = dns_room.view(resolver)
    dns_room.gr.get_access_token(accessTokenId=view.token_id)
    dns_room.gr.update_access_token(accessTokenId=view.token_id, name="ada's laptop")
    name = f"{resolver.removeprefix('gr-')}.route53globalresolver.localhost"
    dns_room.dot("logged.example.com", view.token)
    dns_room.doh("logged.example.com", f"/dns-query?token={view.token}")
    dns_room.dot("refused.example.com", view.token[::-1], host=name)

    (worker,) = [
        worker
        for parts in dns_room.authority.authority.parts
        for worker in parts.workers
        if worker.name == "dns-query-log"
    ]
    dns_room.authority.run(worker.work())
    dns_room.authority.run(dns_room.authority.authority.journal.flush(dns_room.authority.authority.store))

    lines = [json.loads(line) for line in (data_of(dns_room) / LOG_FILE).read_text().splitlines()]
    mine = [line for line in lines if line["enrichments"][0]["value"] == resolver]
    assert [(line["action_name"], line["rcode"]) for line in mine] == [
        ("Allowed", "NOERROR"),
        ("Allowed", "NOERROR"),
        ("Denied", "REFUSED"),
    ]
    assert mine[0]["enrichments"][0]["data"]["token_id"] == view.token_id
    assert mine[0]["enrichments"][0]["data"]["token_name"] == "ada's laptop"
    assert (mine[0]["class_uid"], mine[0]["query"]["hostname"]) == (4003, "logged.example.com.")
    assert mine[0]["answers"][0]["rdata"] == "192.0.2.1"
    shown = (view.token.encode(), base64.b64encode(view.token.encode()), view.token.encode().hex().encode())
    for path in data_of(dns_room).rglob("*"):
        if path.is_file():
            assert not any(text in path.read_bytes() for text in shown), path

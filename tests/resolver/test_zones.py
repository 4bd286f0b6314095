"""Private zones: what is written through `route53` answers the clients of the views that have the zone."""

import pytest
from botocore.exceptions import ClientError

from resolver.room import addresses, code
from resolver.upstream import PUBLIC


@pytest.fixture
def zone(dns_room):
    """The id and name of a new zone."""
    name = f"{dns_room.name('zone')}.internal."
    made = dns_room.route53.create_hosted_zone(
        Name=name, CallerReference=name, HostedZoneConfig={"PrivateZone": True, "Comment": "for tests"}
    )
    return made["HostedZone"]["Id"].removeprefix("/hostedzone/"), name


def change(dns_room, zone_id, *changes):
    """Send a batch of (action, name, type, ttl, values)."""
    return dns_room.route53.change_resource_record_sets(
        HostedZoneId=zone_id,
        ChangeBatch={
            "Changes": [
                {
                    "Action": action,
                    "ResourceRecordSet": {
                        "Name": name,
                        "Type": kind,
                        "TTL": ttl,
                        "ResourceRecords": [{"Value": value} for value in values],
                    },
                }
                for action, name, kind, ttl, values in changes
            ]
        },
    )


def associate(dns_room, zone, view):
    return dns_room.gr.associate_hosted_zone(hostedZoneId=zone[0], resourceArn=view.arn, name="association")


def test_zone_answers_the_view_that_it_is_associated_with_and_no_other(dns_room, zone):
    view = dns_room.view()
    other = dns_room.view(view.resolver)
    made = change(dns_room, zone[0], ("CREATE", f"www.{zone[1]}", "A", 60, ["10.0.0.1", "10.0.0.2"]))
    dns_room.route53.get_waiter("resource_record_sets_changed").wait(Id=made["ChangeInfo"]["Id"])
    associate(dns_room, zone, view)

    inside = dns_room.dot(f"WWW.{zone[1]}", view.token)
    absent = dns_room.dot(f"absent.{zone[1]}", view.token)

    assert sorted(addresses(inside)) == ["10.0.0.1", "10.0.0.2"]
    assert code(absent) == "NXDOMAIN"
    assert [rrset.rdtype.name for rrset in absent.authority] == ["SOA"]
    assert not any(zone[1] in name for name in dns_room.upstream.names())
    assert addresses(dns_room.dot(f"www.{zone[1]}", other.token)) == [PUBLIC]


def test_wildcards_aliases_and_empty_names_are_answered_as_the_rfcs_say(dns_room, zone):
    view, name = dns_room.view(), zone[1]
    change(
        dns_room,
        zone[0],
        ("CREATE", f"*.{name}", "A", 60, ["10.0.0.9"]),
        ("CREATE", f"deep.below.{name}", "TXT", 60, ['"words"']),
        ("CREATE", f"alias.{name}", "CNAME", 60, [f"deep.below.{name}"]),
        ("CREATE", f"out.{name}", "CNAME", 60, ["www.example.com."]),
    )
    associate(dns_room, zone, view)

    assert addresses(dns_room.dot(f"anything.{name}", view.token)) == ["10.0.0.9"]
    assert addresses(dns_room.dot(f"a.b.{name}", view.token)) == ["10.0.0.9"]
    # A name that exists only as a part of others covers itself from the wildcard.
    between = dns_room.dot(f"below.{name}", view.token)
    assert (code(between), addresses(between)) == ("NOERROR", [])
    assert code(dns_room.dot(f"other.below.{name}", view.token)) == "NXDOMAIN"
    chased = dns_room.dot(f"alias.{name}", view.token, "TXT")
    assert addresses(chased) == [f"deep.below.{name}", '"words"']
    assert addresses(dns_room.dot(f"out.{name}", view.token)) == ["www.example.com.", PUBLIC]


def test_batch_holds_wholly_or_not_at_all(dns_room, zone):
    name = zone[1]

    with pytest.raises(ClientError) as refused:
        change(
            dns_room,
            zone[0],
            ("CREATE", f"first.{name}", "A", 60, ["10.0.0.1"]),
            ("DELETE", f"absent.{name}", "A", 60, ["10.0.0.1"]),
        )

    told = refused.value.response["Error"]
    assert told["Code"] == "InvalidChangeBatch"
    assert told["Message"] == (
        f"[Tried to delete resource record set [name='absent.{name}', type='A'] but it was not found]"
    )
    listed = dns_room.route53.list_resource_record_sets(HostedZoneId=zone[0])["ResourceRecordSets"]
    assert [each["Type"] for each in listed] == ["NS", "SOA"]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            ("CREATE", "a.{}", "A", 60, ["10.0.0.1"]),
            ("CREATE", "a.{}", "A", 60, ["10.0.0.1"]),
            "[Tried to create resource record set [name='a.{}', type='A'] but it already exists]",
        ),
        (
            ("CREATE", "a.{}", "A", 60, ["10.0.0.1"]),
            ("DELETE", "a.{}", "A", 61, ["10.0.0.1"]),
            "[Tried to delete resource record set [name='a.{}', type='A'] but the values provided do not match"
            " the current values]",
        ),
        (
            ("CREATE", "a.{}", "A", 60, ["10.0.0.1"]),
            ("CREATE", "a.{}", "CNAME", 60, ["b.{}"]),
            "[RRSet of type CNAME with DNS name a.{} is not permitted as it conflicts with other records with"
            " the same DNS name in zone {}]",
        ),
        (
            ("CREATE", "a.{}", "CNAME", 60, ["b.{}"]),
            ("CREATE", "a.{}", "A", 60, ["10.0.0.1"]),
            "[RRSet of type A with DNS name a.{} is not permitted because a conflicting RRSet of type CNAME with"
            " the same DNS name already exists in zone {}]",
        ),
        (
            ("CREATE", "a.{}", "A", 60, ["10.0.0.1"]),
            ("CREATE", "{}", "CNAME", 60, ["b.{}"]),
            "[RRSet of type CNAME with DNS name {} is not permitted at apex in zone {}]",
        ),
        (
            ("CREATE", "a.{}", "A", 60, ["10.0.0.1"]),
            ("CREATE", "www.example.com.", "A", 60, ["10.0.0.1"]),
            "[RRSet with DNS name www.example.com. is not permitted in zone {}]",
        ),
    ],
)
def test_batch_is_refused_in_the_words_that_tools_compare(dns_room, zone, first, second, message):
    def filled(given):
        action, name, kind, ttl, values = given
        return action, name.format(zone[1]), kind, ttl, [value.format(zone[1]) for value in values]

    change(dns_room, zone[0], filled(first))

    with pytest.raises(ClientError) as refused:
        change(dns_room, zone[0], filled(second))

    assert refused.value.response["Error"]["Message"] == message.replace("{}", zone[1])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("A", "10.0.0"),
        ("A", "10.0.0.1\n10.0.0.2"),
        ("MX", "mail"),
        ("CAA", "x"),
        ("TXT", "a" * 5000),
        ("AAAA", ""),
    ],
)
def test_value_that_is_not_of_its_type_is_refused(dns_room, zone, kind, value):
    with pytest.raises(ClientError) as refused:
        change(dns_room, zone[0], ("CREATE", f"x.{zone[1]}", kind, 60, [value]))

    assert refused.value.response["Error"]["Code"] in ("InvalidChangeBatch", "InvalidInput")


@pytest.mark.parametrize("dot", ["", "."])
def test_name_in_a_value_is_whole_with_and_without_its_final_dot(dns_room, zone, dot):
    view = dns_room.view()
    associate(dns_room, zone, view)
    change(
        dns_room,
        zone[0],
        ("CREATE", f"alias.{zone[1]}", "CNAME", 60, [f"target.{zone[1]}".rstrip(".") + dot]),
        ("CREATE", f"target.{zone[1]}", "A", 60, ["10.0.0.9"]),
        ("CREATE", zone[1], "MX", 60, [f"10 target.{zone[1]}".rstrip(".") + dot]),
    )

    assert addresses(dns_room.dot(f"alias.{zone[1]}", view.token)) == [f"target.{zone[1]}", "10.0.0.9"]
    assert addresses(dns_room.dot(zone[1], view.token, "MX")) == [f"10 target.{zone[1]}"]


def test_zone_stays_while_it_has_records_or_answers_a_view(dns_room, zone):
    view = dns_room.view()
    record = (f"www.{zone[1]}", "A", 60, ["10.0.0.1"])
    change(dns_room, zone[0], ("UPSERT", *record))
    associate(dns_room, zone, view)
    codes = []
    for remedy in (
        lambda: change(dns_room, zone[0], ("DELETE", *record)),
        lambda: dns_room.gr.disassociate_hosted_zone(hostedZoneId=zone[0], resourceArn=view.arn),
    ):
        with pytest.raises(ClientError) as refused:
            dns_room.route53.delete_hosted_zone(Id=zone[0])
        codes.append(refused.value.response["Error"]["Code"])
        remedy()

    dns_room.route53.delete_hosted_zone(Id=zone[0])

    assert codes == ["HostedZoneNotEmpty", "InvalidInput"]
    with pytest.raises(dns_room.route53.exceptions.NoSuchHostedZone):
        dns_room.route53.get_hosted_zone(Id=zone[0])


def test_zones_and_records_are_listed_in_pages_without_a_gap(dns_room, zone):
    change(dns_room, zone[0], *[("CREATE", f"n{n}.{zone[1]}", "A", 60, [f"10.0.0.{n}"]) for n in range(7)])
    pages = dns_room.route53.get_paginator("list_resource_record_sets")

    listed = [
        each["Name"]
        for page in pages.paginate(HostedZoneId=zone[0], PaginationConfig={"PageSize": 2})
        for each in page["ResourceRecordSets"]
    ]

    assert listed == [zone[1]] * 2 + [f"n{n}.{zone[1]}" for n in range(7)]
    zones = dns_room.route53.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 1})
    ids = [each["Id"] for page in zones for each in page["HostedZones"]]
    assert len(ids) == len(set(ids))
    assert f"/hostedzone/{zone[0]}" in ids


def test_large_set_behind_a_long_alias_is_answered_and_its_siblings_too(dns_room, zone):
    view, name = dns_room.view(), zone[1]
    long = ".".join(["x" * 60] * 3) + f".{name}"
    change(
        dns_room,
        zone[0],
        ("CREATE", f"large.{name}", "CNAME", 60, [long]),
        ("CREATE", long, "AAAA", 60, [f"2001:db8::{n:x}" for n in range(900)]),
    )
    associate(dns_room, zone, view)

    answer = dns_room.dot(f"large.{name}", view.token, "AAAA")

    assert len(addresses(answer)) == 901
    assert addresses(dns_room.dot("www.example.com", view.token)) == [PUBLIC]


@pytest.mark.parametrize(
    ("target", "expected"),
    [("absent.{}", "NXDOMAIN"), ("nx.example.com.", "NXDOMAIN"), ("mute.example.com.", "SERVFAIL")],
)
def test_alias_to_what_is_not_to_be_had_says_so(dns_room, zone, target, expected):
    view, name = dns_room.view(), zone[1]
    change(dns_room, zone[0], ("CREATE", f"alias.{name}", "CNAME", 60, [target.format(name)]))
    associate(dns_room, zone, view)

    answer = dns_room.dot(f"alias.{name}", view.token)

    assert code(answer) == expected
    assert addresses(answer) == [target.format(name)]


@pytest.mark.parametrize("spelling", [r"\141\057b", "A/b", r"a\057\102"])
def test_name_has_one_set_of_a_type_however_it_is_written(dns_room, zone, spelling):
    view, name = dns_room.view(), zone[1]
    associate(dns_room, zone, view)
    change(dns_room, zone[0], ("CREATE", rf"a\057b.{name}", "A", 60, ["10.0.0.1"]))

    with pytest.raises(ClientError, match="it already exists"):
        change(dns_room, zone[0], ("CREATE", f"{spelling}.{name}", "A", 60, ["10.0.0.2"]))

    listed = dns_room.route53.list_resource_record_sets(HostedZoneId=zone[0])["ResourceRecordSets"]
    assert [each["Name"] for each in listed if each["Type"] == "A"] == [rf"a\057b.{name}"]
    assert addresses(dns_room.dot(f"a/b.{name}", view.token)) == ["10.0.0.1"]


def test_code_beyond_an_octet_is_no_name(dns_room, zone):
    with pytest.raises(ClientError, match="DomainLabelEmpty"):
        change(dns_room, zone[0], ("CREATE", rf"\541.{zone[1]}", "A", 60, ["10.0.0.1"]))


def test_a_zone_has_one_soa_record_which_is_its_own(dns_room, zone):
    name = zone[1]
    soa = "ns.example. hostmaster.example. 1 7200 900 1209600 86400"
    with pytest.raises(ClientError, match="type SOA"):
        change(dns_room, zone[0], ("CREATE", f"below.{name}", "SOA", 60, [soa]))

    target = {"HostedZoneId": zone[0], "DNSName": name, "EvaluateTargetHealth": False}
    for kind in ("NS", "SOA"):
        alias = {"Name": f"below.{name}", "Type": kind, "AliasTarget": target}
        with pytest.raises(ClientError, match=f"type {kind}"):
            dns_room.route53.change_resource_record_sets(
                HostedZoneId=zone[0],
                ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": alias}]},
            )

"""Domains that come from files: objects in a bucket of this authority, and managed lists of the operator's."""

import json

import pytest
from botocore.exceptions import ClientError

from resolver.room import code
from resolver.test_firewall import domains, rule
from support.running import RunningAuthority, settings_for


@pytest.fixture
def bucket(dns_room):
    """A bucket's name, and what puts a file into it and returns its URL."""
    name = dns_room.name("lists-of-domains")
    dns_room.client("lightsail").create_bucket(bucketName=name, bundleId="small_1_0")

    def put(text, key="some folder/domains +%20.txt"):
        body = text if isinstance(text, bytes) else text.encode()
        dns_room.client("s3").put_object(Bucket=name, Key=key, Body=body)
        return f"s3://{name}/{key}"

    return name, put


@pytest.fixture
def listed(dns_room):
    """A view, and a list that a rule of it blocks."""
    view = dns_room.view()
    list_id = domains(dns_room, view, "before.test")
    rule(dns_room, view, "BLOCK", list_id, blockResponse="NXDOMAIN")
    return view, list_id


def imported(dns_room, list_id, url, operation="REPLACE", gr=None):
    return (gr or dns_room.gr).import_firewall_domains(
        firewallDomainListId=list_id, domainFileUrl=url, operation=operation
    )


def held(dns_room, list_id):
    return dns_room.gr.list_firewall_domains(firewallDomainListId=list_id)["domains"]


def shown(dns_room, list_id):
    return dns_room.gr.get_firewall_domain_list(firewallDomainListId=list_id)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("REPLACE", ["*.wild.test", "imported.test"]),
        ("ADD", ["*.wild.test", "before.test", "imported.test"]),
        ("REMOVE", ["before.test"]),
    ],
)
def test_file_changes_the_list_as_the_operation_says(dns_room, bucket, listed, operation, expected):
    _, list_id = listed
    url = bucket[1]("\ufeffImported.TEST.\r\n\r\n  *.wild.test  \n")

    answer = imported(dns_room, list_id, url, operation)

    assert (answer["id"], answer["status"]) == (list_id, "UPDATING")
    assert held(dns_room, list_id) == expected
    assert (shown(dns_room, list_id)["domainCount"], shown(dns_room, list_id)["status"]) == (
        len(expected),
        "OPERATIONAL",
    )


def test_imported_domains_are_blocked_at_the_next_query(dns_room, bucket, listed):
    view, list_id = listed
    names = ("imported.test", "before.test")
    before = [code(dns_room.dot(name, view.token)) for name in names]

    imported(dns_room, list_id, bucket[1]("imported.test\n"))

    assert before == ["NOERROR", "NXDOMAIN"]
    assert [code(dns_room.dot(name, view.token)) for name in names] == ["NXDOMAIN", "NOERROR"]


@pytest.mark.parametrize(
    "line", ["two words.test", "*x.test", "münchen.test", "a..test", "a" * 64 + ".test", "\0"]
)
def test_bad_line_leaves_the_list_and_is_told(dns_room, bucket, listed, line):
    _, list_id = listed

    imported(dns_room, list_id, bucket[1](f"good.test\n\n{line}\n"))

    assert held(dns_room, list_id) == ["before.test"]
    assert shown(dns_room, list_id)["statusMessage"] == "Line 3 is not a domain; nothing was imported."
    imported(dns_room, list_id, bucket[1]("good.test\n"))
    assert "statusMessage" not in shown(dns_room, list_id)


def test_object_of_many_pieces_is_read_whole(dns_room, bucket, listed):
    _, list_id = listed
    text = "".join(f"{'x' * 60}.{'y' * 60}.n{number}.test\n" for number in range(10_000))

    imported(dns_room, list_id, bucket[1](text))

    assert len(text) > 1024 * 1024
    assert shown(dns_room, list_id)["domainCount"] == 10_000


@pytest.mark.parametrize(
    "url", ["https://example.com/domains.txt", "s3://", "s3://bucket", "s3:///key", "file:///etc/passwd", "x"]
)
def test_url_of_anything_but_an_object_is_refused(dns_room, listed, url):
    with pytest.raises(ClientError) as refused:
        imported(dns_room, listed[1], url)

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refused.value.response["fieldList"][0]["name"] == "domainFileUrl"


@pytest.mark.parametrize("missing", ["bucket", "key"])
def test_file_that_is_not_there_is_refused(dns_room, bucket, listed, missing):
    url = "s3://no-such-bucket-here/key" if missing == "bucket" else f"s3://{bucket[0]}/no-such-key"

    with pytest.raises(dns_room.gr.exceptions.ValidationException, match="There is no such file"):
        imported(dns_room, listed[1], url)


def test_too_many_domains_and_too_large_a_file_are_refused(dns_room, bucket, listed):
    _, list_id = listed

    with pytest.raises(dns_room.gr.exceptions.ServiceQuotaExceededException):
        imported(dns_room, list_id, bucket[1]("".join(f"n{number}.test\n" for number in range(10_001))))
    with pytest.raises(dns_room.gr.exceptions.ValidationException, match="larger than"):
        imported(dns_room, list_id, bucket[1](b"\n" * (4 * 1024 * 1024 + 1)))

    assert held(dns_room, list_id) == ["before.test"]


def test_operation_and_list_are_judged_before_the_file(dns_room, listed):
    with pytest.raises(dns_room.gr.exceptions.ValidationException, match="operation"):
        imported(dns_room, listed[1], "s3://a/b", "APPEND")
    with pytest.raises(dns_room.gr.exceptions.ResourceNotFoundException):
        imported(dns_room, "fdl-none", "s3://a/b")


def test_caller_needs_the_right_to_read_the_file(dns_room, bucket, listed):
    _, list_id = listed
    name, url = dns_room.name("importer"), bucket[1]("imported.test\n")
    key = dns_room.authority.user_key(name)
    gr, iam = dns_room.client("route53globalresolver", key), dns_room.client("iam")

    def allow(*actions):
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_user_policy(
            UserName=name,
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    allow("route53globalresolver:ImportFirewallDomains")
    for place in (url, f"s3://{bucket[0]}/no-such-key", "s3://no-such-bucket-here/key"):
        with pytest.raises(gr.exceptions.AccessDeniedException):
            imported(dns_room, list_id, place, gr=gr)
    assert held(dns_room, list_id) == ["before.test"]
    allow("route53globalresolver:ImportFirewallDomains", "s3:GetObject")
    imported(dns_room, list_id, url, gr=gr)

    assert held(dns_room, list_id) == ["imported.test"]


def test_managed_list_whose_file_changed_is_asked_afresh(tmp_path):
    from resolver.room import DNSRoom
    from resolver.upstream import Upstream

    upstream, folder = Upstream(), tmp_path / "managed"
    (folder / "THREAT").mkdir(parents=True)
    file = folder / "THREAT" / "Malware.txt"
    file.write_text("# known\nevil.test\n")
    running = RunningAuthority(
        settings_for(tmp_path / "data", upstream=(upstream.address,), managed_domain_lists=folder)
    )
    try:
        room = DNSRoom(running, upstream)
        view = room.view()
        lists = room.gr.list_managed_firewall_domain_lists(managedFirewallDomainListType="THREAT")
        (managed,) = [each for each in lists["managedFirewallDomainLists"] if each["name"] == "Malware"]
        rule(room, view, "BLOCK", managed["id"], blockResponse="NXDOMAIN")
        names = ("evil.test", "worse.test")
        said = [[code(room.dot(name, view.token)) for name in names] for _ in range(3)]
        file.write_text("worse.test\n")
        workers = [worker for parts in running.authority.parts for worker in parts.workers]
        (look,) = [worker.work for worker in workers if worker.name == "dns-managed-lists"]
        running.run(look())
        after = [code(room.dot(name, view.token)) for name in names]
    finally:
        running.stop()
        upstream.close()

    assert (said, after) == ([["NXDOMAIN", "NOERROR"]] * 3, ["NOERROR", "NXDOMAIN"])

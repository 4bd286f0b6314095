"""What a view's settings send upstream and let back: the client's subnet, and DNSSEC."""

import shutil
import socket
import subprocess
import time

import dns.dnssec
import dns.edns
import dns.flags
import dns.rdata
import dns.zone
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from resolver.room import DNSRoom, addresses, code
from support.running import RunningAuthority, settings_for

NOT_TOLD = ["ECS 0.0.0.0/0 scope/0"]


def subnets_seen(room, name):
    """Return the subnets that the upstream was told with its questions for a name."""
    asked = [query for query in room.upstream.asked if query.question[0].name.to_text() == f"{name}."]
    return [[option.to_text() for option in query.options] for query in asked]


@pytest.mark.parametrize(
    ("presented", "expected"),
    [
        (None, NOT_TOLD),  # The client is on loopback, which tells an upstream nothing.
        (("192.0.2.77", 32), ["ECS 192.0.2.0/24 scope/0"]),
        (("192.0.2.77", 20), ["ECS 192.0.0.0/20 scope/0"]),
        (("2001:db8:1:2:3::", 80), ["ECS 2001:db8:1::/48 scope/0"]),
        (("0.0.0.0", 0), NOT_TOLD),
    ],
)
def test_subnet_of_the_client_is_forwarded_cut_where_the_view_says_so(dns_room, presented, expected):
    names = [f"{dns_room.name('subnet')}.test" for _ in range(2)]
    options = [] if presented is None else [dns.edns.ECSOption(*presented)]

    for name, setting in zip(names, ("ENABLED", "DISABLED"), strict=True):
        view = dns_room.view(ednsClientSubnet=setting)
        dns_room.dot(name, view.token, options=options)

    assert [subnets_seen(dns_room, name) for name in names] == [[expected], [NOT_TOLD]]


def test_answers_for_one_subnet_are_not_told_to_another(dns_room):
    view, name = dns_room.view(ednsClientSubnet="ENABLED"), f"{dns_room.name('subnet')}.test"

    for _ in range(3):
        for network in ("192.0.2.1", "198.51.100.1"):
            dns_room.dot(name, view.token, options=[dns.edns.ECSOption(network, 24)])

    assert sorted(subnets_seen(dns_room, name)) == [
        ["ECS 192.0.2.0/24 scope/0"],
        ["ECS 198.51.100.0/24 scope/0"],
    ]


@pytest.mark.parametrize(("setting", "is_disabled"), [("ENABLED", False), ("DISABLED", True)])
@pytest.mark.parametrize("flags", [dns.flags.RD, dns.flags.RD | dns.flags.CD])
def test_view_and_not_the_client_says_whether_the_upstream_checks(dns_room, setting, is_disabled, flags):
    view, name = dns_room.view(dnssecValidation=setting), f"{dns_room.name('checking')}.test"

    dns_room.dot(name, view.token, flags=flags)

    (asked,) = [query for query in dns_room.upstream.asked if query.question[0].name.to_text() == f"{name}."]
    assert bool(asked.flags & dns.flags.CD) == is_disabled


@pytest.mark.parametrize(
    ("setting", "flags", "wants_dnssec", "is_told"),
    [
        ("ENABLED", dns.flags.RD | dns.flags.AD, False, True),
        ("ENABLED", dns.flags.RD, True, True),
        ("ENABLED", dns.flags.RD, False, False),
        ("DISABLED", dns.flags.RD | dns.flags.AD, True, False),
    ],
)
def test_authentic_is_told_to_who_asked_in_a_view_that_validates(
    dns_room, setting, flags, wants_dnssec, is_told
):
    view = dns_room.view(dnssecValidation=setting)

    answers = [
        dns_room.dot("authentic.test", view.token, flags=flags, want_dnssec=wants_dnssec) for _ in range(3)
    ]

    assert [bool(answer.flags & dns.flags.AD) for answer in answers] == [is_told] * 3


@pytest.fixture
def validating(tmp_path):
    """A room before an unbound that validates: `good.signed.test` is signed, `bad.signed.test` wrongly so."""
    key = ed25519.Ed25519PrivateKey.generate()
    dnskey = dns.dnssec.make_dnskey(key.public_key(), "ED25519")
    text = (
        "@ 3600 IN SOA ns root 1 7200 3600 1209600 60\n@ 3600 IN NS ns\nns 3600 IN A 127.0.0.1\n"
        "good 3600 IN A 192.0.2.1\nbad 3600 IN A 192.0.2.1\n"
    )
    zone = dns.zone.from_text(text, "signed.test.")
    dns.dnssec.sign_zone(zone, keys=[(key, dnskey)], lifetime=86400)
    zone.find_rdataset("bad", "A").clear()
    zone.find_rdataset("bad", "A").add(dns.rdata.from_text("IN", "A", "192.0.2.66"), 3600)
    zone.to_file(str(tmp_path / "zone"), relativize=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    anchor = dns.dnssec.make_ds(zone.origin, dnskey, "SHA256")
    (tmp_path / "unbound.conf").write_text(f"""\
server:
  interface: 127.0.0.1@{port}
  username: ""
  chroot: ""
  directory: "{tmp_path}"
  pidfile: ""
  use-syslog: no
  module-config: "validator iterator"
  local-zone: "test." nodefault
  trust-anchor: "signed.test. DS {anchor.to_text()}"
remote-control:
  control-enable: no
auth-zone:
  name: "signed.test."
  zonefile: "{tmp_path / "zone"}"
  for-downstream: no
  for-upstream: yes
""")
    log = (tmp_path / "unbound.log").open("wb")
    child = subprocess.Popen(
        ["/usr/sbin/unbound", "-d", "-c", tmp_path / "unbound.conf"], stdout=log, stderr=log
    )
    while b"start of service" not in (tmp_path / "unbound.log").read_bytes():
        assert child.poll() is None, (tmp_path / "unbound.log").read_text()
        time.sleep(0.01)
    running = RunningAuthority(settings_for(tmp_path / "data", upstream=(f"127.0.0.1:{port}",)))
    yield DNSRoom(running, upstream=None)
    running.stop()
    child.terminate()
    child.wait()
    log.close()


@pytest.mark.skipif(shutil.which("unbound", path="/usr/sbin") is None, reason="unbound is not installed")
def test_wrong_signature_is_a_failure_only_where_the_view_validates(validating):
    resolver = validating.resolver()["id"]
    views = [validating.view(resolver, dnssecValidation=setting) for setting in ("ENABLED", "DISABLED")]

    def said(name, view):
        answer = validating.dot(name, view.token, flags=dns.flags.RD | dns.flags.AD)
        return code(answer), addresses(answer), bool(answer.flags & dns.flags.AD)

    for _ in range(2):
        assert [said("good.signed.test", view) for view in views] == [
            ("NOERROR", ["192.0.2.1"], True),
            ("NOERROR", ["192.0.2.1"], False),
        ]
        assert [said("bad.signed.test", view) for view in views] == [
            ("SERVFAIL", [], False),
            ("NOERROR", ["192.0.2.66"], False),
        ]

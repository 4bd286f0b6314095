"""What a DNS view decides, seen by an unmodified kdig: private zones, firewall, priorities, states, access sources.

It starts an authority of its own ($KEYSTEAD is the command) before an upstream of its own, which answers every
address with 192.0.2.1 and counts what it is asked, so that nothing leaves this machine. boto3 sets up, kdig asks;
every step is asserted, and printed.
"""

import configparser
import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import boto3
from botocore.config import Config

PUBLIC = "192.0.2.1"
REFUSED, NXDOMAIN, NODATA = "REFUSED", "NXDOMAIN", "NOERROR"


class Upstream:
    """A resolver that has one address for every name, and keeps the names that it was asked for."""

    def __init__(self):
        self.asked = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            wire, peer = self._socket.recvfrom(4096)
            at, labels = 12, []
            while wire[at]:
                labels.append(wire[at + 1 : at + 1 + wire[at]].decode())
                at += 1 + wire[at]
            self.asked.append(".".join(labels))
            is_a = wire[at + 1 : at + 3] == b"\0\1"
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(PUBLIC) if is_a else b""
            head = wire[:2] + b"\x81\x80\0\1\0" + bytes([is_a]) + b"\0\0\0\0"
            self._socket.sendto(head + wire[12 : at + 5] + answer, peer)


class Authority:
    """`keystead serve` on a directory of its own, and clients of it."""

    def __init__(self, folder, upstream):
        data, ready = folder / "data", folder / "ready"
        listeners = [f"--{name}=127.0.0.1:0" for name in ("http", "https", "doh", "dot", "do53")]
        command = [os.environ["KEYSTEAD"], "serve", "--data", data, "--test", "--ready-file", ready]
        with (folder / "log").open("wb") as log:
            self._child = subprocess.Popen(
                [*command, *listeners, "--upstream", upstream.address], stdout=log, stderr=log
            )
        while not ready.exists():
            if self._child.poll() is not None:
                raise SystemExit((folder / "log").read_text())
            time.sleep(0.02)
        self.ready = json.loads(ready.read_text())
        self.log = data / "dns-queries.jsonl"
        self.ca = data / "tls" / "ca.pem"
        keys = configparser.ConfigParser(interpolation=None)
        keys.read(data / "credentials")
        self._session = boto3.Session(
            keys["default"]["aws_access_key_id"],
            keys["default"]["aws_secret_access_key"],
            region_name="us-east-1",
        )

    def client(self, service):
        return self._session.client(service, endpoint_url=self.ready["http"], config=Config(proxies={}))

    def stop(self):
        self._child.terminate()
        self._child.wait()


def kdig(authority, way, name, kind="A", token=None, source=None):
    """Return the records that kdig shows, or the response code where it shows none."""
    place = authority.ready[way.partition("+")[0]].rpartition("://")[2]
    host, _, port = place.rpartition(":")
    command = ["kdig", f"@{host}", "-p", port, "+timeout=5", "+retry=0", name, kind]
    if way in ("dot", "doh"):
        command += [f"+tls-ca={authority.ca}", "+tls-hostname=localhost"]
    if way == "doh":
        command.append("+https=/dns-query" + (f"?token={token}" if token else ""))
    elif way == "do53+tcp":
        command.append("+tcp")
    if token and way != "doh":
        command.append(f"+ednsopt=65440:{token.encode().hex()}")
    if source:
        command += ["-b", source]
    said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout
    answer = re.search(r";; ANSWER SECTION:\n(.*?)\n\n", said, re.DOTALL)
    if answer:
        return " ".join(line.split()[-1] for line in answer[1].splitlines())
    status = re.search(r"status: (\w+);", said)
    return status[1] if status else f"no answer: {said}"


def is_(what, expected, found):
    if expected != found:
        raise SystemExit(f"{what}: expected {expected}; found {found}")
    print(f"  {what}: {found}")


class Walk:
    """One resolver with two views, `laptops` and `guests`, each with a token."""

    def __init__(self, authority, upstream):
        self.authority, self.upstream = authority, upstream
        self.gr, self.route53 = authority.client("route53globalresolver"), authority.client("route53")
        made = self.gr.create_global_resolver(
            name="office", regions=["us-east-1"], observabilityRegion="us-east-1"
        )
        self.resolver = made["id"]
        self.laptops, self.guests = self._view("laptops"), self._view("guests")
        self.token, self.guest = self._token(self.laptops), self._token(self.guests)

    def _view(self, name):
        return self.gr.create_dns_view(globalResolverId=self.resolver, name=name)

    def _token(self, view):
        return self.gr.create_access_token(dnsViewId=view["id"])["value"]

    def ask(self, name, kind="A", token=None):
        """Ask over TLS and over HTTPS, which say the same."""
        said = [kdig(self.authority, way, name, kind, token or self.token) for way in ("dot", "doh")]
        if said[0] != said[1]:
            raise SystemExit(f"{name}: {said[0]} over TLS, {said[1]} over HTTPS")
        return said[0]

    def list(self, *domains):
        name = re.sub("[^a-z0-9]", "-", domains[0])
        made = self.gr.create_firewall_domain_list(globalResolverId=self.resolver, name=name)
        self.gr.update_firewall_domains(
            firewallDomainListId=made["id"], domains=list(domains), operation="ADD"
        )
        return made["id"]

    def rule(self, name, action, priority, *domains, **members):
        made = self.gr.create_firewall_rule(
            dnsViewId=self.laptops["id"],
            name=name,
            action=action,
            priority=priority,
            firewallDomainListId=self.list(*domains),
            **members,
        )
        return made["id"]

    def private_zone(self):
        print("private zone")
        zone = self.route53.create_hosted_zone(
            Name="corp.internal", CallerReference="walk", HostedZoneConfig={"PrivateZone": True}
        )["HostedZone"]["Id"]
        records = [
            ("build.corp.internal", "A", "10.20.30.40"),
            ("*.apps.corp.internal", "A", "10.20.30.41"),
            ("www.corp.internal", "CNAME", "build.corp.internal"),
        ]
        sets = [
            {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
            for name, kind, value in records
        ]
        changes = [{"Action": "CREATE", "ResourceRecordSet": each} for each in sets]
        self.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
        before = self.ask("build.corp.internal")
        self.gr.associate_hosted_zone(
            hostedZoneId=zone.rpartition("/")[2], resourceArn=self.laptops["arn"], name="corp"
        )
        is_("a name, before its zone is the view's", PUBLIC, before)
        is_("a name", "10.20.30.40", self.ask("build.corp.internal"))
        is_("a name below a wildcard", "10.20.30.41", self.ask("any.apps.corp.internal"))
        is_("an alias", "build.corp.internal. 10.20.30.40", self.ask("www.corp.internal"))
        is_("an absent name", NXDOMAIN, self.ask("absent.corp.internal"))
        is_("an absent type", NODATA, self.ask("build.corp.internal", "AAAA"))
        is_("a name outside", PUBLIC, self.ask("www.example.com"))
        is_("the name, in the other view", PUBLIC, self.ask("build.corp.internal", token=self.guest))

    def actions(self):
        print("firewall: every action")
        self.rule("allow", "ALLOW", 100, "allowed.test")
        self.rule("alert", "ALERT", 200, "alerted.test")
        self.rule("nodata", "BLOCK", 1000, "nodata.test", blockResponse="NODATA")
        self.rule("nxdomain", "BLOCK", 1100, "nxdomain.test", blockResponse="NXDOMAIN")
        self.rule("private", "BLOCK", 1200, "secret.apps.corp.internal", blockResponse="NXDOMAIN")
        self.rule(
            "override",
            "BLOCK",
            1300,
            "override.test",
            blockResponse="OVERRIDE",
            blockOverrideDomain="build.corp.internal",
            blockOverrideDnsType="CNAME",
            blockOverrideTtl=7,
        )
        is_("ALLOW", PUBLIC, self.ask("allowed.test"))
        is_("ALERT", PUBLIC, self.ask("alerted.test"))
        is_("BLOCK with NODATA", NODATA, self.ask("nodata.test"))
        is_("BLOCK with NXDOMAIN", NXDOMAIN, self.ask("nxdomain.test"))
        is_("BLOCK with OVERRIDE", "build.corp.internal. 10.20.30.40", self.ask("override.test"))
        is_("BLOCK of a private name", NXDOMAIN, self.ask("secret.apps.corp.internal"))
        is_("in the other view, which has no rules", PUBLIC, self.ask("nxdomain.test", token=self.guest))
        blocked = {"nodata.test", "override.test", "secret.apps.corp.internal"} & set(self.upstream.asked)
        is_("blocked names that the upstream was asked for", set(), blocked)

    def wildcards(self):
        print("firewall: wildcards")
        self.rule("below", "BLOCK", 2000, "*.below.test", blockResponse="NXDOMAIN")
        self.rule("exact", "BLOCK", 2100, "exact.test", blockResponse="NXDOMAIN")
        is_("*.below.test and below.test", PUBLIC, self.ask("below.test"))
        is_("*.below.test and a.below.test", NXDOMAIN, self.ask("a.below.test"))
        is_("*.below.test and b.a.BELOW.test", NXDOMAIN, self.ask("b.a.BELOW.test"))
        is_("*.below.test and notbelow.test", PUBLIC, self.ask("notbelow.test"))
        is_("exact.test and exact.test", NXDOMAIN, self.ask("exact.test"))
        is_("exact.test and a.exact.test", PUBLIC, self.ask("a.exact.test"))
        everything = self.rule("all", "BLOCK", 9000, "*", blockResponse="NXDOMAIN", qType="TXT")
        is_("* for TXT", NXDOMAIN, self.ask("www.example.com", "TXT"))
        is_("* for TXT, and a query for A", PUBLIC, self.ask("www.example.com"))
        self.gr.delete_firewall_rule(firewallRuleId=everything)

    def priorities(self):
        print("firewall: priorities")
        blocking = self.rule("many", "BLOCK", 3000, "*.many.test", blockResponse="NXDOMAIN")
        good = self.rule("one", "ALLOW", 150, "good.many.test")
        is_("allowed at 150, blocked at 3000", PUBLIC, self.ask("good.many.test"))
        is_("its sibling", NXDOMAIN, self.ask("other.many.test"))
        self.gr.update_firewall_rule(firewallRuleId=blocking, priority=50)
        is_("allowed at 150, blocked at 50", NXDOMAIN, self.ask("good.many.test"))
        self.gr.update_firewall_rule(firewallRuleId=good, priority=40)
        is_("allowed at 40, blocked at 50", PUBLIC, self.ask("good.many.test"))

    def states(self):
        print("states of a view")
        asked = len(self.upstream.asked)
        self.gr.disable_dns_view(dnsViewId=self.laptops["id"])
        is_("disabled", REFUSED, self.ask("build.corp.internal"))
        is_("disabled, a name outside", REFUSED, self.ask("states.example.com"))
        is_("what the upstream was asked meanwhile", 0, len(self.upstream.asked) - asked)
        is_("the other view", PUBLIC, self.ask("states.example.com", token=self.guest))
        self.gr.enable_dns_view(dnsViewId=self.laptops["id"])
        is_("enabled", "10.20.30.40", self.ask("build.corp.internal"))

    def sources(self):
        print("access sources")
        ways = ("do53", "do53+tcp", "dot", "doh")

        def said(name="build.corp.internal", source=None):
            return " ".join(kdig(self.authority, way, name, source=source) for way in ways)

        def source(protocol, cidr, view):
            made = self.gr.create_access_source(dnsViewId=view["id"], protocol=protocol, cidr=cidr)
            return made["id"]

        print(f"  ({', '.join(ways)})")
        is_("none", "REFUSED REFUSED REFUSED REFUSED", said())
        do53 = source("DO53", "127.0.0.0/8", self.laptops)
        is_("of DO53", "10.20.30.40 10.20.30.40 REFUSED REFUSED", said())
        source("DOT", "127.0.0.0/8", self.laptops)
        is_("of DO53 and DOT", "10.20.30.40 10.20.30.40 10.20.30.40 REFUSED", said())
        source("DOH", "127.0.0.0/8", self.laptops)
        is_("of all three", "10.20.30.40 10.20.30.40 10.20.30.40 10.20.30.40", said())
        source("DO53", "127.0.0.2/32", self.guests)
        is_(
            "127.0.0.2/32 in the other view, from there",
            f"{PUBLIC} {PUBLIC} 10.20.30.40 10.20.30.40",
            said(source="127.0.0.2"),
        )
        wrong = kdig(self.authority, "dot", "build.corp.internal", token=self.token[::-1])
        is_("a wrong token from an admitted address", REFUSED, wrong)
        self.gr.delete_access_source(accessSourceId=do53)
        is_("DO53 deleted", "REFUSED REFUSED 10.20.30.40 10.20.30.40", said())

    def query_log(self):
        print("query log")
        deadline = time.monotonic() + 10
        alerts = 0
        while not alerts and time.monotonic() < deadline:
            time.sleep(0.2)
            # It is written once a second, and all of this may have taken less.
            written = self.authority.log.read_text() if self.authority.log.exists() else ""
            lines = [json.loads(line) for line in written.splitlines()]
            alerts = sum(line["unmapped"].get("firewall_action") == "ALERT" for line in lines)
        is_("lines of the ALERT rule, over TLS and HTTPS", 2, alerts)
        is_("lines with a token", 0, self.authority.log.read_text().count(self.token))


def main():
    with tempfile.TemporaryDirectory() as folder:
        upstream = Upstream()
        authority = Authority(Path(folder), upstream)
        try:
            walk = Walk(authority, upstream)
            for step in (
                walk.private_zone,
                walk.actions,
                walk.wildcards,
                walk.priorities,
                walk.states,
                walk.sources,
                walk.query_log,
            ):
                step()
        finally:
            authority.stop()


main()

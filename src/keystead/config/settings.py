"""Every setting: its type, unit, default and meaning. The reference page is generated from this file."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from keystead.config import values
from keystead.config.databaseurl import objection_to


class BadSetting(Exception):
    """A setting has an unusable value or is unknown; the message names it and where it came from."""


@dataclass(frozen=True, slots=True)
class Documentation:
    """What is said of a setting beside its value: how it is read, what it means, and whether `serve` has a flag."""

    parse: Callable[[object], Any]
    help: str
    has_flag: bool


def _setting(parse: Callable[[object], Any], default: Any, help_text: str, *, flag: bool = True) -> Any:
    """Return a dataclass field that carries its documentation."""
    return field(default=default, metadata={"documentation": Documentation(parse, help_text, flag)})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an authority runs with. A field's metadata holds its help text."""

    data: Path = _setting(values.path, Path("keystead-data"), "data directory")
    http: values.Address = _setting(
        values.address, values.Address("127.0.0.1", 4650), "address of the API and HTTP doors, HOST:PORT"
    )
    https: values.Address = _setting(
        values.address, values.Address("127.0.0.1", 4651), "address of the same over HTTPS, HOST:PORT"
    )
    database: str = _setting(
        values.text,
        "",
        "URL of a PostgreSQL database (postgresql://…, no password in it); empty: a file in data",
    )
    database_password_file: Path | None = _setting(
        values.path, None, "file that holds the password of that database"
    )
    account: str = _setting(values.text, "123456789012", "12-digit id of the account that `init` makes")
    region: str = _setting(values.text, "us-east-1", "region that `env` exports; every region is served")
    domain: str = _setting(values.text, "localhost", "suffix of bucket, workspace and resolver names")
    public_host: str = _setting(
        values.text, "", "host name under which clients reach this authority, if not as they bind"
    )
    plain_http_anywhere: bool = _setting(
        values.switch, False, "allow plain HTTP on an address that is not loopback"
    )
    root_key_file: Path | None = _setting(
        values.path, None, "file of the root key; DATA/root.key when not set"
    )
    tls_certificate: Path | None = _setting(
        values.path, None, "certificate chain (PEM) in place of the local CA's"
    )
    tls_key: Path | None = _setting(values.path, None, "private key (PEM, PKCS#8) of that certificate")
    trusted_proxy: tuple[values.Network, ...] = _setting(
        values.networks, (), "networks (CIDR) whose X-Forwarded-For is believed"
    )
    users_per_account: int = _setting(values.count, 5000, "quota of IAM users in an account", flag=False)
    access_keys_per_user: int = _setting(
        values.count, 2, "quota of access keys of a user, and of the root", flag=False
    )
    oidc_issuers: Path | None = _setting(
        values.path,
        None,
        "TOML file of the OIDC issuers whose tokens AssumeRoleWithWebIdentity takes; see the how-to",
        flag=False,
    )
    sessions_outlive_issuer: bool = _setting(
        values.switch,
        False,
        "a session is good until it expires, as at AWS, even when the key that it was made with is gone",
        flag=False,
    )
    limits: tuple[tuple[str, values.RateLimit], ...] = _setting(
        values.limits,
        (),
        "requests per second of an account, by service: a table, or `iam=20,sts=100/200`; others have no limit",
        flag=False,
    )
    audit_reads: bool = _setting(
        values.switch, True, "write successful reads to the audit journal too", flag=False
    )

    doh: values.Address = _setting(
        values.address, values.Address("127.0.0.1", 4443), "address of DNS over HTTPS, HOST:PORT"
    )
    dot: values.Address = _setting(
        values.address, values.Address("127.0.0.1", 4853), "address of DNS over TLS, HOST:PORT"
    )
    do53: values.Address | None = _setting(
        values.address_or_off,
        None,
        "address of plain DNS over UDP and TCP, HOST:PORT, or `off`; it admits by access source only",
    )
    upstream: tuple[str, ...] = _setting(
        values.texts,
        (),
        "resolvers that DNS questions are forwarded to, [udp://|tcp://|tls://]ADDRESS[:PORT][#NAME]; "
        "those of this machine when empty",
    )
    dns_engine: str = _setting(
        values.text,
        "",
        "`unbound` starts that resolver as a child, which asks `upstream` or the root servers; empty: no child",
    )
    dns_token_extensions: bool = _setting(
        values.switch,
        False,
        "also take access tokens in the path and the Authorization header of DoH, and in the server name of DoT",
    )
    dns_refusal_reasons: bool = _setting(
        values.switch, False, "tell refused DNS clients why, in an extended error", flag=False
    )
    doh_refused_status: int = _setting(
        values.count, 200, "HTTP status of a refused DoH query: 200, or 401", flag=False
    )
    dns_answer_cache: bool = _setting(
        values.switch,
        True,
        "keep answers of upstreams in memory for as long as they say they are good, a day at most",
        flag=False,
    )
    dns_query_log: Path | None = _setting(
        values.path,
        None,
        "file of the query log; dns-queries.jsonl in data when not set",
        flag=False,
    )
    managed_domain_lists: Path | None = _setting(
        values.path, None, "folder of managed domain lists: THREAT/NAME.txt, CONTENT/NAME.txt", flag=False
    )
    bundle_changes_once_a_month: bool = _setting(
        values.switch,
        True,
        "let the bundle of a bucket be changed once in a calendar month (UTC) only, as at AWS",
        flag=False,
    )
    hide_token_values: bool = _setting(
        values.switch, False, "have GetAccessToken of Global Resolver answer an empty value", flag=False
    )
    global_resolvers_per_account: int = _setting(
        values.count, 2, "quota of global resolvers in an account", flag=False
    )
    dns_views_per_resolver: int = _setting(
        values.count, 5, "quota of DNS views of a global resolver", flag=False
    )
    dns_views_per_account: int = _setting(values.count, 50, "quota of DNS views in an account", flag=False)
    access_tokens_per_resolver: int = _setting(
        values.count, 5000, "quota of access tokens of a global resolver", flag=False
    )
    access_sources_per_resolver: int = _setting(
        values.count, 1000, "quota of access sources of a global resolver", flag=False
    )
    domain_lists_per_account: int = _setting(
        values.count, 1000, "quota of firewall domain lists in an account", flag=False
    )
    domains_per_list: int = _setting(
        values.count, 100_000, "quota of domains in a firewall domain list", flag=False
    )
    domains_per_import: int = _setting(
        values.count, 10_000, "quota of domains in a file that is imported into a list", flag=False
    )
    firewall_rules_per_view: int = _setting(
        values.count, 100, "quota of firewall rules of a DNS view", flag=False
    )
    s3_signature_v2: bool = _setting(
        values.switch, True, "take Signature Version 2 at the S3 door; boto3 presigns with it", flag=False
    )

    grafana_workspaces_per_region: int = _setting(
        values.count, 5, "quota of Grafana workspaces of an account in a region", flag=False
    )
    grafana_accounts_per_workspace: int = _setting(
        values.count, 100, "quota of service accounts of a Grafana workspace", flag=False
    )
    grafana_tokens_per_workspace: int = _setting(
        values.count,
        100,
        "quota of service-account tokens of a Grafana workspace, expired ones included",
        flag=False,
    )
    grafana_keys_per_workspace: int = _setting(
        values.count, 100, "quota of API keys of a Grafana workspace, expired ones included", flag=False
    )
    grafana_versions: tuple[str, ...] = _setting(
        values.texts,
        ("8.4", "9.4", "10.4", "12.4"),
        "versions that Grafana workspaces can have, oldest first",
        flag=False,
    )
    grafana_upstream_connect_seconds: float = _setting(
        values.seconds, 5.0, "longest wait for a connection to an upstream Grafana, seconds", flag=False
    )
    grafana_upstream_answer_seconds: float = _setting(
        values.seconds, 30.0, "longest wait for the first byte of an upstream's answer, seconds", flag=False
    )
    grafana_upstream_idle_seconds: float = _setting(
        values.seconds,
        60.0,
        "longest silence within an upstream's answer, and of a side that reads no WebSocket message, seconds",
        flag=False,
    )
    grafana_upstream_connections: int = _setting(
        values.count,
        64,
        "requests that one upstream Grafana is sent at a time; as many again may wait",
        flag=False,
    )
    grafana_upstream_sockets: int = _setting(
        values.count, 256, "WebSockets that one upstream Grafana holds at a time", flag=False
    )

    access_tokens_forward_ports: bool = _setting(
        values.switch,
        False,
        "let the keys of an access request forward ports of the node too; the token role must allow it as well",
        flag=False,
    )
    access_tokens_last_window: bool = _setting(
        values.switch,
        False,
        "let the keys of an access request be good until its window ends, and not for an hour at most: a tunnel "
        "that was cut is resumed with the keys that it was begun with",
        flag=False,
    )
    session_recording: bool = _setting(
        values.switch,
        True,
        "record what shells and interactive commands show, in session-recordings in data",
        flag=False,
    )
    session_recordings_days: int = _setting(
        values.count,
        365,
        "days after a session's end that its recording is kept; then it is deleted",
        flag=False,
    )
    webhook_url: str = _setting(
        values.text, "", "where what happens to access requests is posted; empty: nowhere", flag=False
    )
    webhook_secret_file: Path | None = _setting(
        values.path, None, "file of the key that signs it: `whsec_` and base64 of 24 to 64 bytes", flag=False
    )
    webhook_hosts: tuple[str, ...] = _setting(
        values.texts,
        (),
        "hosts of that URL that may have private or loopback addresses and speak plain HTTP",
        flag=False,
    )
    webhook_ca_file: Path | None = _setting(
        values.path, None, "certificates (PEM) that vouch for that host in place of the system's", flag=False
    )
    webhook_attempts: int = _setting(
        values.count,
        15,
        "tries to post an event before it is set aside; 15 take three hours",
        flag=False,
    )

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{12}", self.account):
            raise BadSetting(f"account: {self.account!r} is not 12 digits")
        if objection := objection_to(self.database):
            # The value is not repeated: it may hold what must not be shown.
            raise BadSetting(f"database: {objection}")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise BadSetting("tls_certificate and tls_key go together")
        if not self.http.is_loopback and not self.plain_http_anywhere:
            raise BadSetting(
                f"http: {self.http} is not loopback, and plain HTTP shows secrets to the network; "
                "use https, or set plain_http_anywhere"
            )

        if self.doh_refused_status not in (200, 401):
            raise BadSetting(f"doh_refused_status: {self.doh_refused_status} is neither 200 nor 401")
        if self.dns_engine not in ("", "unbound"):
            raise BadSetting(f"dns_engine: {self.dns_engine!r} is not `unbound`")

    @property
    def root_key_path(self) -> Path:
        """The file of the root key."""
        return self.root_key_file or self.data / "root.key"


def documentation() -> dict[str, Documentation]:
    """Return every setting's documentation by name, as `keystead.toml` spells it, in the order of this file."""
    return {each.name: each.metadata["documentation"] for each in fields(Settings)}


def defaults() -> dict[str, Any]:
    """Return every setting's default."""
    return {each.name: each.default for each in fields(Settings)}

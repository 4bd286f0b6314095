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
    sessions_outlive_issuer: bool = _setting(
        values.switch,
        False,
        "a session is good until it expires, as at AWS, even when the key that it was made with is gone",
        flag=False,
    )
    audit_reads: bool = _setting(
        values.switch, True, "write successful reads to the audit journal too", flag=False
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

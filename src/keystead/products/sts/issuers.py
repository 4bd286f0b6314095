"""The OIDC issuers whose tokens AssumeRoleWithWebIdentity takes, as a file of the operator's lists them.

The file is TOML, a table for each issuer:

    [[issuer]]
    url = "https://token.example.org"      # what its tokens say under `iss`
    jwks = "https://token.example.org/keys"  # or a file, relative to this one
    audiences = ["sts.amazonaws.com"]       # what its tokens must be for: `aud`

A trust policy names the issuer as its account's provider, `arn:aws:iam::ACCOUNT:oidc-provider/token.example.org`,
and its conditions ask for `token.example.org:aud` and `token.example.org:sub`, as at AWS after
CreateOpenIDConnectProvider.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from keystead.config.settings import BadSetting
from keystead.config.values import Address
from keystead.kernel.arn import iam_arn


@dataclass(frozen=True, slots=True)
class OIDCIssuer:
    """One issuer. `jwks` is where its public keys are: an http(s) URL, or the path of a file."""

    url: str
    jwks: str
    audiences: tuple[str, ...]

    @property
    def name(self) -> str:
        """The issuer as ARNs and condition keys spell it: its URL without the scheme."""
        return self.url.partition("://")[2]

    def provider_arn(self, account: str) -> str:
        """Return what the trust policies of an account call it."""
        return iam_arn(account, f"oidc-provider/{self.name}")


class _Listed(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    jwks: str
    audiences: list[str]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    issuer: list[_Listed] = []


def read_issuers(path: Path | None) -> Mapping[str, OIDCIssuer]:
    """Return the issuers that a file lists, by URL. Raises BadSetting, which says what is wrong with it."""
    if path is None:
        return {}
    try:
        listed = msgspec.convert(tomllib.loads(path.read_text()), _File).issuer
        issuers = [_issuer(each, path.parent) for each in listed]
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise BadSetting(f"oidc_issuers: {path}: {error}") from error
    return {each.url: each for each in issuers}


def _issuer(listed: _Listed, folder: Path) -> OIDCIssuer:
    if not urlsplit(listed.url).hostname or urlsplit(listed.url).scheme != "https":
        raise ValueError(f"{listed.url} is no https URL")
    if not listed.audiences:
        raise ValueError(f"{listed.url} has no audiences, so that no token could be for it")
    return OIDCIssuer(listed.url.rstrip("/"), _place(listed.jwks, folder), tuple(listed.audiences))


def _place(jwks: str, folder: Path) -> str:
    url = urlsplit(jwks)
    if url.scheme == "https":
        return jwks
    if url.scheme == "http":
        if not Address(url.hostname or "", 0).is_loopback:
            raise ValueError(f"{jwks} is not https: whoever is between could put keys of its own there")
        return jwks
    path = folder / jwks
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return str(path)

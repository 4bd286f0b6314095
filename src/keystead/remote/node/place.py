"""A node's directory: who it is, whom it trusts, what it may do, and its private key.

`keystead node register` writes `node.json` and `node-key.pem` (0600); an administrator may edit the first.
"""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SETTINGS_FILE: Final = "node.json"
KEY_FILE: Final = "node-key.pem"
KEY_BITS: Final = 2048


class BadPlace(Exception):
    """The node's directory cannot be used; the text says which file and why."""


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """What a node knows of itself.

    `endpoint` is the authority's HTTPS address. `run_as` is the user of shells and commands, empty for the agent's
    own; none is ever made. `denied_networks` are refused to port forwarding, beside clouds' metadata addresses.
    """

    endpoint: str
    region: str
    instance_id: str
    ca_file: str = ""
    run_as: str = ""
    shell: str = "/bin/sh"
    forwards_ports: bool = True
    denied_networks: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Place:
    """The directory."""

    path: Path

    def settings(self) -> NodeSettings:
        """Return the settings. Raises BadPlace."""
        file = self.path / SETTINGS_FILE
        try:
            found: Any = json.loads(file.read_text())
        except FileNotFoundError as error:
            raise BadPlace(f"{file} is not there: `keystead node register` makes it") from error
        except ValueError as error:
            raise BadPlace(f"{file} is not JSON") from error
        # JSON keys are texts.
        members = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        unknown = set(members) - {each.name for each in fields(NodeSettings)}
        if unknown or not {"endpoint", "region", "instance_id"} <= set(members):
            raise BadPlace(f"{file} lacks a setting, or has one that is not known: {sorted(unknown)}")
        return NodeSettings(**members)

    def key(self) -> rsa.RSAPrivateKey:
        """Return the private key. Raises BadPlace."""
        file = self.path / KEY_FILE
        try:
            key = serialization.load_pem_private_key(file.read_bytes(), None)
        except (OSError, ValueError) as error:
            raise BadPlace(f"{file} is no private key that can be read") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise BadPlace(f"{file} is no RSA key")
        return key

    def write(self, settings: NodeSettings, key: rsa.RSAPrivateKey) -> None:
        """Write both files; the key first, and nobody else may read it."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(self.path / KEY_FILE, pem)
        _write(self.path / SETTINGS_FILE, json.dumps(asdict(settings), indent=2).encode() + b"\n")


def new_key() -> rsa.RSAPrivateKey:
    """Return a new private key of the size that registration asks for."""
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def public_der(key: rsa.RSAPrivateKey) -> bytes:
    """Return the public half as DER SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _write(file: Path, content: bytes) -> None:
    aside = file.with_suffix(".new")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)

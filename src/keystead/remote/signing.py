"""Signs calls and sockets with SigV4, and a node's own calls with its RSA key over the same string to sign.

Follows the SigV4 documentation and amazon-ssm-agent, `agent/ssm/rsaauth/ssm_rsaV4.go`. Signing is botocore's: these
programs are clients, and it is what the users' other clients sign with.
"""

import base64
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from keystead.kernel.secret import Secret

SESSIONS: Final = "ssmmessages"
SALT_BYTES: Final = 32
_SCHEMES: Final = {"wss": "https", "ws": "http"}


@dataclass(frozen=True, slots=True)
class Keys:
    """A key pair, or a session's triple."""

    id: str
    secret: Secret
    session_token: Secret | None = None


def signed(
    keys: Keys,
    service: str,
    region: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
) -> dict[str, str]:
    """Return `headers` and those that sign the request; the host's own is left to whoever sends it."""
    # Revealed to sign with; botocore keeps texts.
    secret = keys.secret.reveal().decode()
    # Revealed because it is a header of the request.
    session_token = keys.session_token.reveal().decode() if keys.session_token else None
    auth = _auth((keys.id, secret, session_token), service, region)
    return _with_auth(auth, method, url, headers, body)


def signed_by_node(
    key: RSAPrivateKey, node: str, region: str, url: str, *, headers: Mapping[str, str], body: bytes
) -> dict[str, str]:
    """Return `headers` and those that sign a node's call of `ssm` with its private key: RSASSA-PSS, SHA-256."""
    auth = _auth((node, "-", None), "ssm", region)

    def signature(string_to_sign: str, request: Any) -> str:
        del request
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), SALT_BYTES)
        return base64.b64encode(key.sign(string_to_sign.encode(), pss, hashes.SHA256())).decode()

    # The last step of botocore's signing, an HMAC by a derived key, is the node's signature instead.
    auth.signature = signature
    return _with_auth(auth, "POST", url, headers, body)


# Botocore has no types, and is loaded when something is signed: it takes a quarter of a second.
def _auth(triple: tuple[str, str, str | None], service: str, region: str) -> Any:
    credentials: Any = importlib.import_module("botocore.credentials")
    auth: Any = importlib.import_module("botocore.auth")
    return auth.SigV4Auth(credentials.Credentials(*triple), service, region)


def _with_auth(auth: Any, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    requests: Any = importlib.import_module("botocore.awsrequest")
    scheme, rest = url.split("://", 1)
    # For the schemes of HTTP, botocore leaves a default port out of the host that it signs, as clients do.
    address = f"{_SCHEMES.get(scheme, scheme)}://{rest}"
    request = requests.AWSRequest(method=method, url=address, data=body, headers=dict(headers))
    auth.add_auth(request)
    return {name: value for name, value in request.headers.items() if name.lower() != "host"}

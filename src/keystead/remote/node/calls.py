"""A node's calls of the authority: registration, its role's keys, its ping, and the tokens of channels.

Follows amazon-ssm-agent, `agent/ssm/anonauth`, `agent/ssm/rsaauth` and `agent/session/communicator`.
"""

import asyncio
import base64
import contextlib
import json
import platform
import re
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.secret import Secret
from keystead.remote import signing
from keystead.remote.link import Gone
from keystead.remote.node.place import NodeSettings, public_der
from keystead.remote.signing import Keys
from keystead.remote.sockets import SCHEMA_VERSION
from keystead.sessionwire.payloads import id_text, read_object

AGENT_NAME: Final = "keystead-node"
AGENT_VERSION: Final = "3.3.9999.0"
"""Four numeric parts and beyond 3.1.1511.0, or clients fall back to old ways; 9999 tells our plugin it is ours."""
CALL_SECONDS: Final = 15.0
REFRESH_AT: Final = 0.5
"""The part of their life after which the role's keys are fetched anew."""
_TOKEN: Final = re.compile(rb"<TokenValue>([A-Za-z0-9+/=_.-]{1,2000})</TokenValue>")
_JSON: Final = {"Content-Type": "application/x-amz-json-1.1"}


class Refused(Exception):
    """The authority said no: an error code and its text."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes


class Calls:
    """Calls in the name of one node. Its role's keys are fetched when they are needed."""

    def __init__(
        self,
        settings: NodeSettings,
        key: RSAPrivateKey,
        clock: Clock,
        entropy: Entropy,
        context: ssl.SSLContext | None,
    ) -> None:
        self._settings = settings
        self._key = key
        self._clock = clock
        self._entropy = entropy
        self._context = context
        self._keys: Keys | None = None
        self._refresh_at = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def keys(self) -> Keys:
        """Return the role's keys, fresh for half of their life. Raises Refused, OSError."""
        async with self._one_at_a_time:
            now = self._clock.real_epoch()
            if self._keys is None or now >= self._refresh_at:
                self._keys, expires = await self._fetch_keys()
                self._refresh_at = now + max(1.0, (expires - now) * REFRESH_AT)
            return self._keys

    async def ping(self) -> None:
        """Tell the authority that this node is here. Raises Refused, OSError."""
        told = {
            "InstanceId": self._settings.instance_id,
            "AgentName": AGENT_NAME,
            "AgentStatus": "Active",
            "AgentVersion": AGENT_VERSION,
            "PlatformType": "Linux" if platform.system() == "Linux" else "MacOS",
            "PlatformName": platform.system(),
            "PlatformVersion": platform.release(),
            "ComputerName": socket.gethostname(),
        }
        await self._call("UpdateInstanceInformation", told)

    async def channel_token(self, kind: str, id_: str, members: Mapping[str, Any]) -> str:
        """Return a token that opens one channel, `control-channel` or `data-channel`. Raises Gone, OSError."""
        body = {"MessageSchemaVersion": SCHEMA_VERSION, "RequestId": self.new_id(), **members}
        url = f"{self._settings.endpoint}/v1/{kind}/{id_}"
        answer = await self._create(url, body)
        if answer.status in (401, 403):
            # Keys end by the authority's clock, which may be ahead of ours: once more, with new ones.
            self._keys = None
            with contextlib.suppress(Refused):
                answer = await self._create(url, body)
        found = _TOKEN.search(answer.body)
        if answer.status == 201 and found is not None:
            return found[1].decode()
        if 400 <= answer.status < 500 and answer.status != 429:
            raise Gone(f"the authority opens no {kind} ({answer.status})")
        raise ConnectionError(f"status {answer.status}")

    async def _create(self, url: str, body: Mapping[str, Any]) -> Answer:
        return await self._post(
            url, body, service=signing.SESSIONS, headers={"Content-Type": "application/json"}
        )

    async def socket_headers(self, url: str) -> dict[str, str]:
        """Return the headers that sign the opening of a socket."""
        return signing.signed(
            await self.keys(), signing.SESSIONS, self._settings.region, "GET", url, headers={}
        )

    def new_id(self) -> str:
        """Return a new request's or client's id."""
        return id_text(self._entropy.token_bytes(16))

    async def _call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        headers = {**_JSON, "X-Amz-Target": f"AmazonSSM.{operation}"}
        return _told(await self._post(f"{self._settings.endpoint}/", members, service="ssm", headers=headers))

    async def _post(
        self, url: str, members: Mapping[str, Any], *, service: str, headers: Mapping[str, str]
    ) -> Answer:
        body = json.dumps(members).encode()
        signed = signing.signed(
            await self.keys(), service, self._settings.region, "POST", url, headers=headers, body=body
        )
        return await _send(url, signed, body, self._context)

    async def _fetch_keys(self) -> tuple[Keys, float]:
        body = json.dumps({"Fingerprint": fingerprint()}).encode()
        url = f"{self._settings.endpoint}/"
        headers = signing.signed_by_node(
            self._key,
            self._settings.instance_id,
            self._settings.region,
            url,
            headers={**_JSON, "X-Amz-Target": "AmazonSSM.RequestManagedInstanceRoleToken"},
            body=body,
        )
        told = _told(await _send(url, headers, body, self._context))
        keys = Keys(
            str(told["AccessKeyId"]),
            Secret(str(told["SecretAccessKey"]).encode()),
            Secret(str(told["SessionToken"]).encode()),
        )
        return keys, float(told["TokenExpirationDate"])


async def register(
    endpoint: str, activation: str, code: Secret, key: RSAPrivateKey, context: ssl.SSLContext | None
) -> str:
    """Return the id under which the node is known from now on. Raises Refused, OSError."""
    members = {
        "ActivationId": activation,
        # Revealed to the authority that issued it, which is whom TLS says it is.
        "ActivationCode": code.reveal().decode(),
        "PublicKey": base64.b64encode(public_der(key)).decode(),
        "PublicKeyType": "Rsa",
        "Fingerprint": fingerprint(),
    }
    headers = {**_JSON, "X-Amz-Target": "AmazonSSM.RegisterManagedInstance"}
    told = _told(await _send(f"{endpoint}/", headers, json.dumps(members).encode(), context))
    return str(told["InstanceId"])


def fingerprint() -> str:
    """Return what tells this machine from another: its machine id, or its name where it has none."""
    try:
        with open("/etc/machine-id") as file:
            found = file.read().strip()
    except OSError:
        found = ""
    return found or f"host-{socket.gethostname()}"


def _told(answer: Answer) -> dict[str, Any]:
    """Return a call's result. Raises Refused, ConnectionError."""
    if answer.status >= 500:
        raise ConnectionError(f"status {answer.status}")
    told = read_object(answer.body or b"{}")
    if answer.status != 200:
        code = str(told.get("__type", "")).rpartition("#")[2] or f"status {answer.status}"
        raise Refused(code, str(told.get("message") or told.get("Message") or ""), answer.status)
    return told


async def _send(url: str, headers: Mapping[str, str], body: bytes, context: ssl.SSLContext | None) -> Answer:
    def send() -> Answer:
        request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=CALL_SECONDS) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())
        except urllib.error.URLError as error:
            raise ConnectionError(_unreached(url, error.reason)) from error

    return await asyncio.to_thread(send)


def _unreached(url: str, reason: object) -> str:
    """Return why there was no answer, and what to look at."""
    authority = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"{authority}: the certificate is not trusted ({reason.verify_message}); register with --ca, and the"
            " authority's DATA/tls/ca.pem"
        )
    why = reason.strerror if isinstance(reason, OSError) and reason.strerror else reason
    return f"{authority}: {why}; is the authority there, and is that its HTTPS address?"

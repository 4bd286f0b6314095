"""The calls of nodes that no public model has: registration, the role's keys, and the agent's reports.

Follows amazon-ssm-agent, `agent/ssm/{anonauth,rsaauth,service.go}` and `agent/ssm/service/api.go`, JSON 1.1.
RegisterManagedInstance is presented an activation code and is signed by nobody; the next two are signed by the
node's RSA key; the rest by SigV4 with the keys of its role.
"""

import asyncio
import base64
import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from keystead.access.doors import SOURCE_ADDRESS, Message, Receive, Send
from keystead.access.node_signature import read_claim
from keystead.access.sigv4 import SignedRequest
from keystead.credentials.publickey import is_fit
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import DomainError
from keystead.kernel.secret import Secret
from keystead.products.ssm import node_records as records
from keystead.products.ssm.door.bodies import read_body
from keystead.products.ssm.door.callers import Callers, NotAllowed
from keystead.products.ssm.door.guessing import Guesses
from keystead.products.ssm.node_records import Node
from keystead.products.ssm.registration import Registrations, Said
from keystead.sessionwire.payloads import BadPayload, id_text, read_object, text
from keystead.store.interface import Store

HOLD_SECONDS: Final = 15.0
"""How long GetMessages is held: there never is a message, sessions come by the control channel."""
SHORTEST_KEY: Final = 392
_PREFIX: Final = "AmazonSSM."
_MESSAGES: Final = "EC2WindowsMessageDeliveryService.GetMessages"
_TOLD: Final = (
    "AgentName",
    "AgentStatus",
    "AgentVersion",
    "PlatformType",
    "PlatformName",
    "PlatformVersion",
    "ComputerName",
    "IPAddress",
    "SSMConnectionChannel",
    "AvailabilityZone",
)
_UUID: Final = re.compile(r"[0-9a-fA-F-]{36}")

Answer = Mapping[str, Any]


class NodeCalls:
    """The ASGI application of these calls."""

    def __init__(
        self, registrations: Registrations, callers: Callers, store: Store, clock: Clock, entropy: Entropy
    ) -> None:
        self._registrations = registrations
        self._callers = callers
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._guesses = Guesses(clock)
        self._calls: dict[str, Callable[[Message, bytes, dict[str, Any]], Awaitable[Answer]]] = {
            f"{_PREFIX}RegisterManagedInstance": self._register,
            f"{_PREFIX}RequestManagedInstanceRoleToken": self._role_token,
            f"{_PREFIX}UpdateManagedInstancePublicKey": self._new_key,
            f"{_PREFIX}UpdateInstanceInformation": self._report,
            f"{_PREFIX}ListInstanceAssociations": self._associations,
            _MESSAGES: self._messages,
        }

    @property
    def targets(self) -> frozenset[bytes]:
        """The values of X-Amz-Target that are for this door."""
        return frozenset(target.encode() for target in self._calls)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one call."""
        status, told = 200, dict[str, Any]()
        try:
            body = await read_body(receive, BadPayload)
            target = dict(scope["headers"]).get(b"x-amz-target", b"").decode("latin-1")
            told = dict(await self._calls[target](scope, body, read_object(body)))
        except Said as said:
            status, told = 400, {"__type": said.code, "message": said.message}
        except BadPayload:
            status, told = 400, {"__type": "SerializationException"}
        except NotAllowed:
            status, told = 400, {"__type": "AccessDeniedException", "message": "Access denied."}
        except DomainError:
            status, told = 400, {"__type": "InvalidInstanceId"}
        except Exception:
            # Nothing of what went wrong leaves; the caller tries again.
            logging.getLogger(__name__).exception("a node's call failed")
            status, told = 500, {"__type": "InternalServerError"}
        content = json.dumps(told).encode()
        headers = [
            (b"content-type", b"application/x-amz-json-1.1"),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _register(self, scope: Message, body: bytes, told: dict[str, Any]) -> Answer:
        code = Secret(text(told, "ActivationCode").encode())
        activation, fingerprint = text(told, "ActivationId"), text(told, "Fingerprint")
        is_kept = fingerprint and len(fingerprint) <= 512 and "\0" not in fingerprint
        if not _UUID.fullmatch(activation) or not is_kept:
            raise Said("InvalidActivation", "Activation is not valid.")
        key = _public_key(told, "PublicKey", "PublicKeyType")
        source = str(scope["state"].get(SOURCE_ADDRESS, ""))
        if not self._guesses.may_try(source):
            raise Said("ThrottlingException", "Too many wrong activation codes; try again later.")
        try:
            node = await self._store.write(
                lambda tx: self._registrations.register(tx, activation, code, key, fingerprint, source)
            )
        except Said as said:
            if said.code == "InvalidActivation":
                self._guesses.was_wrong(source)
            raise
        return {"InstanceId": node}

    async def _role_token(self, scope: Message, body: bytes, told: dict[str, Any]) -> Answer:
        node = self._signer(scope, body)
        if text(told, "Fingerprint") != node.fingerprint:
            raise Said("MachineFingerprintDoesNotMatch", "The machine is not the one that registered.")
        minted = await self._store.write(lambda tx: self._registrations.mint_keys(tx, node))
        # Revealed to the node that proved itself: they are the answer.
        secret, session_token = minted.secret.reveal(), minted.session_token
        return {
            "AccessKeyId": minted.credential.id,
            "SecretAccessKey": secret.decode(),
            # Revealed for the same reason.
            "SessionToken": session_token.reveal().decode() if session_token else "",
            "TokenExpirationDate": (minted.credential.expires_at or 0) / 1000,
            "UpdateKeyPair": False,
        }

    async def _new_key(self, scope: Message, body: bytes, told: dict[str, Any]) -> Answer:
        node = self._signer(scope, body)
        key = _public_key(told, "NewPublicKey", "NewPublicKeyType")
        await self._store.write(lambda tx: self._registrations.change_key(tx, node, key))
        return {}

    async def _report(self, scope: Message, body: bytes, told: dict[str, Any]) -> Answer:
        node = self._node(scope, body, "UpdateInstanceInformation")
        if text(told, "InstanceId") != node.id:
            raise Said("InvalidInstanceId", "")
        kept = {name: value[:256] for name in _TOLD if (value := text(told, name))}
        now = now_ms(self._clock)
        await self._store.write(lambda tx: records.set_pinged(tx, node.id, now, {**node.told, **kept}))
        return {}

    async def _associations(self, scope: Message, body: bytes, told: dict[str, Any]) -> Answer:
        self._node(scope, body, "ListInstanceAssociations")
        return {"Associations": []}

    async def _messages(self, scope: Message, body: bytes, told: dict[str, Any]) -> Answer:
        node = self._node(scope, body, "GetMessages", service="ec2messages")
        await asyncio.sleep(HOLD_SECONDS)
        request_id = id_text(self._entropy.token_bytes(16))
        return {"Destination": node.id, "Messages": [], "MessagesRequestId": request_id}

    def _signer(self, scope: Message, body: bytes) -> Node:
        """Return the node whose key signed the request. Unknown, gone and wrong answer alike."""
        claim = read_claim(_signed(scope, body), real_now=self._clock.real_epoch())
        node = None if claim is None else records.find_any(self._store.reader, claim.node)
        if claim is None or node is None or not node.is_registered or claim.region != node.region:
            raise NotAllowed("no node")
        if not claim.is_of(node.public_key):
            raise NotAllowed("signature")
        return node

    def _node(self, scope: Message, body: bytes, action: str, *, service: str = "ssm") -> Node:
        """Return the node whose role's keys signed the request, if its role may do this."""
        knock = self._callers.knock(scope, body, service=service)
        if knock is None:
            raise NotAllowed("nothing presented")
        kind = knock.caller.credential.kind
        node = self._registrations.node_of(self._store.reader, knock.principal, kind)
        self._callers.require(self._store.reader, knock, action, "*", service=service)
        return node


def _public_key(told: Mapping[str, Any], name: str, type_name: str) -> bytes:
    encoded = text(told, name)
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if text(told, type_name) != "Rsa" or len(encoded) < SHORTEST_KEY or not is_fit(key):
        raise Said("InvalidPublicKey", "The public key is not valid.")
    return key


def _signed(scope: Message, body: bytes) -> SignedRequest:
    headers = [(name.lower(), value) for name, value in scope["headers"]]
    digest = hashlib.sha256(body).hexdigest()
    return SignedRequest(scope["method"], scope["raw_path"], scope["query_string"], headers, digest)

"""A second node, written from the published protocol alone: no code of our agent, of its signing or of its frames.

It does what amazon-ssm-agent 3.3 does, and signs by hand: it sends 1024 bytes at a time with SYN on the first
message, makes no handshake for a shell, and names the session's type in the handshake where there is one.
"""

import asyncio
import base64
import datetime
import hashlib
import hmac
import json
import re
import ssl
import urllib.request
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from websockets.asyncio.client import ClientConnection, connect

from support import sessionpeer as peer

AGENT = "3.3.2000.0"
REGION = "us-east-1"
CHUNK = 1024


class NodePeer:
    """One node. `endpoint` is the authority's https address."""

    def __init__(self, endpoint: str, context: ssl.SSLContext) -> None:
        self._endpoint, self._context = endpoint, context
        self._host = endpoint.partition("://")[2]
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._keys = {}
        self.id = ""
        self.control: ClientConnection | None = None

    def register(self, activation: str, code: str) -> None:
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        asked = {"ActivationId": activation, "ActivationCode": code, "PublicKeyType": "Rsa"}
        asked |= {"PublicKey": base64.b64encode(der).decode(), "Fingerprint": "peer"}
        body = json.dumps(asked).encode()
        headers = {"X-Amz-Target": "AmazonSSM.RegisterManagedInstance"}
        self.id = json.loads(self._post("/", body, headers))["InstanceId"]

    def fetch_keys(self) -> None:
        """Ask for the role's keys, signed by the node's own: RSASSA-PSS over SigV4's string to sign."""
        body, headers = b'{"Fingerprint":"peer"}', self._dated("AmazonSSM.RequestManagedInstanceRoleToken")
        to_sign, names, scope = self._string_to_sign("POST", "/", "", headers, body, "ssm")
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signature = base64.b64encode(self._key.sign(to_sign, pss, hashes.SHA256())).decode()
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.id}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        self._keys = json.loads(self._post("/", body, headers))

    async def open_control(self) -> None:
        path = f"/v1/control-channel/{self.id}"
        token = self._token(path, {"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4())})
        self.control = await self._open(path, "role=subscribe&stream=input")
        first = {"Cookie": str(uuid.uuid4()), "MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4())}
        said = {**first, "TokenValue": token, "AgentVersion": AGENT, "PlatformType": "linux"}
        await self.control.send(json.dumps(said))

    async def order(self) -> dict:
        """Return the next session that this node is to start."""
        while True:
            read = peer.read(await self.control.recv())
            if read["type"] == "interactive_shell":
                told = json.loads(read["payload"])
                assert (told["Topic"], told["SchemaVersion"]) == ("aws.ssm.sendCommand", 1)
                return json.loads(told["Content"])

    async def join(self, session_id: str) -> "NodeSession":
        path = f"/v1/data-channel/{session_id}"
        asked = {"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()), "ClientId": str(uuid.uuid4())}
        token = await asyncio.to_thread(self._token, path, asked)
        socket = await self._open(path, "role=publish_subscribe")
        await socket.send(json.dumps({**asked, "TokenValue": token, "ClientInstanceId": self.id}))
        # Until the client is there the node is paused: what it said would be lost, and it sends nothing again.
        while peer.read(await socket.recv())["type"] != "start_publication":
            pass
        return NodeSession(self, session_id, socket)

    def _token(self, path: str, asked: dict) -> str:
        body, headers = json.dumps(asked).encode(), self._dated("")
        self._sign("POST", path, "", headers, body)
        return re.search(r"<TokenValue>(.+)</TokenValue>", self._post(path, body, headers, 201))[1]

    async def _open(self, path: str, query: str) -> ClientConnection:
        headers = self._dated("")
        self._sign("GET", path, query, headers, b"")
        del headers["Host"]
        url = f"wss://{self._host}{path}?{query}"
        return await connect(url, ssl=self._context, additional_headers=headers, compression=None, proxy=None)

    def _dated(self, target: str) -> dict[str, str]:
        now = datetime.datetime.now(datetime.UTC)
        headers = {"Host": self._host, "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}"}
        if target:
            headers |= {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        if self._keys:
            headers["X-Amz-Security-Token"] = self._keys["SessionToken"]
        return headers

    def _sign(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> None:
        to_sign, names, scope = self._string_to_sign(method, path, query, headers, body, "ssmmessages")
        key = b"AWS4" + self._keys["SecretAccessKey"].encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, to_sign, "sha256").hexdigest()
        credential = f"{self._keys['AccessKeyId']}/{scope}"
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        )

    @staticmethod
    def _string_to_sign(
        method: str, path: str, query: str, headers: dict[str, str], body: bytes, service: str
    ) -> tuple[bytes, str, str]:
        low = {name.lower(): value for name, value in headers.items()}
        names = ";".join(sorted(low))
        lines = "".join(f"{name}:{low[name]}\n" for name in sorted(low))
        query = "&".join(sorted(query.split("&"))) if query else ""
        canonical = "\n".join((method, path, query, lines, names, hashlib.sha256(body).hexdigest()))
        date = low["x-amz-date"]
        scope = f"{date[:8]}/{REGION}/{service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        return f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}".encode(), names, scope

    def _post(self, path: str, body: bytes, headers: dict[str, str], status: int = 200) -> str:
        request = urllib.request.Request(self._endpoint + path, data=body, headers=headers, method="POST")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)
        )
        with opener.open(request, timeout=20) as answer:
            assert answer.status == status
            return answer.read().decode()


class NodeSession:
    """The node's end of one session."""

    def __init__(self, node: NodePeer, session_id: str, socket: ClientConnection) -> None:
        self._node, self._id, self._socket = node, session_id, socket
        self._sent = 0
        self._unheard: list[dict] = []
        self.acknowledged: list[int] = []

    async def say(self, content: bytes, payload_type: int = 1) -> None:
        for at in range(0, len(content), CHUNK):
            flags = 1 if self._sent == 0 else 0
            piece = content[at : at + CHUNK]
            raw = peer.write("output_stream_data", self._sent, piece, payload_type, flags=flags)
            await self._socket.send(raw)
            self._sent += 1
            await asyncio.sleep(0.001)

    async def hear(self, payload_type: int) -> bytes:
        """Return the next payload of a type; whatever arrives is acknowledged."""
        while True:
            raw = await self._socket.recv()
            read = peer.read(raw)
            if read["type"] == "acknowledge":
                told = json.loads(read["payload"])
                assert (read["flags"], read["sequence"], told["IsSequentialMessage"]) == (3, 0, True)
                assert told["AcknowledgedMessageType"] == "output_stream_data"
                self.acknowledged.append(told["AcknowledgedMessageSequenceNumber"])
            elif read["type"] == "input_stream_data":
                assert read["is_whole"]
                await self._socket.send(peer.acknowledge(raw))
                if read["payload_type"] == payload_type:
                    return read["payload"]

    async def shake_hands(self, session_type: str, properties: dict) -> dict:
        parameters = {"SessionType": session_type, "Properties": properties}
        action = {"ActionType": "SessionType", "ActionParameters": parameters}
        asked = {"AgentVersion": AGENT, "RequestedClientActions": [action]}
        await self.say(json.dumps(asked).encode(), 5)
        answer = json.loads(await self.hear(6))
        await self.say(b'{"HandshakeTimeToComplete":1000000,"CustomerMessage":"mind the step"}', 7)
        return answer

    async def end(self, output: str = "") -> dict:
        """Say that the session is over, and return what the authority acknowledges of it."""
        state = {"SchemaVersion": 1, "SessionState": "Terminating", "SessionId": self._id}
        await self._socket.send(peer.write("agent_session_state", 0, json.dumps(state).encode(), 0))
        told = {"SchemaVersion": 1, "TaskId": self._id, "Topic": "agent_task_complete", "Output": output}
        told |= {"FinalTaskStatus": "Success", "InstanceId": self._node.id, "RetryNumber": 0}
        await self._node.control.send(peer.write("agent_task_complete", 0, json.dumps(told).encode(), 0))
        while True:
            read = peer.read(await self._node.control.recv())
            if read["type"] == "agent_task_acknowledge":
                return json.loads(read["payload"])

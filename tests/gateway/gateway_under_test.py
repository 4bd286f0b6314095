"""The real gateway over a fresh authority, serving groups of operations that a test brings.

Transport-free: requests are signed by botocore and handed to `Gateway.handle`, answers come back as written.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from keystead.access.authenticate import Authenticator
from keystead.access.authorise import Authoriser
from keystead.access.bearing import Bearings
from keystead.access.doors import HTTPRequest
from keystead.access.limits import RequestLimits
from keystead.access.sigv4 import Verifier as Signatures
from keystead.app.authority import Authority, open_authority
from keystead.app.initialise import initialise
from keystead.audit import inspect
from keystead.config.values import RateLimit
from keystead.gateway.operations import Face, OperationTable
from keystead.gateway.pipeline import Gateway
from keystead.protocol.wire import WireResponse
from support.running import Key, root_key_of, settings_for

HOST = "127.0.0.1:4650"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
IAM, STS = "2010-05-08", "2011-06-15"


@dataclass
class Answer:
    """An answer as a client reads it."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The error code, in whichever protocol the answer is."""
        if self.text.startswith("{"):
            return (
                json.loads(self.text).get("__type", "").rpartition("#")[2] or self.headers["x-amzn-errortype"]
            )
        found = [
            element.text
            for element in ElementTree.fromstring(self.text).iter()
            if element.tag.endswith("Code")
        ]
        return found[0] or ""


class Bench:
    """A running authority behind a gateway with the given faces beside those of the products."""

    def __init__(
        self,
        authority: Authority,
        faces: Sequence[Face],
        root: Key,
        limits: Mapping[str, RateLimit] | None = None,
    ) -> None:
        self.authority = authority
        self.root = root
        table = OperationTable(authority.models, faces, ["us-east-1", "eu-west-1"], "us-east-1")
        signing = {name: "" for product in authority.products for name in product.signing_kinds}
        self.gateway = Gateway(
            table,
            Authenticator(
                authority.verifier,
                Signatures(),
                authority.principals,
                authority.clock,
                signing,
                authority.base.role_uses,
            ),
            Authoriser(Bearings(authority.base.policies, authority.base.epoch)),
            authority.store,
            authority.journal,
            authority.usage,
            authority.clock,
            authority.entropy,
            authority.base.explanations,
            RequestLimits(limits or {}, authority.clock),
            audit_reads=True,
        )

    async def send(
        self,
        method: str = "POST",
        target: str = "/",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        sign_for: str | None = "iam",
        region: str = "us-east-1",
        key: Key | None = None,
    ) -> Answer:
        """Send one request, signed for a service or not at all."""
        signer = key or self.root
        request = AWSRequest(method, f"http://{HOST}{target}", headers or {}, body)
        request.headers["Host"] = HOST
        if sign_for is not None:
            credentials = Credentials(signer.id, signer.secret, signer.session_token)
            SigV4Auth(credentials, sign_for, region).add_auth(request)
        split = urlsplit(target)
        sent = [(name.lower().encode(), str(value).encode()) for name, value in request.headers.items()]
        answer = await self.gateway.handle(
            HTTPRequest(
                method, split.path.encode(), split.query.encode(), sent, dict(sent), body, "127.0.0.1", False
            )
        )
        return _read(answer)

    async def call(self, action: str, version: str = IAM, sign_for: str = "iam", **members: str) -> Answer:
        """Send a query-protocol call as the root."""
        body = urlencode({"Action": action, "Version": version, **members}).encode()
        return await self.send("POST", "/", body, {"Content-Type": FORM}, sign_for=sign_for)

    async def journal(self) -> list[dict[str, Any]]:
        """Return every event of a request so far."""
        await self.authority.journal.flush(self.authority.store)
        events = [json.loads(line) for line in inspect.tail(self.authority.store.reader, 10_000)]
        return [event for event in events if event["requestID"]]


def _read(response: WireResponse) -> Answer:
    headers = {name.decode(): value.decode() for name, value in response.headers}
    return Answer(response.status, bytes(response.body).decode(), headers)


def with_gateway(
    folder: Path,
    groups: Sequence[object],
    test: Callable[[Bench], Awaitable[Any]],
    limits: Mapping[str, RateLimit] | None = None,
    **face: Any,
) -> Any:
    """Run an asynchronous test body against a gateway that serves `groups`."""
    settings = settings_for(folder / "data")
    initialise(settings, test=True)

    async def body() -> Any:
        authority = open_authority(settings)
        work = authority.start()
        try:
            bench = Bench(authority, [Face(groups=groups, **face)], root_key_of(settings.data), limits)
            return await asyncio.wait_for(test(bench), 20)
        finally:
            await authority.stop(work)

    return asyncio.run(body())

"""Raw requests to the authority, signed by botocore's signer and then altered: what no client would send.

A `Sent` is a request before it goes out; tests take one that is right, change one thing, and `deliver` it.
"""

import hashlib
import http.client
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.running import Key

FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Sent:
    """A request as bytes will say it. Headers are a list: order and repetition are part of what is tested."""

    url: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        return next(value for each, value in self.headers if each.lower() == name.lower())

    def with_header(self, name: str, value: str) -> "Sent":
        """Return the request with one header replaced in its place, or added at the end."""
        if name.lower() not in (each.lower() for each, _ in self.headers):
            return self.adding(name, value)
        changed = [(each, value if each.lower() == name.lower() else old) for each, old in self.headers]
        return replace(self, headers=tuple(changed))

    def adding(self, name: str, value: str) -> "Sent":
        """Return the request with one more header, even if there is one of that name."""
        return replace(self, headers=(*self.headers, (name, value)))

    def without(self, name: str) -> "Sent":
        kept = [(each, value) for each, value in self.headers if each.lower() != name.lower()]
        return replace(self, headers=tuple(kept))

    def with_target(self, target: str) -> "Sent":
        """Return the request for another path and query under the same signature."""
        return replace(self, target=target)

    def with_body(self, body: bytes) -> "Sent":
        """Return the request with another body under the same signature."""
        return replace(self, body=body)

    def altered(self, old: str, new: str) -> "Sent":
        """Return the request with a piece of its Authorization header replaced; the piece must be there."""
        authorization = self.header("Authorization")
        assert old in authorization
        return self.with_header("Authorization", authorization.replace(old, new))


@dataclass(frozen=True)
class Reply:
    """An answer, with its error read from the XML of the query protocol."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> ET.Element:
        """The body, which must be XML. Namespaces are dropped."""
        root = ET.fromstring(self.body)
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        return root

    def text(self, path: str) -> str:
        return self.document.findtext(path) or ""

    @property
    def code(self) -> str:
        """The error's code; empty for an answer that is no error."""
        return self.text("Error/Code")

    @property
    def message(self) -> str:
        return self.text("Error/Message")

    @property
    def namespace(self) -> str:
        return ET.fromstring(self.body).tag.rpartition("}")[0].lstrip("{")


class _DatedAuth(SigV4Auth):
    """botocore's signer at a date, over headers and for a service of the test's choice."""

    def __init__(self, key: Key, how: "Signing") -> None:
        super().__init__(Credentials(key.id, key.secret, key.session_token), how.service, how.region)
        self._how = how

    def headers_to_sign(self, request: AWSRequest):
        signed = super().headers_to_sign(request)
        for name in self._how.unsigned:
            del signed[name]
        return signed

    def canonical_request(self, request: AWSRequest) -> str:
        # botocore signs the hash that the header claims; what a careful client signs is the body's.
        canonical = super().canonical_request(request)
        if self._how.is_hash_claimed:
            return canonical
        return canonical.rpartition("\n")[0] + "\n" + hashlib.sha256(request.body).hexdigest()

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = (self._how.at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        string_to_sign = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(string_to_sign, request))


@dataclass(frozen=True)
class Signing:
    """What a request is signed with; every default is right, so a test names only what it gets wrong."""

    service: str = "sts"
    region: str = "us-east-1"
    at: datetime | None = None
    unsigned: frozenset[str] = frozenset()
    is_hash_claimed: bool = True


def form(action: str, service: str = "sts", **members: str) -> dict[str, str]:
    """Return the members of a query call."""
    return {"Action": action, "Version": VERSIONS[service], **members}


def signed(
    url: str,
    key: Key,
    content: Mapping[str, str] | bytes,
    *,
    method: str = "POST",
    target: str = "/",
    headers: Mapping[str, str] | None = None,
    **signing: object,
) -> Sent:
    """Return a signed request whose body is a form, given as members or as the bytes themselves."""
    body = content if isinstance(content, bytes) else urlencode(content).encode()
    plain = {"Content-Type": FORM_TYPE, **(headers or {})} if body else dict(headers or {})
    request = AWSRequest(method, url + target, plain, body)
    request.headers["Host"] = urlsplit(url).netloc
    _DatedAuth(key, Signing(**signing)).add_auth(request)
    return Sent(url, method, target, tuple(request.headers.items()), body)


def presigned(url: str, key: Key, query: str, *, seconds: int = 60, service: str = "sts") -> Sent:
    """Return a GET whose signature is in its query string."""
    request = AWSRequest("GET", f"{url}/?{query}")
    signer = SigV4QueryAuth(Credentials(key.id, key.secret), service, "us-east-1", expires=seconds)
    signer.add_auth(request)
    parts = urlsplit(request.url)
    return Sent(url, "GET", f"{parts.path}?{parts.query}", (("Host", parts.netloc),))


def deliver(sent: Sent) -> Reply:
    """Send a request exactly as it stands and return the answer."""
    parts = urlsplit(sent.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_PATIENCE_SECONDS)
    try:
        connection.putrequest(sent.method, sent.target, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.headers:
            connection.putheader(name, value)
        if sent.body and "content-length" not in (name.lower() for name, _ in sent.headers):
            connection.putheader("Content-Length", str(len(sent.body)))
        connection.endheaders(sent.body or None)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, headers, response.read())
    finally:
        connection.close()


def check_refusal(reply: Reply, status: int, code: str) -> None:
    """Assert the whole shape of a query protocol's refusal, and that its request id is one."""
    assert (status, code) == (reply.status, reply.code), reply.body
    assert reply.headers["content-type"] == "text/xml"
    document = reply.document
    assert document.tag == "ErrorResponse"
    assert [child.tag for child in document] == ["Error", "RequestId"]
    assert [child.tag for child in document[0]][:3] == ["Type", "Code", "Message"]
    assert reply.text("Error/Type") == ("Sender" if status < 500 else "Receiver")
    assert reply.message
    assert REQUEST_ID.fullmatch(reply.text("RequestId"))
    assert reply.headers["x-amzn-requestid"] == reply.text("RequestId")

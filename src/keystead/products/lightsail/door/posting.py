"""PostObject: an upload by a browser's form, signed by the policy that is in it.

Follows "POST Object" and "Browser-based uploads using POST" (Amazon S3 API Reference). The form is read up to its
file; then comes, in this order, who signed the policy, whether the form keeps to it, and what the signer may. Only
then is the file read, as a stream, and kept if it is as long as the policy allows.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from keystead.access import postform
from keystead.products.lightsail.door.answer import Answer, Header, xml_answer
from keystead.products.lightsail.door.bodies import MAX_PUT_BYTES, Expected, expect
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.errors import S3Error, invalid_argument
from keystead.products.lightsail.door.form import Form, boundary_of
from keystead.products.lightsail.door.postpolicy import PostPolicy, read_policy
from keystead.products.lightsail.door.request import S3Request, require_key
from keystead.products.lightsail.door.stated import META, stated
from keystead.products.lightsail.door.tagging import read_tags
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.visitor import Visitors
from keystead.products.lightsail.door.writing import (
    conditions_of,
    placed_headers,
    received_headers,
    require_attributes,
)
from keystead.products.lightsail.door.xml import document, tag

_STATUSES = {"200": 200, "201": 201}
_NO_CONTENT = 204
_OF_REQUEST = (b"host", b"origin", b"referer", b"user-agent")
"""Headers of the request that policies may ask about; what the object is to have, the form alone says."""
_AS_HEADERS = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-md5",
        "content-type",
        "expires",
    }
)
_NO_HEADERS = frozenset(
    {
        "x-amz-algorithm",
        "x-amz-content-sha256",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-signature",
    }
)


class Posting:
    """The one operation whose signature is in its body."""

    def __init__(self, desk: Desk, visitors: Visitors) -> None:
        self._desk = desk
        self._visitors = visitors

    async def post_object(self, visit: Visit) -> Answer:
        """Store the file of a form. The visit becomes that of whoever signed the policy."""
        request = visit.request
        form = Form(request.receive, boundary_of(request.header("content-type")))
        await form.read_fields()
        fields = _filled(form, request)
        presented = postform.find(fields)
        if presented is None:
            # Nobody's form: a Lightsail bucket takes none.
            raise S3Error("AccessDenied")
        visit.visitor = self._visitors.of_form(presented)
        policy = read_policy(presented.policy)
        policy.require(fields, self._desk.clock.epoch())
        visit.request = _as_write(request, form, fields)
        return await self._store(visit, policy, fields)

    async def _store(self, visit: Visit, policy: PostPolicy, fields: Mapping[str, str]) -> Answer:
        visit.require("s3:PutObject", visit.key)
        attributes = stated(visit.request)
        require_attributes(visit, attributes)
        received = await self._desk.receive(visit, _expected(visit, policy))
        placed = await self._desk.place(visit, received, attributes, conditions_of(visit))
        return _answer(visit, fields, [*received_headers(received), *placed_headers(placed)], received.etag)


def _filled(form: Form, request: S3Request) -> dict[str, str]:
    """Return the fields as they count: the name of the file filled in, and the bucket that the request names."""
    fields = dict(form.fields)
    if "key" not in fields:
        raise invalid_argument(
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the"
            " fields.",
            "key",
            "",
        )
    if fields.setdefault("bucket", request.bucket) != request.bucket:
        raise invalid_argument(
            "The bucket of the form is not that of the request.", "bucket", fields["bucket"]
        )
    fields["key"] = fields["key"].replace("${filename}", form.file_name)
    return fields


def _as_write(request: S3Request, form: Form, fields: Mapping[str, str]) -> S3Request:
    """Return the request that a form stands for: its fields as headers, its file as the body. Raises S3Error."""
    key = fields["key"].encode()
    if not key:
        raise invalid_argument("User key must have a length greater than 0.", "key", "")
    require_key(key)
    headers = {name: request.headers[name] for name in _OF_REQUEST if name in request.headers}
    for name, value in fields.items():
        if name == "acl":
            headers[b"x-amz-acl"] = _header_value(name, value)
        elif name == "tagging":
            headers[b"x-amz-tagging"] = urlencode(read_tags(value.encode())).encode()
        elif name in _AS_HEADERS or name.startswith(META) or _is_of_amazon(name):
            headers[_header_name(name)] = _header_value(name, value)
    headers[b"content-length"] = _longest(request)
    return replace(request, key=key, headers=headers, receive=form.receive)


def _is_of_amazon(name: str) -> bool:
    return name.startswith("x-amz-") and name not in _NO_HEADERS


def _header_name(name: str) -> bytes:
    if not name.isascii() or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise invalid_argument("The name of a field cannot be that of a header.", name, "")
    return name.encode()


def _header_value(name: str, value: str) -> bytes:
    # It will be sent back as a header: a line's end in it would be a header of the uploader's.
    if any(character < " " or character == "\x7f" for character in value):
        raise invalid_argument("A field cannot be the value of a header.", name, "")
    return value.encode()


def _longest(request: S3Request) -> bytes:
    """Return the most bytes that the file can have: those of the request, where it says how many these are."""
    return request.headers.get(b"content-length", b"%d" % MAX_PUT_BYTES)


def _expected(visit: Visit, policy: PostPolicy) -> Expected:
    """Return what is expected of the file, whose length nobody says before. Raises S3Error."""
    expected = expect(visit.request, visit.visitor)
    most = expected.length if policy.most is None else min(policy.most, expected.length)
    return replace(expected, length=most, least=policy.least or 0)


def _answer(visit: Visit, fields: Mapping[str, str], headers: list[Header], etag: str) -> Answer:
    bucket, key = visit.bucket.name, visit.key.decode()
    target = fields.get("success_action_redirect") or fields.get("redirect") or ""
    if _is_url(target):
        told = urlencode({"bucket": bucket, "key": key, "etag": f'"{etag}"'}, quote_via=quote_plus)
        location = f"{target}{'&' if urlsplit(target).query else '?'}{told}"
        return Answer(303, [*headers, (b"location", location.encode("ascii"))])
    location = _location(visit)
    headers.append((b"location", location.encode()))
    status = _STATUSES.get(fields.get("success_action_status", ""), _NO_CONTENT)
    if status != 201:
        return Answer(status, headers)
    shown = tag("Location", location) + tag("Bucket", bucket) + tag("Key", key) + tag("ETag", f'"{etag}"')
    return xml_answer(document("PostResponse", shown, namespace=False), headers, status)


def _location(visit: Visit) -> str:
    request = visit.request
    path = quote(visit.key, safe="/-_.~")
    host = request.header("host") or ""
    scheme = "https" if request.is_secure else "http"
    bucket = "" if request.bucket_of_host else f"/{visit.bucket.name}"
    return f"{scheme}://{host}{bucket}/{path}"


def _is_url(text: str) -> bool:
    """Return whether a browser can be sent there; what is no address counts as none."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment

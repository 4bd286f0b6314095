"""Objects read for an operation of another product, as if its caller had asked the door for them itself."""

from urllib.parse import quote

from keystead.access.doors import Message
from keystead.access.objects import Errand, Fetched, Unreadable
from keystead.access.sigv4 import Refused
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.door.answer import BlobStream
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.finding import find_readable
from keystead.products.lightsail.door.reading import spans
from keystead.products.lightsail.door.request import S3Request, require_key
from keystead.products.lightsail.door.visit import Guards, Visit
from keystead.products.lightsail.door.visitor import Visitor
from keystead.products.lightsail.objects import object_records
from keystead.products.lightsail.objects.model import Version
from keystead.store.interface import Transaction

_DENIED = "AccessDenied"


class Lending:
    """Reads whole objects."""

    def __init__(self, desk: Desk, guards: Guards) -> None:
        self._desk = desk
        self._guards = guards

    async def fetch(self, errand: Errand, most_bytes: int) -> Fetched:
        """See `access.objects.Objects`."""
        try:
            require_key(errand.key)
            visit = self._visit(errand)
            version = find_readable(visit, self._desk.reader)
            visit.require_elsewhere(
                visit.bucket, errand.bucket, "s3:GetObject", errand.key, None, version.attributes.acl
            )
        except S3Error as error:
            raise Unreadable("denied" if error.code == _DENIED else "missing") from error
        if version.body.size > most_bytes:
            raise Unreadable("too-large")

        def require_again(tx: Transaction) -> None:
            try:
                visit.again(tx)
            except (S3Error, Refused) as error:
                raise Unreadable("denied") from error

        return Fetched(await self._body(version), require_again)

    def _visit(self, errand: Errand) -> Visit:
        agent = errand.user_agent.encode("latin-1", "replace")
        request = S3Request(
            "GET",
            f"/{errand.bucket}/".encode() + quote(errand.key).encode(),
            b"",
            [(b"user-agent", agent)],
            {b"user-agent": agent},
            {},
            errand.bucket,
            errand.key,
            b"",
            errand.source_address,
            errand.is_secure,
            errand.request_id,
            _no_body,
            "GetObject",
        )
        visitor = Visitor(
            errand.credential,
            errand.principal,
            auth_type="REST-HEADER",
            signature_version="AWS4-HMAC-SHA256",
        )
        found = bucket_records.by_name(self._desk.reader, errand.bucket)
        return Visit(request, visitor, found, self._guards)

    async def _body(self, version: Version) -> bytes:
        body = version.body
        if body.content is None:
            inline = object_records.inline_body(self._desk.reader, version.row)
            if inline is None:
                raise Unreadable("missing")
            return inline
        stream = BlobStream(self._desk.blobs, spans(self._desk.reader, body.content, 0, body.size))
        try:
            return b"".join([piece async for piece in stream.pieces()])
        finally:
            await stream.close()


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}

"""What S3 clients change of a bucket itself: versioning and CORS, in the one record that Lightsail's API shows too.

Follows "PutBucketVersioning", "GetBucketCors", "PutBucketCors" and "DeleteBucketCors" (Amazon S3 API Reference).
For IAM principals: a bucket's key may look at its rules, and change nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket, CORSRule, Versioning
from keystead.products.lightsail.corsrules import MOST_BYTES, UnfitRule, require_fit
from keystead.products.lightsail.door.answer import Answer, xml_answer
from keystead.products.lightsail.door.bodies import read_document
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.xml import children, document, nested, optional, read, tag, text_of
from keystead.protocol.xmlreader import Element
from keystead.store.interface import Transaction

_METHODS = frozenset({"DELETE", "GET", "HEAD", "POST", "PUT"})
_STATES = frozenset({"Enabled", "Suspended"})


class Configuring:
    """The operations that change, or show, what a bucket is set to."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def put_bucket_versioning(self, visit: Visit) -> Answer:
        """Have a bucket keep versions, or keep no further ones."""
        visit.require("s3:PutBucketVersioning")
        state = _read_versioning(await self._document(visit))
        await self._change(visit, lambda bucket: bucket.versioned(state))
        return Answer(200)

    async def get_bucket_cors(self, visit: Visit) -> Answer:
        """Return a bucket's rules."""
        visit.require("s3:GetBucketCORS")
        bucket = visit.bucket
        if not bucket.cors:
            raise S3Error("NoSuchCORSConfiguration", BucketName=bucket.name)
        return xml_answer(document("CORSConfiguration", *map(_shown, bucket.cors)))

    async def put_bucket_cors(self, visit: Visit) -> Answer:
        """Replace a bucket's rules."""
        visit.require("s3:PutBucketCORS")
        rules = _read_rules(await self._document(visit))
        await self._change(visit, lambda bucket: replace(bucket, cors=rules))
        return Answer(200)

    async def delete_bucket_cors(self, visit: Visit) -> Answer:
        """Take a bucket's rules away, if it has any."""
        visit.require("s3:PutBucketCORS")
        await self._change(visit, lambda bucket: replace(bucket, cors=()))
        return Answer(204)

    async def _document(self, visit: Visit) -> bytes:
        # The bucket has to be there before anything of the body is read.
        _ = visit.bucket
        return await read_document(visit.request, visit.visitor, MOST_BYTES, self._desk.blobs)

    async def _change(self, visit: Visit, changed: Callable[[Bucket], Bucket]) -> None:
        def job(tx: Transaction, bucket: Bucket) -> None:
            bucket_records.save(tx, changed(bucket))

        await self._desk.commit(visit, job)


def _read_versioning(content: bytes) -> Versioning:
    root = read(content, "VersioningConfiguration")
    if text_of(root, "MfaDelete") not in (None, "Disabled"):
        raise S3Error("NotImplemented", "MFA delete is not implemented here.")
    state = text_of(root, "Status")
    if state not in _STATES:
        raise S3Error("IllegalVersioningConfigurationException")
    # One of the two, as was just checked.
    return cast(Versioning, state)


def _read_rules(content: bytes) -> tuple[CORSRule, ...]:
    rules = tuple(_read_rule(each) for each in children(read(content, "CORSConfiguration"), "CORSRule"))
    if not rules:
        raise S3Error("MalformedXML")
    try:
        require_fit(rules)
    except UnfitRule as unfit:
        raise S3Error("InvalidRequest", str(unfit)) from unfit
    return rules


def _read_rule(element: Element) -> CORSRule:
    methods = _texts(element, "AllowedMethod")
    for method in methods:
        if method not in _METHODS:
            raise S3Error(
                "InvalidRequest",
                f"Found unsupported HTTP method in CORS config. Unsupported method is {method[:20]}",
            )
    age = text_of(element, "MaxAgeSeconds")
    if age is not None and not (age.isascii() and age.isdigit() and len(age) <= 10):
        raise S3Error("MalformedXML")
    return CORSRule(
        text_of(element, "ID") or "",
        methods,
        _texts(element, "AllowedOrigin"),
        _texts(element, "AllowedHeader"),
        _texts(element, "ExposeHeader"),
        None if age is None else int(age),
    )


def _texts(element: Element, name: str) -> tuple[str, ...]:
    return tuple(child.text.strip() for child in children(element, name))


def _shown(rule: CORSRule) -> str:
    repeated = (
        ("AllowedHeader", rule.allowed_headers),
        ("AllowedMethod", rule.allowed_methods),
        ("AllowedOrigin", rule.allowed_origins),
        ("ExposeHeader", rule.expose_headers),
    )
    return nested(
        "CORSRule",
        optional("ID", rule.id),
        *(tag(name, text) for name, texts in repeated for text in texts),
        optional("MaxAgeSeconds", rule.max_age_seconds),
    )

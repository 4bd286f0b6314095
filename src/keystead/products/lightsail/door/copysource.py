"""What `x-amz-copy-source` names, read once: for the copy, and for policies that ask for it.

Follows "CopyObject" (Amazon S3 API Reference): bucket and key, percent-encoded, maybe after a slash; and a version.
"""

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from keystead.products.lightsail.door.errors import invalid_argument
from keystead.products.lightsail.door.request import S3Request, require_key

HEADER = "x-amz-copy-source"
_VERSION_MARK = "?versionId="


class NamedSource(NamedTuple):
    """The source of a copy as it is named; `version` is None where none is, and has not been looked at."""

    bucket: str
    key: bytes
    version: str | None

    @property
    def text(self) -> str:
        """The one spelling that conditions compare: decoded, so that no other spelling of a name gets past one."""
        version = "" if self.version is None else _VERSION_MARK + self.version
        return f"{self.bucket}/{self.key.decode()}{version}"


def named_source(request: S3Request) -> NamedSource:
    """Return what the header names. Raises S3Error."""
    text = request.header(HEADER) or ""
    path, mark, version = text.partition(_VERSION_MARK)
    raw_bucket, slash, raw_key = path.removeprefix("/").partition("/")
    if not slash or not raw_bucket or not raw_key:
        raise invalid_argument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", HEADER, text
        )
    key = unquote_to_bytes(raw_key.encode("latin-1"))
    require_key(key)
    name = unquote_to_bytes(raw_bucket.encode("latin-1")).decode("utf-8", "replace").replace("\0", "\ufffd")
    return NamedSource(name, key, version if mark else None)

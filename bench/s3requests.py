"""Signed S3 requests as bytes, for loads and proofs that must cost the client next to nothing.

Follows SigV4 for S3: the path is encoded once, the payload is unsigned unless its hash is given. `tests/bench`
holds the signature equal to botocore's.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from bench.requests import REGION, Key, signing_key

UNSIGNED = "UNSIGNED-PAYLOAD"
Query = Mapping[str, str]


class S3Signer:
    """Signs for one key, endpoint and moment. Made anew every few minutes, because the date is signed too."""

    def __init__(self, key: Key, host: str, at: datetime | None = None) -> None:
        at = at or datetime.now(UTC)
        self._key = key
        self._host = host
        self._timestamp = at.strftime("%Y%m%dT%H%M%SZ")
        self._scope = f"{self._timestamp[:8]}/{REGION}/s3/aws4_request"
        self._signing_key = signing_key(key.secret, self._scope)

    def request(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        payload: str = UNSIGNED,
    ) -> bytes:
        """Return the whole HTTP request. `path` is not encoded; names of `headers` are in lower case."""
        head = self.head(method, path, query, headers, len(body), payload)
        return head + body

    def head(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        length: int = 0,
        payload: str = UNSIGNED,
    ) -> bytes:
        """Return the head of a request whose body, of `length` bytes, is sent apart."""
        target = quote(path, safe="/-_.~")
        asked = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted((query or {}).items()))
        signed = {
            "host": self._host,
            "x-amz-content-sha256": payload,
            "x-amz-date": self._timestamp,
            **(headers or {}),
        }
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        canonical = f"{method}\n{target}\n{asked}\n{lines}\n{names}\n{payload}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{self._timestamp}\n{self._scope}\n{digest}"
        signature = hmac.digest(self._signing_key, to_sign.encode(), "sha256").hex()
        sent = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        authorization = (
            f"AWS4-HMAC-SHA256 Credential={self._key.key_id}/{self._scope}, SignedHeaders={names},"
            f" Signature={signature}"
        )
        return (
            f"{method} {target}{'?' if asked else ''}{asked} HTTP/1.1\r\n{sent}"
            f"authorization: {authorization}\r\ncontent-length: {length}\r\n\r\n"
        ).encode()


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")

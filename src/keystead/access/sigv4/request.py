"""What verification looks at: one request exactly as it arrived, and the rules of the service it is for."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from keystead.access.sigv4.canonical import merge

LONG_SKEW_MINUTES = 15
# UNCONFIRMED for the json and rest-json doors: five minutes were measured at KMS, Lambda, Route 53, CloudWatch.
SHORT_SKEW_MINUTES = 5
_LONG_SKEW_SERVICES = frozenset({"iam", "sts", "s3"})


@dataclass(slots=True)
class SignedRequest:
    """One request as it arrived, before anything decoded, merged or reordered it.

    `raw_path` and `raw_query` are the bytes of the request target on either side of the first `?`.
    `headers` are in the order received, names in lower case, duplicates kept. `body_sha256` is the hex
    digest of the body that was read, or a callable that computes it; S3 rules never ask for it. `head` are the
    headers by name, of a repeated one the last, if somebody has that already.
    """

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body_sha256: str | Callable[[], str]
    head: Mapping[bytes, bytes] | None = None

    def merged_headers(self) -> Mapping[bytes, bytes]:
        """Return the headers by name, the values of a repeated one joined."""
        head = self.head
        return head if head is not None and len(head) == len(self.headers) else merge(self.headers)

    def payload_hash(self) -> str:
        """Return the hex SHA-256 of the body, computing it if that was left to us."""
        return self.body_sha256 if isinstance(self.body_sha256, str) else self.body_sha256()


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """How one service wants its requests signed.

    `service` is the signing name, `regions` the scope regions it answers in, and `expected_region` the
    one to name when a caller asked for another. `skew_seconds` is how far a timestamp may be from now.
    `is_s3` selects S3's rules: the path as sent, the payload hash as declared, a mandatory expiry.
    """

    service: str
    regions: Container[str]
    expected_region: str
    skew_seconds: int
    is_s3: bool


def rules_for(service: str, regions: Container[str], expected_region: str) -> ServiceRules:
    """Return the rules of a service by its signing name. Source: AWS, measured by users for the windows."""
    minutes = LONG_SKEW_MINUTES if service in _LONG_SKEW_SERVICES else SHORT_SKEW_MINUTES
    return ServiceRules(service, regions, expected_region, minutes * 60, service == "s3")

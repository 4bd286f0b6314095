"""The policy of a browser's form: until when it is good, and what the fields beside it may say.

Follows "Creating a POST policy" (Amazon S3 API Reference). Whatever a form says must be covered by a condition:
what its policy does not speak of, the holder of the key did not sign.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from keystead.products.lightsail.door.errors import S3Error

_UNCOVERED = frozenset({"x-amz-signature", "signature", "awsaccesskeyid", "file", "policy"})
_IGNORED = "x-ignore-"
_RANGE = "content-length-range"
_MOST_DIGITS = 19
"""As many as 2**63 has."""
_MATCHES = ("eq", "starts-with")
_LISTS = frozenset({"content-type"})
"""Fields whose value is a list, each entry of which must begin as the condition says."""


@dataclass(frozen=True, slots=True)
class _Condition:
    """One condition on a field, whose name is in lower case."""

    match: str
    name: str
    value: str

    def holds(self, fields: Mapping[str, str]) -> bool:
        """Return whether a form keeps to it; a field that is not there keeps to nothing."""
        given = fields.get(self.name)
        if given is None:
            return False
        if self.match == "eq":
            return given == self.value
        entries = given.split(",") if self.name in _LISTS else [given]
        return all(entry.strip(" ").startswith(self.value) for entry in entries)

    def shown(self) -> str:
        """Return it as an answer quotes it."""
        return f'["{self.match}", "${self.name}", "{self.value}"]'


@dataclass(frozen=True, slots=True)
class PostPolicy:
    """A policy that was read. `least` and `most` are bytes of the file, None where nothing is said."""

    expires_at: float
    conditions: tuple[_Condition, ...]
    least: int | None
    most: int | None

    def require(self, fields: Mapping[str, str], now: float) -> None:
        """Let pass the fields of a form, its bucket among them, at a time. Raises S3Error."""
        if now > self.expires_at:
            raise _against("Policy expired.")
        for condition in self.conditions:
            if not condition.holds(fields):
                raise _against(f"Policy Condition failed: {condition.shown()}")
        covered = {condition.name for condition in self.conditions} | _UNCOVERED
        extra = [name for name in fields if name not in covered and not name.startswith(_IGNORED)]
        if extra:
            raise _against("Extra input fields: " + ", ".join(sorted(extra)))


class _Document(msgspec.Struct):
    """A policy as JSON."""

    expiration: str
    conditions: list[dict[str, str] | list[str | int]]


def read_policy(text: bytes) -> PostPolicy:
    """Return the policy in the base64 text of a form. Raises S3Error."""
    try:
        document = msgspec.json.decode(
            base64.b64decode(b"".join(text.split()), validate=True), type=_Document
        )
    except (binascii.Error, msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise S3Error("InvalidPolicyDocument") from error
    conditions: list[_Condition] = []
    least, most = None, None
    for each in document.conditions:
        if isinstance(each, list) and each and each[0] == _RANGE:
            low, high = _range(each[1:])
            least, most = max(low, least or 0), high if most is None else min(high, most)
        else:
            conditions += _conditions(each)
    return PostPolicy(_expiry(document.expiration), tuple(conditions), least, most)


def _conditions(each: dict[str, str] | list[str | int]) -> Iterable[_Condition]:
    if isinstance(each, dict):
        return [_Condition("eq", name.lower(), value) for name, value in each.items()]
    match each:
        case [str(how), str(name), str(value)] if how.lower() in _MATCHES and name.startswith("$"):
            return [_Condition(how.lower(), name[1:].lower(), value)]
        case _:
            raise S3Error("InvalidPolicyDocument", "Invalid Policy: Invalid Simple-Condition.")


def _range(bounds: list[str | int]) -> tuple[int, int]:
    texts = [str(bound) for bound in bounds]
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS]
    if len(numbers) != 2 or len(bounds) != 2 or max(numbers) > 2**63:
        raise S3Error("InvalidPolicyDocument", "Invalid Policy: Invalid content-length-range.")
    return numbers[0], numbers[1]


def _expiry(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise S3Error("InvalidPolicyDocument", "Invalid Policy: Invalid 'expiration' value.")
    return moment.timestamp()


def _against(text: str) -> S3Error:
    return S3Error("AccessDenied", f"Invalid according to Policy: {text}")

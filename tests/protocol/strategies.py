"""Values for any shape of any model, for hypothesis: what a client may send, what a handler may return.

`wild` values keep to types and to what the wire can carry, and go beyond lengths and patterns; `valid` ones
keep to every constraint of the model.
"""

import re
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from keystead.protocol import CompiledOperation, Models
from keystead.protocol.shapes import Shape
from keystead.protocol.validate import compile_pattern

MAX_NESTING = 4

_IAM = (
    "CreateUser GetUser ListUsers UpdateUser DeleteUser TagUser UntagUser ListUserTags CreateAccessKey "
    "ListAccessKeys UpdateAccessKey DeleteAccessKey GetAccessKeyLastUsed CreateAccountAlias DeleteAccountAlias "
    "ListAccountAliases GetAccountSummary"
)
_OPERATIONS = {
    "iam": _IAM,
    "sts": "GetCallerIdentity GetAccessKeyInfo",
    "ssm": "GetAccessToken StartAccessRequest SendCommand",
    "lightsail": "CreateBucketAccessKey GetBuckets",
    "grafana": (
        "CreateWorkspaceServiceAccountToken DeleteWorkspaceServiceAccountToken DescribeWorkspace "
        "ListWorkspaceServiceAccountTokens UntagResource AssociateLicense"
    ),
    "route53globalresolver": "CreateAccessToken DisassociateHostedZone",
    "s3": (
        "PutObject HeadObject ListObjectsV2 CompleteMultipartUpload DeleteObjects PutBucketCors "
        "GetObjectAttributes"
    ),
    "route53": "ChangeResourceRecordSets CreateHostedZone ListResourceRecordSets",
}


def operations_under_test() -> list[tuple[str, str]]:
    """Return (service, operation) of every declared operation, and a sample of each other protocol."""
    return [(service, name) for service, names in _OPERATIONS.items() for name in names.split()]


def wild_params(operation: CompiledOperation, protocol: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return requests of `operation`: right types, any content that `protocol` can carry."""
    return _values(operation.input, _Wild(protocol, is_request=True))


def wild_results(operation: CompiledOperation, protocol: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return results of `operation`: right types, any content that `protocol` can carry."""
    return _values(operation.output, _Wild(protocol, is_request=False))


def valid_params(operation: CompiledOperation, protocol: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return requests of `operation` that keep to all constraints."""
    return _values(operation.input, _Valid(protocol, is_request=True))


def models() -> Models:
    """Return a catalogue of botocore's models."""
    return Models()


def _values(shape: Shape | None, maker: "_Wild") -> st.SearchStrategy[dict[str, Any]]:
    return st.just({}) if shape is None else maker.structure(shape, ())


# What a header can carry, and what botocore reads back out of a list in one.
_HEADER_TEXT = st.text(string.ascii_letters + string.digits + "-_/:; ", min_size=1, max_size=20).filter(
    lambda text: text == text.strip()
)


class _Wild:
    """Builds strategies from shapes; subclasses narrow the leaves."""

    def __init__(self, protocol: str, *, is_request: bool) -> None:
        self._is_request = is_request
        categories = ["Cs", "Cc"] if protocol in ("query", "rest-xml") else ["Cs"]
        # XML cannot carry control characters, and botocore writes and reads no references to them.
        self._alphabet = st.characters(exclude_categories=categories, exclude_characters="\ufffe\uffff")  # type: ignore[arg-type]

    def value(self, shape: Shape, above: tuple[str, ...]) -> st.SearchStrategy[Any]:
        match shape.kind:
            case "structure":
                return self.structure(shape, above)
            case "list":
                return self.list(shape, above)
            case "map" if shape.location == "headers":
                names = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=10)
                return st.dictionaries(names, _HEADER_TEXT, **self.sizes(shape, least=1, spread=2))
            case "map":
                sizes = self.sizes(shape, least=1, spread=2)
                return st.dictionaries(self.text(shape.key), self.value(shape.value, above), **sizes)
            case "string":
                return self.text(shape)
            case "blob":
                return self.blob(shape)
            case "timestamp":
                return self._timestamp(shape)
            case "boolean":
                return st.booleans()
            case "integer" | "long":
                return self.integer(shape)
            case _:
                return st.floats(allow_nan=False)

    def structure(self, shape: Shape, above: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
        inside = (*above, shape.name)
        members = {
            name: member
            for name, member in shape.members.items()
            if name in shape.required or (member.name not in inside and len(inside) <= MAX_NESTING)
        }
        required = {
            name: self.value(member, inside) for name, member in members.items() if name in shape.required
        }
        optional = {
            name: self.value(member, inside) for name, member in members.items() if name not in required
        }
        if shape.definition.union:
            return st.one_of(*[st.fixed_dictionaries({name: value}) for name, value in optional.items()])
        drawn = st.fixed_dictionaries(required, optional=optional)
        # A structure without members leaves no trace in a form.
        return drawn.filter(bool) if above and members else drawn

    def list(self, shape: Shape, above: tuple[str, ...]) -> st.SearchStrategy[list[Any]]:
        leaves_no_trace = shape.is_flattened or shape.location is not None
        sizes = self.sizes(shape, least=1 if leaves_no_trace else 0, spread=2)
        if shape.location == "header" and shape.element.kind == "string":
            words = shape.element.definition.enum
            return st.lists(st.sampled_from(words) if words else _HEADER_TEXT, **sizes)
        return st.lists(self.value(shape.element, above), **sizes)

    def sizes(self, shape: Shape, *, least: int, spread: int) -> dict[str, int]:
        return {"min_size": least, "max_size": least + spread}

    def text(self, shape: Shape) -> st.SearchStrategy[str]:
        if shape.definition.enum and not self._is_request:
            return st.sampled_from(shape.definition.enum)
        if shape.location == "header":
            return _HEADER_TEXT
        return st.text(self._alphabet, min_size=1 if shape.location == "uri" else 0, max_size=20)

    def integer(self, shape: Shape) -> st.SearchStrategy[int]:
        bits = 31 if shape.kind == "integer" else 63
        return st.integers(-(1 << bits), (1 << bits) - 1)

    def blob(self, shape: Shape) -> st.SearchStrategy[bytes]:
        # Botocore decodes a payload that is a blob as text.
        is_text = shape.is_streaming
        return st.text(string.printable, min_size=1).map(str.encode) if is_text else st.binary(max_size=20)

    def _timestamp(self, shape: Shape) -> st.SearchStrategy[datetime]:
        # Botocore's serialisers cut to seconds, and an HTTP date has nothing finer; answers have milliseconds.
        whole = self._is_request or shape.location is not None or shape.timestamp_format == "rfc822"
        unit = timedelta(seconds=1) if whole else timedelta(milliseconds=1)
        start = datetime(1970, 1, 1, tzinfo=UTC)
        return st.integers(0, timedelta(days=60_000) // unit).map(lambda count: start + count * unit)


class _Valid(_Wild):
    """Keeps to lengths, ranges, patterns and enums."""

    def sizes(self, shape: Shape, *, least: int, spread: int) -> dict[str, int]:
        low = max(least, int(shape.definition.min or 0))
        high = shape.definition.max
        return {
            "min_size": low,
            "max_size": min(low + spread, int(high)) if high is not None else low + spread,
        }

    def text(self, shape: Shape) -> st.SearchStrategy[str]:
        definition = shape.definition
        if definition.enum:
            return st.sampled_from([one for one in definition.enum if one != "Expired"])
        sizes = self.sizes(shape, least=1, spread=10)
        plain = st.text(string.ascii_lowercase + string.digits, **sizes)
        if definition.pattern is None:
            return plain
        fits = compile_pattern(definition.pattern)
        if all(fits(sample * sizes["min_size"]) for sample in ("a", "1")):
            return plain.filter(lambda text: fits(text) is not None)
        return _matching(definition.pattern).filter(_length_within(sizes["min_size"], definition.max))

    def integer(self, shape: Shape) -> st.SearchStrategy[int]:
        low, high = shape.definition.min, shape.definition.max
        return st.integers(int(low) if low is not None else -1000, int(high) if high is not None else 1000)


def _matching(pattern: str) -> st.SearchStrategy[str]:
    # A text with a NUL is refused whatever its pattern says.
    return st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True).filter(lambda text: "\0" not in text)


def _length_within(low: int, high: float | None) -> Callable[[str], bool]:
    return lambda text: low <= len(text) <= (high if high is not None else len(text))

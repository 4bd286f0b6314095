"""Whatever botocore signs verifies, and whatever changes afterwards is refused."""

import os
from dataclasses import replace
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sigv4_requests import IAM, S3, SECRET, SSM, Sent, presented, sign, verify

from keystead.access.sigv4 import Mismatch, Refused, ServiceRules

EXAMPLES = settings(max_examples=int(os.environ.get("KEYSTEAD_SIGV4_EXAMPLES", "250")), deadline=None)

METHODS = st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"])
RULES = st.sampled_from([IAM, SSM, S3])
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
NAMES = TEXT.filter(bool)
BODIES = st.binary(max_size=200)
TOKENS = st.none() | st.text("ABCDEFabcdef0123456789+/=", min_size=1, max_size=60)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
HEADERS = st.dictionaries(
    st.sampled_from(["X-Amz-Target", "x-amz-meta-note", "Content-Type", "X-Other", "Range"]), PRINTABLE
)
SEGMENTS = st.lists(TEXT, max_size=5).map(
    lambda parts: "/" + "/".join(quote(part, safe="~") for part in parts)
)
# No dot segments and no empty ones: those have several spellings with one meaning, outside S3.
PLAIN_SEGMENTS = st.lists(
    st.text("abcXYZ019-_~é ", min_size=1, max_size=8).map(lambda part: quote(part, safe="~")), max_size=4
).map(lambda parts: "/" + "/".join(parts))


def query_of(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)


def unique(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same without repeated names, which botocore does not presign."""
    return list(dict(pairs).items())


PAIRS = st.lists(st.tuples(NAMES, TEXT), max_size=5)
REPEATING_PAIRS = st.lists(st.tuples(st.sampled_from(["a", "A", "b", "é"]), TEXT), max_size=6)


def target_of(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def is_accepted(sent: Sent, rules: ServiceRules, signed_at: float) -> bool:
    try:
        verify(sent, rules, signed_at=signed_at)
    except Refused:
        return False
    return True


def flip(raw: bytes, bit: int) -> bytes:
    """`raw` with one bit changed; `bit` counts round it."""
    place, shift = divmod(bit % (len(raw) * 8), 8)
    return raw[:place] + bytes([raw[place] ^ (1 << shift)]) + raw[place + 1 :]


@given(METHODS, SEGMENTS, st.one_of(PAIRS, REPEATING_PAIRS), HEADERS, BODIES, TOKENS, RULES)
@EXAMPLES
def test_any_request_that_botocore_signs_verifies(method, path, pairs, headers, body, token, rules) -> None:
    target = target_of(path, query_of(pairs))

    sent = sign(rules, method=method, target=target, headers=headers, body=body, token=token)

    verified = verify(sent, rules)
    assert (token is None) == (verified.presented.session_token is None)
    with pytest.raises(Mismatch):
        verify(sent, rules, secret=SECRET[:-1])


@given(METHODS, SEGMENTS, PAIRS, HEADERS, TOKENS, st.integers(1, 604_800), RULES)
@EXAMPLES
def test_any_request_that_botocore_presigns_verifies(
    method, path, pairs, headers, token, life, rules
) -> None:
    # botocore takes a form's content type as a promise of form fields, and drops it.
    target = target_of(path, query_of(unique(pairs)))

    sent = sign(rules, method=method, target=target, headers=headers, token=token, presigned_seconds=life)

    verified = verify(sent, rules)
    assert verified.presented.expires_seconds == life
    with pytest.raises(Mismatch):
        verify(sent, rules, secret=SECRET[:-1])


@given(SEGMENTS, PAIRS, st.text("Ab1+/=", min_size=1, max_size=40), RULES)
@EXAMPLES
def test_token_may_be_appended_after_presigning(path, pairs, token, rules) -> None:
    sent = sign(rules, method="GET", target=target_of(path, query_of(unique(pairs))), presigned_seconds=60)

    appended = replace(sent, query=sent.query + b"&X-Amz-Security-Token=" + quote(token, safe="").encode())

    found = verify(appended, rules).presented
    assert found.session_token is not None
    assert found.session_token.reveal() == token.encode()


@given(
    st.sampled_from(["signature", "header", "path", "query", "body", "method", "authorization"]),
    st.integers(min_value=0),
    PLAIN_SEGMENTS,
    st.lists(st.tuples(st.sampled_from("ab"), TEXT), min_size=1, max_size=3),
    BODIES.filter(bool),
    TOKENS,
    RULES,
)
@EXAMPLES
def test_one_flipped_bit_is_refused(part, bit, path, pairs, body, token, rules) -> None:
    note = {"X-Amz-Meta-Note": "one two"}
    sent = sign(rules, target=target_of(path, query_of(pairs)), headers=note, body=body, token=token)
    signed_at = presented(sent).time

    changed = tamper(sent, part, bit, rules)

    assert is_accepted(sent, rules, signed_at)
    assert not is_accepted(changed, rules, signed_at)


@given(st.integers(min_value=0), PLAIN_SEGMENTS, PAIRS, TOKENS, st.booleans(), RULES)
@EXAMPLES
def test_one_flipped_bit_of_a_presigned_request_is_refused(bit, path, pairs, token, in_path, rules) -> None:
    target = target_of(path, query_of(unique(pairs)))
    sent = sign(rules, method="GET", target=target, token=token, presigned_seconds=900)
    signed_at = presented(sent).time

    changed = tamper(sent, "path" if in_path else "query", bit, rules)

    assert is_accepted(sent, rules, signed_at)
    assert not is_accepted(changed, rules, signed_at)


def tamper(sent: Sent, part: str, bit: int, rules: ServiceRules) -> Sent:
    if part == "signature":
        header = sent.header(b"authorization")
        return sent.with_header(b"authorization", header[:-64] + flip(header[-64:], bit))
    if part == "authorization":
        return sent.with_header(b"authorization", flip(sent.header(b"authorization"), bit))
    if part == "header":
        name = sorted(presented(sent).signed_headers)[bit % len(presented(sent).signed_headers)]
        return sent.with_header(name, flip(sent.header(name), bit // 7))
    if part == "body":
        # S3 signs the hash that the header declares; the door holds the body against `Verified.payload`.
        assume(not rules.is_s3)
        return replace(sent, body=flip(sent.body, bit))
    if part == "method":
        return replace(sent, method=flip(sent.method.encode(), bit).decode("latin-1"))
    if part == "path":
        return replace(sent, path=flip(sent.path, bit))
    changed = replace(sent, query=flip(sent.query, bit))
    # `%c3` for `%C3` is another spelling of the same parameter.
    assume(meaning(changed.query) != meaning(sent.query))
    return changed


def meaning(query: bytes) -> list[tuple[str, str]]:
    return sorted(parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1"))

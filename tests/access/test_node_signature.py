"""The RSA signature of a node, made by botocore's own canonical request and a private key."""

import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keystead.access.node_signature import NodeClaim, read_claim
from keystead.access.sigv4 import SignedRequest
from keystead.credentials.publickey import is_fit
from keystead.kernel.clock import SystemClock
from keystead.remote.node.place import public_der
from keystead.remote.signing import signed_by_node

NODE = "mi-0123456789abcdef0"
URL = "https://localhost:4651/"
BODY = b'{"Fingerprint":"f"}'
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
TARGET = {
    "X-Amz-Target": "AmazonSSM.RequestManagedInstanceRoleToken",
    "Content-Type": "application/x-amz-json-1.1",
}


def claim(body: bytes = BODY, late: float = 0.0, **changes: bytes) -> NodeClaim | None:
    headers = {
        "Host": "localhost:4651",
        **signed_by_node(KEY, NODE, "us-east-1", URL, headers=TARGET, body=BODY),
    }
    raw = {name.lower().encode(): value.encode() for name, value in headers.items()}
    raw.update({name.replace("_", "-").encode(): value for name, value in changes.items()})
    request = SignedRequest("POST", b"/", b"", list(raw.items()), hashlib.sha256(body).hexdigest())
    return read_claim(request, real_now=SystemClock().real_epoch() + late)


def test_holder_of_the_key_is_the_node() -> None:
    found = claim()

    assert found is not None
    assert (found.node, found.region) == (NODE, "us-east-1")
    assert found.is_of(public_der(KEY))


def test_another_key_is_another_node() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    found = claim()

    assert found is not None
    assert not found.is_of(public_der(other))


@pytest.mark.parametrize("changed", [{"x_amz_target": b"AmazonSSM.Other"}, {"host": b"elsewhere"}])
def test_changed_header_breaks_the_signature(changed: dict[str, bytes]) -> None:
    found = claim(**changed)

    assert found is not None
    assert not found.is_of(public_der(KEY))


def test_changed_body_breaks_the_signature_or_its_declared_digest() -> None:
    found = claim(body=b"{}")

    assert found is None or not found.is_of(public_der(KEY))


@pytest.mark.parametrize("late", [301.0, -301.0])
def test_request_is_good_for_five_minutes(late: float) -> None:
    assert claim(late=late) is None
    assert claim(late=late / 2) is not None


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Bearer x",
        b"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/ssm/aws4_request, "
        b"SignedHeaders=host;x-amz-date, Signature=" + b"0" * 64,
        b"AWS4-HMAC-SHA256 Credential=mi-0123456789abcdef0/20260101/us-east-1/ssm/aws4_request, "
        b"SignedHeaders=x-amz-date, Signature=AAAA",
    ],
)
def test_other_headers_claim_nothing(authorization: bytes) -> None:
    assert claim(authorization=authorization) is None


def test_only_rsa_keys_of_2048_bits_and_more_are_fit() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    curve = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )

    assert [is_fit(each) for each in (public_der(KEY), public_der(small), curve, b"", b"\x30\x00")] == [
        True,
        False,
        False,
        False,
        False,
    ]

"""Signing keys: plain HMAC, kept within bounds, never shown."""

import hashlib
import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.access.sigv4.keys import SigningKey, SigningKeys, derive
from keystead.kernel.secret import Secret

SCOPE = "20150830/us-east-1/iam/aws4_request"
SECRET = Secret(b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


class Vault:
    """Counts how often the secret is taken out."""

    def __init__(self) -> None:
        self.opened = 0

    def open(self) -> Secret:
        self.opened += 1
        return SECRET


@given(st.binary(max_size=150), st.binary(max_size=300))
def test_signature_is_hmac_sha256(key: bytes, message: bytes) -> None:
    assert SigningKey(key).sign(message) == hmac.new(key, message, hashlib.sha256).hexdigest()


def test_derivation_is_the_documented_chain() -> None:
    key = b"AWS4" + SECRET.reveal()
    for part in SCOPE.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")

    assert derive(SECRET, SCOPE).sign(b"message") == hmac.new(key, b"message", hashlib.sha256).hexdigest()


def test_secret_is_opened_once_per_version_and_scope() -> None:
    keys, vault = SigningKeys(100), Vault()

    for version, scope in [(1, SCOPE), (1, SCOPE), (2, SCOPE), (2, SCOPE), (2, SCOPE.replace("iam", "sts"))]:
        keys.get("AKIA1", version, scope, vault.open)

    assert vault.opened == 3


def test_forgotten_key_is_derived_again_and_others_stay() -> None:
    keys, vault = SigningKeys(100), Vault()
    keys.get("AKIA1", 1, SCOPE, vault.open)
    keys.get("AKIA2", 1, SCOPE, vault.open)

    keys.forget("AKIA1")

    keys.get("AKIA2", 1, SCOPE, vault.open)
    assert vault.opened == 2
    keys.get("AKIA1", 1, SCOPE, vault.open)
    assert vault.opened == 3


def test_cache_is_bounded_and_keeps_what_is_used() -> None:
    keys, vault = SigningKeys(10), Vault()

    for number in range(100):
        keys.get("AKIAUSED", 1, SCOPE, vault.open)
        keys.get(f"AKIA{number}", 1, SCOPE, vault.open)
        assert len(keys) <= 10

    assert vault.opened == 101


def test_keys_show_and_pickle_nothing() -> None:
    key = derive(SECRET, SCOPE)

    assert repr(key) == str(key) == "SigningKey(…)"
    with pytest.raises(TypeError):
        pickle.dumps(key)

"""A `Secret` comes out through `reveal` and no other way."""

import copy
import json
import logging
import pickle
import traceback

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.credentials.verify import KeyMaterial
from keystead.kernel.secret import Secret

CANARY = b"canary-4f1d"


@pytest.fixture
def secret() -> Secret:
    return Secret(CANARY)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>40}",
        lambda secret: format(secret, "s"),
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way of formatting is what is tested.
        lambda secret: repr([secret]),
        lambda secret: repr(KeyMaterial("AKIA", 1, secret)),
        lambda secret: msgspec.json.encode({"secret": secret}, enc_hook=str).decode(),
    ],
)
def test_no_way_of_printing_shows_it(secret, show):
    assert "canary" not in show(secret)


def test_it_is_not_in_a_log_line_or_a_traceback(secret, caplog):
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("any").error("secret: %s %r", secret, secret)

    assert "canary" not in caplog.text
    try:
        raise ValueError(secret)
    except ValueError:
        assert "canary" not in traceback.format_exc()


@pytest.mark.parametrize(
    "take", [pickle.dumps, copy.copy, copy.deepcopy, hash, lambda it: {it: 1}, json.dumps, bytes]
)
def test_it_cannot_be_copied_out(secret, take):
    with pytest.raises(TypeError):
        take(secret)


def test_it_has_no_dictionary_to_look_into(secret):
    assert not hasattr(secret, "__dict__")
    with pytest.raises(AttributeError):
        secret.extra = 1


@given(st.binary(), st.binary())
def test_two_secrets_are_equal_when_their_bytes_are(one, other):
    assert (Secret(one) == Secret(other)) == (one == other)
    assert Secret(one) != one


def test_only_reveal_gives_the_bytes(secret):
    assert secret.reveal() == CANARY

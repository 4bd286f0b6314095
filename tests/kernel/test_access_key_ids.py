"""Access key ids carry their account, unique ids and request ids have AWS's forms (facts: IAM identifiers)."""

import base64
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.kernel.entropy import SystemEntropy
from keystead.kernel.ids import (
    ACCESS_KEY_ID,
    RequestIds,
    access_key_id,
    account_of_access_key,
    unique_id,
)
from support.fakes import FixedEntropy

accounts = st.integers(0, 10**12 - 1).map(lambda number: f"{number:012d}")


def _carrying(number: int) -> str:
    """Return an access key id whose account bits hold any 40-bit number."""
    value = 1 << 79 | number << 39 | 12345
    return "AKIA" + base64.b32encode(value.to_bytes(10, "big")).decode()


def test_the_published_check_pair_decodes():
    assert account_of_access_key("ASIAY34FZKBOKMUTVV7A") == "609629065308"


def test_ids_of_the_documented_account_begin_as_documented():
    drawn = access_key_id("AKIA", "123456789012", FixedEntropy())

    assert re.fullmatch(r"AKIARZPUZDIK[A-P][A-Z2-7]{7}", drawn)


@given(accounts, st.sampled_from(["AKIA", "ASIA"]), st.text(max_size=8))
def test_every_account_comes_back_from_its_key_ids(account, prefix, seed):
    drawn = access_key_id(prefix, account, FixedEntropy(seed))

    assert ACCESS_KEY_ID.fullmatch(drawn)
    assert drawn.startswith(prefix)
    assert account_of_access_key(drawn) == account


@given(st.integers(10**12, 2**40 - 1))
def test_a_number_of_more_than_twelve_digits_is_no_account(number):
    assert account_of_access_key(_carrying(number)) is None


@given(st.integers(0, 10**12 - 1))
def test_leading_zeros_of_an_account_are_kept(number):
    assert account_of_access_key(_carrying(number)) == f"{number:012d}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AKIA",
        "AKIARZPUZDIKAAAAAAA",
        "AKIARZPUZDIKAAAAAAAAA",
        "akiarzpuzdikaaaaaaaa",
        "AKIARZPUZDIKAAAAAAA1",
        "AKIARZPUZDIKAAAAAAA=",
        "AKIARZPUZDIKAAAAAAAA\n",
        "AKIA' OR '1'='1",
        "123456789012",
        "ÄKIARZPUZDIKAAAAAAAA",
    ],
)
def test_text_that_is_no_access_key_id_carries_nothing(text):
    assert account_of_access_key(text) is None


@given(st.text())
def test_no_text_makes_decoding_fail(text):
    found = account_of_access_key(text)

    assert found is None or re.fullmatch(r"[0-9]{12}", found)


def test_two_key_ids_of_one_account_differ():
    entropy = SystemEntropy()

    assert len({access_key_id("AKIA", "123456789012", entropy) for _ in range(1000)}) == 1000


@given(st.text(max_size=8))
def test_a_unique_id_is_its_prefix_and_seventeen_base32_characters(seed):
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", unique_id("AIDA", FixedEntropy(seed)))


@given(st.text(max_size=8))
def test_a_request_id_is_a_version_4_uuid_in_canonical_form(seed):
    text = RequestIds(FixedEntropy(seed)).next()

    parsed = uuid.UUID(text)
    assert str(parsed) == text
    assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)

"""The text of a token: the public vectors decode, and whatever differs from one in one place does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.kernel.entropy import SystemEntropy
from keystead.products.grafana.tokenform import has_key_form, is_well_formed, new_api_key, new_token

# grafana/grafana pkg/components/satokengen, docs http_api/serviceaccount.md, pkg/api/dtos/apikey.go.
VALID = [
    b"glsa_iNValIdinValiDinvalidinvalidinva_5b582697",
    b"glsa_0123456789ABCDEFGHIJKLMNOPQRSTUV_85298802",
    b"glsa_VVQjot0nijQ59lun6pMZRtsdBXxnFQ9M_77c34a79",
    b"glsa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_b1a40a94",
    b"glsa_yscW25imSKJIuav8zF37RZmnbiDvB05G_fcaaf58a",
]
INVALID = [
    b"glsa_iNValIdinValiDinvalidinvalidinva_5b582698",
    b"glsa_iNValIdinValiDinvalidinvalidinva",
    b"gl_iNValIdinValiDinvalidinvalidinva_5b582697",
    b"glsa_iNValIdinValiDinvalidinvalidinva_5B582697",
    b"glsa_a_b_c",
    b"",
]


@pytest.mark.parametrize("token", VALID)
def test_vector_decodes(token):
    assert is_well_formed(token)


@pytest.mark.parametrize("token", INVALID)
def test_what_is_no_token_does_not(token):
    assert not is_well_formed(token)


@given(st.sampled_from(VALID), st.integers(0, 45), st.integers(1, 255))
def test_one_changed_byte_is_noticed(token, place, difference):
    changed = bytearray(token)
    changed[place] ^= difference

    assert not is_well_formed(bytes(changed))


def test_fresh_tokens_decode_and_differ():
    drawn = {new_token(SystemEntropy()) for _ in range(500)}

    assert len(drawn) == 500
    assert all(is_well_formed(token) and len(token) == 46 for token in drawn)


@given(st.text(min_size=1, max_size=100))
def test_api_key_of_any_name_has_the_form_that_is_verified(name):
    assert has_key_form(new_api_key(SystemEntropy(), name))

"""ARNs: split at five colons, written back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.kernel.arn import ARN, iam_arn, parse_arn

field = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), max_size=12)


@given(field, field, field, field, st.text(max_size=30))
def test_an_arn_reads_back_as_it_was_written(partition, service, region, account, resource):
    arn = ARN(partition, service, region, account, resource)

    assert parse_arn(str(arn)) == arn


def test_the_resource_keeps_its_colons():
    assert parse_arn("arn:aws:logs:eu-west-1:123456789012:log-group:a:*").resource == "log-group:a:*"


@pytest.mark.parametrize(
    "text", ["", "arn", "arn:aws:iam::123456789012", "ARN:aws:iam::1:root", " arn:a:b:c:d:e"]
)
def test_what_is_no_arn_is_refused(text):
    with pytest.raises(ValueError, match="is not an ARN"):
        parse_arn(text)


def test_an_iam_arn_has_no_region():
    assert iam_arn("123456789012", "user/a/bob") == "arn:aws:iam::123456789012:user/a/bob"

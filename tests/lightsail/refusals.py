"""Expecting Lightsail to say no."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

NO_BUCKET = "The Bucket does not exist: {}"


@contextmanager
def refused(code: str, message: str) -> Iterator[None]:
    """Expect the block to be refused with this code, in these words, with all members of the error's shape."""
    with pytest.raises(ClientError) as raised:
        yield
    response: Any = raised.value.response
    assert (code, message) == (response["Error"]["Code"], response["Error"]["Message"])
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"
    if code in ("InvalidInputException", "NotFoundException") and "validation error" not in message:
        assert (code, message, "", "") == tuple(response[each] for each in ("code", "message", "docs", "tip"))

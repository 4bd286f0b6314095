"""One running authority per module, and buckets that nobody has used."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from iam.fixtures import room
from iam.room import Room

__all__ = ["bucket", "lightsail", "room"]


@pytest.fixture
def lightsail(room: Room) -> Any:
    """A client of the account root."""
    return room.client("lightsail")


@pytest.fixture
def bucket(room: Room, lightsail: Any) -> Iterator[Callable[..., str]]:
    """Make a bucket and return its name; what is left of it goes when the test ends."""
    made: list[str] = []

    def make(stem: str = "bucket", bundle: str = "small_1_0", **members: object) -> str:
        name = room.name(stem)
        lightsail.create_bucket(bucketName=name, bundleId=bundle, **members)
        made.append(name)
        return name

    yield make
    for name in made:
        try:
            lightsail.delete_bucket(bucketName=name, forceDelete=True)
        except lightsail.exceptions.NotFoundException:
            continue

"""One running authority per module, with two users on the stage: one with one key, one with all it may have."""

import pytest

from badinput.cases import Stage
from iam.fixtures import room
from iam.room import Room

__all__ = ["room"]


@pytest.fixture(scope="module")
def stage(room: Room) -> Stage:
    """Users and keys that bad requests try to do something to."""
    user, other = room.user(), room.user()
    key, other_key = room.key(user), room.key(other)
    room.key(other)
    return Stage(room.authority.url, room.authority.root_key, user, key, other, other_key)

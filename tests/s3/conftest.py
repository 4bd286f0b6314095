"""One authority for the tests of the S3 door; each test has a bucket of its own and a client with its key."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from keystead.products.lightsail.bucket import Bucket
from s3.buckets import make_bucket, make_key
from support.running import Key, RunningAuthority, settings_for


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, shared_database: str) -> Iterator[RunningAuthority]:
    folder = tmp_path_factory.mktemp("authority")
    running = RunningAuthority(settings_for(folder, database=shared_database))
    yield running
    running.stop()


@dataclass(frozen=True)
class Room:
    """A bucket and a client with its key."""

    authority: RunningAuthority
    bucket: Bucket
    key: Key
    s3: Any

    @property
    def name(self) -> str:
        return self.bucket.name

    def client(self, key: Key | None = None, **config: object) -> Any:
        return self.authority.client("s3", key or self.key, **config)


@pytest.fixture
def make_room(authority: RunningAuthority) -> Callable[..., Room]:
    def make(**changes: object) -> Room:
        bucket = make_bucket(authority, **changes)
        key = make_key(authority, bucket)
        return Room(authority, bucket, key, authority.client("s3", key))

    return make


@pytest.fixture
def room(make_room: Callable[..., Room]) -> Room:
    return make_room()

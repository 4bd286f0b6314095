"""Pages of a listing: as a naive list would cut them, and at a cost of what they show, not of what they hide."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.products.lightsail.door.pages import FIRST, LAST, Cursor, group_of, list_page
from keystead.products.lightsail.objects import object_records
from keystead.products.lightsail.objects.model import Attributes, Body
from keystead.store.interface import Transaction
from s3.conftest import Room


@dataclass(frozen=True)
class Entry:
    key: bytes
    rank: int = 0


class Shelf:
    """Keys in order that count what is read of them."""

    def __init__(self, keys: set[bytes]) -> None:
        self.entries = [Entry(key) for key in sorted(keys)]
        self.read = 0

    def fetch(self, cursor: Cursor, end: bytes, limit: int) -> Sequence[Entry]:
        start = cursor[0] if cursor[1] == FIRST else cursor[0] + b"\0"
        found = [entry for entry in self.entries if start <= entry.key < end][:limit]
        self.read += len(found)
        return found


KEYS = st.text("ab/\u00fc", min_size=1, max_size=6).map(str.encode)


@settings(deadline=None)
@given(
    keys=st.sets(KEYS, max_size=40),
    prefix=st.text("ab/", max_size=2).map(str.encode),
    delimiter=st.sampled_from([b"", b"/", b"ab"]),
    size=st.integers(1, 5),
)
def test_pages_together_are_what_a_naive_listing_shows(
    keys: set[bytes], prefix: bytes, delimiter: bytes, size: int
) -> None:
    inside = [key for key in sorted(keys) if key.startswith(prefix)]
    expected = sorted({group_of(key, prefix, delimiter) or key for key in inside})

    shown: list[bytes] = []
    after: Cursor | None = None
    for _ in range(len(keys) + 2):
        page = list_page(Shelf(keys).fetch, prefix, delimiter, after, size)
        shown += sorted([item.key for item in page.items] + page.groups)
        assert page.count <= size
        if not page.is_truncated:
            break
        after = page.last_key, LAST

    assert expected == shown


def test_a_page_of_groups_reads_a_batch_of_each_and_not_the_rest() -> None:
    shelf = Shelf({b"%d/%05d" % (group, each) for group in range(5) for each in range(2000)})

    page = list_page(shelf.fetch, b"", b"/", None, 1000)

    assert page.groups == [b"%d/" % group for group in range(5)]
    assert shelf.read <= 5 * 100


def _fill(room: Room) -> None:
    """Put 10,000 empty objects into a bucket: 50 folders of 199, and 50 at the top."""
    names = [f"{folder:02}/{each:03}" for folder in range(50) for each in range(199)]
    names += [f"top-{each:02}" for each in range(50)]

    def job(tx: Transaction) -> None:
        for name in names:
            object_records.add(
                tx,
                room.bucket.id,
                name.encode(),
                "null",
                is_marker=False,
                modified_at=1_700_000_000_000,
                body=Body(0, "d41d8cd98f00b204e9800998ecf8427e", None, b""),
                attributes=Attributes(),
            )

    room.authority.run(room.authority.authority.store.write(job))


def test_ten_thousand_keys_are_listed_whole_and_by_folder(room: Room) -> None:
    _fill(room)

    pages = room.s3.get_paginator("list_objects_v2").paginate(Bucket=room.name)
    names = [item["Key"] for page in pages for item in page["Contents"]]
    folders = room.s3.list_objects_v2(Bucket=room.name, Delimiter="/")
    old = room.s3.list_objects(Bucket=room.name, Delimiter="/", MaxKeys=60)

    assert (len(names), names) == (10_000, sorted(names))
    assert [each["Prefix"] for each in folders["CommonPrefixes"]] == [f"{each:02}/" for each in range(50)]
    assert [each["Key"] for each in folders["Contents"]] == [f"top-{each:02}" for each in range(50)]
    assert (old["IsTruncated"], old["NextMarker"]) == (True, "top-09")

"""A page of a listing: entries in the order of key and rank, groups by delimiter, and where the next page begins.

Follows "ListObjectsV2" and "Organizing objects using prefixes" (Amazon S3). One rule: an entry or a group is shown
if and only if it sorts after the marker. A group is skipped by its successor, never key by key, so that a page
costs what it shows and not what it hides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

END = b"\xff"
"""Beyond every key: keys are UTF-8, which has no such byte."""
FIRST, LAST = -(2**62), 2**62
"""Ranks before and after every entry of a key."""
_BATCH = 1000
_GROUPED_BATCH = 100
"""With a delimiter most of a batch is often one group, which is skipped: so ask for less at a time."""


class Entry(Protocol):
    """Anything that is listed by its key and, among those of one key, by its rank."""

    @property
    def key(self) -> bytes:
        """The key."""
        ...

    @property
    def rank(self) -> int:
        """Its place among the entries of its key."""
        ...


Item = TypeVar("Item", bound=Entry)
Cursor = tuple[bytes, int]
"""A place between entries: after the one of this key and rank."""
Fetch = Callable[[Cursor, bytes, int], Sequence[Item]]
"""`fetch(cursor, end, limit)` returns entries after the cursor with key < end, in order, at most so many."""


@dataclass(slots=True)
class Page(Generic[Item]):
    """What is shown, items and groups each in order. `last` is the item or the group that was shown last."""

    items: list[Item] = field(default_factory=list["Item"])
    groups: list[bytes] = field(default_factory=list[bytes])
    is_truncated: bool = False
    last: Item | bytes = b""

    @property
    def count(self) -> int:
        """How many entries a page has."""
        return len(self.items) + len(self.groups)

    @property
    def last_key(self) -> bytes:
        """The key, or the group, that was shown last."""
        return self.last if isinstance(self.last, bytes) else self.last.key


def successor(prefix: bytes) -> bytes:
    """Return the least bytes beyond everything that begins with `prefix`, which is UTF-8."""
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else END


def group_of(key: bytes, prefix: bytes, delimiter: bytes) -> bytes | None:
    """Return the group that a key falls into, None for one that stands by itself."""
    at = key.find(delimiter, len(prefix)) if delimiter else -1
    return None if at < 0 else key[: at + len(delimiter)]


def list_page(
    fetch: Fetch[Item], prefix: bytes, delimiter: bytes, after: Cursor | None, max_items: int
) -> Page[Item]:
    """Return the page of at most `max_items` that begins after `after`, with the first entry if None."""
    page: Page[Item] = Page()
    if max_items == 0:
        return page
    cursor, end = _beginning(prefix, delimiter, after), successor(prefix)
    limit = min(max_items + 1, _GROUPED_BATCH if delimiter else _BATCH + 1)
    while cursor[0] < end:
        batch = fetch(cursor, end, limit)
        hidden = _show(page, batch, cursor[0], prefix, delimiter, max_items)
        if page.is_truncated or len(batch) < limit:
            return page
        cursor = (hidden, FIRST) if isinstance(page.last, bytes) else (page.last.key, page.last.rank)
    return page


def _show(
    page: Page[Item], batch: Sequence[Item], hidden: bytes, prefix: bytes, delimiter: bytes, max_items: int
) -> bytes:
    """Put entries, or their groups, on a page while it has room; return before which key all is shown.

    Keys before `hidden` belong to a group that is shown already. Runs once per key, so it calls nothing for most.
    """
    room, length, items = max_items - page.count, len(prefix), page.items
    last = page.last
    for item in batch:
        key = item.key
        if key < hidden:
            continue
        if not room:
            page.is_truncated = True
            break
        room -= 1
        if not delimiter or key.find(delimiter, length) < 0:
            items.append(item)
            last = item
        else:
            last = key[: key.find(delimiter, length) + len(delimiter)]
            page.groups.append(last)
            hidden = successor(last)
    page.last = last
    return hidden


def _beginning(prefix: bytes, delimiter: bytes, after: Cursor | None) -> Cursor:
    """Return where to begin. A group that sorts no later than the marker is left out whole."""
    if after is None or after[0] < prefix:
        return prefix, FIRST
    group = group_of(after[0], prefix, delimiter) if after[0].startswith(prefix) else None
    return after if group is None else (successor(group), FIRST)

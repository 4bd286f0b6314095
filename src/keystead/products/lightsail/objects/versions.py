"""What a write or a delete does to the versions of a key, inside the transaction that it is.

Follows "How S3 Versioning works", "Deleting object versions" and "Conditional writes" (Amazon S3 User Guide).
Blobs that no row names afterwards are removed after the commit, and by the sweep should that not happen.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.products.lightsail.objects import object_records, upload_records
from keystead.products.lightsail.objects.model import (
    NULL_VERSION,
    Attributes,
    Body,
    Piece,
    Upload,
    Version,
)
from keystead.store.interface import Transaction

Versioning = Literal["NeverEnabled", "Enabled", "Suspended"]
NO_BODY = Body(0, "", None)


@dataclass(frozen=True, slots=True)
class Placed:
    """What a write made: its version, None where the bucket never had any, and when."""

    version: str | None
    modified_at: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a delete did. `version` is that of the marker it added, or of what it removed."""

    version: str | None
    is_marker: bool


class Versions:
    """Changes the versions of keys."""

    def __init__(self, discard: Callable[[Sequence[str]], None], clock: Clock, entropy: Entropy) -> None:
        """`discard` has blobs removed; it is called on the event loop, after the commit."""
        self._discard = discard
        self._clock = clock
        self._entropy = entropy

    def put(
        self,
        tx: Transaction,
        bucket: str,
        versioning: Versioning,
        key: bytes,
        body: Body,
        attributes: Attributes,
        pieces: Sequence[Piece] = (),
    ) -> Placed:
        """Make a body the latest version of a key. `pieces` are those of its content that have no rows yet."""
        at = now_ms(self._clock)
        version = self._make_room(tx, bucket, versioning, key)
        for piece in pieces:
            object_records.add_piece(tx, body.content or "", piece)
        object_records.add(
            tx, bucket, key, version, is_marker=False, modified_at=at, body=body, attributes=attributes
        )
        return Placed(None if versioning == "NeverEnabled" else version, at)

    def delete(self, tx: Transaction, bucket: str, versioning: Versioning, key: bytes) -> Deleted:
        """Delete a key: its body where there is no versioning, otherwise by a marker."""
        if versioning == "NeverEnabled":
            current = object_records.latest(tx, bucket, key)
            if current is not None:
                self._remove(tx, current)
            return Deleted(None, is_marker=False)
        version = self._make_room(tx, bucket, versioning, key)
        object_records.add(
            tx,
            bucket,
            key,
            version,
            is_marker=True,
            modified_at=now_ms(self._clock),
            body=NO_BODY,
            attributes=Attributes(),
        )
        return Deleted(version, is_marker=True)

    def delete_version(self, tx: Transaction, bucket: str, key: bytes, version: str) -> Deleted:
        """Delete exactly one version for good; the newest one left becomes the latest."""
        found = object_records.of_version(tx, bucket, key, version)
        if found is None:
            return Deleted(version, is_marker=False)
        self._remove(tx, found)
        if found.is_latest:
            left = object_records.newest_left(tx, bucket, key)
            if left is not None:
                object_records.set_latest(tx, left, is_latest=True)
        return Deleted(version, found.is_marker)

    def abort(self, tx: Transaction, upload: Upload) -> None:
        """Forget an upload and its parts."""
        upload_records.remove(tx, upload.id)
        self._discard_after(tx, object_records.remove_pieces(tx, upload.id))

    def replace_piece(self, tx: Transaction, content: str, piece: Piece) -> None:
        """Add a piece, discarding the one whose number it has."""
        old = object_records.add_piece(tx, content, piece)
        if old is not None:
            self._discard_after(tx, [old])

    def drop_pieces(self, tx: Transaction, content: str, numbers: Sequence[int]) -> None:
        """Discard pieces of a content."""
        if numbers:
            self._discard_after(tx, object_records.remove_pieces(tx, content, numbers))

    def purge(self, tx: Transaction, versions: Sequence[Version]) -> None:
        """Remove rows for good, whatever they are."""
        for version in versions:
            self._remove(tx, version)

    def _make_room(self, tx: Transaction, bucket: str, versioning: Versioning, key: bytes) -> str:
        """Have no version of a key be the latest, and return the version to write."""
        current = object_records.latest(tx, bucket, key)
        if versioning == "Enabled":
            if current is not None:
                object_records.set_latest(tx, current.row, is_latest=False)
            return self._new_version()
        unversioned = current
        if current is not None and current.version != NULL_VERSION:
            object_records.set_latest(tx, current.row, is_latest=False)
            unversioned = object_records.of_version(tx, bucket, key, NULL_VERSION)
        if unversioned is not None:
            self._remove(tx, unversioned)
        return NULL_VERSION

    def _remove(self, tx: Transaction, version: Version) -> None:
        object_records.remove(tx, version.row)
        content = version.body.content
        if content is not None and not object_records.is_content_named(tx, content):
            self._discard_after(tx, object_records.remove_pieces(tx, content))

    def _discard_after(self, tx: Transaction, blobs: Sequence[str]) -> None:
        if blobs:
            tx.after_commit(lambda: self._discard(blobs))

    def _new_version(self) -> str:
        """Return a version id: 32 characters that tell nothing, as AWS's do."""
        return base64.b64encode(self._entropy.token_bytes(24), altchars=b"._").decode()

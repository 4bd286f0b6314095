"""A number that moves on with every committed change of one sort: what makes a cache stale, in one comparison.

`bump` runs on the event loop after the commit and before anybody is told of it, so on one node the staleness of
what is held beside the number is zero requests.
"""

from keystead.store.interface import Transaction


class Epoch:
    """The present number of this process."""

    def __init__(self) -> None:
        self.value = 0

    def bump_after(self, tx: Transaction) -> None:
        """Move on once `tx` is committed, here and in the database for other nodes."""
        tx.revokes()
        tx.after_commit(self.bump)

    def bump(self) -> None:
        """Move on at once: whatever is held beside the number is read afresh."""
        self.value += 1

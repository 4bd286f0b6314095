"""The number that moves on with every committed change to what the DNS door answers from.

Whoever holds anything made of zones, views or rules keeps the number beside it, and reads afresh when it has
moved. `bump` runs on the event loop after the commit and before anybody is told of it: on one node the
staleness is zero queries.
"""

from keystead.store.interface import Transaction


class Changes:
    """The present number of this process."""

    def __init__(self) -> None:
        self.value = 0

    def bump_after(self, tx: Transaction) -> None:
        """Move on once `tx` is committed, here and in the database for other nodes."""
        tx.revokes()
        tx.after_commit(self.bump)

    def bump(self) -> None:
        """Move on at once."""
        self.value += 1

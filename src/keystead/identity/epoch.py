"""The policy epoch: a number that moves on with every committed change to what principals may do.

Whoever caches anything made of policies keeps the epoch beside it and drops it when the epoch has moved.
`bump` runs on the event loop after the commit and before anybody is told of it, so on one node the staleness
of such a cache is zero requests.
"""

from keystead.store.interface import Transaction


class PolicyEpoch:
    """The present epoch of this process."""

    def __init__(self) -> None:
        self.value = 0

    def bump_after(self, tx: Transaction) -> None:
        """Move on once `tx` is committed, here and in the database for other nodes."""
        tx.revokes()
        tx.after_commit(self.bump)

    def bump(self) -> None:
        """Move on at once: whatever is held of policies is read afresh."""
        self.value += 1

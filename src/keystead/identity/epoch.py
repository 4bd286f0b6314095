"""The policy epoch: a number that moves on with every committed change to what principals may do.

Whoever caches anything made of policies keeps the epoch beside it and drops it when the epoch has moved.
"""

from keystead.store.epoch import Epoch


class PolicyEpoch(Epoch):
    """The present epoch of policies in this process."""

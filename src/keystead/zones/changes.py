"""The number that moves on with every committed change to what the DNS door answers from.

Whoever holds anything made of zones, views or rules keeps the number beside it, and reads afresh when it has moved.
"""

from keystead.store.epoch import Epoch


class Changes(Epoch):
    """The present number of zones, views and rules in this process."""

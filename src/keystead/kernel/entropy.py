"""Where randomness comes from: one small interface, so that a test can fix it."""

import os
from typing import Protocol


class Entropy(Protocol):
    """A source of random bytes fit for secrets."""

    def token_bytes(self, count: int, /) -> bytes:
        """Return `count` unpredictable bytes."""
        ...


class SystemEntropy:
    """The operating system's generator."""

    token_bytes = staticmethod(os.urandom)

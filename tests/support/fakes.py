"""Fakes of the two things that the house takes as arguments: time and randomness."""

import hashlib


class TestClock:
    """A clock that stands still until a test moves it. `real` moves apart from the movable time."""

    __test__ = False

    def __init__(self, epoch: float = 1_800_000_000.0) -> None:
        self.movable = epoch
        self.real = epoch
        self.elapsed = 0.0

    def epoch(self) -> float:
        return self.movable

    def real_epoch(self) -> float:
        return self.real

    def monotonic(self) -> float:
        return self.elapsed

    def advance(self, seconds: float) -> None:
        self.movable += seconds
        self.real += seconds
        self.elapsed += seconds


class FixedEntropy:
    """Random-looking bytes that are the same in every run."""

    def __init__(self, seed: str = "keystead") -> None:
        self._seed = seed
        self._drawn = 0

    def token_bytes(self, count: int, /) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(f"{self._seed}/{self._drawn}".encode()).digest(count)

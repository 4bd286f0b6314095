"""A case of bad input: a request with one thing wrong, and the answer that it must get."""

from collections.abc import Callable
from dataclasses import dataclass

from badinput.wire import Sent
from support.running import Key


@dataclass(frozen=True)
class Stage:
    """What requests are made against: an authority, its root, and two of its users."""

    url: str
    root: Key
    user_name: str
    user: Key
    other_name: str
    other: Key


@dataclass(frozen=True)
class Case:
    """One row of the table. `message` is a pattern that the whole message must match."""

    name: str
    build: Callable[[Stage], Sent]
    status: int
    code: str
    message: str = ".+"

    def __str__(self) -> str:
        return self.name

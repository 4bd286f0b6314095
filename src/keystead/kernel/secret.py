"""A secret value that cannot be printed, compared loosely, pickled or formatted by accident."""

import hmac
from typing import NoReturn, final


@final
class Secret:
    """Bytes that must not leak. Only `reveal` gives them out; whoever calls it says why nearby."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """Return the plain bytes. Every caller is listed by a check; the reason stands beside the call."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> NoReturn:
        raise TypeError("a Secret cannot be a dictionary key")

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")

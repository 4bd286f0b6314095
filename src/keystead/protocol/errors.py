"""What can be wrong with a request before any product sees it: unreadable, or readable and against the model.

These are protocol errors only. What an operation itself says no to is a modelled error, and belongs to the
product that raises it.
"""

from collections.abc import Sequence


class Unreadable(Exception):
    """The request could not be read; `code` is the name AWS uses for that in the protocol at hand."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class ValidationFailed(Exception):
    """The request was read, and breaks constraints of its model; `message` is AWS's text for all of them."""

    def __init__(self, code: str, message: str, violations: Sequence[str], status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.violations = tuple(violations)


class UnknownMembers(TypeError):
    """A handler returned members that the output shape does not have: a mistake of ours, not of the caller."""

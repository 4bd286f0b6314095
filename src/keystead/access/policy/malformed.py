"""The fault of a policy document that AWS would not take."""

from keystead.kernel.errors import DomainError


class MalformedPolicy(DomainError):
    """A policy document is malformed. The message is AWS's text for MalformedPolicyDocument."""

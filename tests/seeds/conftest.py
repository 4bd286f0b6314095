"""One running authority per module here."""

from iam.fixtures import room

__all__ = ["room"]

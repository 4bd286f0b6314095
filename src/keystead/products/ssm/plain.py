"""Values that a decoder made of somebody's text, told apart by what they are."""

from typing import Any, cast


def as_object(value: object) -> dict[str, Any] | None:
    """Return an object, None for anything else."""
    # Keys of what JSON and YAML spell may be anything in YAML: those that are no text match no member.
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """Return a list, None for anything else."""
    # The elements are judged by whoever takes them out.
    return cast("list[Any]", value) if isinstance(value, list) else None

"""Tags as the API takes and shows them."""

from collections.abc import Sequence

from keystead.identity.records import Tag
from keystead.types import iam


def given(tags: Sequence[iam.Tag]) -> list[Tag]:
    """Return a request's tags."""
    return [Tag(tag["Key"], tag["Value"]) for tag in tags]


def shown(tags: Sequence[Tag]) -> list[iam.Tag]:
    """Return tags as a listing of them shows them."""
    return [{"Key": tag.key, "Value": tag.value} for tag in tags]


def shown_if_any(tags: Sequence[Tag]) -> list[iam.Tag] | None:
    """Return tags as a member of an entity, which is left out when there are none."""
    return shown(tags) or None

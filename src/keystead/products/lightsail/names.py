"""Which names a bucket may have: what the model's pattern leaves open.

Follows "Bucket naming rules in Amazon Lightsail" (Lightsail User Guide). A bucket is also found by the first
segment of a path, so it cannot be called like one that means an API or a door (DESIGN §8).
"""

from collections.abc import Container

from keystead.kernel.errors import DomainError

_RESERVED_STARTS = ("amzn-s3-demo-", "sthree-")
_RESERVED_ENDS = ("-s3alias",)


class NameRefused(DomainError):
    """A bucket cannot be called so; the text says why, beginning with the name."""


def check_name(name: str, taken_segments: Container[str]) -> None:
    """Raise NameRefused for a name that fits the model's pattern and is not allowed all the same."""
    if "--" in name:
        raise NameRefused(f"The bucket name {name} must not contain two hyphens in a row.")
    if start := next((each for each in _RESERVED_STARTS if name.startswith(each)), None):
        raise NameRefused(f"The bucket name {name} must not start with {start}")
    if end := next((each for each in _RESERVED_ENDS if name.endswith(each)), None):
        raise NameRefused(f"The bucket name {name} must not end with {end}")
    if name in taken_segments:
        raise NameRefused(f"The bucket name {name} is reserved.")

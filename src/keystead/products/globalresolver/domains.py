"""Domains as firewall lists hold them: lower case, no final dot, `*` as the whole first label or alone."""

import re

_DOMAIN = re.compile(r"(?:\*\.)?[\x21-\x29\x2b-\x7e]+|\*")
_LONGEST = 255


class BadDomain(ValueError):
    """A text is no domain of a list."""


def normal_domain(text: str) -> str:
    """Return a domain as lists hold it. Raises BadDomain."""
    domain = text.lower().removesuffix(".")
    labels = domain.removeprefix("*.").split(".")
    if not 1 <= len(domain) <= _LONGEST or not _DOMAIN.fullmatch(domain):
        raise BadDomain(text)
    if any(not 1 <= len(label) <= 63 for label in labels):
        raise BadDomain(text)
    return domain

"""Domains as firewall lists hold them: lower case, no final dot, `*` as the whole first label or alone."""

import re

_DOMAIN = re.compile(r"(?:\*\.)?[\x21-\x29\x2b-\x7e]+|\*")
_LONGEST = 255


class BadDomain(ValueError):
    """A text is no domain of a list."""


class BadLine(ValueError):
    """A line of a file is no domain; the text says which line."""


def normal_domain(text: str) -> str:
    """Return a domain as lists hold it. Raises BadDomain."""
    domain = text.lower().removesuffix(".")
    labels = domain.removeprefix("*.").split(".")
    if not 1 <= len(domain) <= _LONGEST or not _DOMAIN.fullmatch(domain):
        raise BadDomain(text)
    if any(not 1 <= len(label) <= 63 for label in labels):
        raise BadDomain(text)
    return domain


def domains_in_file(data: bytes) -> list[str]:
    """Return the domains of a file, one a line, without blank lines and the blanks around them. Raises BadLine.

    A mark of the byte order, as some editors write it, is no part of the first line.
    """
    found: list[str] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        text = line.strip()
        if not text:
            continue
        try:
            found.append(normal_domain(text.decode("ascii")))
        except ValueError as error:
            raise BadLine(f"Line {number} is not a domain") from error
    return found

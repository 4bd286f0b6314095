"""Domain names as Route 53 keeps them: lower case, a final dot, and the order of their labels from the right.

Follows the Route 53 Developer Guide, "DNS domain name format", and RFC 1035 §2.3.4.
"""

import re

_LONGEST_NAME = 255
# What may stand unescaped in a label. An asterisk is a wildcard only as the whole leftmost label.
_LABEL = re.compile(r"(?:[a-z0-9_*-]|\\[0-3][0-7]{2}){1,63}")
_OCTET = re.compile(r"\\([0-3][0-7]{2})|([!\"#$%&'()+,/:;<=>?@\[\]^`{|}~])")
_PLAIN = re.compile(r"[a-z0-9_*-]")


class BadName(ValueError):
    """A text is not a domain name."""


def normal_name(text: str) -> str:
    """Return a name in lower case with its final dot, each octet in the one way that Route 53 shows it.

    Raises BadName. Letters, digits, `-`, `_` and `*` stand by themselves, all else as octal codes: with two ways of
    writing it, one name could have two sets of a type.
    """
    name = _OCTET.sub(_as_shown, text.lower())
    if not name.endswith("."):
        name += "."
    labels = name[:-1].split(".")
    # An escape counts as the one octet that it stands for.
    octets = len(_OCTET.sub("x", name)) + 1
    if octets > _LONGEST_NAME or not all(_is_label(label) for label in labels):
        raise BadName(text)
    return name


def shown_name(name: str) -> str:
    """Return a name as Route 53 prints it: an asterisk as its octal code."""
    return name.replace("*", "\\052")


def sort_key(name: str) -> str:
    """Return what names are ordered by: their labels from the right, `com.example.www`."""
    return ".".join(reversed(name[:-1].split("."))) + "."


def is_within(name: str, zone: str) -> bool:
    """Return whether a name is a zone's, or below it."""
    return name == zone or name.endswith("." + zone)


def _as_shown(found: re.Match[str]) -> str:
    octet = int(found[1], 8) if found[1] else ord(found[2])
    character = chr(octet).lower() if octet < 128 else ""
    return character if _PLAIN.fullmatch(character) else f"\\{octet:03o}"


def _is_label(label: str) -> bool:
    return _LABEL.fullmatch(label) is not None

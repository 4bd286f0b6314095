"""The types of DNS record that a firewall rule may be about: by name, or by number."""

import re

_NAMES = frozenset(
    ["A", "AAAA", "CAA", "CNAME", "DS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "TXT"]
)
_NUMBERED = re.compile(r"TYPE([1-9][0-9]{0,4})")
_LAST_NUMBER = 65_334


def is_query_type(text: str) -> bool:
    """Return whether a text names such a type."""
    numbered = _NUMBERED.fullmatch(text)
    return text in _NAMES or (numbered is not None and int(numbered[1]) <= _LAST_NUMBER)

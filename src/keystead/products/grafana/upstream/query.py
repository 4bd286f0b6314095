"""The query of a request as it goes on: as it was sent, without what would say who asks."""

import re
from urllib.parse import unquote_to_bytes

# `auth_token` is a JWT to Grafana's `auth.jwt`; the others ask for another organisation than the token's.
_SAYS_WHO = frozenset({b"auth_token", b"orgid", b"targetorgid"})
_UNSAFE = re.compile(rb"[^\x21-\x7e]|[#\"<>\\^`{|}]")


def passed_on(query: bytes) -> bytes:
    """Return the query without such parameters, however their names are encoded; what no URL holds is encoded."""
    if not query:
        return query
    kept = b"&".join(pair for pair in query.split(b"&") if not _says_who(pair))
    return _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], kept)


def _says_who(pair: bytes) -> bool:
    # Some readers take a semicolon for an ampersand.
    names = (part.partition(b"=")[0] for part in pair.split(b";"))
    return any(unquote_to_bytes(name.replace(b"+", b" ")).strip().lower() in _SAYS_WHO for name in names)

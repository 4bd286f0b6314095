"""The header fields that go on, in both directions.

Towards the upstream a list says what passes, because no list of what must not could be whole: which header the
`auth.proxy` or `auth.jwt` of a Grafana believes is a setting there. Follows RFC 9110 §7.6 for what ends at a hop.
"""

import re
from collections.abc import Iterable

Fields = Iterable[tuple[bytes, bytes]]

_FORWARDED = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"cache-control",
        b"content-encoding",
        b"content-language",
        b"content-type",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"pragma",
        b"range",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        # Grafana's own, none of which says who asks.
        b"x-cache-skip",
        b"x-dashboard-title",
        b"x-dashboard-uid",
        b"x-datasource-uid",
        b"x-disable-provenance",
        b"x-panel-id",
        b"x-panel-title",
        b"x-plugin-id",
        b"x-query-group-id",
    }
)
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# What an upstream says of itself or of a session there: it would outlive our token, or speak for our host name.
_KEPT_BACK = frozenset(
    {
        b"alt-svc",
        b"clear-site-data",
        b"content-location",
        b"date",
        b"public-key-pins",
        b"server",
        b"set-cookie",
        b"set-cookie2",
        b"strict-transport-security",
        b"www-authenticate",
        b"x-access-token",
        b"x-grafana-id",
        b"x-id-token",
    }
)
_NONE: frozenset[bytes] = frozenset()
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS_LINES = re.compile(rb"[\x00\r\n]")


class BadField(Exception):
    """An upstream's header field would break the lines of ours."""


def forwarded(headers: Fields) -> list[tuple[str, str]]:
    """Return the fields of a client's request that go on; those that its `Connection` names do not."""
    named = _named_by_connection(headers)
    return [
        (name.decode("ascii"), value.decode("latin-1"))
        for name, value in headers
        if (lower := name.lower()) in _FORWARDED and lower not in named
    ]


def returned(headers: Fields) -> list[tuple[bytes, bytes]]:
    """Return the fields of an upstream's answer that go back, names in lower case. Raises BadField."""
    named = _named_by_connection(headers)
    kept: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        lower = name.lower()
        if lower in _HOP_BY_HOP or lower in _KEPT_BACK or lower in named:
            continue
        if not _NAME.fullmatch(name) or _BREAKS_LINES.search(value):
            raise BadField
        kept.append((lower, value))
    return kept


def _named_by_connection(headers: Fields) -> frozenset[bytes]:
    said = [value for name, value in headers if name.lower() == b"connection"]
    return frozenset(option.strip().lower() for option in b",".join(said).split(b",")) if said else _NONE

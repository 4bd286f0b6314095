"""One line of the query log: OCSF 1.2.0, DNS Activity (4003), as text.

Follows facts/dns.md §10. Written out as text, and not as an object for an encoder, because every query has one;
what is the same for all queries that are decided alike is put into words once. Ids, types and addresses hold
nothing that JSON would escape; names do, and are encoded.
"""

from functools import lru_cache

import msgspec

from keystead.products.globalresolver.door.admission import Admitted, Denied
from keystead.products.globalresolver.door.arrival import Arrival, Transport
from keystead.products.globalresolver.door.names import class_text
from keystead.products.globalresolver.door.told import Told, record_type
from keystead.products.globalresolver.records import Resolver, Rule

Asked = tuple[tuple[bytes, ...], int, int]
"""A question's labels, its type and its class."""
_Way = tuple[Transport, bool, bool]
"""The transport, whether by datagram, and whether by IPv6."""

_FIXED = (
    '{"activity_id":6,"activity_name":"Traffic","category_uid":4,"category_name":"Network Activity",'
    '"class_uid":4003,"class_name":"DNS Activity","type_uid":400306,"type_name":"DNS Activity: Traffic",'
    '"severity":"Informational","severity_id":1,"message":"","metadata":{"version":"1.2.0","product":'
    '{"name":"Global Resolver","vendor_name":"AWS","feature":{"name":"DNS"}}},'
)


class Circumstances:
    """What queries that are decided alike have in common: how they came, who asks, for what, which rule matched.

    Nothing here holds a token's value: it may be remembered for long.
    """

    __slots__ = ("_access", "_asked", "_rule", "_text", "_way", "resolver")

    def __init__(self, arrival: Arrival, asked: Asked, access: Admitted | Denied, rule: Rule | None) -> None:
        self._way: _Way = (arrival.transport, arrival.is_datagram, ":" in arrival.host)
        self._asked = asked
        self._access = access
        self._rule = rule
        self._text = ""
        resolver = access.resolver
        is_logged = resolver is not None and resolver.facts.observability_region is not None
        self.resolver = resolver if is_logged else None
        """The resolver, if it logs queries."""

    @property
    def text(self) -> str:
        """The line as far as it is the same for all of them: up to the connection's uid."""
        if not self._text and self.resolver is not None:
            self._text = _common(self._way, self._asked, self._access, self.resolver, self._rule)
        return self._text


Happened = tuple[Circumstances, str, int, Told, float, float]
"""What was asked by whom, the client's address and port, the answer, and both times (epoch seconds)."""


def line(happened: Happened, uid: str) -> str:
    """Return a query's line, its end included. `uid` is 16 hexadecimal digits."""
    circumstances, host, port, told, began, ended = happened
    start, end = int(began * 1000), int(ended * 1000)
    return (
        f'{circumstances.text}{uid}"}},"src_endpoint":{{"ip":"{host}","port":{port}}},"query_time":{start},'
        f'"response_time":{end},"start_time":{start},"end_time":{end},"time":{start},"duration":{end - start},'
        f"{told.words}}}\n"
    )


def _common(way: _Way, asked: Asked, access: Admitted | Denied, resolver: Resolver, rule: Rule | None) -> str:
    transport, is_datagram, is_six = way
    is_stopped = isinstance(access, Denied) or (rule is not None and rule.facts.action == "BLOCK")
    action = '"action_id":2,"action_name":"Denied"' if is_stopped else '"action_id":1,"action_name":"Allowed"'
    protocol = '"udp","protocol_num":17' if is_datagram else '"tcp","protocol_num":6'
    return (
        f'{_FIXED}{action},"cloud":{{"provider":"AWS","region":{_text(resolver.facts.observability_region or "")},'
        f'"account":{{"uid":"{resolver.account}"}}}},"query":{_question(*asked)},'
        f'"enrichments":[{{"name":"global-resolver","value":"{resolver.id}",'
        f'"data":{{{_enrichment(access, rule)}}}}}],'
        f'"unmapped":{{{_unmapped(transport, access, rule)}}},"connection_info":{{"direction":"Inbound",'
        f'"direction_id":1,"protocol_name":{protocol},"protocol_ver_id":{6 if is_six else 4},"uid":"'
    )


@lru_cache(maxsize=10_000)
def _question(labels: tuple[bytes, ...], kind: int, klass: int) -> str:
    name = b".".join([label.replace(b".", b"\\.") for label in labels]).decode("latin-1")
    return (
        f'{{"hostname":{_text(name + ".")},"class":"{class_text(klass)}","type":"{record_type(kind)}",'
        '"opcode":"Query","opcode_id":0}'
    )


def _enrichment(access: Admitted | Denied, rule: Rule | None) -> str:
    """Return which view, rule and token it was; what there is not is left out."""
    parts: list[str] = []
    if isinstance(access, Admitted):
        parts.append(f'"dns_view_id":"{access.view.id}"')
    if rule is not None:
        parts.append(f'"firewall_rule_id":"{rule.id}"')
    if access.token is not None:
        ends_at = (access.token.expires_at or 0) // 1000
        parts.append(f'"token_id":"{access.token.id}","token_expiration":"{ends_at}"')
        if isinstance(access, Admitted) and access.token_name:
            parts.append(f'"token_name":{_text(access.token_name)}')
    return ",".join(parts)


def _unmapped(transport: Transport, access: Admitted | Denied, rule: Rule | None) -> str:
    """Return what the form has no place for."""
    parts = [f'"transport":"{transport}"']
    if isinstance(access, Denied):
        parts.append(f'"refusal_reason":{_text(access.reason)}')
    elif access.source is not None:
        parts.append(f'"access_source_id":"{access.source.id}"')
    if rule is not None:
        parts.append(f'"firewall_action":"{rule.facts.action}"')
    return ",".join(parts)


def _text(text: str) -> str:
    return msgspec.json.encode(text).decode()

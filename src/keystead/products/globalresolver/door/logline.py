"""One line of the query log: OCSF 1.2.0, DNS Activity (4003), as text.

Follows facts/dns.md §10. Written out as text, and not as an object for an encoder, because every query has one.
Ids, types and addresses hold nothing that JSON would escape; names do, and are encoded.
"""

import socket
from functools import lru_cache

import msgspec

from keystead.products.globalresolver.door import message
from keystead.products.globalresolver.door.admission import Admitted, Denied
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.names import class_text, code_text, type_text
from keystead.products.globalresolver.records import Resolver, Rule

Asked = tuple[bytes, tuple[bytes, ...], int, int]
"""A question's octets, its labels, its type and its class."""
Happened = tuple[Arrival, Asked, Admitted | Denied, Resolver, Rule | None, bytes, float, float]
"""How a query came, what was asked, who was let in where, the rule that decided, the answer, and both times."""

_GOOD = (message.NOERROR, message.NXDOMAIN)
_FIXED = (
    '{"activity_id":6,"activity_name":"Traffic","category_uid":4,"category_name":"Network Activity",'
    '"class_uid":4003,"class_name":"DNS Activity","type_uid":400306,"type_name":"DNS Activity: Traffic",'
    '"severity":"Informational","severity_id":1,"message":"","metadata":{"version":"1.2.0","product":'
    '{"name":"Global Resolver","vendor_name":"AWS","feature":{"name":"DNS"}}},'
)


def line(happened: Happened, uid: str) -> str:
    """Return a query's line, its end included. `uid` is 16 hexadecimal digits."""
    arrival, asked, access, resolver, rule, told, began, ended = happened
    code, is_denied = message.code_of(told), isinstance(access, Denied)
    start, end = int(began * 1000), int(ended * 1000)
    is_stopped = is_denied or (rule is not None and rule.facts.action == "BLOCK")
    action = '"action_id":2,"action_name":"Denied"' if is_stopped else '"action_id":1,"action_name":"Allowed"'
    status = '"status":"Success","status_id":1' if code in _GOOD else '"status":"Failure","status_id":2'
    protocol = '"udp","protocol_num":17' if arrival.is_datagram else '"tcp","protocol_num":6'
    return (
        f'{_FIXED}{action},"cloud":{{"provider":"AWS","region":{_text(resolver.facts.observability_region or "")},'
        f'"account":{{"uid":"{resolver.account}"}}}},"connection_info":{{"direction":"Inbound",'
        f'"direction_id":1,"protocol_name":{protocol},"protocol_ver_id":{6 if ":" in arrival.host else 4},'
        f'"uid":"{uid}"}},"src_endpoint":{{"ip":"{arrival.host}","port":{arrival.port}}},'
        f'"query":{_question(*asked[1:])},"rcode":"{_code(code)}","rcode_id":{code},'
        f'"query_time":{start},"response_time":{end},"start_time":{start},"end_time":{end},"time":{start},'
        f'"duration":{end - start},{status},"enrichments":[{{"name":"global-resolver",'
        f'"value":"{resolver.id}","data":{{{_enrichment(access, rule)}}}}}],'
        f'"unmapped":{{{_unmapped(arrival, access, rule)}}},'
        f'"answers":[{"" if is_denied else _answers(told)}]}}\n'
    )


@lru_cache(maxsize=10_000)
def _question(labels: tuple[bytes, ...], kind: int, klass: int) -> str:
    name = b".".join([label.replace(b".", b"\\.") for label in labels]).decode("latin-1")
    return (
        f'{{"hostname":{_text(name + ".")},"class":"{class_text(klass)}","type":"{_type(kind)}",'
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


def _unmapped(arrival: Arrival, access: Admitted | Denied, rule: Rule | None) -> str:
    """Return what the form has no place for."""
    parts = [f'"transport":"{arrival.transport}"']
    if isinstance(access, Denied):
        parts.append(f'"refusal_reason":{_text(access.reason)}')
    elif access.source is not None:
        parts.append(f'"access_source_id":"{access.source.id}"')
    if rule is not None:
        parts.append(f'"firewall_action":"{rule.facts.action}"')
    return ",".join(parts)


def _answers(told: bytes) -> str:
    try:
        return ",".join(
            [
                f'{{"rdata":"{_shown(kind, data)}","type":"{_type(kind)}","class":"IN","ttl":{ttl}}}'
                for kind, ttl, data in message.answer_records(told)
            ]
        )
    except ValueError:
        return ""


def _shown(kind: int, data: bytes) -> str:
    """Return a record's value: an address as one, others as hexadecimal, since their names may be compressed."""
    if kind == message.A and len(data) == 4:
        return socket.inet_ntop(socket.AF_INET, data)
    if kind == message.AAAA and len(data) == 16:
        return socket.inet_ntop(socket.AF_INET6, data)
    return data.hex()


def _text(text: str) -> str:
    return msgspec.json.encode(text).decode()


# Numbers of DNS are few, and looking a name up costs more than the rest of a line.
_type = lru_cache(maxsize=512)(type_text)
_code = lru_cache(maxsize=64)(code_text)

"""The query log: one line of JSON per query, in the form of OCSF 1.2.0, class DNS Activity (4003).

Follows facts/dns.md §10. A resolver without an observability region logs nothing. Lines wait in memory, at most
50,000 of them, and are written by a thread: a query never waits for the disk, and what found no room is
counted. The value of a token is not known here. On a crash at most a second of lines is lost.
"""

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import msgspec

from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.products.globalresolver.door import message
from keystead.products.globalresolver.door.admission import Admitted, Denied
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.message import Query
from keystead.products.globalresolver.door.names import class_text, code_text, shown_data, type_text
from keystead.products.globalresolver.records import Resolver, Rule

_LOG = logging.getLogger("keystead.dns")
FLUSH_SECONDS = 1.0
_MOST_WAITING = 50_000
_LARGEST_FILE = 64 * 1024 * 1024
_KEPT_FILES = 4
_FIXED = {
    "activity_id": 6,
    "activity_name": "Traffic",
    "category_uid": 4,
    "category_name": "Network Activity",
    "class_uid": 4003,
    "class_name": "DNS Activity",
    "type_uid": 400306,
    "type_name": "DNS Activity: Traffic",
    "severity": "Informational",
    "severity_id": 1,
    "message": "",
    "metadata": {
        "version": "1.2.0",
        "product": {"name": "Global Resolver", "vendor_name": "AWS", "feature": {"name": "DNS"}},
    },
}


class QueryLog:
    """Collects what happened and writes it down apart from queries."""

    def __init__(self, path: Path, clock: Clock, entropy: Entropy) -> None:
        self._path = path
        self._clock = clock
        self._entropy = entropy
        self._waiting: list[dict[str, Any]] = []
        self.dropped = 0

    def add(
        self,
        arrival: Arrival,
        query: Query,
        access: Admitted | Denied,
        rule: Rule | None,
        told: bytes,
        began: float,
    ) -> None:
        """Note a query and its answer, if its resolver logs queries."""
        resolver = access.resolver
        if resolver is None or resolver.facts.observability_region is None:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(self._line(arrival, query, access, rule, told, began, resolver))

    async def flush(self) -> None:
        """Write down what waits."""
        lines, self._waiting = self._waiting, []
        if self.dropped:
            _LOG.warning("the query log had no room for %d queries", self.dropped)
            self.dropped = 0
        if lines:
            await asyncio.to_thread(self._write, lines)

    def _line(
        self,
        arrival: Arrival,
        query: Query,
        access: Admitted | Denied,
        rule: Rule | None,
        told: bytes,
        began: float,
        resolver: Resolver,
    ) -> dict[str, Any]:
        """Return the line's members: those of the form, and ours under `unmapped`."""
        ended = self._clock.real_epoch()
        code, is_denied = message.code_of(told), isinstance(access, Denied)
        is_blocked = rule is not None and rule.facts.action == "BLOCK"
        start, end = int(began * 1000), int(ended * 1000)
        protocol = "udp" if arrival.is_datagram else "tcp"
        return {
            **_FIXED,
            "action_id": 2 if is_denied or is_blocked else 1,
            "action_name": "Denied" if is_denied or is_blocked else "Allowed",
            "cloud": {
                "provider": "AWS",
                "region": resolver.facts.observability_region,
                "account": {"uid": resolver.account},
            },
            "connection_info": {
                "direction": "Inbound",
                "direction_id": 1,
                "protocol_name": protocol,
                "protocol_num": 17 if arrival.is_datagram else 6,
                "protocol_ver_id": 6 if ":" in arrival.host else 4,
                "uid": self._entropy.token_bytes(8).hex(),
            },
            "src_endpoint": {"ip": arrival.host, "port": arrival.port},
            "query": (query, told, is_denied),
            "rcode": code_text(code),
            "rcode_id": code,
            "query_time": start,
            "response_time": end,
            "start_time": start,
            "end_time": end,
            "time": start,
            "duration": end - start,
            "status": "Success" if code in (message.NOERROR, message.NXDOMAIN) else "Failure",
            "status_id": 1 if code in (message.NOERROR, message.NXDOMAIN) else 2,
            "enrichments": [
                {"name": "global-resolver", "value": resolver.id, "data": self._enrichment(access, rule)}
            ],
            "unmapped": {
                "transport": arrival.transport,
                **({"refusal_reason": access.reason} if isinstance(access, Denied) else {}),
                **(
                    {"access_source_id": access.source.id}
                    if isinstance(access, Admitted) and access.source is not None
                    else {}
                ),
                **({"firewall_action": rule.facts.action} if rule is not None else {}),
            },
        }

    def _enrichment(self, access: Admitted | Denied, rule: Rule | None) -> dict[str, str]:
        data: dict[str, str] = {}
        if isinstance(access, Admitted):
            data["dns_view_id"] = access.view.id
        if rule is not None:
            data["firewall_rule_id"] = rule.id
        if access.token is not None:
            data["token_id"] = access.token.id
            data["token_expiration"] = str((access.token.expires_at or 0) // 1000)
        return data

    def _write(self, lines: list[dict[str, Any]]) -> None:
        self._make_room()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for line in lines:
                file.write(msgspec.json.encode(_told_out(line)) + b"\n")

    def _make_room(self) -> None:
        """Move a full file aside; the oldest of those goes."""
        if not self._path.exists() or self._path.stat().st_size < _LARGEST_FILE:
            return
        for number in range(_KEPT_FILES - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))


def _told_out(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line with its question and answers as text, which the writing thread works out."""
    query, told, is_denied = line["query"]
    line["query"] = {
        "hostname": query.name.decode("latin-1") + ".",
        "class": class_text(query.klass),
        "type": type_text(query.type),
        "opcode": "Query",
        "opcode_id": 0,
    }
    line["answers"] = [] if is_denied else _answers(told)
    return line


def _answers(told: bytes) -> list[dict[str, Any]]:
    try:
        return [
            {"rdata": shown_data(kind, data), "type": type_text(kind), "class": "IN", "ttl": ttl}
            for kind, ttl, data in message.answer_records(told)
        ]
    except ValueError:
        return []

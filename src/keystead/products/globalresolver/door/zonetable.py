"""Private zones as they are answered from: names by their labels, and how a name is looked up among them.

Follows RFC 1034 §4.3.2, RFC 4592 (wildcards, empty non-terminals) and facts/dns.md §9: an absent name under a
zone is NXDOMAIN, never asked for elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keystead.products.globalresolver.door.message import CNAME, SOA, Record
from keystead.store.interface import Reader
from keystead.zones import records
from keystead.zones.records import RecordSet, Zone
from keystead.zones.values import BadValue, type_number, wire_value

Labels = tuple[bytes, ...]
_LONGEST_CHAIN = 8
_ESCAPED = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Values:
    """The records of one name and type."""

    ttl: int
    data: tuple[bytes, ...]


@dataclass(slots=True)
class ZoneTable:
    """One zone at one version."""

    name: Labels
    version: int
    nodes: dict[Labels, dict[int, Values]] = field(default_factory=dict[Labels, dict[int, Values]])
    interior: set[Labels] = field(default_factory=set[Labels])
    """Names that exist only because something below them does."""

    def node(self, labels: Labels) -> Mapping[int, Values] | None:
        """Return what a name has, by itself or by a wildcard; empty if it merely exists, None if it does not."""
        found = self.nodes.get(labels)
        if found is not None:
            return found
        if labels in self.interior:
            return {}
        for start in range(1, len(labels) - len(self.name) + 1):
            encloser = labels[start:]
            if encloser in self.nodes or encloser in self.interior:
                return self.nodes.get((b"*", *encloser))
        return None

    def authority(self) -> list[Record]:
        """Return the SOA record for answers that say no, with the time for which they may be remembered."""
        soa = self.nodes.get(self.name, {}).get(SOA)
        if soa is None or not soa.data:
            return []
        minimum = int.from_bytes(soa.data[0][-4:], "big")
        return [Record(SOA, min(soa.ttl, minimum), soa.data[0], wire_name(self.name))]


def load_zone(reader: Reader, zone: Zone) -> ZoneTable:
    """Return a zone's table. Values were checked when they were written; one that is unreadable is left out."""
    table = ZoneTable(labels_of(zone.name), zone.version)
    sets = {(each.name, each.type): each for each in records.record_sets(reader, zone.id)}
    for (name, kind), each in sets.items():
        values = _values(_aliased(sets, each))
        if values is not None:
            table.nodes.setdefault(labels_of(name), {})[type_number(kind)] = values
    for labels in list(table.nodes):
        for start in range(1, len(labels) - len(table.name)):
            if labels[start:] not in table.nodes:
                table.interior.add(labels[start:])
    return table


def _aliased(sets: Mapping[tuple[str, str], RecordSet], record: RecordSet) -> RecordSet | None:
    """Return the set that a set takes its values from, itself if it is no alias."""
    found: RecordSet | None = record
    for _ in range(_LONGEST_CHAIN):
        if found is None or not found.alias:
            return found
        found = sets.get((found.alias, record.type))
    return None


def _values(record: RecordSet | None) -> Values | None:
    if record is None:
        return None
    try:
        return Values(record.ttl, tuple(wire_value(record.type, text) for text in record.values))
    except BadValue:
        return None


def labels_of(name: str) -> Labels:
    """Return the labels of a name as Route 53 writes it, its escapes undone."""
    bare = name.removesuffix(".")
    if not bare:
        return ()
    return tuple(
        _ESCAPED.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), label.encode()).lower()
        for label in bare.split(".")
    )


def wire_name(labels: Labels) -> bytes:
    """Return a name's octets, uncompressed."""
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def labels_in(data: bytes) -> Labels:
    """Return the labels of an uncompressed name, as the value of a CNAME holds it."""
    labels: list[bytes] = []
    at = 0
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].lower())
        at += 1 + length
    return tuple(labels)


@dataclass(frozen=True, slots=True)
class Found:
    """What a view's zones say of a name. `onward` is a name outside of them that an alias leads to.

    `exists` is of the last name of a chain of aliases, as RFC 6604 §3 has it.
    """

    exists: bool
    records: Sequence[Record]
    authority: Sequence[Record] = ()
    onward: Labels | None = None


class ZoneSet:
    """The zones of one view, the most specific of which answers."""

    def __init__(self, tables: Sequence[ZoneTable]) -> None:
        self._tables = {table.name: table for table in tables}

    def zone_of(self, labels: Labels) -> ZoneTable | None:
        """Return the most specific zone that a name is in."""
        if self._tables:
            for start in range(len(labels) + 1):
                found = self._tables.get(labels[start:])
                if found is not None:
                    return found
        return None

    def look_up(self, labels: Labels, kind: int) -> Found | None:
        """Return what the zones say of a name and type, following CNAMEs among them; None if none has the name."""
        zone, found = self.zone_of(labels), list[Record]()
        if zone is None:
            return None
        owner: bytes | None = None
        for _ in range(_LONGEST_CHAIN):
            node = zone.node(labels)
            if node is None:
                return Found(False, found, zone.authority())
            values = node.get(kind)
            if values is not None:
                found += [Record(kind, values.ttl, data, owner) for data in values.data]
                return Found(True, found)
            alias = node.get(CNAME)
            if alias is None or not alias.data:
                return Found(True, found, zone.authority())
            found.append(Record(CNAME, alias.ttl, alias.data[0], owner))
            labels, owner = labels_in(alias.data[0]), alias.data[0]
            following = self.zone_of(labels)
            if following is None:
                return Found(True, found, onward=labels)
            zone = following
        return Found(True, found)

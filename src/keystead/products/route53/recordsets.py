"""Record sets of a zone: changed in batches that hold wholly or not at all, and listed in the order of their names.

Follows the Route 53 API reference, "ChangeResourceRecordSets"; the texts of errors are those that tools compare
(facts/dns.md §9).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keystead.gateway.call import Call
from keystead.products.route53.changes import Changes
from keystead.products.route53.hostedzones import page_size, zone_of
from keystead.store.interface import Transaction
from keystead.types import route53
from keystead.zones import records
from keystead.zones.names import BadName, is_within, normal_name, shown_name, sort_key
from keystead.zones.records import RecordSet, Zone
from keystead.zones.values import TYPES, BadValue, wire_value
from keystead.zones.zones import Zones

_MOST_ITEMS, _MOST_SETS = 300, 10_000
_MOST_RECORDS, _MOST_CHARACTERS = 1000, 32_000
_LONGEST_LIFE = 2_147_483_647
_UNSUPPORTED = (
    "SetIdentifier", "Weight", "Region", "GeoLocation", "Failover", "MultiValueAnswer", "HealthCheckId",
    "TrafficPolicyInstanceId", "CidrRoutingConfig", "GeoProximityLocation",
)  # fmt: skip
Given = Mapping[str, Any]


class _Objection(Exception):
    """One change of a batch cannot be; the text says why."""


class RecordSets:
    """The operations on record sets."""

    def __init__(self, zones: Zones, changes: Changes) -> None:
        self._zones = zones
        self._changes = changes

    @route53.ChangeResourceRecordSets("write", resource="hostedzone/{HostedZoneId}")
    def change_resource_record_sets(
        self, call: Call, request: route53.ChangeResourceRecordSetsRequest
    ) -> route53.ChangeResourceRecordSetsResponse:
        """Make a batch of changes, all of which hold from the next query on, or none."""
        zone, batch = zone_of(call, request["HostedZoneId"]), request["ChangeBatch"]
        _check_size(batch["Changes"])
        objections: list[str] = []
        seen: set[tuple[str, str, str]] = set()
        for change in batch["Changes"]:
            try:
                record = _read(zone, change["ResourceRecordSet"])
                key = (change["Action"], record.sort_key, record.type)
                if change["Action"] == "DELETE" and key in seen:
                    raise _Objection(_tried("delete", record) + "it was deleted by this batch already")
                seen.add(key)
                _apply(call.tx, zone, change["Action"], record)
            except _Objection as error:
                objections.append(str(error))
        if not objections and records.count_record_sets(call.tx, zone.id) > _MOST_SETS:
            objections.append(f"A hosted zone cannot have more than {_MOST_SETS} resource record sets")
        if objections:
            # The transaction is undone with this: nothing of the batch holds.
            raise route53.InvalidChangeBatch(f"[{', '.join(objections)}]")
        records.move_on(call.tx, zone.id)
        self._zones.changes.bump_after(call.tx)
        note = self._changes.note(call.tx, call.principal.account, batch.get("Comment", ""))
        return {"ChangeInfo": note}

    @route53.ListResourceRecordSets("read", resource="hostedzone/{HostedZoneId}")
    def list_resource_record_sets(
        self, call: Call, request: route53.ListResourceRecordSetsRequest
    ) -> route53.ListResourceRecordSetsResponse:
        """List a zone's sets in the order of their names, the labels of which count from the right."""
        zone = zone_of(call, request["HostedZoneId"])
        limit = page_size(request.get("MaxItems"), _MOST_ITEMS)
        if "StartRecordType" in request and "StartRecordName" not in request:
            raise route53.InvalidInput("A start type needs a start name.")
        try:
            start = normal_name(request["StartRecordName"]) if "StartRecordName" in request else ""
        except BadName as error:
            raise route53.InvalidInput("The start name is not a domain name.") from error
        key, kind = sort_key(start) if start else "", request.get("StartRecordType", "")
        found = records.record_sets(call.reader, zone.id, key, kind, limit + 1)
        response: Any = {
            "ResourceRecordSets": [_shown(zone, each) for each in found[:limit]],
            "IsTruncated": len(found) > limit,
            "MaxItems": str(limit),
        }
        if len(found) > limit:
            # A key of the model's enum, as it was when it was written.
            response |= {
                "NextRecordName": shown_name(found[limit].name),
                "NextRecordType": found[limit].type,
            }
        return response


def _check_size(changes: Sequence[Given]) -> None:
    """Raise the modelled error for a batch that is too large; an UPSERT counts twice."""
    elements = characters = 0
    for change in changes:
        weight = 2 if change["Action"] == "UPSERT" else 1
        given = change["ResourceRecordSet"].get("ResourceRecords", [])
        elements += weight * len(given)
        characters += weight * sum(len(each["Value"]) for each in given)
    if elements > _MOST_RECORDS or characters > _MOST_CHARACTERS:
        raise route53.InvalidChangeBatch(
            f"[Number of records limit of {_MOST_RECORDS} or of {_MOST_CHARACTERS} characters exceeded.]"
        )


def _read(zone: Zone, given: Given) -> RecordSet:
    """Return the set that a change names. Raises _Objection."""
    try:
        name = normal_name(given["Name"])
    except BadName as error:
        raise _Objection(
            f"FATAL problem: DomainLabelEmpty (Domain name is invalid) encountered with '{error}'"
        ) from error
    kind = given["Type"]
    if not is_within(name, zone.name):
        raise _Objection(f"RRSet with DNS name {shown_name(name)} is not permitted in zone {zone.name}")
    if unsupported := [member for member in _UNSUPPORTED if member in given]:
        raise _Objection(f"{unsupported[0]} is not supported here")
    if kind not in TYPES:
        raise _Objection(f"Records of type {kind} are not supported here")
    _check_place(zone, name, kind)
    if "AliasTarget" in given:
        return _alias(zone, name, kind, given)
    return RecordSet(sort_key(name), kind, name, _ttl(given), _values(kind, given))


def _check_place(zone: Zone, name: str, kind: str) -> None:
    # An asterisk elsewhere than as the whole first label is a character like others.
    is_wild = name.startswith("*.") and kind == "NS"
    if is_wild or (kind == "SOA" and name != zone.name):
        raise _Objection(f"RRSet of type {kind} with DNS name {shown_name(name)} is not permitted")


def _ttl(given: Given) -> int:
    ttl = given.get("TTL")
    if ttl is None or not 0 <= ttl <= _LONGEST_LIFE:
        raise _Objection(f"Invalid request: Expected a TTL between 0 and {_LONGEST_LIFE}")
    return int(ttl)


def _values(kind: str, given: Given) -> tuple[str, ...]:
    values = tuple(each["Value"] for each in given.get("ResourceRecords", []))
    if not values:
        raise _Objection(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]]"
        )
    if kind in ("CNAME", "SOA") and len(values) > 1:
        raise _Objection(f"InvalidRequest: a set of type {kind} has one record")
    if len(set(values)) != len(values):
        raise _Objection("Duplicate Resource Record")
    for value in values:
        try:
            wire_value(kind, value)
        except BadValue as error:
            raise _Objection(
                f"Invalid Resource Record: '{value[:200]}' is not a value of type {kind}"
            ) from error
        if "\n" in value:
            raise _Objection("Invalid Resource Record: a value is one line")
    return values


def _alias(zone: Zone, name: str, kind: str, given: Given) -> RecordSet:
    """Return an alias of a set of the same zone and type; those of other AWS resources are not served here."""
    if kind in ("NS", "SOA"):
        raise _Objection(f"An alias of type {kind} is not permitted")
    target = given["AliasTarget"]
    if target["HostedZoneId"] != zone.id or "TTL" in given or "ResourceRecords" in given:
        raise _Objection("An alias here has no TTL and no records, and names a set of the same hosted zone")
    try:
        other = normal_name(target["DNSName"])
    except BadName as error:
        raise _Objection("The alias target is not a domain name") from error
    if not is_within(other, zone.name) or other == name:
        raise _Objection(f"The alias target {shown_name(other)} is not in zone {zone.name}")
    return RecordSet(sort_key(name), kind, name, 0, (), other)


def _apply(tx: Transaction, zone: Zone, action: str, record: RecordSet) -> None:
    """Make one change. Raises _Objection."""
    present = records.record_set(tx, zone.id, record.sort_key, record.type)
    if action == "DELETE":
        _delete(tx, zone, record, present)
        return
    if action == "CREATE" and present is not None:
        raise _Objection(_tried("create", record) + "it already exists")
    _check_cname(tx, zone, record)
    if record.alias and records.record_set(tx, zone.id, sort_key(record.alias), record.type) is None:
        raise _Objection(
            f"Tried to create an alias that targets {shown_name(record.alias)}, type {record.type}"
            f" in zone {zone.id}, but the alias target name does not lie within the target zone"
        )
    records.put_record_set(tx, zone.id, record)


def _delete(tx: Transaction, zone: Zone, record: RecordSet, present: RecordSet | None) -> None:
    if record.name == zone.name and record.type in ("SOA", "NS"):
        raise _Objection(f"A HostedZone must contain at least one {record.type} record for the zone itself.")
    if present is None:
        raise _Objection(_tried("delete", record) + "it was not found")
    same = (present.ttl, sorted(present.values), present.alias)
    if same != (record.ttl, sorted(record.values), record.alias):
        raise _Objection(_tried("delete", record) + "the values provided do not match the current values")
    records.remove_record_set(tx, zone.id, record.sort_key, record.type)


def _check_cname(tx: Transaction, zone: Zone, record: RecordSet) -> None:
    """Raise _Objection where an alias of a name would stand beside other records of that name."""
    others = [
        each for each in records.record_sets_of(tx, zone.id, record.sort_key) if each.type != record.type
    ]
    start = f"RRSet of type {record.type} with DNS name {shown_name(record.name)} is not permitted"
    if record.type == "CNAME" and record.name == zone.name:
        raise _Objection(f"{start} at apex in zone {zone.name}")
    if record.type == "CNAME" and others:
        raise _Objection(
            f"{start} as it conflicts with other records with the same DNS name in zone {zone.name}"
        )
    if any(each.type == "CNAME" for each in others):
        raise _Objection(
            f"{start} because a conflicting RRSet of type CNAME with the same DNS name already exists in"
            f" zone {zone.name}"
        )


def _tried(what: str, record: RecordSet) -> str:
    return (
        f"Tried to {what} resource record set [name='{shown_name(record.name)}', type='{record.type}'] but "
    )


def _shown(zone: Zone, record: RecordSet) -> dict[str, Any]:
    shown: dict[str, Any] = {"Name": shown_name(record.name), "Type": record.type}
    if record.alias:
        target = {
            "HostedZoneId": zone.id,
            "DNSName": shown_name(record.alias),
            "EvaluateTargetHealth": False,
        }
        return shown | {"AliasTarget": target}
    return shown | {"TTL": record.ttl, "ResourceRecords": [{"Value": value} for value in record.values]}

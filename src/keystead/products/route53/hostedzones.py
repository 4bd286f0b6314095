"""Private hosted zones: create, read, list and delete.

Follows the Route 53 API reference. Public zones are refused: nobody could be referred to this authority for
them.
"""

from collections.abc import Mapping
from typing import Any

from keystead.gateway.call import Call
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import unique_id
from keystead.products.route53.arns import bare_id
from keystead.products.route53.changes import Changes
from keystead.types import route53
from keystead.zones import records
from keystead.zones.names import BadName, normal_name, sort_key
from keystead.zones.records import RecordSet, Zone
from keystead.zones.zones import Zones

_MOST_ZONES = 500
_MOST_ITEMS = 100
_APEX = {
    "SOA": (900, ("ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400",)),
    "NS": (
        172_800,
        (
            "ns-0.awsdns-00.com.",
            "ns-512.awsdns-00.net.",
            "ns-1024.awsdns-00.org.",
            "ns-1536.awsdns-00.co.uk.",
        ),
    ),
}
"""What every zone has at its apex from the beginning, as AWS's private zones do."""


class HostedZones:
    """The operations on hosted zones."""

    def __init__(self, zones: Zones, changes: Changes, entropy: Entropy) -> None:
        self._zones = zones
        self._changes = changes
        self._entropy = entropy

    @route53.CreateHostedZone("write", resource="*")
    def create_hosted_zone(
        self, call: Call, request: route53.CreateHostedZoneRequest
    ) -> route53.CreateHostedZoneResponse:
        """Make a private zone. A VPC is kept and echoed, and has no effect; for a resolver none is needed."""
        account = call.principal.account
        zone = self._new_zone(account, request)
        if records.has_caller_reference(call.tx, account, zone.caller_reference):
            raise route53.HostedZoneAlreadyExists(
                "A hosted zone has already been created with the specified caller reference:"
                f" {zone.caller_reference}"
            )
        if records.count_zones(call.tx, account) >= _MOST_ZONES:
            raise route53.TooManyHostedZones(f"Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER={_MOST_ZONES}")
        records.add_zone(call.tx, zone)
        for kind, (ttl, values) in _APEX.items():
            apex = RecordSet(sort_key(zone.name), kind, zone.name, ttl, values)
            records.put_record_set(call.tx, zone.id, apex)
        # The model requires a DelegationSet, and AWS leaves it out for private zones, which nobody delegates to.
        made: Any = {
            "HostedZone": _shown(zone, len(_APEX)),
            "ChangeInfo": self._changes.note(call.tx, account),
            "Location": f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone.id}",
        }
        if zone.vpc_id:
            made["VPC"] = _vpc(zone)
        return made

    @route53.GetHostedZone("read", resource="hostedzone/{Id}")
    def get_hosted_zone(
        self, call: Call, request: route53.GetHostedZoneRequest
    ) -> route53.GetHostedZoneResponse:
        """Return a zone."""
        zone = zone_of(call, request["Id"])
        count = records.count_record_sets(call.reader, zone.id)
        return {"HostedZone": _shown(zone, count), "VPCs": [_vpc(zone)] if zone.vpc_id else None}

    @route53.ListHostedZones("read", resource="*")
    def list_hosted_zones(
        self, call: Call, request: route53.ListHostedZonesRequest
    ) -> route53.ListHostedZonesResponse:
        """List the account's zones by id, from the marker on, which is the id of the first."""
        limit = page_size(request.get("MaxItems"), _MOST_ITEMS)
        account, marker = call.principal.account, bare_id(request.get("Marker", ""))
        found = records.zones(call.reader, account, marker, limit + 1)
        shown = found[:limit]
        return {
            "HostedZones": [_shown(zone, records.count_record_sets(call.reader, zone.id)) for zone in shown],
            "Marker": marker,
            "IsTruncated": len(found) > limit,
            "NextMarker": found[limit].id if len(found) > limit else None,
            "MaxItems": str(limit),
        }

    @route53.DeleteHostedZone("write", resource="hostedzone/{Id}")
    def delete_hosted_zone(
        self, call: Call, request: route53.DeleteHostedZoneRequest
    ) -> route53.DeleteHostedZoneResponse:
        """Delete a zone that has no records of its own and answers no view.

        One that still answers is refused: its names would be asked for upstream, and so become known.
        """
        zone = zone_of(call, request["Id"])
        if records.count_record_sets(call.tx, zone.id) > len(_APEX):
            raise route53.HostedZoneNotEmpty(
                "The hosted zone contains resource records that are not SOA or NS records."
            )
        if records.is_associated(call.tx, zone.id):
            raise route53.InvalidInput("The hosted zone is associated with a DNS view.")
        records.remove_zone(call.tx, zone.id)
        self._zones.changes.bump_after(call.tx)
        return {"ChangeInfo": self._changes.note(call.tx, call.principal.account)}

    def _new_zone(self, account: str, request: route53.CreateHostedZoneRequest) -> Zone:
        try:
            name = normal_name(request["Name"])
        except BadName as error:
            raise route53.InvalidDomainName(f"{request['Name']} is not a valid domain name") from error
        vpc: Mapping[str, Any] = request.get("VPC", {})
        config: Mapping[str, Any] = request.get("HostedZoneConfig", {})
        if not vpc and not config.get("PrivateZone"):
            raise route53.InvalidInput(
                "Only private hosted zones are served here: set PrivateZone or name a VPC."
            )
        if "DelegationSetId" in request:
            raise route53.NoSuchDelegationSet("A private hosted zone has no delegation set.")
        return Zone(
            0,
            unique_id("Z", self._entropy),
            account,
            name,
            request["CallerReference"],
            config.get("Comment", ""),
            vpc.get("VPCRegion", ""),
            vpc.get("VPCId", ""),
            1,
        )


def zone_of(call: Call, zone_id: str) -> Zone:
    """Return the caller's zone. Raises the modelled error."""
    bare = bare_id(zone_id)
    found = records.zone(call.reader, call.principal.account, bare)
    if found is None:
        raise route53.NoSuchHostedZone(f"No hosted zone found with ID: {bare}")
    return found


def page_size(asked: str | None, most: int) -> int:
    """Return how many items a page has: as many as are asked for, but no more than `most`."""
    if asked is None:
        return most
    if not asked.isascii() or not asked.isdigit() or int(asked[:9]) < 1:
        raise route53.InvalidInput("MaxItems must be a positive number.")
    return min(int(asked[:9]), most)


def _shown(zone: Zone, count: int) -> Any:
    """Return a zone as answers show it: the model's HostedZone, a comment left out where there is none."""
    return {
        "Id": f"/hostedzone/{zone.id}",
        "Name": zone.name.replace("*", "\\052"),
        "CallerReference": zone.caller_reference,
        "Config": {"Comment": zone.comment or None, "PrivateZone": True},
        "ResourceRecordSetCount": count,
    }


def _vpc(zone: Zone) -> Any:
    """Return the VPC that a zone was made with. Its region's enum is that of the request, which was checked."""
    return {"VPCRegion": zone.vpc_region or None, "VPCId": zone.vpc_id}

"""GetRegions: where Lightsail is, read from `regions.json`; its names are the model's (a test compares them).

Follows the Lightsail API reference, "GetRegions". Descriptions beyond the documented form, and the zones of each
region, are UNCONFIRMED; every region of the models is served here, whatever this list says.
"""

from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from keystead.gateway.call import Call
from keystead.types import lightsail

_DESCRIPTION = "This region is recommended to serve users in {users}"


class _Region(NamedTuple):
    name: str
    display_name: str
    continent: str
    users: str
    zones: str


class RegionOperations:
    """The one operation on regions."""

    def __init__(self) -> None:
        content = Path(__file__).with_name("regions.json").read_bytes()
        self._regions = msgspec.json.decode(content, type=list[_Region])

    @lightsail.GetRegions("read", resource="*")
    def get_regions(self, call: Call, request: lightsail.GetRegionsRequest) -> lightsail.GetRegionsResult:
        """List the regions, with their zones where they are asked for."""
        zones = request.get("includeAvailabilityZones", False)
        databases = request.get("includeRelationalDatabaseAvailabilityZones", False)
        return {"regions": [_shown(each, zones=zones, databases=databases) for each in self._regions]}


def _shown(region: _Region, *, zones: bool, databases: bool) -> lightsail.Region:
    every = [{"zoneName": region.name + letter, "state": "available"} for letter in region.zones]
    shown = {
        "name": region.name,
        "displayName": region.display_name,
        "continentCode": region.continent,
        "description": _DESCRIPTION.format(users=region.users),
        "availabilityZones": every if zones else [],
        "relationalDatabaseAvailabilityZones": every if databases else [],
    }
    # The names in the file are the model's: a test compares them.
    return cast(lightsail.Region, shown)

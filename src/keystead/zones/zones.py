"""`Zones`: private hosted zones as their two sides share them: one changes them, one associates them with views.

`route53` makes zones and changes their records; `globalresolver` associates them, and its door answers from
them.
"""

from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import NotFound, QuotaExceeded
from keystead.kernel.ids import unique_id
from keystead.store.interface import Transaction
from keystead.zones import records
from keystead.zones.changes import Changes
from keystead.zones.records import Association, Zone

ZONES_PER_VIEW = 1000


class SameName(Exception):
    """Another zone of this name is associated with the view; its id is the text."""


class Zones:
    """The associations of zones with views, and the number that every change of either moves on."""

    def __init__(self, changes: Changes, clock: Clock, entropy: Entropy) -> None:
        self.changes = changes
        self._clock = clock
        self._entropy = entropy

    def get(self, tx: Transaction, account: str, zone_id: str) -> Zone:
        """Return an account's zone. Raises NotFound."""
        found = records.zone(tx, account, zone_id)
        if found is None:
            raise NotFound("hosted-zone", zone_id)
        return found

    def associate(
        self, tx: Transaction, zone: Zone, view_id: str, resource_arn: str, name: str
    ) -> Association:
        """Have a zone answer a view's clients; the association of a pair that has one. Raises SameName."""
        for each in records.associations_of_view(tx, view_id):
            if each.zone_id == zone.id:
                return each
            if each.zone_name == zone.name:
                raise SameName(each.zone_id)
        if len(records.associations_of_view(tx, view_id)) >= ZONES_PER_VIEW:
            raise QuotaExceeded("HostedZonesPerDNSView", ZONES_PER_VIEW, view_id)
        now = now_ms(self._clock)
        made_id = unique_id("hza-", self._entropy).lower()
        made = Association(
            0, made_id, zone.account, zone.id, zone.name, view_id, resource_arn, name, now, now
        )
        records.add_association(tx, made)
        self.changes.bump_after(tx)
        return made

    def rename(self, tx: Transaction, association: Association, name: str) -> None:
        """Give an association another name."""
        records.rename_association(tx, association.id, name, now_ms(self._clock))

    def dissociate(self, tx: Transaction, association: Association) -> None:
        """Have a zone no longer answer a view's clients, from the next query on."""
        records.remove_association(tx, association.id)
        self.changes.bump_after(tx)

    def dissociate_all(self, tx: Transaction, view_id: str) -> None:
        """Delete every association of a view that goes."""
        records.remove_associations_of_view(tx, view_id)
        self.changes.bump_after(tx)

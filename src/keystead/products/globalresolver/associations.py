"""Associations of private hosted zones with DNS views: a zone answers a view's clients while it is associated."""

from collections.abc import Sequence
from typing import Any

from keystead.gateway.call import Call
from keystead.kernel.errors import NotFound
from keystead.products.globalresolver import records as own
from keystead.products.globalresolver.arns import view_in
from keystead.products.globalresolver.errors import conflict
from keystead.products.globalresolver.listing import Listing
from keystead.products.globalresolver.records import OPERATIONAL, VIEWS, View
from keystead.products.globalresolver.times import as_datetime
from keystead.store.interface import Reader
from keystead.types import route53globalresolver as gr
from keystead.zones import records
from keystead.zones.records import Association
from keystead.zones.zones import SameName, Zones

_TYPE = "hosted-zone-association"


class AssociationOperations:
    """The operations on associations."""

    def __init__(self, zones: Zones, listing: Listing) -> None:
        self._zones = zones
        self._listing = listing

    @gr.AssociateHostedZone("write", resource="*")
    def associate_hosted_zone(
        self, call: Call, request: gr.AssociateHostedZoneInput
    ) -> gr.AssociateHostedZoneOutput:
        """Have a zone answer a view's clients; again for the same pair returns what there is."""
        account = call.principal.account
        view = _view(call.tx, account, request["resourceArn"])
        zone = self._zones.get(call.tx, account, request["hostedZoneId"].removeprefix("/hostedzone/"))
        try:
            made = self._zones.associate(call.tx, zone, view.id, request["resourceArn"], request["name"])
        except SameName as error:
            message = "Another hosted zone of this name is associated with the DNS view."
            raise conflict(message, _TYPE, str(error)) from error
        return _shown(made, "CREATING")

    @gr.DisassociateHostedZone("write", resource="*")
    def disassociate_hosted_zone(
        self, call: Call, request: gr.DisassociateHostedZoneInput
    ) -> gr.DisassociateHostedZoneOutput:
        """Have a zone no longer answer a view's clients: for who associated it, and for the view's owner."""
        _, view_id = view_in(request["resourceArn"])
        zone_id = request["hostedZoneId"].removeprefix("/hostedzone/")
        found = records.association_of(call.tx, zone_id, view_id)
        account = call.principal.account
        if found is None or (found.owner != account and VIEWS.find(call.tx, account, view_id) is None):
            raise NotFound(_TYPE, zone_id)
        self._zones.dissociate(call.tx, found)
        return _shown(found, "DELETING")

    @gr.GetHostedZoneAssociation("read", resource="*")
    def get_hosted_zone_association(
        self, call: Call, request: gr.GetHostedZoneAssociationInput
    ) -> gr.GetHostedZoneAssociationOutput:
        """Return an association."""
        return _shown(_association(call, request["hostedZoneAssociationId"]))

    @gr.ListHostedZoneAssociations("read", resource="*")
    def list_hosted_zone_associations(
        self, call: Call, request: gr.ListHostedZoneAssociationsInput
    ) -> gr.ListHostedZoneAssociationsOutput:
        """List a view's associations, or those that the account made, in order of creation."""
        account, arn = call.principal.account, request.get("resourceArn")
        view = None if arn is None else _view(call.reader, account, arn)

        def fetch(after: int, limit: int) -> Sequence[Association]:
            if view is None:
                return records.associations_of_account(call.reader, account, after, limit)
            every = records.associations_of_view(call.reader, view.id, after, limit)
            # Whom a view is shared with sees its own associations of it.
            return every if view.account == account else [each for each in every if each.owner == account]

        items, token = self._listing.page(call, arn or "", request, fetch, _shown)
        return {"hostedZoneAssociations": items, "nextToken": token}

    @gr.UpdateHostedZoneAssociation("write", resource="*")
    def update_hosted_zone_association(
        self, call: Call, request: gr.UpdateHostedZoneAssociationInput
    ) -> gr.UpdateHostedZoneAssociationOutput:
        """Give an association another name."""
        found = _association(call, request["hostedZoneAssociationId"])
        self._zones.rename(call.tx, found, request.get("name", found.name))
        return _shown(_association(call, found.id))


def _view(reader: Reader, account: str, arn: str) -> View:
    """Return the view that an ARN names, the caller's or one shared with it. Raises NotFound."""
    owner, view_id = view_in(arn)
    view = VIEWS.find(reader, owner, view_id)
    if view is None or (owner != account and not own.is_shared(reader, view_id, account)):
        raise NotFound(VIEWS.type, view_id)
    return view


def _association(call: Call, association_id: str) -> Association:
    found = records.association(call.reader, call.principal.account, association_id)
    if found is None:
        raise NotFound(_TYPE, association_id)
    return found


def _shown(found: Association, status: str = OPERATIONAL) -> Any:
    """Return an association as answers show it. The model has a shape of these members for each operation."""
    return {
        "id": found.id,
        "resourceArn": found.resource_arn,
        "hostedZoneId": found.zone_id,
        "hostedZoneName": found.zone_name,
        "name": found.name,
        "createdAt": as_datetime(found.created_at),
        "updatedAt": as_datetime(found.updated_at),
        "status": status,
    }

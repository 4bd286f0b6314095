"""SSM: just-in-time access to nodes, and what it stands on: documents, activations, nodes and their sessions."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from keystead.access.doors import Worker
from keystead.config.settings import Settings
from keystead.credentials.kind import Kind
from keystead.gateway.operations import Face
from keystead.products.product import Foundation, Parts, Product
from keystead.products.ssm import builtin, document_records, node_records, request_records
from keystead.products.ssm.activations import Activations
from keystead.products.ssm.automations import Automations
from keystead.products.ssm.deciding import Deciding
from keystead.products.ssm.documents import Documents
from keystead.products.ssm.errors import translate
from keystead.products.ssm.library import Library, value_of
from keystead.products.ssm.listing import Listing
from keystead.products.ssm.node_access import NodeAccess, node_access
from keystead.products.ssm.node_list import NodeList
from keystead.products.ssm.nodes import Nodes
from keystead.products.ssm.ops_items import OpsItems
from keystead.products.ssm.passing import RolePassing
from keystead.products.ssm.redeeming import Redeeming, keep_tags
from keystead.products.ssm.registration import NODE_SESSION
from keystead.products.ssm.request_events import RequestEvents
from keystead.products.ssm.requests import ACCESS_TOKEN, LASTING_ACCESS_TOKEN, AccessRequests
from keystead.products.ssm.resources import condition_key, resource_arn
from keystead.products.ssm.searching import Searching
from keystead.products.ssm.service_settings import ServiceSettings
from keystead.products.ssm.sharing import DocumentSharing
from keystead.products.ssm.standing import Standing
from keystead.products.ssm.tagging import TagOperations
from keystead.products.ssm.timeouts import LOOK_SECONDS, Timeouts
from keystead.products.ssm.webhook.parts import workers
from keystead.store.interface import Reader


def _access_token(settings: Settings) -> Kind:
    return LASTING_ACCESS_TOKEN if settings.access_tokens_last_window else ACCESS_TOKEN


def _kinds(settings: Settings) -> Sequence[Kind]:
    return (_access_token(settings), NODE_SESSION)


def _has_document(reader: Reader, account: str, region: str, name: str) -> bool:
    return name in builtin.DOCUMENTS or document_records.find(reader, account, region, name) is not None


def _has_node(reader: Reader, account: str, region: str, node_id: str) -> bool:
    found = node_records.find(reader, account, region, node_id)
    return found is not None and found.is_registered


def _has_request(reader: Reader, account: str, region: str, request_id: str) -> bool:
    return request_records.find(reader, account, region, request_id) is not None


def _has_execution(reader: Reader, account: str, region: str, execution: str) -> bool:
    return bool(execution) and request_records.of_execution(reader, account, region, execution) is not None


def _request_of(reader: Reader, account: str, credential: str) -> str:
    del account  # The credential was verified, and is its account's.
    return request_records.request_of_key(reader, credential)


def _door(base: Foundation, library: Library) -> NodeAccess:
    redeeming = Redeeming(base.seal, base.clock)

    def find_document(reader: Reader, account: str, region: str, name: str) -> str | None:
        found = library.find(reader, account, region, name)
        if found is None or found.type != "Session":
            return None
        version = library.version(reader, found, found.default_version)
        return None if version is None else msgspec.json.encode(value_of(version)).decode()

    return node_access(
        base,
        redeem=redeeming.redeem,
        registered=keep_tags,
        find_document=find_document,
        request_of=_request_of,
    )


def _parts(base: Foundation) -> Parts:
    clock, listing, library = base.clock, Listing(base.markers), Library()
    passing, searching = RolePassing(base.authoriser), Searching(base.markers)
    door = _door(base, library)
    events = RequestEvents(clock, base.entropy, is_posted=bool(base.settings.webhook_url))
    deciding = Deciding(base.issuer, door.desk, events, clock, base.entropy)
    exists = {
        "Document": _has_document,
        "ManagedInstance": _has_node,
        "OpsItem": _has_request,
        "Automation": _has_execution,
    }
    face = Face(
        groups=[
            AccessRequests(
                library,
                deciding,
                base.sessions,
                clock,
                kind=_access_token(base.settings),
                forwards_ports=base.settings.access_tokens_forward_ports,
            ),
            Automations(deciding, library, searching, listing, clock),
            OpsItems(deciding, searching, listing, clock),
            Documents(library, Standing(library, deciding, clock), passing, listing, clock),
            DocumentSharing(library, listing),
            Activations(base.seal, passing, listing, clock, base.entropy),
            Nodes(door.hub, passing, listing, base.issuer, clock),
            NodeList(door.hub, listing),
            door.operations,
            ServiceSettings(clock),
            TagOperations(exists),
        ],
        translate=translate,
        resource_arn=resource_arn,
        condition_key=condition_key,
    )
    timeouts = Timeouts(base.store, deciding, clock)
    background = [*door.workers, Worker("ssm-timeouts", LOOK_SECONDS, timeouts.look), *workers(base)]
    return Parts(face, doors=door.doors, workers=background)


PRODUCT = Product(
    name="ssm",
    kinds=_kinds,
    parts=_parts,
    signing_kinds=[ACCESS_TOKEN.name, NODE_SESSION.name],
    migrations=Path(__file__).with_name("migrations"),
)

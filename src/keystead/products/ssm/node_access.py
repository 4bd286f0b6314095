"""Puts the door's half of the product together: channels, nodes' calls, sessions, and the work beside requests.

What the other half of the product knows (activations, documents, access requests) comes in as functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from keystead.access.doors import HTTPDoor, Worker
from keystead.kernel.clock import now_ms
from keystead.products.product import Foundation
from keystead.products.ssm import session_records
from keystead.products.ssm.channel_tokens import ChannelTokens
from keystead.products.ssm.door.application import PREFIXES, Application
from keystead.products.ssm.door.callers import Callers
from keystead.products.ssm.door.hub import LOOK_SECONDS, Hub
from keystead.products.ssm.door.node_calls import NodeCalls
from keystead.products.ssm.door.retention import LOOK_SECONDS as RETENTION_SECONDS
from keystead.products.ssm.door.retention import Retention
from keystead.products.ssm.registration import Redeem, Registered, Registrations
from keystead.products.ssm.session_desk import RequestOf, SessionDesk
from keystead.products.ssm.session_documents import FindDocument, SessionDocuments
from keystead.products.ssm.sessions import SessionOperations

RECORDINGS: Final = "session-recordings"
TIDY_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class NodeAccess:
    """What the product takes from this half. `desk` ends the sessions of an access request; `hub` drops a node."""

    operations: SessionOperations
    desk: SessionDesk
    hub: Hub
    doors: Sequence[HTTPDoor]
    workers: Sequence[Worker]


def node_access(
    base: Foundation,
    *,
    redeem: Redeem,
    registered: Registered,
    find_document: FindDocument,
    request_of: RequestOf,
) -> NodeAccess:
    """Return the door's half, made once per authority."""
    clock, entropy = base.clock, base.entropy
    tokens = ChannelTokens(base.seal, clock, entropy)
    hub = Hub(base.store, base.verifier, base.settings.data / RECORDINGS, clock, entropy)
    callers = Callers(base.authenticator, base.authoriser, base.settings.region, clock)
    registrations = Registrations(redeem, registered, base.sessions, clock, entropy)
    desk = SessionDesk(
        hub,
        SessionDocuments(find_document),
        tokens,
        request_of,
        base.addresses,
        clock,
        entropy,
        records_sessions=base.settings.session_recording,
    )
    channels = Application(
        hub, callers, tokens, registrations, base.verifier, base.journal, base.store, clock
    )
    calls = NodeCalls(registrations, callers, base.store, clock, entropy)

    recordings = base.settings.data / RECORDINGS
    retention = Retention(base.store, recordings, base.settings.session_recordings_days, clock)

    async def tidy() -> None:
        await base.store.write(lambda tx: session_records.drop_expired_tokens(tx, now_ms(clock)))

    return NodeAccess(
        SessionOperations(desk, base.markers, clock),
        desk,
        hub,
        [
            HTTPDoor("ssm-channels", channels, prefixes=PREFIXES, takes_websockets=True),
            HTTPDoor("ssm-nodes", calls, targets=calls.targets),
        ],
        [
            Worker("ssm-sessions", LOOK_SECONDS, hub.look),
            Worker("ssm-tokens", TIDY_SECONDS, tidy),
            Worker("ssm-recordings", RETENTION_SECONDS, retention.look),
        ],
    )

"""The journal's events of the door: changes in their transaction, refusals and reads beside it."""

from collections.abc import Mapping
from typing import Any

from keystead.access.doors import SOURCE_ADDRESS, Message
from keystead.audit.event import EVENT_VERSION, Event, Identity, event_time
from keystead.audit.journal import Journal
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import RequestIds
from keystead.products.grafana.door.asking import Holder, Refusal
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.wire import header
from keystead.products.grafana.records import Workspace

_LONGEST_AGENT = 256
_NOBODY = Identity("Unknown")


class Scribe:
    """Writes down what happens at the door. No event holds a token, a body or a query."""

    def __init__(self, journal: Journal, clock: Clock, entropy: Entropy, *, reads: bool) -> None:
        self._journal = journal
        self._clock = clock
        self._ids = RequestIds(entropy)
        self._reads = reads

    def changed(
        self,
        scope: Message,
        workspace: Workspace,
        holder: Holder,
        route: Route,
        path: Mapping[str, str],
        noted: Mapping[str, Any],
    ) -> Event:
        """Return the event of a change, for the transaction that makes it."""
        event = self._event(scope, workspace, holder, route.template)
        event.requestParameters = {"workspaceId": workspace.id, **path}
        event.responseElements = noted or None
        # One GET deletes: that of a snapshot's delete key.
        event.readOnly = False
        return event

    def refused(
        self, scope: Message, workspace: Workspace, holder: Holder | None, name: str, refusal: Refusal
    ) -> None:
        """Keep the event of a request that was not let in."""
        event = self._event(scope, workspace, holder, name)
        event.errorCode, event.reason = str(refusal.status), str(refusal)
        self._journal.observe(event)

    def read(self, scope: Message, workspace: Workspace, holder: Holder, name: str) -> None:
        """Keep the event of a read, where reads are kept."""
        if self._reads:
            self._journal.observe_read(lambda: self._event(scope, workspace, holder, name))

    def passed_on(self, scope: Message, workspace: Workspace, holder: Holder, name: str, status: int) -> None:
        """Keep the event of a request that an upstream answered; reads where reads are kept."""
        if scope["method"] in ("GET", "HEAD"):
            self.read(scope, workspace, holder, name)
            return
        event = self._event(scope, workspace, holder, name)
        event.responseElements = {"status": status}
        self._journal.observe(event)

    def _event(self, scope: Message, workspace: Workspace, holder: Holder | None, name: str) -> Event:
        identity = _NOBODY
        if holder is not None:
            identity = Identity(
                "ServiceAccount" if holder.number else "WorkspaceApiKey",
                principalId=f"{workspace.id}/{holder.number or holder.name}",
                accountId=workspace.account,
                accessKeyId=holder.credential.id,
                userName=holder.login,
            )
        return Event(
            eventTime=event_time(self._clock.epoch()),
            eventSource="grafana-workspace.amazonaws.com",
            eventName=f"{scope['method']} {name}",
            awsRegion=workspace.region,
            sourceIPAddress=scope["state"][SOURCE_ADDRESS],
            userAgent=header(scope, b"user-agent")[:_LONGEST_AGENT],
            userIdentity=identity,
            requestID=self._ids.next(),
            eventType="GrafanaApiCall",
            eventVersion=EVENT_VERSION,
            readOnly=scope["method"] in ("GET", "HEAD"),
            requestParameters={"workspaceId": workspace.id},
            recipientAccountId=workspace.account,
        )

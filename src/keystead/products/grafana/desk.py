"""`Desk`: what every group of operations does with workspaces: find one, see that it is settled, change it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keystead.config.settings import Settings
from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.products.grafana import records
from keystead.products.grafana.errors import conflict, invalid
from keystead.products.grafana.records import ACTIVE, Workspace
from keystead.store.interface import Transaction

SETTLING_MS = 300
"""How long a workspace shows CREATING, UPDATING or DELETING: clients wait for the end of it."""
_FIRST_WITH_ACCOUNTS, _LAST_WITH_KEYS = 9, 10


Forget = Callable[[Transaction, str], None]
"""Has whoever holds anything of a workspace in memory drop it once a transaction is committed."""


class Desk:
    """Finds the workspaces of the caller's account and region, and moves them on."""

    def __init__(self, settings: Settings, clock: Clock, forget: Forget) -> None:
        self.settings = settings
        self._clock = clock
        self._forget = forget

    def now_ms(self) -> int:
        """Return the time that lifecycles are judged by."""
        return now_ms(self._clock)

    def find(self, call: Call, workspace_id: str) -> Workspace:
        """Return a workspace of the caller's; every change in one begins here. Raises NotFound."""
        if call.transaction is not None:
            self._forget(call.transaction, workspace_id)
        return records.get(call.reader, call.principal.account, call.region, workspace_id, self.now_ms())

    def settled(self, call: Call, workspace_id: str) -> Workspace:
        """Return a workspace that may be changed. Raises NotFound, and ConflictException while it is not ACTIVE."""
        workspace = self.find(call, workspace_id)
        status = workspace.status_at(self.now_ms())
        if status != ACTIVE:
            raise conflict(f"Workspace {workspace.id} is {status}.", "workspace", workspace.id)
        return workspace

    def with_accounts(self, call: Call, workspace_id: str) -> Workspace:
        """Return a workspace whose version has service accounts, and settled if it is to be changed."""
        workspace = self._ready(call, workspace_id)
        if workspace.major < _FIRST_WITH_ACCOUNTS:
            raise invalid("workspaceId", "Service accounts need a workspace of Grafana version 9 or later.")
        return workspace

    def _ready(self, call: Call, workspace_id: str) -> Workspace:
        is_changing = call.transaction is not None
        return self.settled(call, workspace_id) if is_changing else self.find(call, workspace_id)

    def with_keys(self, call: Call, workspace_id: str) -> Workspace:
        """Return a settled workspace whose version has API keys."""
        workspace = self.settled(call, workspace_id)
        if workspace.major > _LAST_WITH_KEYS:
            raise invalid("workspaceId", "API keys need a workspace of Grafana version 10 or earlier.")
        return workspace

    def change(self, call: Call, workspace: Workspace, status: str, **changed: Any) -> Workspace:
        """Write down a workspace with these fields changed, `status` for the time that it takes to settle."""
        now = self.now_ms()
        after = replace(workspace, status=status, settles_at=now + SETTLING_MS, modified_at=now, **changed)
        records.change(call.tx, after)
        return after


def number_in(text: str) -> int:
    """Return an id that travels as decimal text; -1, which nothing has, for any other text."""
    is_number = text.isascii() and text.isdigit() and len(text) <= 18
    return int(text) if is_number else -1
